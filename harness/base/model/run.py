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
class Step:
    """One step of the procedure with its measured time; `detail` holds counts and sizes in words."""

    name: str
    title: str
    started_at: datetime
    duration_s: float
    detail: str = ""
    failed: bool = False
