"""What a drill uses: processor time and bytes, by kind of process, from one step to the next."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

import psutil

from harness.base.model import ProcessUsage

Source: TypeAlias = Callable[[], Mapping[str, ProcessUsage]]
"""Says what was used since ever, by name; it never fails, and leaves out what it cannot say."""


def of_harness() -> dict[str, ProcessUsage]:
    """What this process itself used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"harness": ProcessUsage("harness", used.ru_utime + used.ru_stime, *io_of(psutil.Process()))}


def io_of(process: psutil.Process) -> tuple[int, int]:
    """Bytes that a process read and wrote, files and pipes alike; 0 where the system does not say."""
    try:
        counted = process.io_counters()
    except (psutil.Error, AttributeError, OSError):
        return 0, 0
    return counted.read_chars, counted.write_chars


class Meter:
    """Says what was used since it was asked last."""

    def __init__(self) -> None:
        self._sources: dict[Source, Mapping[str, ProcessUsage]] = {}

    @contextmanager
    def watching(self, *sources: Source, new: bool = False) -> Iterator[None]:
        """Count these as well during the block: from now on, or all that `new` ones used so far."""
        self._sources |= {source: {} if new else source() for source in sources}
        try:
            yield
        finally:
            for source in sources:
                self._sources.pop(source, None)

    def lap(self) -> tuple[ProcessUsage, ...]:
        """What was used since the last lap, by name; nothing of those that used nothing."""
        found = []
        for source, before in self._sources.items():
            now = self._sources[source] = source()
            for name, used in now.items():
                was = before.get(name, ProcessUsage(name, 0.0))
                found.append(
                    ProcessUsage(
                        name,
                        round(max(0.0, used.cpu_s - was.cpu_s), 3),
                        max(0, used.read_bytes - was.read_bytes),
                        max(0, used.written_bytes - was.written_bytes),
                    )
                )
        return tuple(used for used in found if used.cpu_s or used.read_bytes or used.written_bytes)
