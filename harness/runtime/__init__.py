"""How services are run: as local processes, or as containers. Both yield a Stack (services/stack.py)."""
