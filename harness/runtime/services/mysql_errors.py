"""What MySQL's errors mean, and their messages without what they quote of a row: messages end in reports."""

from __future__ import annotations

import re

from harness.base.errors import ServerFailed
from harness.base.sizes import size

DISK_FULL = frozenset({28, 1021, 1114, 3019})
"""Errors that a server gives when it cannot write any more (MySQL's error reference; 28 is the system's ENOSPC)."""

_NAMES_ONLY = frozenset(
    {
        1005, 1022, 1044, 1045, 1046, 1049, 1050, 1051, 1054, 1060, 1061, 1091, 1101, 1114, 1115, 1136, 1142,
        1143, 1146, 1153, 1193, 1215, 1217, 1227, 1273, 1286, 1304, 1305, 1356, 1359, 1364, 1412, 1418, 1419,
        1449, 1451, 1452, 1553, 1698, 1824, 2002, 2003, 2005, 2006, 2013, 2020, 2026, 2055, 3105, 3546, 3750,
    }
)  # fmt: skip
"""Errors that quote names of tables, columns, accounts and variables and never a value (MySQL's error reference).

Every other message is taken for one that quotes a value, such as `Duplicate entry 'ann@example.org' for key …`.
"""

_FREE_TEXT = 1644
"""A trigger's or routine's own SIGNAL: the text is anything."""

_ERROR = re.compile(r"^ERROR (\d+)\b.*?(?=^(?:ERROR|WARNING)\b|\Z)", re.MULTILINE | re.DOTALL)


def disk_full(details: str = "", place: str = "", needed_bytes: int = 0) -> ServerFailed:
    """The message of a server whose disk is full, wherever that shows.

    Args:
        place: where its data is, if known.
        needed_bytes: how much the database takes about; 0 where nobody knows.
    """
    room = f"Make room for about {size(needed_bytes)} of database" if needed_bytes else "Make room"
    return ServerFailed(
        f"the disk of the target is full{f' ({place})' if place else ''}: this says nothing about the backup",
        f"{room} and run the drill again; `apiary-drill doctor` shows how much a configured backup needs.",
        details=details,
    )


def without_values(text: str) -> str:
    """Messages (`ERROR 1062 …: Duplicate entry …`), each of as many lines as it has, without quoted values."""
    return _ERROR.sub(_without_values, text)


def _without_values(error: re.Match[str]) -> str:
    message, code = error.group(), int(error[1])
    if code in _NAMES_ONLY:
        return message
    if code == _FREE_TEXT:
        return message[: message.find(": ") + 2] + "a trigger or routine rejected a row\n"
    if message.count("'") % 2:
        # A quote is in the value or one of its ends is missing: nothing tells where the value ends.
        return message[: message.index("'")] + "'…\n"
    return re.sub(r"'.*'", "'…'", message, flags=re.DOTALL)
