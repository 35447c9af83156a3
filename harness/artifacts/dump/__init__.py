"""Reading a mysqldump script as a stream: statements, databases, tables, rows, and what could harm.

One reading (`walk.py`) serves everybody who looks: `inspect.py` and `content.py` find what the script holds,
`safety.py` what must not run. `rewrite.py` makes the stream that is loaded, `keyed_rows.py` names rows,
`compatibility.py` compares with a target. Below them: `source.py` and `compression.py` open, `statements.py` cuts,
`rows.py` counts.
"""
