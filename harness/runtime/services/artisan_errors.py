"""Why an artisan command failed: one line out of dozens, without what it quotes of a row.

With `LOG_CHANNEL=stderr` Laravel writes the message first and the stack frames after it, twice: as a line of its log
(`[time] production.ERROR: message {"exception": …`), and as Symfony's console shows an exception.
"""

from __future__ import annotations

import re

from harness.base.errors import HarnessError
from harness.runtime.services.mysql_errors import without_values

_LONGEST = 300
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_LOGGED = re.compile(r"^\[[^\]]+\] \w+\.(?:ERROR|CRITICAL|ALERT|EMERGENCY): (.*)")
_SHOWN = re.compile(r"^(?:ERROR|FAIL)\s+(.*)")
_PLACE = re.compile(r"^(?:In \S+ line \d+:|at \S+:\d+)$")
_CLASS = re.compile(r"^[A-Za-z_]\w*(?:\\\w+)*(?:Exception|Error)$")
_AFTER = re.compile(r" (?:\{\"exception\":|\((?:Connection|SQL): ).*")
_SQL = re.compile(r"^(.*?SQLSTATE\[\w+\]:?(?: [^:\[\]]+:)?) \[?(\d{4,5})\]? (.*)$")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\S+@\S+")


def cause_of(stderr: str, stdout: str = "") -> str:
    """The line that says why; empty where there is none.

    Args:
        stderr, stdout: all that the command wrote.
    """
    lines = [_COLOURS.sub("", line).strip() for line in (*stderr.splitlines(), *stdout.splitlines())]
    lines = [line for line in lines if line and not _PLACE.match(line)]
    if marked := _marked(lines):
        return marked
    if len(lines) > 1 and _CLASS.match(lines[0]):
        return f"{lines[0]}: {_without_values(lines[1])}"
    return _without_values(lines[0]) if lines else ""


def start_failed(error: HarnessError) -> HarnessError:
    """The error of an application that did not start, with the cause that its log names among other lines."""
    lines = [_COLOURS.sub("", line).strip() for line in error.details.splitlines()]
    if not (cause := _marked(lines)):
        return error
    return type(error)(f"{error.fact}: {cause.rstrip('.')}", *error.hints, details=error.details)


def _marked(lines: list[str]) -> str:
    """The first line that says of itself that it is an error."""
    for marked in (_LOGGED, _SHOWN):
        if found := next(filter(None, map(marked.match, lines)), None):
            return _without_values(found[1])
    return ""


def _without_values(message: str) -> str:
    """The message without the statement, the values and the addresses in it; a name that an error of MySQL's quotes
    stays."""
    message = _AFTER.sub("", message)
    if found := _SQL.match(message):
        state, number, text = found.groups()
        message = f"{state} {without_values(f'ERROR {number}: {text}').removeprefix('ERROR ').rstrip()}"
    else:
        message = _QUOTED.sub("'…'", message)
    return message if len(message) <= _LONGEST else message[:_LONGEST] + "…"
