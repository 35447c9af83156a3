"""Prepared data directories: made once for all drills of a user, kept in the cache, and copied by each server."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from harness.base.private import alone
from harness.base.settings import Settings

_LISTING = "files"
_UNUSED_S = 30 * 86_400.0
"""A schema changes with each release of the application, a server every three months: nobody asks for older ones."""


def prepared_directory(settings: Settings, name: str, identity: object, make: Callable[[Path], None]) -> Path:
    """A data directory of the cache, made by whoever asks first, while others wait for it.

    One that is not as it was made (a file is missing, cut short or was written to) is made anew. Whenever one is
    made, those that nobody asked for in 30 days are removed.

    Args:
        name: what it is, for people.
        identity: everything that decides what is in it, as its text.
        make: makes the data directory, whose parent is there and empty.
    """
    entry = _entry(settings, name, identity)
    with alone(_lock_of(entry)):
        if not _intact(entry):
            forget(entry)
            making = f".making-{entry.name}-"
            for killed in entry.parent.glob(f"{making}*"):
                shutil.rmtree(killed, ignore_errors=True)
            made = Path(tempfile.mkdtemp(dir=entry.parent, prefix=making))
            try:
                make(made / "data")
                # Empty files for later, half of the directory: a server makes them anew.
                for spare in (made / "data").glob("#innodb_redo/*_tmp"):
                    spare.unlink()
                (made / _LISTING).write_text(_listing(made / "data"))
                made.rename(entry)
            finally:
                shutil.rmtree(made, ignore_errors=True)
            _forget_unused(entry.parent)
    return entry / "data"


def asked_before(settings: Settings, name: str, identity: object) -> bool:
    """Whether somebody asked for such a directory already: what is asked for once is not worth being prepared."""
    return asked(_lock_of(_entry(settings, name, identity)))


def asked(lock: Path) -> bool:
    """Whether a file that everybody makes who asks was there, which it is from now on."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        return True
    return False


def forget(entry: Path) -> None:
    """Remove what is in the cache there: whoever asks next makes it anew."""
    shutil.rmtree(entry, ignore_errors=True)


def _entry(settings: Settings, name: str, identity: object) -> Path:
    key = hashlib.sha256(str(identity).encode()).hexdigest()[:12]
    entry = settings.cache_dir / "templates" / f"{name}-{key}"
    entry.parent.mkdir(parents=True, exist_ok=True)
    return entry


def _lock_of(entry: Path) -> Path:
    """Opened for writing by everybody who asks, so that its time says when somebody last did."""
    return entry.with_name(f"{entry.name}.lock")


def _listing(data: Path) -> str:
    """Every file with its size and time: what shows that one was changed without reading it."""
    files = sorted((path, path.stat()) for path in data.rglob("*") if path.is_file())
    return "".join(f"{stat.st_size} {stat.st_mtime_ns} {path.relative_to(data)}\n" for path, stat in files)


def _intact(entry: Path) -> bool:
    try:
        return (entry / _LISTING).read_text() == _listing(entry / "data")
    except OSError:
        return False


def _forget_unused(directory: Path) -> None:
    for lock in directory.glob("*.lock"):
        with suppress(OSError), lock.open("rb") as held:  # another drill removed it, or is about to use it
            if time.time() - lock.stat().st_mtime > _UNUSED_S:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                forget(lock.with_suffix(""))
                lock.unlink()
