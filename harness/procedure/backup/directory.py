"""The directory of a backup: written under a name that says so, renamed when everything in it is on disk."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from harness.base.errors import UsageError
from harness.base.interruption import finishing
from harness.base.private import private_directory

PARTIAL = ".partial"
"""No pattern matches a name that ends so (inputs/patterns.py), and no such directory is taken for a backup."""


@contextmanager
def new_directory(directory: Path) -> Iterator[Path]:
    """A directory to write into, which gets its name at the end of the block; after an error, nothing is left.

    What a killed backup left under the same name is cleared. A lock, which ends with its process, tells it from
    a backup that is being written at this moment.

    Raises:
        UsageError: the directory exists and is not empty, can't be made, or is being written.
    """
    directory = directory.absolute()
    partial = directory.with_name(directory.name + PARTIAL)
    try:
        if directory.is_dir() and directory.is_mount():
            raise UsageError(f"{directory} is a mount point and cannot be renamed", "Give a directory below it.")
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise UsageError(f"{directory} is not empty", "Give each backup its own directory.")
        partial.mkdir(parents=True, exist_ok=True)
        partial.chmod(0o700)  # all that the application knows is in it, whatever the umask says
        handle = os.open(partial, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise UsageError(f"cannot use {directory} for a backup: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another backup is being written to {partial}", "Give each backup its own directory."
            ) from None
        try:
            _clear(partial)
            yield partial
            os.fsync(handle)
            partial.rename(directory)
        except BaseException:
            with finishing():
                shutil.rmtree(partial, ignore_errors=True)
            raise
        _make_durable(directory.parent)
    finally:
        os.close(handle)


@contextmanager
def noted(state_dir: Path, directory: Path) -> Iterator[None]:
    """Note that a backup is being written to a directory, so that `cleanup` finds what is left when it is killed."""
    partial = directory.absolute().with_name(directory.name + PARTIAL)
    note = state_dir / "backups" / sha256(os.fsencode(partial)).hexdigest()
    with suppress(OSError):  # a backup is worth more than the note
        private_directory(note.parent)
        note.symlink_to(partial)
    try:
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)


def remove_unfinished(state_dir: Path) -> Iterator[Path]:
    """Remove what killed backups left, and yield each; one that is being written has a lock and stays."""
    notes = state_dir / "backups"
    for note in sorted(notes.iterdir()) if notes.is_dir() else []:
        partial = note.readlink()
        try:
            handle = os.open(partial, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError):
            if partial.parent.is_dir():  # else its disk is not there
                note.unlink()
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(partial)
            note.unlink(missing_ok=True)
            yield partial
        except BlockingIOError:
            continue
        finally:
            os.close(handle)


def _clear(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _make_durable(directory: Path) -> None:
    """Make the names in a directory survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
