"""What a backup is to hold and how it is taken."""

from __future__ import annotations

from dataclasses import dataclass

from harness.base import guide
from harness.base.model import Component
from harness.runtime.services.apiary import Lifecycle
from harness.runtime.services.execution import Host
from harness.runtime.services.mysql import MySqlServer
from harness.runtime.services.stack import Stack


@dataclass(frozen=True, slots=True)
class BackupSource:
    """What a backup is taken from: a stack of a drill, or an operator's own servers.

    Args:
        mysql: the database server; its `admin` account reads.
        storage_host: where tar runs on the storage directory.
        storage_root: `storage/app` as that host sees it.
        search_prefix: `SCOUT_PREFIX`, for the names of the indexes.
        components: what is known of the servers.
        lifecycle: stops and starts the app for a quiesced backup; None where that cannot be done from here.
    """

    mysql: MySqlServer
    storage_host: Host
    storage_root: str
    search_prefix: str
    components: tuple[Component, ...]
    lifecycle: Lifecycle | None = None

    @classmethod
    def of(cls, stack: Stack) -> BackupSource:
        """A drill's own source."""
        return cls(
            mysql=stack.mysql,
            storage_host=stack.apiary.storage_host,
            storage_root=stack.apiary.storage_root,
            search_prefix=stack.apiary.search_prefix,
            components=stack.components,
            lifecycle=stack.apiary.lifecycle,
        )


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """The choices of the documented procedure, each with its documented default.

    Args:
        quiesced: stop the app for the backup; the documented procedure leaves that open, the default is to let it run.
        excluded_tables: left out of the dump, structure and rows.
        excluded_directories: left out of the storage artifact, below `storage/app`.
        further_databases: dumped into the same script, before the application's.
        storage_form: `tar.zst`, or `copy` for a plain directory.
        plain: dump as `mysqldump DATABASE` does by itself, with none of the options that make the script loadable.
    """

    quiesced: bool = False
    excluded_tables: tuple[str, ...] = guide.EXCLUDABLE_TABLES
    excluded_directories: tuple[str, ...] = guide.EXCLUDABLE_DIRECTORIES
    further_databases: tuple[str, ...] = ()
    storage_form: str = "tar.zst"
    dump_options: tuple[str, ...] = ()
    plain: bool = False

    @property
    def mode(self) -> str:
        """`hot` or `quiesced`."""
        return "quiesced" if self.quiesced else "hot"
