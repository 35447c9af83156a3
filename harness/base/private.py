"""Directories and files that only their owner reads, whatever the umask: a drill leaves the backup once more."""

from __future__ import annotations

import errno
import os
import stat
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


def private_log(path: Path) -> BinaryIO:
    """Open a file to append bytes, and make it and its directory where they are missing."""
    private_directory(path.parent)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE), "ab")


def keep_mode(path: Path, descriptor: int) -> None:
    """Give a file that will take another's place the permissions that somebody gave to that one."""
    try:
        known = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISREG(known.st_mode):
        os.fchmod(descriptor, stat.S_IMODE(known.st_mode))
