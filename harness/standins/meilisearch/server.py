"""What every request handler works with: the open database, the call, the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.standins.meilisearch.dumps import Dumps
from harness.standins.meilisearch.engine import Engine
from harness.standins.meilisearch.errors import ApiError
from harness.standins.meilisearch.reading import Params, need_index_uid, parse_json
from harness.standins.meilisearch.store import IndexStore
from harness.standins.meilisearch.tasks import Task, TaskStore
from harness.standins.meilisearch.worker import Worker

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its body is JSON, ready to be sent; None is an empty one."""

    body: bytes | None
    status: int = 200
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is let in and whose body is read."""

    server: SearchServer
    path: Mapping[str, str]
    query: Mapping[str, str]
    content_type: str | None
    body: bytes

    @property
    def index_uid(self) -> str:
        """The index in the address, checked."""
        return need_index_uid(self.path["index_uid"])

    @property
    def json(self) -> Any:
        """The JSON value of the body. Raises ApiError."""
        return parse_json(self.body, self.content_type)

    def params(self, *allowed: str) -> Params:
        """The query parameters, of which no other ones may be there."""
        return Params(self.query, allowed)


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """An address and what answers there; `is_open`: without the key."""

    method: Method
    address: str
    handler: Handler
    is_open: bool = False


class SearchServer:
    """An open database with its queue.

    Args:
        db_path: the database directory; it exists and is of this version.
        map_size_bytes: upper limit of one index's file.
        payload_limit_bytes: upper limit of a request's body.
        master_key: None lets everybody in.
        engine_python: a Python that has the engine, where this one has not.
    """

    def __init__(
        self,
        db_path: Path,
        dump_dir: Path,
        *,
        map_size_bytes: int,
        payload_limit_bytes: int,
        master_key: str | None,
        engine_python: str | None = None,
    ) -> None:
        self.master_key = master_key
        self.payload_limit_bytes = payload_limit_bytes
        self.engine = Engine(map_size_bytes, engine_python)
        self.store = IndexStore(db_path, self.engine)
        self.tasks = TaskStore(db_path)
        self.dumps = Dumps(dump_dir, self.store)
        self.worker = Worker(self.tasks, self.store, self.dumps.write)

    def start(self) -> None:
        """Bring the queue in order after a kill, then process it."""
        self.worker.recover()
        self.worker.start()

    def stop(self) -> None:
        """Stop at once. What was being processed runs again at the next start."""
        self.worker.stop()
        self.engine.close()


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(body, status, headers)


def accepted(task: Task) -> Answer:
    """The answer to a write."""
    return json_answer(task.summary(), 202)


def error_answer(error: ApiError) -> Answer:
    return json_answer(error.as_json(), error.status)
