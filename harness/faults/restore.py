"""Faults of the restore's environment."""

from __future__ import annotations

from harness.faults.fault import Fault, table

FAULTS: dict[str, Fault] = table()
