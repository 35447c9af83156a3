"""Finished runs over time: one SQLite file, each entry chained to the one before (docs/history.md)."""
