"""What ran in a drill: components and timed steps."""

from __future__ import annotations

from dataclasses import dataclass
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
        configuration: path of the configuration file, or the scenario; empty where the command line said all.
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
class Step:
    """One step of the procedure with its measured time; `detail` holds counts and sizes in words."""

    name: str
    title: str
    started_at: datetime
    duration_s: float
    detail: str = ""
    failed: bool = False
