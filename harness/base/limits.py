"""How long the harness waits before it calls a thing not happened: generous, grown with the backup, and settable."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from harness.base.errors import UsageError

BYTES_PER_S = 250_000
"Minimum speed, in bytes: a tenth of what two busy cores reached in the slowest step."

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_GROWING = ("search_ready_s", "answer_s", "command_s", "search_drained_s", "step_s")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each thing may take, in seconds. The defaults hold for a loaded two-core machine.

    Args:
        mysql_ready_s: from the start of the database server to its first answer; it may have to recover first.
        search_ready_s: the same of the search server, which answers after it has imported a whole dump.
        app_ready_s: from the start of the application to its first answer.
        answer_s: one question: a query, or a command of the application that only reads.
        command_s: one command that works: the load, a dump, a migration, the import into the search.
        search_drained_s: until the search has worked off what it was sent.
        stop_s: from asking a server to end to killing it.
        step_s: one step of the drill, whatever it does.
        explicit: names of fields that somebody set; they do not grow.
    """

    mysql_ready_s: float = 180.0
    search_ready_s: float = 180.0
    app_ready_s: float = 180.0
    answer_s: float = 600.0
    command_s: float = 1800.0
    search_drained_s: float = 3600.0
    stop_s: float = 20.0
    step_s: float = 6 * 3600.0
    explicit: frozenset[str] = frozenset()

    def with_explicit(self, **seconds: float) -> Limits:
        """The same with these set by somebody, who gets what was asked for."""
        return replace(self, **seconds, explicit=self.explicit | seconds.keys())

    def for_backup(self, size_bytes: int) -> Limits:
        """The same for a backup of this size: what reads all of it gets more time."""
        more_s = float(size_bytes // BYTES_PER_S)  # whole seconds, because they are shown
        return replace(self, **{name: getattr(self, name) + more_s for name in _GROWING if name not in self.explicit})

    def with_options(self, options: Iterable[str]) -> Limits:
        """The same with what `--limit NAME=TIME` says, such as `search-ready=10m`.

        Raises:
            UsageError: there is no limit of that name, or the time is not one.
        """
        explicit: dict[str, float] = {}
        for option in options:
            name, has_value, text = option.partition("=")
            if name not in NAMES or not has_value:
                raise UsageError(
                    f"--limit {option!r}: unknown limit", f"Give NAME=TIME, where NAME is one of {', '.join(NAMES)}."
                )
            explicit[NAMES[name]] = duration_s(text, f"--limit {name}")
        return self.with_explicit(**explicit)


NAMES = {
    field.name.removesuffix("_s").replace("_", "-"): field.name for field in fields(Limits) if field.name.endswith("_s")
}
"""Fields by their name on the command line."""


def option_for(field: str) -> str:
    """What raises a limit on the command line, for a hint."""
    return f"--limit {field.removesuffix('_s').replace('_', '-')}=TIME"


def duration_s(text: str, option: str) -> float:
    """A time in seconds from `90s`, `2m`, `1.5h`, `2d` or `1w`.

    Raises:
        UsageError: it is not one, not above 0, or has no unit: nobody knows whether `100` means seconds or days.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhdw])", text.strip())
    if match is None or float(match[1]) == 0:
        wrong = "has no unit" if re.fullmatch(r"[0-9.]+", text.strip()) else "is not a time greater than zero"
        raise UsageError(f"{option}: {text!r} {wrong}", "Examples: 90s, 2m, 1.5h, 2d, 1w.")
    return float(match[1]) * _UNITS[match[2]]
