"""The table of faults: what can be done to a drill on purpose, to see whether it notices.

A new fault is one function and one line in its family's file, a scenario of the same name, and a test
(docs/extending.md).
"""

from __future__ import annotations

from harness.faults import app, dump, edge_cases, harness, restore, restored, search, source, storage
from harness.faults.fault import Fault

FAMILIES: dict[str, dict[str, Fault]] = {
    "source": source.FAULTS,
    "edge-case": edge_cases.FAULTS,
    "dump": dump.FAULTS,
    "storage": storage.FAULTS,
    "restore": restore.FAULTS,
    "search": search.FAULTS,
    "app": app.FAULTS,
    "restored": restored.FAULTS,
    "harness": harness.FAULTS,
}
"""In the order of a drill."""

FAULTS: dict[str, Fault] = {name: fault for family in FAMILIES.values() for name, fault in family.items()}
"Every fault by its name; names are unique (a test checks it)."
