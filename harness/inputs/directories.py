"""Directories that other tools write: named, with what to do about them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from harness.base.errors import UsageError

_LOAD = (
    "This drill restores SQL dumps: load the backup into a server of its own with {loader}, and verify a "
    "mysqldump of that server."
)
_PHYSICAL = frozenset(
    ("xtrabackup_info", "xtrabackup_checkpoints", "mariadb_backup_info", "mariadb_backup_checkpoints", "ibdata1")
)
_REPOSITORIES = (
    (frozenset(("config", "data", "index", "keys", "snapshots")), "restic", "restic restore latest --target DIRECTORY"),
    (frozenset(("README", "config", "data")), "borg", "borg extract REPOSITORY::ARCHIVE"),
    (frozenset(("kopia.repository.f",)), "kopia", "kopia restore"),
)
"""Entries of a repository, the tool that keeps it, and how it gives a backup back."""
_PARTS = re.compile(r"(.+)\.(?:a[a-z]{1,2}|part\d+|\d{2,3})")


def check_directory(directory: Path) -> None:
    """Refuse what is a dump, or a copy of a server, in the form of another tool.

    Raises:
        UsageError: it is; says which tool wrote it, and what to do.
    """
    if not directory.is_dir():
        return
    names = {path.name for path in directory.iterdir()}
    kind = ""
    if names & {"@.json", "@.done.json"}:
        kind, loader = "a dump of MySQL Shell (util.dumpInstance and the like)", "util.loadDump"
    elif "metadata" in names and any("-schema" in name and ".sql" in name for name in names):
        kind, loader = "a dump of mydumper", "myloader"
    if kind:
        raise UsageError(f"{directory} is {kind}, not a script of mysqldump", _LOAD.format(loader=loader))
    for entries, tool, restore in _REPOSITORIES:
        if entries <= names:
            raise UsageError(
                f"{directory} is a repository of {tool}, not the backup itself",
                f"Take the backup out of it first ({restore}), and verify the result.",
            )
    if names & _PHYSICAL:
        raise UsageError(
            f"{directory} is a physical backup (XtraBackup, mariadb-backup or a copy of the data directory)",
            "It contains the server's own files, but this drill restores SQL dumps. Make one with mysqldump.",
        )


def how_to_join(scripts: Sequence[str]) -> str:
    """What is to be reported of several scripts in one directory that together may be one dump; empty for others."""
    parts = [_PARTS.fullmatch(name) for name in scripts]
    if len(whole := {part and part.group(1) for part in parts}) == 1 and (name := whole.pop()):
        return f"If they are parts of one file (split): put them together (cat {name}.* > {name}), and use the result."
    if len(scripts) < 3:
        return ""
    return "If there is one script per table, concatenate them (cat *.sql > apiary.sql) and use the result."
