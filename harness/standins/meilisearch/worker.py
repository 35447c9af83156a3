"""The one worker that processes the queue, in the order in which the tasks came.

Additions of documents that wait for the same index, with nothing else for that index between them, are one batch:
the engine takes 20,000 documents at once in the time that it needs for a few hundred.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

from harness.standins.meilisearch.documents import check_storable, document_id, infer_primary_key
from harness.standins.meilisearch.engine import EngineFailed
from harness.standins.meilisearch.errors import ApiError, index_not_found
from harness.standins.meilisearch.index import Index
from harness.standins.meilisearch.settings import apply_patch, defaults
from harness.standins.meilisearch.store import IndexStore
from harness.standins.meilisearch.tasks import Task, TaskFilter, TaskStore

Outcome = dict[str, Any]
Details = dict[str, Any]

BATCH_DOCUMENTS = 50_000
BATCH_BYTES = 64 << 20
"""Limits of one batch, so that memory is bounded: a batch is held in memory twice, here and in the engine."""

_log = logging.getLogger(__name__)


class Worker:
    """Processes tasks in a thread of its own.

    Args:
        make_dump: writes a dump and returns its uid.
    """

    def __init__(self, tasks: TaskStore, store: IndexStore, make_dump: Callable[[], str]) -> None:
        self._tasks = tasks
        self._store = store
        self._make_dump = make_dump
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="tasks", daemon=True)
        self._kinds: dict[str, Callable[[Task], Details]] = {
            "documentDeletion": self._delete_documents,
            "settingsUpdate": self._update_settings,
            "indexCreation": self._create_index,
            "indexDeletion": self._delete_index,
            "dumpCreation": self._dump,
        }

    def recover(self) -> None:
        """Bring the queue in line with the data after a kill: what is done is done, the rest is enqueued again."""
        self._tasks.finish(self._store.recorded())
        self._store.forget_outcomes()
        self._tasks.reopen()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take no further task. What is being processed is not waited for: it runs again at the next start."""
        self._stopping = True

    def _run(self) -> None:
        while not self._stopping:
            try:
                if not self.step():
                    with self._tasks.changed:
                        if self._tasks.next() is None:
                            self._tasks.changed.wait(timeout=1)
            except EngineFailed as error:
                if not self._stopping:
                    _log.error("the engine failed outside of a task: %s", error)

    def step(self) -> bool:
        """Process what is next; False when there is nothing."""
        task = self._tasks.next()
        if task is None:
            return False
        batch = self._batch(task) if task.type == "documentAdditionOrUpdate" else [task]
        self._tasks.start(batch)
        outcomes = self._process(batch)
        if outcomes is not None:
            self._tasks.finish(outcomes)
            self._store.forget_outcomes()
            self._store.sweep()
        return True

    def _batch(self, first: Task) -> list[Task]:
        waiting = self._tasks.find(
            TaskFilter("status = 'enqueued' AND index_uid = ? AND uid >= ?", (first.index_uid, first.uid)), limit=1000
        )
        batch: list[Task] = []
        documents = size_bytes = 0
        for task in waiting:
            if task.type != first.type:
                break
            documents += task.content["documents"]
            size_bytes += self._tasks.payload(task).stat().st_size
            if batch and (documents > BATCH_DOCUMENTS or size_bytes > BATCH_BYTES):
                break
            batch.append(task)
        return batch

    def _process(self, batch: list[Task]) -> dict[int, Outcome] | None:
        """Run a batch; its effects and its outcomes become durable together. None: the server is stopping."""
        try:
            with self._store.transaction():
                if batch[0].type == "documentAdditionOrUpdate":
                    outcomes = self._add_documents(batch)
                else:
                    outcomes = {batch[0].uid: self._single(batch[0])}
                for uid, outcome in outcomes.items():
                    self._store.record(uid, outcome)
        except EngineFailed as error:
            return None if self._stopping else self._after_failure(batch, error)
        return outcomes

    def _after_failure(self, batch: list[Task], error: EngineFailed) -> dict[int, Outcome] | None:
        """What the engine chokes on fails alone: the tasks of a batch run again one by one."""
        if len(batch) == 1:
            return {batch[0].uid: _failed(batch[0], _of_engine(error))}
        outcomes: dict[int, Outcome] = {}
        for task in batch:
            single = self._process([task])
            if single is None:
                return None
            self._tasks.finish(single)
            outcomes |= single
        return outcomes

    def _single(self, task: Task) -> Outcome:
        try:
            return _succeeded(self._kinds[task.type](task))
        except ApiError as error:
            return _failed(task, error)
        except OSError as error:
            return _failed(task, ApiError("internal", f"An internal error has occurred. `{error}`."))

    def _add_documents(self, batch: list[Task]) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        index = self._store.find(str(batch[0].index_uid))
        lines: dict[str, bytes] = {}
        for task in batch:
            if index is None:
                index = self._store.create(str(task.index_uid), None)
            try:
                index, added = self._read_payload(task, index)
            except ApiError as error:
                outcomes[task.uid] = _failed(task, error)
                continue
            lines |= added
            outcomes[task.uid] = _succeeded((task.details or {}) | {"indexedDocuments": len(added)})
        if index is not None and lines:
            self._store.put(index, lines)
        return outcomes

    def _read_payload(self, task: Task, index: Index) -> tuple[Index, dict[str, bytes]]:
        """The documents of one task by identifier, or its error: one bad document fails its whole task, alone."""
        asked = task.content["primary_key"]
        if asked and index.primary_key and asked != index.primary_key:
            raise ApiError(
                "index_primary_key_already_exists", f"Index already has a primary key: `{index.primary_key}`."
            )
        primary_key = index.primary_key or asked
        documents: dict[str, bytes] = {}
        with self._tasks.payload(task).open("rb") as file:
            for raw in file:
                line = raw.rstrip(b"\n")
                document = json.loads(line)
                check_storable(line, document)
                if primary_key is None:
                    primary_key = infer_primary_key(document)
                documents[document_id(document, primary_key)] = line
        if primary_key is not None and index.primary_key is None:
            index = self._store.update(index, primary_key=primary_key)
        return index, documents

    def _delete_documents(self, task: Task) -> Details:
        index = self._store.get(str(task.index_uid))
        if "ids" not in task.content:
            self._store.clear(index)
            return {"deletedDocuments": index.documents}
        _, removed = self._store.remove(index, task.content["ids"])
        return (task.details or {}) | {"deletedDocuments": removed}

    def _update_settings(self, task: Task) -> Details:
        patch, is_reset = task.content["settings"], task.content["is_deletion"]
        index = self._store.find(str(task.index_uid))
        if index is None:
            if is_reset:
                raise index_not_found(str(task.index_uid))
            index = self._store.create(str(task.index_uid), None)
        self._store.change_settings(index, defaults() if is_reset and not patch else apply_patch(index.settings, patch))
        return task.details or {}

    def _create_index(self, task: Task) -> Details:
        self._store.create(str(task.index_uid), task.content["primary_key"])
        return task.details or {}

    def _delete_index(self, task: Task) -> Details:
        index = self._store.get(str(task.index_uid))
        self._store.delete(index)
        return {"deletedDocuments": index.documents}

    def _dump(self, task: Task) -> Details:
        return {"dumpUid": self._make_dump()}


def _of_engine(error: EngineFailed) -> ApiError:
    if "MapFull" in str(error) or "MaxDatabaseSizeReached" in str(error):
        return ApiError("database_size_limit_reached", "Maximum database size has been reached.")
    return ApiError("internal", f"An internal error has occurred. `{error}`.")


def _succeeded(details: Details) -> Outcome:
    return {"status": "succeeded", "details": details, "error": None}


def _failed(task: Task, error: ApiError) -> Outcome:
    """What did not happen is counted as zero."""
    details = {
        name: 0 if value is None and name.endswith("Documents") else value
        for name, value in (task.details or {}).items()
    }
    return {"status": "failed", "details": details, "error": error.as_json()}
