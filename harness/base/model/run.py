"""What ran in a drill: components and timed steps."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that the drill ran, and what running this one leaves unproven.

    `reference` is a binary's path, or an image with its digest.
    """

    role: str
    name: str
    version: str
    reference: str
    real: bool
    unproven: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Who ran a drill, where, and with what.

    Args:
        user: the account, and the one behind sudo.
        host: name of the machine.
        system: operating system and Python.
        version: of apiary-drill.
        configuration: path of the configuration file, or the scenario; empty where the command line says all.
        configuration_sha256: digest of that file, hexadecimal; empty without one.
    """

    user: str
    host: str
    system: str
    version: str
    configuration: str = ""
    configuration_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Tables that somebody accepts to be without a backup: `by` whom, `until` which day (ISO), and `why`."""

    tables: tuple[str, ...]
    by: str = ""
    until: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """What processes of one kind used: `harness`, a server or a container by its name, `client`, `tools`.

    Args:
        name: the kind.
        cpu_s: seconds of processor time, user and system.
        read_bytes, written_bytes: what went through files and pipes; of a container, what went to and from disks.
    """

    name: str
    cpu_s: float
    read_bytes: int = 0
    written_bytes: int = 0

    def add_to(self, totals: MutableMapping[str, ProcessUsage]) -> None:
        """Count it under its name."""
        so_far = totals.get(self.name, ProcessUsage(self.name, 0.0))
        totals[self.name] = replace(
            self,
            cpu_s=so_far.cpu_s + self.cpu_s,
            read_bytes=so_far.read_bytes + self.read_bytes,
            written_bytes=so_far.written_bytes + self.written_bytes,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the procedure with its measured time; `detail` holds counts and sizes in words.

    Args:
        size_bytes: of the backup, what the step worked through; None where there is no such size.
        processes: what was used since the step before ended.
    """

    name: str
    title: str
    started_at: datetime
    duration_s: float
    detail: str = ""
    failed: bool = False
    size_bytes: int | None = None
    processes: tuple[ProcessUsage, ...] = ()
