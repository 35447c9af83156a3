"""Dumps: written and imported in the layout of the server's dump version 6.

A dump is a tar.gz of `metadata.json`, `keys.jsonl`, `tasks/queue.jsonl`, `tasks/update_files/<uid>.jsonl` and
`indexes/<name>/{metadata.json,settings.json,documents.jsonl}`. Source: the `dump` crate of Meilisearch.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from harness.embedded import ENGINE_VERSION, clock
from harness.embedded.documents import as_line, document_id
from harness.embedded.errors import ApiError
from harness.embedded.keys import Key, KeyStore
from harness.embedded.settings import BY_NAME, apply_patch, defaults
from harness.embedded.store import Store
from harness.embedded.tasks import Task, TaskFilter, TaskStore
from harness.errors import UsageError

_NO_TASKS = [58, 48, 0, 0, 0, 0, 0, 0]
"""An empty set of task uids, as the roaring bitmap format writes it."""

_DETAILS = {
    "documentAdditionOrUpdate": ("DocumentAdditionOrUpdate", ("received_documents", "indexed_documents")),
    "documentDeletion": ("DocumentDeletion", ("provided_ids", "deleted_documents")),
    "indexCreation": ("IndexInfo", ("primary_key",)),
    "indexUpdate": ("IndexInfo", ("primary_key",)),
    "indexDeletion": ("ClearAll", ("deleted_documents",)),
    "taskCancelation": ("TaskCancelation", ("matched_tasks", "canceled_tasks", "original_filter")),
    "taskDeletion": ("TaskDeletion", ("matched_tasks", "deleted_tasks", "original_filter")),
    "dumpCreation": ("Dump", ("dump_uid",)),
}


class Dumps:
    """Writes and reads dumps.

    Args:
        directory: where dumps go.
        store: the indexes.
        tasks: the queue.
        keys: the API keys.
    """

    def __init__(self, directory: Path, store: Store, tasks: TaskStore, keys: KeyStore) -> None:
        self._directory = directory
        self._store = store
        self._tasks = tasks
        self._keys = keys

    def write(self) -> str:
        """Write a dump; it appears under its name when it is complete.

        Returns:
            Its uid: the date and time.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        uid = datetime.now(UTC).strftime("%Y%m%d-%H%M%S%f")[:-3]
        with tempfile.TemporaryDirectory(dir=self._directory, prefix=".dump-") as scratch:
            root = Path(scratch) / "content"
            root.mkdir()
            self._fill(root)
            packed = Path(scratch) / "packed"
            with tarfile.open(packed, "w:gz", compresslevel=6) as archive:
                archive.add(root, arcname=".")
            packed.rename(self._directory / f"{uid}.dump")
        return uid

    def _fill(self, root: Path) -> None:
        metadata = {"dumpVersion": "V6", "dbVersion": ENGINE_VERSION, "dumpDate": clock.now()}
        _write_json(root / "metadata.json", metadata)
        (root / "instance_uid.uuid").write_text(str(uuid.uuid4()))
        _write_lines(root / "keys.jsonl", (_dumped_key(key) for key in self._keys.all()))
        for index in self._store.indexes():
            folder = root / "indexes" / index.uid
            folder.mkdir(parents=True)
            _write_json(folder / "metadata.json", index.as_json())
            _write_json(folder / "settings.json", _dumped_settings(index.settings))
            with (folder / "documents.jsonl").open("wb") as file:
                file.writelines(line + b"\n" for _, line in self._store.all_lines(index))
        (root / "indexes").mkdir(exist_ok=True)
        files = root / "tasks" / "update_files"
        files.mkdir(parents=True)
        tasks = self._tasks.find(TaskFilter("1", ()))
        _write_lines(root / "tasks" / "queue.jsonl", (_dumped_task(task) for task in tasks))
        for task in tasks:
            if task.status == "enqueued" and "file" in task.content:
                shutil.copyfile(self._tasks.payload(task), files / f"{task.uid}.jsonl")

    def read(self, path: Path) -> None:
        """Import a dump into an empty database.

        Raises:
            UsageError: it is no dump of version 6, or holds what cannot be read.
        """
        with tempfile.TemporaryDirectory(prefix="dump-") as scratch:
            root = Path(scratch)
            try:
                with gzip.open(path) as stream:
                    with tarfile.open(fileobj=stream, mode="r|") as archive:
                        _unpack(archive, root)
                    while stream.read(1 << 20):  # a dump that was cut shows at its very end only
                        pass
                metadata = json.loads((root / "metadata.json").read_bytes())
                if metadata.get("dumpVersion") != "V6":
                    version = metadata.get("dumpVersion")
                    raise UsageError(
                        f"{path}: a dump of version {version}, expected V6",
                        "Write a new dump with Meilisearch 1.0 or later.",
                    )
                self._read_keys(root / "keys.jsonl")
                for folder in sorted((root / "indexes").iterdir()):
                    self._read_index(folder)
                self._read_tasks(root / "tasks")
            except (OSError, EOFError, ValueError, KeyError, tarfile.TarError, ApiError) as error:
                raise UsageError(f"{path}: not a readable dump: {error}") from error

    def _read_keys(self, path: Path) -> None:
        if not path.exists():
            return
        self._keys.clear()
        for key in _read_lines(path):
            self._keys.put(
                Key(
                    uid=key["uid"],
                    name=key.get("name"),
                    description=key.get("description"),
                    actions=tuple(key["actions"]),
                    indexes=tuple(key["indexes"]),
                    expires_at=key["expires_at"],
                    created_at=key["created_at"],
                    updated_at=key["updated_at"],
                )
            )

    def _read_index(self, folder: Path) -> None:
        metadata = json.loads((folder / "metadata.json").read_bytes())
        given = json.loads((folder / "settings.json").read_bytes())
        patch = {name: value for name, value in given.items() if name in BY_NAME}
        with self._store.transaction():
            index = self._store.create(metadata["uid"], metadata["primaryKey"])
            index = self._store.change_settings(index, apply_patch(defaults(), patch))
            lines: dict[str, bytes] = {}
            for document in _read_lines(folder / "documents.jsonl"):
                lines[document_id(document, str(index.primary_key))] = as_line(document)
                if len(lines) == 20_000:
                    index = self._store.put(index, lines)
                    lines = {}
            if lines:
                index = self._store.put(index, lines)
            self._store.restore_dates(index, metadata["createdAt"], metadata["updatedAt"])

    def _read_tasks(self, folder: Path) -> None:
        tasks = []
        for given in _read_lines(folder / "queue.jsonl"):
            task = _read_task(given)
            if task is None:
                continue
            payload = folder / "update_files" / f"{task.uid}.jsonl"
            if task.status == "enqueued" and payload.exists():
                task.content["file"] = self._tasks.restore_payload(payload)
            tasks.append(task)
        self._tasks.restore(tasks)


def _unpack(archive: tarfile.TarFile, root: Path) -> None:
    """Write files and directories below `root`, and nothing else; Debian 12's Python has no filter for it."""
    for member in archive:
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
            raise ValueError(f"{member.name!r} is no file of a dump")
        path = root / name
        (path if member.isdir() else path.parent).mkdir(parents=True, exist_ok=True)
        content = archive.extractfile(member)
        if content is not None:
            with content, path.open("wb") as file:
                shutil.copyfileobj(content, file)


def _dumped_key(key: Key) -> dict[str, Any]:
    dumped: dict[str, Any] = {"uid": key.uid, "actions": key.actions, "indexes": key.indexes}
    for name in ("name", "description"):
        if getattr(key, name) is not None:
            dumped[name] = getattr(key, name)
    return dumped | {
        "expires_at": key.expires_at,
        "created_at": key.created_at,
        "updated_at": key.updated_at,
    }


def _dumped_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Without what the real server of the engine's version does not know, unless it was set."""
    return {name: value for name, value in settings.items() if value is not None and value != BY_NAME[name].default}


def _dumped_kind(task: Task) -> Any:
    content = task.content
    if task.type == "documentAdditionOrUpdate":
        method = "UpdateDocuments" if content["method"] == "update" else "ReplaceDocuments"
        return {
            "documentImport": {
                "primary_key": content["primary_key"],
                "method": method,
                "documents_count": content["documents"],
                "allow_index_creation": content["allow_index_creation"],
            }
        }
    if task.type == "documentDeletion":
        if "ids" in content:
            return {"documentDeletion": {"documents_ids": content["ids"]}}
        if "filter" in content:
            return {"documentDeletionByFilter": {"filter": content["filter"]}}
        return "documentClear"
    if task.type == "settingsUpdate":
        names = ("settings", "is_deletion", "allow_index_creation")
        return {"settings": {name: content[name] for name in names}}
    if task.type == "indexCreation":
        return {"indexCreation": {"primary_key": content["primary_key"]}}
    if task.type == "indexUpdate":
        return {"indexUpdate": {"primary_key": content["primary_key"], "uid": content["uid"]}}
    if task.type in ("taskCancelation", "taskDeletion"):
        kind = "taskCancelation" if task.type == "taskCancelation" else "tasksDeletion"
        return {kind: {"query": content["query"], "tasks": _NO_TASKS}}
    if task.type == "dumpCreation":
        return {"dumpCreation": {"keys": [], "instance_uid": None}}
    return task.type


def _dumped_task(task: Task) -> dict[str, Any]:
    # the dump that is being written is finished in the dump: importing it must not write another one
    status = "succeeded" if task.type == "dumpCreation" and task.status == "processing" else task.status
    dumped: dict[str, Any] = {
        "uid": task.uid,
        "indexUid": task.index_uid,
        "status": status,
        "type": _dumped_kind(task),
        "enqueuedAt": task.enqueued_at,
    }
    if task.type == "settingsUpdate":
        dumped["details"] = {"SettingsUpdate": {"settings": task.details or {}}}
    elif task.details is not None:
        name, fields = _DETAILS[task.type]
        if "filter" in task.content:
            name, fields = "DocumentDeletionByFilter", ("original_filter", "deleted_documents")
        elif task.type == "documentDeletion" and "ids" not in task.content:
            name, fields = "ClearAll", ("deleted_documents",)
        dumped["details"] = {name: {field: task.details.get(_camel(field)) for field in fields}}
    for name, value in (
        ("canceledBy", task.canceled_by),
        ("error", task.error),
        ("startedAt", task.started_at),
        ("finishedAt", task.finished_at),
        ("customMetadata", task.custom_metadata),
    ):
        if value is not None:
            dumped[name] = value
    return dumped


def _read_kind(given: Any) -> tuple[str, dict[str, Any]] | None:
    """The type and the content of a dumped task; None for a kind that this server does not have."""
    name, body = (given, {}) if isinstance(given, str) else next(iter(given.items()))
    if name == "documentImport":
        method = "update" if body["method"] == "UpdateDocuments" else "replace"
        return "documentAdditionOrUpdate", {
            "primary_key": body["primary_key"],
            "method": method,
            "documents": body["documents_count"],
            "allow_index_creation": body["allow_index_creation"],
        }
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "documentDeletion": ("documentDeletion", {"ids": body.get("documents_ids")}),
        "documentDeletionByFilter": ("documentDeletion", {"filter": body.get("filter")}),
        "documentClear": ("documentDeletion", {}),
        "settings": ("settingsUpdate", body),
        "indexCreation": ("indexCreation", body),
        "indexUpdate": ("indexUpdate", {"primary_key": body.get("primary_key"), "uid": body.get("uid")}),
        "indexDeletion": ("indexDeletion", {}),
        "taskCancelation": ("taskCancelation", {"query": body.get("query"), "tasks": []}),
        "tasksDeletion": ("taskDeletion", {"query": body.get("query"), "tasks": []}),
        "dumpCreation": ("dumpCreation", {}),
    }
    return kinds.get(name)


def _read_task(given: dict[str, Any]) -> Task | None:
    kind = _read_kind(given["type"])
    if kind is None:
        return None
    details: dict[str, Any] | None = None
    for name, body in (given.get("details") or {}).items():
        details = body["settings"] if name == "SettingsUpdate" else {_camel(key): body[key] for key in body}
    if kind[0] == "documentDeletion" and details is not None:
        details = {"providedIds": 0, "deletedDocuments": None, "originalFilter": None} | details
    status = "enqueued" if given["status"] == "processing" else given["status"]
    return Task(
        uid=given["uid"],
        index_uid=given.get("indexUid"),
        status=status,
        type=kind[0],
        canceled_by=given.get("canceledBy"),
        details=details,
        error=given.get("error"),
        enqueued_at=given["enqueuedAt"],
        started_at=given.get("startedAt"),
        finished_at=given.get("finishedAt"),
        content=kind[1],
        custom_metadata=given.get("customMetadata"),
    )


def _camel(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _write_json(path: Path, value: Any) -> None:
    path.write_bytes(json.dumps(value, ensure_ascii=False).encode())


def _write_lines(path: Path, values: Iterator[dict[str, Any]]) -> None:
    with path.open("wb") as file:
        file.writelines(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values)


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)
