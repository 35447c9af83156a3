"""Faults of the dump: damage to the script, after the backup or by the tool that wrote it.

Every one reads the script once to see what there is to choose from, and once to write it anew: as streams, in
the compression that it has. They report names, lines, offsets and numeric keys.
"""

from __future__ import annotations

from harness.faults.dump_bytes import FAULTS as BYTES
from harness.faults.dump_lines import FAULTS as LINES
from harness.faults.dump_objects import FAULTS as OBJECTS
from harness.faults.dump_rows import FAULTS as ROWS
from harness.faults.fault import Fault

FAULTS: dict[str, Fault] = {**BYTES, **ROWS, **OBJECTS, **LINES}
