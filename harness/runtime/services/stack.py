"""A stack: one MySQL, one Meilisearch and one Apiary that belong together, wherever they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.base.model import Component, EgressAttempt, ProcessUsage
from harness.runtime.services.apiary import Apiary
from harness.runtime.services.execution import Host
from harness.runtime.services.meilisearch import MeilisearchServer
from harness.runtime.services.mysql import MySqlServer


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """The files of a search server.

    Args:
        host: runs commands where they are, while the server runs.
    """

    host: Host
    data: str
    dumps: str


class ServerLife(Protocol):
    """A process or a container that runs a server."""

    def crash(self) -> None:
        """End it at once, as a power cut would."""

    def restart(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it again after it ended, with its data and at its address; `environment` is added to its own."""

    def pause(self) -> None:
        """Let it stand still: it keeps its connections and answers nothing."""

    def resume(self) -> None:
        """Let it go on."""


@dataclass(frozen=True, slots=True)
class ServerControl:
    """Life and death of one server, as its runtime can bring them about: for faults, and for nothing else.

    Args:
        server: what runs it.
        ready: waits until it answers.
        prepare: is done before it is started again.
        files: its files, where they are known; those of a database server are nobody's business.
    """

    server: ServerLife
    ready: Callable[[], None]
    prepare: Callable[[], None] = lambda: None
    files: ServerFiles | None = None

    def restart(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it again after it ended, and wait until it is ready; `environment` is added to its own."""
        self.prepare()
        self.server.restart(environment)
        self.ready()

    def kill(self) -> None:
        self.server.crash()

    def pause(self) -> None:
        self.server.pause()

    def resume(self) -> None:
        self.server.resume()


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that backup, restore and snapshot need to know of a running instance.

    Args:
        components: what it is made of, with versions.
        logs: directory of this machine in which the servers' logs are, or end up.
        owned: True for what the harness started itself; a restore refuses any other.
        egress: tries to get out of the app's network, from inside; None where the runtime cannot close it.
        exit_report: names a server that went away by itself, with the end of its log; empty while all are there.
        server_controls: life and death of its servers, `mysql` and `meilisearch`.
        usage: what its servers used since they were started, where they are no children of this process.
        migrated: True where its data directory was prepared with the application's migrations.
    """

    role: str
    drill_id: str
    mysql: MySqlServer
    meilisearch: MeilisearchServer
    apiary: Apiary
    components: tuple[Component, ...]
    logs: Path
    owned: bool = True
    exit_report: Callable[[], str] = lambda: ""
    egress: Callable[[], tuple[EgressAttempt, ...]] | None = None
    server_controls: Mapping[str, ServerControl] = field(default_factory=dict)
    usage: Callable[[], Mapping[str, ProcessUsage]] = dict
    migrated: bool = False

    def migrate(self) -> None:
        """Run the application's migrations, unless they ran when its data directory was prepared.

        Raises:
            ProcedureFailed: one of them failed.
        """
        if not self.migrated:
            self.apiary.must_artisan("migrate", "--force")
