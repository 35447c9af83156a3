"""Dumps of the indexes, written and imported in the layout of the server's dump version 6.

A dump is a tar.gz of `metadata.json`, `keys.jsonl`, `tasks/queue.jsonl` and
`indexes/<name>/{metadata.json,settings.json,documents.jsonl}`. Source: the `dump` crate of Meilisearch. Keys and tasks
are empty files in a dump of this server, and left alone in one that it imports.
"""

from __future__ import annotations

import gzip
import json
import logging
import shutil
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from harness.base.errors import UsageError
from harness.standins.meilisearch import ENGINE_VERSION, clock
from harness.standins.meilisearch.documents import as_line, document_id
from harness.standins.meilisearch.errors import ApiError
from harness.standins.meilisearch.settings import apply_patch, defaults
from harness.standins.meilisearch.store import IndexStore

_BATCH_DOCUMENTS = 20_000

_log = logging.getLogger(__name__)


class Dumps:
    """Writes and reads dumps."""

    def __init__(self, directory: Path, store: IndexStore) -> None:
        self._directory = directory
        self._store = store

    def write(self) -> str:
        """Write a dump; it appears under its name when it is complete.

        Returns:
            Its uid: the date and time.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        uid = datetime.now(UTC).strftime("%Y%m%d-%H%M%S%f")[:-3]
        with tempfile.TemporaryDirectory(dir=self._directory, prefix=".dump-") as scratch:
            root = Path(scratch) / "content"
            self._fill(root)
            packed = Path(scratch) / "packed"
            with tarfile.open(packed, "w:gz", compresslevel=6) as archive:
                archive.add(root, arcname=".")
            packed.rename(self._directory / f"{uid}.dump")
        return uid

    def _fill(self, root: Path) -> None:
        (root / "indexes").mkdir(parents=True)
        (root / "tasks" / "update_files").mkdir(parents=True)
        _write_json(root / "metadata.json", {"dumpVersion": "V6", "dbVersion": ENGINE_VERSION, "dumpDate": clock.now()})
        (root / "instance_uid.uuid").write_text(str(uuid.uuid4()))
        (root / "keys.jsonl").touch()
        (root / "tasks" / "queue.jsonl").touch()
        for index in self._store.indexes():
            folder = root / "indexes" / index.uid
            folder.mkdir()
            _write_json(folder / "metadata.json", index.as_json())
            # defaults too: those of the server that reads the dump may be others
            _write_json(folder / "settings.json", index.settings)
            with (folder / "documents.jsonl").open("wb") as file:
                file.writelines(line + b"\n" for line in self._store.all_lines(index))

    def read(self, path: Path) -> None:
        """Import a dump into an empty database.

        Raises:
            UsageError: it is not a dump of version 6, or holds what cannot be read.
        """
        with tempfile.TemporaryDirectory(prefix="dump-") as scratch:
            root = Path(scratch)
            try:
                with gzip.open(path) as stream:
                    with tarfile.open(fileobj=stream, mode="r|") as archive:
                        _unpack(archive, root)
                    while stream.read(1 << 20):  # a dump that was cut shows at its very end only
                        pass
                version = json.loads((root / "metadata.json").read_bytes()).get("dumpVersion")
                if version != "V6":
                    raise UsageError(
                        f"{path}: a dump of version {version}, expected V6",
                        "Write a new dump with Meilisearch 1.0 or later.",
                    )
                for folder in sorted((root / "indexes").iterdir()):
                    self._read_index(folder)
                waiting = sum(_is_waiting(task) for task in _read_lines(root / "tasks" / "queue.jsonl"))
            except (OSError, EOFError, ValueError, KeyError, tarfile.TarError, ApiError) as error:
                raise UsageError(f"{path}: not a readable dump: {error}") from error
        if waiting:
            _log.warning("%s: %d tasks had not been processed when it was written; they are left out", path, waiting)

    def _read_index(self, folder: Path) -> None:
        metadata = json.loads((folder / "metadata.json").read_bytes())
        patch = json.loads((folder / "settings.json").read_bytes())
        with self._store.transaction():
            index = self._store.create(metadata["uid"], metadata["primaryKey"])
            index = self._store.change_settings(index, apply_patch(defaults(), patch))
            lines: dict[str, bytes] = {}
            for document in _read_lines(folder / "documents.jsonl"):
                lines[document_id(document, str(index.primary_key))] = as_line(document)
                if len(lines) == _BATCH_DOCUMENTS:
                    index = self._store.put(index, lines)
                    lines = {}
            if lines:
                index = self._store.put(index, lines)
            self._store.restore_dates(index, metadata["createdAt"], metadata["updatedAt"])


def _unpack(archive: tarfile.TarFile, root: Path) -> None:
    """Write files and directories below `root`, and nothing else; Debian 12's Python has no filter for it."""
    for member in archive:
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
            raise ValueError(f"{member.name!r} is not a file of a dump")
        path = root / name
        (path if member.isdir() else path.parent).mkdir(parents=True, exist_ok=True)
        content = archive.extractfile(member)
        if content is not None:
            with content, path.open("wb") as file:
                shutil.copyfileobj(content, file)


def _is_waiting(task: dict[str, Any]) -> bool:
    # the task that wrote the dump is in it as well, and was not finished either
    return task["status"] in ("enqueued", "processing") and "dumpCreation" not in task["type"]


def _write_json(path: Path, value: Any) -> None:
    path.write_bytes(json.dumps(value, ensure_ascii=False).encode())


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)
