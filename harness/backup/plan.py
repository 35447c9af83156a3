"""What a backup is to hold and how it is taken."""

from __future__ import annotations

from dataclasses import dataclass

from harness import guide


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """The choices of the guide, each with its documented default.

    Args:
        quiesced: stop the app for the backup; the guide leaves that open, the default is to let it run.
        excluded_tables: left out of the dump, structure and rows.
        excluded_directories: left out of the storage artifact, below `storage/app`.
        further_databases: dumped into the same script, before the application's.
        storage_form: `tar.zst`, or `copy` for a plain directory.
        dump_options: further options for mysqldump.
        row_digests: keep the digest of every row outside the artifact, to name rows that differ.
    """

    quiesced: bool = False
    excluded_tables: tuple[str, ...] = guide.EXCLUDABLE_TABLES
    excluded_directories: tuple[str, ...] = guide.EXCLUDABLE_DIRECTORIES
    further_databases: tuple[str, ...] = ()
    storage_form: str = "tar.zst"
    dump_options: tuple[str, ...] = ()
    row_digests: bool = True

    @property
    def mode(self) -> str:
        """`hot` or `quiesced`."""
        return "quiesced" if self.quiesced else "hot"
