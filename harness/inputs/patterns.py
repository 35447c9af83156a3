"""Locations that may be patterns, such as `backups/apiary-*.sql.gz`: the newest that matches is meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.base.errors import UsageError


def newest(pattern: str, base: Path) -> list[Path]:
    """The files or directories that a pattern matches, the newest by its time of last modification first.

    Args:
        pattern: a path, absolute or relative to `base`, with `*`, `?`, `[…]` and `**` as in a shell.

    Raises:
        UsageError: nothing matches, or the two newest are equally new.
    """
    path = Path(pattern).expanduser()
    if path.is_absolute():
        base, path = Path(path.anchor), path.relative_to(path.anchor)
    if not any(sign in str(path) for sign in "*?["):
        found = [base / path] if (base / path).exists() else []
    else:
        matches = sorted(base.glob(str(path)))
        # A link such as `latest.sql.gz` is the file that it points at; one that points at nothing is none.
        there = {match.resolve(): match for match in matches if not match.name.endswith(".partial") and match.exists()}
        found = list(there.values())
    if not found:
        raise UsageError(f"no match for {pattern} in {base}", "Check whether the last backup was made at all.")
    return newest_first(found, pattern, base)


def newest_first(found: Sequence[Path], what: str, base: Path) -> list[Path]:
    """Some files, the newest by its time of last modification first.

    Args:
        what: that they are candidates for.
        base: the directory that they are named by.

    Raises:
        UsageError: the two newest are equally new.
    """
    dated = sorted(((match.stat().st_mtime_ns, match) for match in found), reverse=True)
    best = [match for time, match in dated if time == dated[0][0]]
    if len(best) > 1:
        names = ", ".join(str(match.relative_to(base)) for match in sorted(best))
        raise UsageError(
            f"{len(best)} candidates for {what} are equally new: {names}",
            "Give one of them, or make the pattern more specific.",
        )
    return [match for _, match in dated]
