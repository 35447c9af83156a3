"""What a container used, read from the control group that an engine of this machine gave it.

The engine could be asked as well, but it answers with its next sample, up to a second later for each container, and a
drill asks after each step.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.base.model import ProcessUsage

_GROUPS = Path("/sys/fs/cgroup")
_PROCESSES = Path("/proc")
_USEC, _NSEC = 1e6, 1e9


def usage_of(container_id: str, pid: int, name: str) -> ProcessUsage | None:
    """Processor time and bytes since the container was started; None where this machine's kernel does not say.

    Args:
        container_id: whole; what the process's group has to be called after, so that it is none of another machine's.
        pid: the container's first process, as the engine sees it.
    """
    try:
        groups = dict(_groups(pid))
        if not all(container_id in path for path in groups.values()):
            return None
        if "cpuacct" not in groups:  # one hierarchy for all controllers (version 2)
            place = _GROUPS / groups[""].lstrip("/")
            used_s = int(dict(_lines(place / "cpu.stat"))["usage_usec"]) / _USEC
            moved = [part.split("=") for line in _lines(place / "io.stat") for part in line[1:]]
            read, written = (sum(int(value) for key, value in moved if key == which) for which in ("rbytes", "wbytes"))
        else:
            used_s = int(_lines(_place("cpuacct", groups) / "cpuacct.usage")[0][0]) / _NSEC
            lines = _lines(_place("blkio", groups) / "blkio.throttle.io_service_bytes_recursive")
            read, written = (sum(int(each[2]) for each in lines if each[1:2] == [which]) for which in ("Read", "Write"))
    except (OSError, KeyError, ValueError, IndexError):
        return None
    return ProcessUsage(name, used_s, read, written)


def _groups(pid: int) -> Iterator[tuple[str, str]]:
    """Controller and path, of those that are read here."""
    for line in (_PROCESSES / f"{pid}" / "cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        yield from ((each, path) for each in controllers.split(",") if each in ("", "cpuacct", "blkio"))


def _place(controller: str, groups: dict[str, str]) -> Path:
    return _GROUPS / controller / groups[controller].lstrip("/")


def _lines(file: Path) -> list[list[str]]:
    return [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
