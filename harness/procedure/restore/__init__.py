"""Restoring along the guide: files, script, search; each step with its own failure."""
