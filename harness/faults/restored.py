"""Faults of the restored instance, after the last step."""

from __future__ import annotations

from harness.faults.fault import Fault, table

FAULTS: dict[str, Fault] = table()
