"""Whose a running drill is, and whether its owner still lives: so that leftovers can be distinguished from drills.

Every drill has a directory below the state directory with an `owner.json`, and every process that it starts
carries the drill's id in its environment. What belongs to an owner that is gone is swept by the next start
and by `apiary-drill cleanup`; a drill whose owner lives is never touched. An owner is known by its process id, the boot
and when it started in ticks of that boot, none of which moves when the clock is set; and as long as it lives it holds
a lock on `owner.lock`, which decides in the end: nobody can hold it for a process that is gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

from harness.base.errors import ServerFailed, UsageError, WaitTimeout
from harness.base.interruption import finishing
from harness.base.private import private_directory
from harness.base.wait import wait_until

DRILL_ID_VARIABLE = "APIARY_DRILL_ID"
"Environment variable of every process that a drill started."

_OWNER_FILE = "owner.json"
_LOCK_FILE = "owner.lock"
_TERMINATE_S = 3.0
_KILL_S = 10.0


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that runs a drill.

    Args:
        started: start time of that process in seconds since 1970, as psutil computes it: it moves when the clock is
            set, and is what versions before 0.2 know.
        boot_id: the host's boot, which tells it from one before a restart.
        created_at: when the drill began, UTC.
        keep: True when the drill has to leave its target running: then no owner needs to live.
        ticks: start time of that process in clock ticks since the boot, which tells it from a later one of the same
            number whatever becomes of the clock; None where an older version did not write it.
    """

    pid: int
    started: float
    boot_id: str
    created_at: str
    keep: bool = False
    ticks: int | None = None

    @classmethod
    def current(cls, *, keep: bool = False) -> Owner:
        pid, now = os.getpid(), datetime.now(UTC).isoformat()
        return cls(pid, psutil.Process().create_time(), boot_id(), now, keep, start_ticks(pid))

    def alive(self) -> bool:
        """Whether that very process still runs on this boot."""
        if self.boot_id != boot_id():
            return False
        try:
            process = psutil.Process(self.pid)
            if self.ticks is None:
                same = abs(process.create_time() - self.started) < 1
            else:
                same = start_ticks(self.pid) == self.ticks
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def start_ticks(pid: int) -> int:
    """When a process was started, in clock ticks since the boot (field 22 of proc_pid_stat(5)).

    psutil's `create_time` adds the time of the boot, which moves with the clock. Elsewhere than on Linux the system
    keeps the time of the start itself, so hundredths of a second of that are used.

    Raises:
        psutil.NoSuchProcess: there is none of that number.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return round(psutil.Process(pid).create_time() * 100)
    # The second field is the program's name in parentheses, and may hold blanks and parentheses itself.
    return int(stat.rpartition(b")")[2].split()[19])


def boot_id() -> str:
    """Identity of the running boot (Linux), or the boot time elsewhere."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return str(int(psutil.boot_time()))


_HELD: dict[str, Path] = {}
"""The drills of this process, each with the file on which it holds its lock."""


def lock_of(drill_id: str) -> Path | None:
    """The file on which this process holds the lock of a drill, if it does."""
    return _HELD.get(drill_id)


def held(path: Path) -> bool:
    """Whether the owner of a drill holds its lock on that file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # no such file, or no right to read it: the process alone decides
    return False


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a drill left behind: its directory and the processes that still run."""

    drill_id: str
    directory: Path
    owner: Owner | None
    pids: tuple[int, ...]


@contextmanager
def workspace(state_dir: Path, drill_id: str, *, keep: bool = False) -> Iterator[Path]:
    """A directory for one drill's servers, gone after the block unless it is to be kept.

    Raises:
        UsageError: the directory cannot be made.
    """
    directory = state_dir / "drills" / drill_id
    try:
        require_own_state(state_dir)
        private_directory(directory.parent)
        directory.mkdir(mode=0o700)
        lock = (directory / _LOCK_FILE).open("x")
        fcntl.flock(lock, fcntl.LOCK_EX)
        _write_owner(directory, Owner.current())
    except OSError as error:
        raise UsageError(
            f"cannot make the work directory {directory}: {error.strerror}",
            "Choose another location with APIARY_DRILL_STATE_DIR.",
        ) from error
    _HELD[drill_id] = directory / _LOCK_FILE
    kept = False
    try:
        yield directory
        if keep:
            _write_owner(directory, Owner.current(keep=True))
            kept = True
    finally:
        with finishing():
            if not kept:
                end_processes(drill_id)
                _remove(directory)
            del _HELD[drill_id]
            lock.close()


def require_own_state(state_dir: Path) -> None:
    """Raise UsageError for a state directory of another user: what is in there are that user's drills."""
    try:
        owner = state_dir.stat().st_uid
    except FileNotFoundError:
        return
    if os.geteuid() not in (owner, 0):
        raise UsageError(
            f"the state directory {state_dir} belongs to user ID {owner}, not to {os.geteuid()}",
            "Choose one of your own with APIARY_DRILL_STATE_DIR.",
        )


def leftovers(state_dir: Path, *, kept_too: bool = False) -> list[Leftover]:
    """Drills whose owner is gone; with `kept_too` also those that were kept on purpose."""
    found = []
    require_own_state(state_dir)
    root = state_dir / "drills"
    for directory in sorted(root.iterdir()) if root.is_dir() else []:
        owner = _read_owner(directory)
        if held(directory / _LOCK_FILE):
            continue
        if owner is not None and (owner.alive() or (owner.keep and not kept_too)):
            continue
        if owner is None and _fresh(directory):
            continue  # its owner is about to write its name
        found.append(Leftover(directory.name, directory, owner, tuple(_processes_of(directory.name))))
    return found


def sweep(state_dir: Path, *, kept_too: bool = False, only: Collection[str] = ()) -> list[Leftover]:
    """End the processes and remove the directories of every leftover; returns what there was.

    Args:
        kept_too: also what was kept on purpose.
        only: ids of drills; empty for all.
    """
    found = [left for left in leftovers(state_dir, kept_too=kept_too) if not only or left.drill_id in only]
    for leftover in found:
        end_processes(leftover.drill_id)
        _remove(leftover.directory)
    return found


def end_processes(drill_id: str) -> None:
    """End every process that carries the drill's id: first asked, then killed."""
    for number, limit_s in ((signal.SIGTERM, _TERMINATE_S), (signal.SIGKILL, _KILL_S)):
        pids = list(_processes_of(drill_id))
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        try:
            wait_until(
                lambda: not any(True for _ in _processes_of(drill_id)),
                what=f"the processes of drill {drill_id} to exit",
                timeout_s=limit_s,
            )
        except WaitTimeout:
            continue
        return


def _processes_of(drill_id: str) -> Iterator[int]:
    """Processes other than this one and its parents whose environment carries the drill's id."""
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            if process.pid in mine or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get(DRILL_ID_VARIABLE) == drill_id:
                yield process.pid
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def _read_owner(directory: Path) -> Owner | None:
    owner = None
    try:
        owner = Owner(**json.loads((directory / _OWNER_FILE).read_text()))
        ticks = (directory / _LOCK_FILE).read_text()
        return replace(owner, ticks=int(ticks))
    except FileNotFoundError:
        return owner  # of an older version, or none at all
    except (OSError, ValueError, TypeError):
        return None


def _write_owner(directory: Path, owner: Owner) -> None:
    """Write who owns a drill; `owner.json` is what older versions read, which must not take a living drill for dead."""
    (directory / _LOCK_FILE).write_text(str(owner.ticks))
    known = {name: value for name, value in asdict(owner).items() if name != "ticks"}
    (directory / _OWNER_FILE).write_text(json.dumps(known))


def _fresh(directory: Path) -> bool:
    try:
        age_s = datetime.now(UTC).timestamp() - directory.stat().st_mtime
    except FileNotFoundError:
        return True
    return abs(age_s) < 10  # the clock may have been set back meanwhile


def _remove(directory: Path) -> None:
    _unmount(directory)
    shutil.rmtree(directory, ignore_errors=True)
    if not directory.exists():
        return
    try:
        # A server that was just killed may still have written a file while the tree was being removed.
        shutil.rmtree(directory)
    except FileNotFoundError:
        return  # another start was removing it as well
    except OSError as error:
        raise ServerFailed(
            f"cannot remove {directory}, left behind by a drill: {error.strerror}",
            "Remove it manually, or choose another location with APIARY_DRILL_STATE_DIR.",
        ) from error


def _unmount(directory: Path) -> None:
    """Unmount what a fault mounted there, when its drill was killed before it could; the innermost first."""
    mounted = [Path(part.mountpoint) for part in psutil.disk_partitions(all=True)]
    below = [path for path in mounted if path.is_relative_to(directory.resolve())]
    for path in sorted(below, key=lambda path: len(path.parts), reverse=True):
        with suppress(FileNotFoundError):  # no such program: that it cannot be removed is reported then
            subprocess.run(["umount", "--lazy", path], capture_output=True, check=False)
