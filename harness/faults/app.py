"""Faults of the application."""

from __future__ import annotations

from harness.faults.fault import Fault, table

FAULTS: dict[str, Fault] = table()
