"""A stack: one MySQL, one Meilisearch and one Apiary that belong together, wherever they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.model import Component, EgressAttempt
from harness.services.apiary import Apiary
from harness.services.meilisearch import MeilisearchServer
from harness.services.mysql import MySqlServer


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that backup, restore and snapshot need to know of a running instance.

    Args:
        role: `source` or `target`.
        drill_id: the drill that started it.
        components: what it is made of, with versions.
        logs: directory of this machine in which the servers' logs are, or end up.
        owned: True for what the harness started itself; a restore refuses any other.
        egress: tries to get out of the app's network, from inside; None where the runtime cannot close it.
        obituary: names a server that went away by itself, with the end of its log; empty while all are there.
    """

    role: str
    drill_id: str
    mysql: MySqlServer
    meilisearch: MeilisearchServer
    apiary: Apiary
    components: tuple[Component, ...]
    logs: Path
    owned: bool = True
    obituary: Callable[[], str] = lambda: ""
    egress: Callable[[], tuple[EgressAttempt, ...]] | None = None
