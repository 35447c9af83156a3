"""Directories and files that only their owner reads, whatever the umask: a drill leaves the backup once more."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

DIRECTORY = 0o700
FILE = 0o600


def private_directory(directory: Path) -> None:
    """Make a directory, and those above it that are missing; what is there already stays as it is."""
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        try:
            each.mkdir(mode=DIRECTORY)
        except FileExistsError:  # another drill was faster
            continue
        each.chmod(DIRECTORY)
    if not directory.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))


def private_file(path: Path) -> BinaryIO:
    """Open a new file to write bytes; what was there under its name is gone, and so are its permissions."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE)
    os.fchmod(descriptor, FILE)
    return os.fdopen(descriptor, "wb")


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process at a time is in the blocks that name this file; whoever enters one changes the file's time."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def whole_file(path: Path, *, mode: int = FILE, like_old: bool = False) -> Iterator[BinaryIO]:
    """A file to write bytes to, whose name appears (or stands for the new content) when all of it is on the disk.

    Args:
        mode: its permissions.
        like_old: give it the permissions that somebody gave to the file whose place it takes.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with private_file(partial) as file:
            os.fchmod(file.fileno(), (like_old and _mode_of(path)) or mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _mode_of(path: Path) -> int | None:
    """The permissions of a regular file; None where there is none."""
    try:
        known = path.lstat()
    except FileNotFoundError:
        return None
    return stat.S_IMODE(known.st_mode) if stat.S_ISREG(known.st_mode) else None


def private_log(path: Path) -> BinaryIO:
    """Open a file to append bytes, and make it and its directory where they are missing."""
    private_directory(path.parent)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE), "ab")
