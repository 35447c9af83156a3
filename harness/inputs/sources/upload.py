"""Putting a backup into a store: under a temporary name, read back, and then under its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from harness.base.errors import HarnessError, UsageError
from harness.base.settings import Settings
from harness.inputs.sources.stores import ConnectionLost, RemoteTree, StoreEntry, open_store
from harness.inputs.sources.transfer import PARTIAL, asked, content
from harness.procedure.backup.manifest import MANIFEST_NAME
from harness.runtime.ownership import workspace


@contextmanager
def uploaded(url: str, settings: Settings, drill_id: str, say: Callable[[str], None]) -> Iterator[Path]:
    """A directory on this machine to back up into, which is in the store at the end of the block and here no more.

    Raises:
        UsageError: the store takes no backup, refuses it, or has something under this name.
        HarnessError: it cannot be reached, or what was read back is not what was written: nothing of it is left there.
    """
    store, path = open_store(url.rstrip("/"), settings.command_env)
    if not isinstance(store, RemoteTree):
        raise UsageError("--to: a web server takes no backup", "Name a directory, or an s3:// or sftp:// URL.")
    try:
        if asked(store, path, partial(store.stat, path)) is not None:
            raise UsageError(f"{store.shown(path)} is there already", "Give each backup a name of its own.")
        with workspace(settings.state_dir, drill_id) as directory:
            backup = directory / path.rpartition("/")[2]
            yield backup
            say(f"uploading to {store.shown(path)}")
            _put(store, path, backup)
    finally:
        store.close()


def _put(store: RemoteTree, path: str, directory: Path) -> None:
    partial_path = path + PARTIAL
    _remove(store, partial_path)  # what an interrupted upload left
    try:
        # The manifest is what makes it a backup: it comes last.
        files = sorted(directory.iterdir(), key=lambda file: (file.name == MANIFEST_NAME, file.name))
        entries = [_checked(store, f"{partial_path}/{file.name}", file) for file in files]
        asked(store, path, lambda: store.move(entries, partial_path, path))
    except BaseException:
        with suppress(HarnessError, ConnectionLost):
            _remove(store, partial_path)
        raise


def _checked(store: RemoteTree, path: str, file: Path) -> StoreEntry:
    """Write a file, and read it back."""
    asked(store, path, lambda: store.write(path, file))
    entry = asked(store, path, lambda: store.stat(path))
    digest = hashlib.sha256()
    for chunk in content(store, entry) if entry is not None else ():
        digest.update(chunk)
    with file.open("rb") as local:
        if entry is None or digest.digest() != hashlib.file_digest(local, "sha256").digest():
            raise HarnessError(
                f"{store.shown(path)} is not what was written there: what was read back differs",
                "Check the store's space and quota, and back up again.",
            )
    return entry


def _remove(store: RemoteTree, path: str) -> None:
    if asked(store, path, lambda: store.stat(path)) is not None:
        entries = asked(store, path, lambda: list(store.children(path)))
        asked(store, path, lambda: store.remove(entries, path))
