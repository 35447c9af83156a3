"""The task queue on disk: every write is a task, acknowledged when it is stored, processed in order.

Source of the fields and the filters: Meilisearch's tasks reference.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.embedded import clock
from harness.embedded.database import Database
from harness.embedded.errors import ApiError
from harness.embedded.reading import INDEX_UID, Params

STATUSES = ("enqueued", "processing", "succeeded", "failed", "canceled")
FINISHED = ("succeeded", "failed", "canceled")
TYPES = (
    "documentAdditionOrUpdate",
    "documentEdition",
    "documentDeletion",
    "settingsUpdate",
    "indexCreation",
    "indexDeletion",
    "indexUpdate",
    "indexSwap",
    "taskCancelation",
    "taskDeletion",
    "dumpCreation",
    "snapshotCreation",
)
_DATE_COLUMNS = {
    f"{side}{moment}At": (sign, f"{moment.lower()}_at")
    for moment in ("Enqueued", "Started", "Finished")
    for side, sign in (("after", ">"), ("before", "<"))
}
FILTERS = ("uids", "indexUids", "statuses", "types", "canceledBy", *_DATE_COLUMNS)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    uid INTEGER PRIMARY KEY, index_uid TEXT, status TEXT NOT NULL, type TEXT NOT NULL, canceled_by INTEGER,
    details TEXT, error TEXT, enqueued_at TEXT NOT NULL, started_at TEXT, finished_at TEXT,
    content TEXT NOT NULL, custom_metadata TEXT);
CREATE INDEX IF NOT EXISTS tasks_by_status ON tasks (status, uid);
CREATE INDEX IF NOT EXISTS tasks_by_index ON tasks (index_uid, uid);
CREATE TABLE IF NOT EXISTS next_uid (uid INTEGER NOT NULL);
INSERT INTO next_uid SELECT 0 WHERE NOT EXISTS (SELECT * FROM next_uid);
"""


@dataclass(frozen=True, slots=True)
class Task:
    """A task. `content` is what it has to do; the rest is what the API shows of it."""

    uid: int
    index_uid: str | None
    status: str
    type: str
    canceled_by: int | None
    details: dict[str, Any] | None
    error: dict[str, Any] | None
    enqueued_at: str
    started_at: str | None
    finished_at: str | None
    content: dict[str, Any]
    custom_metadata: str | None

    def as_json(self) -> dict[str, Any]:
        """The task object of the API."""
        spent = None
        if self.started_at and self.finished_at:
            spent = clock.duration(self.started_at, self.finished_at)
        shown: dict[str, Any] = {
            "uid": self.uid,
            "indexUid": self.index_uid,
            "status": self.status,
            "type": self.type,
            "canceledBy": self.canceled_by,
        }
        if self.details is not None:
            shown["details"] = self.details
        shown |= {
            "error": self.error,
            "duration": spent,
            "enqueuedAt": self.enqueued_at,
            "startedAt": self.started_at,
            "finishedAt": self.finished_at,
        }
        if self.custom_metadata is not None:
            shown["customMetadata"] = self.custom_metadata
        return shown

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
    """The tasks and the payload files that wait with them.

    Args:
        directory: the database directory.
    """

    def __init__(self, directory: Path) -> None:
        self._database = Database(directory / "tasks.sqlite3", _SCHEMA)
        self._payloads = directory / "update_files"
        self._payloads.mkdir(exist_ok=True)
        self.changed = threading.Condition()

    def enqueue(
        self,
        kind: str,
        index_uid: str | None,
        content: dict[str, Any],
        details: dict[str, Any] | None,
        *,
        custom_metadata: str | None = None,
        payload: list[bytes] | None = None,
    ) -> Task:
        """Store a task; when this returns, no kill loses it.

        Args:
            kind: the task's type.
            index_uid: the index it is about, if it is about one.
            content: what is to be done.
            details: what the API shows at first.
            custom_metadata: text of the client's own, shown with the task.
            payload: documents, one line of JSON each; kept in a file until the task is finished.
        """
        if payload is not None:
            content = content | {"file": self._write_payload(payload)}
        with self._database.write() as connection:
            uid = connection.execute("SELECT uid FROM next_uid").fetchone()[0]
            connection.execute("UPDATE next_uid SET uid = uid + 1")
            connection.execute(
                "INSERT INTO tasks (uid, index_uid, status, type, details, enqueued_at, content, custom_metadata) "
                "VALUES (?, ?, 'enqueued', ?, ?, ?, ?, ?)",
                (uid, index_uid, kind, _dump(details), clock.now(), _dump(content), custom_metadata),
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

    def restore(self, tasks: list[Task]) -> None:
        """Put tasks from a dump in, with the uids that they had."""
        with self._database.write() as connection:
            for task in tasks:
                connection.execute(
                    "INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        task.uid,
                        task.index_uid,
                        task.status,
                        task.type,
                        task.canceled_by,
                        _dump(task.details),
                        _dump(task.error),
                        task.enqueued_at,
                        task.started_at,
                        task.finished_at,
                        _dump(task.content),
                        task.custom_metadata,
                    ),
                )
            connection.execute("UPDATE next_uid SET uid = MAX(uid, (SELECT COALESCE(MAX(uid) + 1, 0) FROM tasks))")

    def restore_payload(self, source: Path) -> str:
        """Take over a payload file from a dump; returns its name here."""
        name = f"{uuid.uuid4()}.jsonl"
        shutil.move(source, self._payloads / name)
        return name

    def get(self, uid: int) -> Task:
        """A task.

        Raises:
            ApiError: task_not_found.
        """
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

    def next_of(self, *types: str) -> Task | None:
        """The oldest enqueued task of these types; of all types when none is named."""
        sql = f"status = 'enqueued' AND type IN ({_marks(types)})" if types else "status = 'enqueued'"
        found = self.find(TaskFilter(sql, types), limit=1)
        return found[0] if found else None

    def is_indexing(self, index_uid: str) -> bool:
        """Whether a task of this index is being processed."""
        return bool(self.count(TaskFilter("status = 'processing' AND index_uid = ?", (index_uid,))))

    def start(self, tasks: list[Task]) -> None:
        """Mark tasks as being processed."""
        moment = clock.now()
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE tasks SET status = 'processing', started_at = ? WHERE uid = ?",
                [(moment, task.uid) for task in tasks],
            )

    def finish(self, outcomes: dict[int, dict[str, Any]]) -> None:
        """Store how tasks ended, and drop their payloads.

        Args:
            outcomes: by uid: `status`, `details`, `error`, and `canceled_by` where it was canceled.
        """
        files, moment = [], clock.now()
        with self._database.write() as connection:
            for uid, outcome in outcomes.items():
                row = connection.execute("SELECT * FROM tasks WHERE uid = ?", (uid,)).fetchone()
                if row is None or row["status"] in FINISHED:
                    continue
                files.append(json.loads(row["content"]).get("file"))
                connection.execute(
                    "UPDATE tasks SET status = ?, details = ?, error = ?, canceled_by = ?, finished_at = ? "
                    "WHERE uid = ?",
                    (
                        outcome["status"],
                        _dump(outcome["details"]),
                        _dump(outcome["error"]),
                        outcome.get("canceled_by"),
                        moment,
                        uid,
                    ),
                )
        for name in files:
            if name:
                (self._payloads / name).unlink(missing_ok=True)

    def reopen(self) -> None:
        """After a kill: what was being processed is enqueued again; payloads of no task are removed."""
        with self._database.write() as connection:
            connection.execute("UPDATE tasks SET status = 'enqueued', started_at = NULL WHERE status = 'processing'")
        waiting = self.find(TaskFilter("status = 'enqueued'", ()))
        known = {task.content.get("file") for task in waiting}
        for path in self._payloads.iterdir():
            if path.name not in known:
                path.unlink()

    def delete(self, uids: Collection[int]) -> int:
        """Delete those of the tasks that are finished; returns how many."""
        with self._database.write() as connection:
            return sum(
                connection.execute(
                    f"DELETE FROM tasks WHERE uid = ? AND status IN ({_marks(FINISHED)})", (uid, *FINISHED)
                ).rowcount
                for uid in uids
            )


def read_filter(params: Params, allowed_index: Collection[str] | None) -> TaskFilter:
    """The condition that query parameters ask for.

    Args:
        params: the query.
        allowed_index: None, or the uids of the only indexes whose tasks the key may see.

    Raises:
        ApiError: invalid_task_… for a bad value.
    """
    parts: list[str] = ["1"]
    values: list[Any] = []

    def within(column: str, wanted: Collection[Any]) -> None:
        parts.append(f"{column} IN ({_marks(wanted)})")
        values.extend(wanted)

    for name, column, code in (
        ("uids", "uid", "invalid_task_uids"),
        ("canceledBy", "canceled_by", "invalid_task_canceled_by"),
    ):
        numbers = params.names(name)
        if numbers is not None:
            for number in numbers:
                if not number.isdecimal():
                    text = f"Invalid value in parameter `{name}`: could not parse `{number}` as a positive integer"
                    raise ApiError(code, text)
            within(column, [int(number) for number in numbers])
    for name, column, code, known in (
        ("statuses", "status", "invalid_task_statuses", STATUSES),
        ("types", "type", "invalid_task_types", TYPES),
    ):
        names = params.names(name)
        if names is not None:
            for item in names:
                if item not in known:
                    kind = "status" if name == "statuses" else "type"
                    listed = ", ".join(f"`{choice}`" for choice in known)
                    raise ApiError(
                        code,
                        f"Invalid value in parameter `{name}`: `{item}` is not a valid task {kind}. "
                        f"Available {name} are {listed}.",
                    )
            within(column, names)
    indexes = params.names("indexUids")
    if indexes is not None:
        for uid in indexes:
            if not INDEX_UID.fullmatch(uid):
                raise ApiError(
                    "invalid_index_uid",
                    f"Invalid value in parameter `indexUids`: `{uid}` is not a valid index uid. Index uid can be an "
                    "integer or a string containing only alphanumeric characters, hyphens (-) and underscores (_), "
                    "and can not be more than 400 bytes.",
                )
        within("index_uid", indexes)
    if allowed_index is not None:
        within("index_uid", allowed_index)
    for name, (sign, column) in _DATE_COLUMNS.items():
        date = params.text(name)
        if date is not None and date != "*":
            parts.append(f"{column} {sign} ?")
            values.append(_date(name, date))
    return TaskFilter(" AND ".join(parts), tuple(values))


def _date(name: str, text: str) -> str:
    try:
        return clock.text_of(clock.parse(text))
    except ValueError as error:
        snake = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
        raise ApiError(
            f"invalid_task_{snake}",
            f"Invalid value in parameter `{name}`: `{text}` is an invalid date-time. It should follow the "
            "YYYY-MM-DD or RFC 3339 date-time format.",
        ) from error


def _task(row: sqlite3.Row) -> Task:
    values = dict(row)
    for name in ("details", "error", "content"):
        values[name] = None if values[name] is None else json.loads(values[name])
    return Task(**values)


def _dump(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _marks(values: Collection[Any]) -> str:
    return ",".join("?" * len(values))
