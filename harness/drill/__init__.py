"""A drill: the flow (`flow.py`), its steps, and the negative control of its verdict."""
