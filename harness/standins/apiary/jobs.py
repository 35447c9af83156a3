"""The app's queue: where an import goes when nothing runs it inline.

`sync` runs a job at once and never gets here. `database` is the `jobs` table. Any other connection (`redis`
in production) is a directory below `storage/framework`, because there is no redis beside a stand-in.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from harness.standins.apiary.config import AppConfig
from harness.standins.apiary.database import scalar

DEFAULT_QUEUE = "default"
_JOB_CLASS = "Laravel\\Scout\\Jobs\\MakeSearchable"


@dataclass(frozen=True, slots=True)
class ImportJob:
    """One chunk of an import: the rows `ids` of `table` go to the index; None means all of them."""

    table: str
    ids: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job in its queue: `handle` names it there; `payload` is what Laravel would have stored."""

    handle: str
    payload: str

    def job(self) -> ImportJob:
        """The import in the payload. Raises ValueError: the payload is not an import of this stand-in."""
        try:
            data = json.loads(self.payload)["data"]
            ids = data["ids"]
            return ImportJob(str(data["table"]), None if ids is None else tuple(int(each) for each in ids))
        except (KeyError, TypeError) as error:
            raise ValueError("the payload is not an import of this stand-in") from error


class Queue(Protocol):
    """A queue connection; the names are Laravel's."""

    def push(self, queue: str, job: ImportJob) -> None:
        """Add a job at the end."""

    def pop(self, queue: str) -> QueuedJob | None:
        """The oldest job, which stays until it is deleted; None when the queue is empty."""

    def delete(self, queued: QueuedJob) -> None:
        """Remove a job that is done, or that failed."""

    def size(self, queue: str) -> int:
        """How many jobs wait."""


def open_queue(config: AppConfig, connection: Connection[Cursor]) -> Queue | None:
    """The configured queue; None for `sync`."""
    match config.queue_connection:
        case "sync":
            return None
        case "database":
            return DatabaseQueue(connection)
        case name:
            return SpoolQueue(config.framework_dir / "queue" / name)


def _payload(queue: str, job: ImportJob) -> str:
    return json.dumps(
        {
            "uuid": str(uuid.uuid4()),
            "displayName": _JOB_CLASS,
            "queue": queue,
            "data": {"commandName": _JOB_CLASS, "table": job.table, "ids": job.ids},
        }
    )


class DatabaseQueue:
    """Jobs in the table `jobs`."""

    def __init__(self, connection: Connection[Cursor]) -> None:
        self._connection = connection

    def push(self, queue: str, job: ImportJob) -> None:
        """Add a row."""
        now = int(time.time())
        with self._connection.cursor() as cursor:
            cursor.execute(
                "insert into jobs (queue, payload, attempts, available_at, created_at) values (%s, %s, 0, %s, %s)",
                (queue, _payload(queue, job), now, now),
            )

    def pop(self, queue: str) -> QueuedJob | None:
        """The row with the smallest id."""
        with self._connection.cursor() as cursor:
            cursor.execute("select id, payload from jobs where queue = %s order by id limit 1", (queue,))
            row = cursor.fetchone()
        return QueuedJob(str(row[0]), str(row[1])) if row else None

    def delete(self, queued: QueuedJob) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute("delete from jobs where id = %s", (int(queued.handle),))

    def size(self, queue: str) -> int:
        """Count the rows."""
        count = scalar(self._connection, "select count(*) from jobs where queue = %s", queue)
        return int(str(count))


class SpoolQueue:
    """Jobs as files, named by a number that only grows, in one directory per queue."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def push(self, queue: str, job: ImportJob) -> None:
        """Write a file under its final name only when it is complete."""
        directory = self._directory / queue
        directory.mkdir(parents=True, exist_ok=True)
        target = directory / f"{time.time_ns():020d}.json"
        partial = target.with_suffix(".partial")
        partial.write_text(_payload(queue, job), encoding="utf-8")
        partial.rename(target)

    def pop(self, queue: str) -> QueuedJob | None:
        """The file with the smallest number."""
        first = min(self._files(queue), default=None)
        return QueuedJob(str(first), first.read_text(encoding="utf-8")) if first else None

    def delete(self, queued: QueuedJob) -> None:
        """Remove the file."""
        Path(queued.handle).unlink()

    def size(self, queue: str) -> int:
        """Count the files."""
        return len(self._files(queue))

    def _files(self, queue: str) -> list[Path]:
        return list((self._directory / queue).glob("*.json"))


def record_failure(
    connection: Connection[Cursor], config: AppConfig, queue: str, queued: QueuedJob, error: str
) -> None:
    """Put a job that failed into `failed_jobs`, as Laravel does after its one try."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into failed_jobs (uuid, connection, queue, payload, exception) values (%s, %s, %s, %s, %s)",
            (str(uuid.uuid4()), config.queue_connection, queue, queued.payload, error),
        )
