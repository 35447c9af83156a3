"""Restoring along the documented procedure: files, script, search; each step with its own failure."""
