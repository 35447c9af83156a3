"""Ages as people write them: 36h, 100d, 2w."""

from __future__ import annotations

import re

from harness.base.errors import UsageError

_UNITS = {"s": (1, "second"), "m": (60, "minute"), "h": (3600, "hour"), "d": (86400, "day"), "w": (604800, "week")}
_TOLD = "Write a number and a unit: s, m (minutes), h, d or w, such as 36h or 100d."


def seconds_of(text: str) -> int:
    """A duration in seconds.

    Args:
        text: a whole number, larger than 0, and one unit.

    Raises:
        UsageError: anything else; a number alone as well, for nobody knows whether it means seconds or days.
    """
    match = re.fullmatch(r"([0-9]{1,9})([smhdw])", text)
    if match is None:
        if re.fullmatch(r"[0-9]+", text):
            raise UsageError(f"{text!r} has no unit", _TOLD)
        raise UsageError(f"{text!r} is not a duration", _TOLD)
    if int(match[1]) == 0:
        raise UsageError(f"{text!r} is not greater than zero", _TOLD)
    return int(match[1]) * _UNITS[match[2]][0]


def in_words(seconds: float) -> str:
    """A duration for people, in the largest unit of which there are two or more: 45 seconds, 36 hours, 100 days."""
    size, unit = 1, "second"
    for size, unit in sorted(_UNITS.values(), reverse=True):
        if unit != "week" and seconds >= 2 * size:
            break
    count = int(seconds // size)
    return f"{count:,} {unit}{'' if count == 1 else 's'}"
