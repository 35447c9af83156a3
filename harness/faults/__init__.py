"""The table of faults: what can be done to a drill on purpose, to see whether it notices.

A new fault is one function in its family's file, a scenario of the same name, and a test (docs/extending.md).
"""

from __future__ import annotations

from harness.faults import (
    app,
    drill,
    dump_lines,
    dump_objects,
    dump_rows,
    during_restore,
    edge_cases,
    restored_target,
    search,
    search_dump,
    source,
    source_data_loss,
    storage,
)
from harness.faults.fault import Fault

FAMILIES: dict[str, dict[str, Fault]] = {
    "source": {**source.FAULTS, **source_data_loss.FAULTS},
    "edge-case": edge_cases.FAULTS,
    "dump": {**dump_rows.FAULTS, **dump_objects.FAULTS, **dump_lines.FAULTS},
    "storage": storage.FAULTS,
    "restore": during_restore.FAULTS,
    "search": {**search.FAULTS, **search_dump.FAULTS},
    "app": app.FAULTS,
    "restored": restored_target.FAULTS,
    "harness": drill.FAULTS,
}
"""In the order of a drill."""

FAULTS: dict[str, Fault] = {name: fault for family in FAMILIES.values() for name, fault in family.items()}
"Every fault by its name; names are unique (a test checks it)."
