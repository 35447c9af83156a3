"""Directories that other tools write: named, with what to do about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.base.errors import UsageError

_LOAD = "This drill restores scripts: load it into a server of its own with {loader}, and hand in a mysqldump of that."
_PHYSICAL = frozenset(
    ("xtrabackup_info", "xtrabackup_checkpoints", "mariadb_backup_info", "mariadb_backup_checkpoints", "ibdata1")
)


def check_directory(directory: Path) -> None:
    """Refuse what is a dump, or a copy of a server, in the form of another tool.

    Raises:
        UsageError: it is; says which tool wrote it, and what to do.
    """
    if not directory.is_dir():
        return
    names = {path.name for path in directory.iterdir()}
    said = ""
    if names & {"@.json", "@.done.json"}:
        said, loader = "a dump of MySQL Shell (util.dumpInstance and the like)", "util.loadDump"
    elif "metadata" in names and any("-schema" in name and ".sql" in name for name in names):
        said, loader = "a dump of mydumper", "myloader"
    if said:
        raise UsageError(f"{directory} is {said}, not a script of mysqldump", _LOAD.format(loader=loader))
    if names & _PHYSICAL:
        raise UsageError(
            f"{directory} is a physical backup (XtraBackup, mariadb-backup or a copy of the data directory)",
            "It holds the server's own files: this drill restores dumps. Make one with mysqldump.",
        )


def one_for_each_table(scripts: Sequence[str]) -> str:
    """What is to be said of several scripts in one directory that together may be one dump; empty for two or fewer."""
    if len(scripts) < 3:
        return ""
    return "If there is one script for each table: put them together (cat *.sql > apiary.sql), and hand that in."
