"""The task queue on disk: every write is a task, acknowledged when it is stored, processed in order.

Source of the fields and the filters: Meilisearch's tasks reference.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.standins.meilisearch import clock
from harness.standins.meilisearch.connections import Database
from harness.standins.meilisearch.errors import ApiError, unsupported
from harness.standins.meilisearch.reading import Params, need_index_uid

_STATUSES = ("enqueued", "processing", "succeeded", "failed", "canceled")
_TYPES = (
    *("documentAdditionOrUpdate", "documentEdition", "documentDeletion", "settingsUpdate"),
    *("indexCreation", "indexDeletion", "indexUpdate", "indexSwap", "taskCancelation", "taskDeletion"),
    *("dumpCreation", "snapshotCreation", "export", "upgradeDatabase", "indexCompaction", "networkTopologyChange"),
)
FILTERS = ("uids", "indexUids", "statuses", "types")
UNSUPPORTED_FILTERS = (
    *("reverse", "batchUids", "canceledBy"),
    *(f"{side}{moment}At" for moment in ("Enqueued", "Started", "Finished") for side in ("after", "before")),
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    uid INTEGER PRIMARY KEY, batch_uid INTEGER, index_uid TEXT, status TEXT NOT NULL, type TEXT NOT NULL,
    details TEXT NOT NULL, error TEXT, enqueued_at TEXT NOT NULL, started_at TEXT, finished_at TEXT,
    content TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS tasks_by_status ON tasks (status, uid);
CREATE INDEX IF NOT EXISTS tasks_by_index ON tasks (index_uid, uid);
CREATE INDEX IF NOT EXISTS tasks_by_batch ON tasks (batch_uid);
"""


@dataclass(frozen=True, slots=True)
class Task:
    """A task. `content` is what it has to do; the rest is what the API shows of it."""

    uid: int
    batch_uid: int | None
    index_uid: str | None
    status: str
    type: str
    details: dict[str, Any]
    error: dict[str, Any] | None
    enqueued_at: str
    started_at: str | None
    finished_at: str | None
    content: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The task object of the API."""
        spent = None
        if self.started_at and self.finished_at:
            spent = clock.duration(self.started_at, self.finished_at)
        return {
            "uid": self.uid,
            "batchUid": self.batch_uid,
            "indexUid": self.index_uid,
            "status": self.status,
            "type": self.type,
            "canceledBy": None,
            "details": self.details,
            "error": self.error,
            "duration": spent,
            "enqueuedAt": self.enqueued_at,
            "startedAt": self.started_at,
            "finishedAt": self.finished_at,
        }

    def summary(self) -> dict[str, Any]:
        """What the request that made the task is answered with: as it was made, however far it is by now."""
        return {
            "taskUid": self.uid,
            "indexUid": self.index_uid,
            "status": "enqueued",
            "type": self.type,
            "enqueuedAt": self.enqueued_at,
        }


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """A condition over tasks in SQL, with its values."""

    sql: str
    values: tuple[Any, ...]


class TaskStore:
    """The tasks and the payload files that wait with them."""

    def __init__(self, directory: Path) -> None:
        self._database = Database(directory / "queue.sqlite3", _SCHEMA)
        self._payloads = directory / "update_files"
        self._payloads.mkdir(exist_ok=True)
        self.changed = threading.Condition()

    def enqueue(
        self,
        kind: str,
        index_uid: str | None,
        content: dict[str, Any],
        details: dict[str, Any],
        *,
        payload: list[bytes] | None = None,
    ) -> Task:
        """Store a task; when this returns, no kill loses it.

        Args:
            index_uid: the index it is about, if it is about one.
            details: what the API shows at first.
            payload: documents, one line of JSON each; kept in a file until the task is finished.
        """
        if payload is not None:
            content = content | {"file": self._write_payload(payload)}
        with self._database.write() as connection:
            uid = connection.execute("SELECT COALESCE(MAX(uid) + 1, 0) FROM tasks").fetchone()[0]
            connection.execute(
                "INSERT INTO tasks (uid, index_uid, status, type, details, enqueued_at, content) "
                "VALUES (?, ?, 'enqueued', ?, ?, ?, ?)",
                (uid, index_uid, kind, _dump(details), clock.now(), _dump(content)),
            )
        with self.changed:
            self.changed.notify_all()
        return self.get(uid)

    def _write_payload(self, lines: list[bytes]) -> str:
        name = f"{uuid.uuid4()}.jsonl"
        with (self._payloads / name).open("wb") as file:
            file.writelines(line + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        return name

    def payload(self, task: Task) -> Path:
        """The file with a task's documents."""
        return self._payloads / str(task.content["file"])

    def get(self, uid: int) -> Task:
        """A task. Raises ApiError: task_not_found."""
        row = self._database.read().execute("SELECT * FROM tasks WHERE uid = ?", (uid,)).fetchone()
        if row is None:
            raise ApiError("task_not_found", f"Task `{uid}` not found.")
        return _task(row)

    def find(self, condition: TaskFilter, *, limit: int = -1, newest_first: bool = False) -> list[Task]:
        """Tasks that meet a condition, by uid."""
        order = "DESC" if newest_first else "ASC"
        rows = self._database.read().execute(
            f"SELECT * FROM tasks WHERE {condition.sql} ORDER BY uid {order} LIMIT ?", (*condition.values, limit)
        )
        return [_task(row) for row in rows]

    def count(self, condition: TaskFilter) -> int:
        row = self._database.read().execute(f"SELECT COUNT(*) FROM tasks WHERE {condition.sql}", condition.values)
        return int(row.fetchone()[0])

    def next(self) -> Task | None:
        """The oldest enqueued task."""
        found = self.find(TaskFilter("status = 'enqueued'", ()), limit=1)
        return found[0] if found else None

    def is_indexing(self, index_uid: str) -> bool:
        """Whether a task of this index is being processed."""
        return bool(self.count(TaskFilter("status = 'processing' AND index_uid = ?", (index_uid,))))

    def start(self, batch: list[Task]) -> None:
        """Mark tasks as being processed, together."""
        moment = clock.now()
        with self._database.write() as connection:
            number = connection.execute("SELECT COALESCE(MAX(batch_uid) + 1, 0) FROM tasks").fetchone()[0]
            connection.executemany(
                "UPDATE tasks SET status = 'processing', started_at = ?, batch_uid = ? WHERE uid = ?",
                [(moment, number, task.uid) for task in batch],
            )

    def finish(self, outcomes: dict[int, dict[str, Any]]) -> None:
        """Store how tasks ended, and drop their payloads.

        Args:
            outcomes: by uid: `status`, `details` and `error`.
        """
        files, moment = [], clock.now()
        with self._database.write() as connection:
            for uid, outcome in outcomes.items():
                row = connection.execute("SELECT * FROM tasks WHERE uid = ?", (uid,)).fetchone()
                if row is None or row["status"] in ("succeeded", "failed"):
                    continue
                files.append(json.loads(row["content"]).get("file"))
                error = None if outcome["error"] is None else _dump(outcome["error"])
                connection.execute(
                    "UPDATE tasks SET status = ?, details = ?, error = ?, finished_at = ? WHERE uid = ?",
                    (outcome["status"], _dump(outcome["details"]), error, moment, uid),
                )
        for name in files:
            if name:
                (self._payloads / name).unlink(missing_ok=True)

    def reopen(self) -> None:
        """After a kill: what was being processed is enqueued again; payloads of no task are removed."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE tasks SET status = 'enqueued', started_at = NULL, batch_uid = NULL WHERE status = 'processing'"
            )
        known = {task.content.get("file") for task in self.find(TaskFilter("status = 'enqueued'", ()))}
        for path in self._payloads.iterdir():
            if path.name not in known:
                path.unlink()


def read_filter(params: Params) -> TaskFilter:
    """The condition that query parameters ask for.

    Raises:
        ApiError: invalid_task_… for a bad value, or for a parameter that is not supported.
    """
    for name in UNSUPPORTED_FILTERS:
        if params.text(name) is not None:
            snake = re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)
            code = "invalid_batch_uids" if name == "batchUids" else f"invalid_task_{snake}"
            raise unsupported(f"`{name}` as a filter of tasks", code)
    parts: list[str] = ["1"]
    values: list[Any] = []
    for name, column in zip(FILTERS, ("uid", "index_uid", "status", "type"), strict=True):
        wanted = params.names(name)
        if wanted is not None:
            parts.append(f"{column} IN ({','.join('?' * sum(map(bool, wanted)))})")
            values += [_checked(name, item) for item in wanted if item]
    return TaskFilter(" AND ".join(parts), tuple(values))


def _checked(name: str, item: str) -> Any:
    if name == "uids":
        if not item.isdecimal() or int(item) >= 2**32:
            text = f"Invalid value in parameter `{name}`: could not parse `{item}` as a positive integer"
            raise ApiError("invalid_task_uids", text)
        return int(item)
    if name == "indexUids":
        return need_index_uid(item, name)
    known = _STATUSES if name == "statuses" else _TYPES
    if item not in known:
        listed = ", ".join(f"`{choice}`" for choice in known)
        raise ApiError(
            f"invalid_task_{name}",
            f"Invalid value in parameter `{name}`: `{item}` is not a valid task {name.removesuffix('es')}. "
            f"Available {name} are {listed}.",
        )
    return item


def _task(row: sqlite3.Row) -> Task:
    values = dict(row)
    for name in ("details", "error", "content"):
        values[name] = None if values[name] is None else json.loads(values[name])
    return Task(**values)


def _dump(value: Any) -> str:
    return json.dumps(value)
