"""The steps of a drill: what happens on the source, on the target, and what is gathered at the end."""
