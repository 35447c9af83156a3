"""A command whose output is a file of the backup, such as `restic dump`, and one that says which snapshot it is of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from shutil import which
from typing import Any

from harness.base.errors import HarnessError, UsageError
from harness.base.limits import option_for
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import limited, run

PLACEHOLDER = "{snapshot}"
"""In a command: the name or id of the snapshot that was asked for once, so that dump and storage are of the same."""

_END_S = 60.0
_NAMES = ("name", "id", "Path")
_TIMES = ("time", "start", "ModTime")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a backup program says of a snapshot: its name or id, and when it was made."""

    name: str = ""
    made_at: datetime | None = None


def check_program(argv: Sequence[str], key: str, host: LocalHost) -> None:
    """Raise UsageError if there is no such program, before anything is fetched."""
    if which(argv[0], path=host.env.get("PATH")) is None:
        raise UsageError(
            f"{key}: there is no program {argv[0]!r} on this machine",
            "It is run without a shell: a list of a program and its arguments, such as"
            ' ["restic", "dump", "latest", "/backup/apiary.sql.gz"].',
        )


def command_output(host: LocalHost, argv: Sequence[str], *, key: str, limit_s: float) -> Iterator[bytes]:
    """What a command writes to standard output, as it comes; after the last byte its end is judged.

    Args:
        key: of the configuration, for messages; arguments may hold secrets, and are never shown.
        limit_s: how long all of it may take.

    Raises:
        HarnessError: it failed, was ended at its limit, or wrote nothing.
    """
    what = f"{key} ({argv[0]})"
    size = 0
    with host.start(argv) as command, limited(command, limit_s, what, f"Allow more with {option_for('step_s')}."):
        for chunk in command.chunks():
            size += len(chunk)
            yield chunk
        ended = command.wait(_END_S)
    if ended.exit_status != 0:
        raise HarnessError(
            f"{what} ended with exit status {ended.exit_status} after {size} bytes",
            "What it wrote is not used. Run the command by hand.",
            details=ended.stderr,
        )
    if not size:
        raise HarnessError(f"{what} wrote nothing", "Run the command by hand.", details=ended.stderr)


def newest_snapshot(host: LocalHost, argv: Sequence[str], *, key: str, limit_s: float) -> Snapshot:
    """The last snapshot that a command lists as JSON: `restic snapshots`, `borg list` or `borg info`, `rclone lsjson`.

    Raises:
        HarnessError: it failed, or lists none.
    """
    what = f"{key} ({argv[0]})"
    completed = run(host, argv, timeout_s=limit_s, what=key)
    if completed.exit_status != 0:
        raise HarnessError(f"{what} ended with exit status {completed.exit_status}", details=completed.stderr)
    try:
        listed = json.loads(completed.stdout)
    except ValueError:
        listed = None
    if isinstance(listed, dict):
        listed = listed.get("archives", [listed])
    found = [snapshot for each in listed or () if isinstance(each, dict) and (snapshot := _snapshot(each)).name]
    if not found:
        raise HarnessError(f"{what} lists no snapshot as JSON", "Add --json (restic, borg) or use lsjson.")
    # Times are of whole seconds; programs list the older one first.
    return sorted(found, key=lambda each: each.made_at or datetime.min.replace(tzinfo=UTC))[-1]


def _snapshot(fields: dict[str, Any]) -> Snapshot:
    name = next((str(fields[each]) for each in _NAMES if fields.get(each)), "")
    made = next((str(fields[each]) for each in _TIMES if fields.get(each)), "")
    try:
        moment = datetime.fromisoformat(made)
    except ValueError:
        return Snapshot(name)
    return Snapshot(name, moment.astimezone(UTC))  # Borg writes the machine's own time, without a zone
