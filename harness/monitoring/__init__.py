"""Telling others of a run: metrics, notifications, a dead man's switch (docs/monitoring.md). None changes a verdict."""
