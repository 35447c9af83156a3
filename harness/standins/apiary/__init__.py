"""The stand-in Apiary: the tables, files, commands and pages of the real app, for drills without its image.

Nothing in here is Apiary's code. What it imitates and what it does not is in `docs/standin.md`.
"""
