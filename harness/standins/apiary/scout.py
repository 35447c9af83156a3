"""`scout:import`, `scout:import-all`, `scout:flush` and `scout:sync-index-settings`, with their easy
successes.

An import adds and replaces, and never removes. It does not wait for Meilisearch's tasks. Unless the queue
connection is `sync` it only enqueues. `import-all` looks at nobody's exit code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pymysql

from harness.base.expressions import SEARCH_QUEUE
from harness.base.guide import IMPORTED_MODELS, SearchModel
from harness.standins.apiary.config import AppConfig
from harness.standins.apiary.console import Console
from harness.standins.apiary.database import Catalog, connect, connect_streaming, error_text, read_catalog
from harness.standins.apiary.documents import document_query, join_document
from harness.standins.apiary.jobs import ImportJob, Queue, QueuedJob, open_queue, record_failure
from harness.standins.apiary.meilisearch import Meilisearch, MeilisearchError
from harness.standins.apiary.models import class_name, index_settings

CHUNK = 500
"""Documents per request, `scout.chunk.searchable` in config/scout.php."""

_NO_ENGINE = ("null", "collection", "database")
_FAILURES = (pymysql.MySQLError, MeilisearchError)

T = TypeVar("T")


class MissingTable(MeilisearchError):
    """The table of a model is not in the database; the text is MySQL's."""


def import_all(config: AppConfig, console: Console) -> int:
    """Import the eleven models in their order. Returns 0, whatever became of them."""
    for model in IMPORTED_MODELS:
        import_model(config, model, console)
    return 0


def import_model(config: AppConfig, model: SearchModel, console: Console) -> int:
    """Send, or enqueue, every document of one model.

    Returns:
        0, or 1 when the database or Meilisearch refused; the reason is on stderr.
    """
    if config.scout_driver != "meilisearch":
        if config.scout_driver in _NO_ENGINE:
            return 0
        console.error(f"Driver [{config.scout_driver}] not supported.")
        return 1
    name = class_name(model.table)
    try:
        with connect(config.database) as connection:
            queue = open_queue(config, connection)
            count = _send(config, ImportJob(model.table, None)) if queue is None else _enqueue(config, model, queue)
    except _FAILURES as error:
        console.error(f"[{name}] {error_text(error)}")
        return 1
    console.line(f"All [{name}] records have been imported. ({count})")
    return 0


def flush_model(config: AppConfig, model: SearchModel, console: Console) -> int:
    """Enqueue in Meilisearch the removal of every document of one model."""
    try:
        Meilisearch(config).delete_all_documents(config.scout_prefix + model.table)
    except MeilisearchError as error:
        console.error(error_text(error))
        return 1
    console.line(f"All [{class_name(model.table)}] records have been flushed.")
    return 0


def sync_index_settings(config: AppConfig, console: Console) -> int:
    """Send the settings of the eleven indexes; 0 even when Meilisearch refused, as the real command."""
    if config.scout_driver != "meilisearch":
        console.error(f'The "{config.scout_driver}" engine does not support updating index settings.')
        return 0
    try:
        client = Meilisearch(config)
        for table, settings in index_settings().items():
            index = config.scout_prefix + table
            client.update_settings(index, json.dumps(settings).encode())
            console.line(f"Settings for the [{index}] index synced successfully.")
    except MeilisearchError as error:
        console.error(error_text(error))
    return 0


def run_next_job(config: AppConfig, queue: Queue, name: str, console: Console) -> bool:
    """Run the oldest job of a queue; one that fails goes to `failed_jobs`. False when there was none."""
    queued = queue.pop(name)
    if queued is None:
        return False
    try:
        _send(config, queued.job())
    except (*_FAILURES, ValueError) as error:
        _fail(config, queue, name, queued, error_text(error), console)
    else:
        queue.delete(queued)
    return True


def _fail(config: AppConfig, queue: Queue, name: str, queued: QueuedJob, error: str, console: Console) -> None:
    with connect(config.database) as connection:
        record_failure(connection, config, name, queued, error)
    queue.delete(queued)
    console.line(f"  Laravel\\Scout\\Jobs\\MakeSearchable {'.' * 40} FAIL")


def _enqueue(config: AppConfig, model: SearchModel, queue: Queue) -> int:
    if not model.from_database:
        queue.push(SEARCH_QUEUE, ImportJob(model.table, None))
        return len(airports())
    count = 0
    for chunk in _chunks(_row_ids(config, model.table)):
        queue.push(SEARCH_QUEUE, ImportJob(model.table, tuple(chunk)))
        count += len(chunk)
    return count


def _send(config: AppConfig, job: ImportJob) -> int:
    """Post the documents of a job in chunks; returns how many."""
    count = 0
    primary_key = "iata" if job.table == "airports" else "id"
    client = Meilisearch(config)
    for chunk in _chunks(_documents(config, job)):
        client.add_documents(config.scout_prefix + job.table, primary_key, b"[" + b",".join(chunk) + b"]")
        count += len(chunk)
    return count


def _documents(config: AppConfig, job: ImportJob) -> Iterator[bytes]:
    if job.table == "airports":
        yield from (json.dumps(airport).encode() for airport in airports())
        return
    wanted = "true" if job.ids is None else f"t.id in ({','.join(map(str, job.ids))})"
    catalog = _catalog_with(config, job.table)
    query = document_query(job.table, catalog, wanted)
    yield from (join_document(row, query.keys) for row in _rows(config, query.sql))


def _row_ids(config: AppConfig, table: str) -> Iterator[int]:
    catalog = _catalog_with(config, table)
    kept = "deleted_at is null" if catalog.has(table, "deleted_at") else "true"
    yield from (int(row[0]) for row in _rows(config, f"select id from `{table}` where {kept} order by id"))


def _rows(config: AppConfig, sql: str) -> Iterator[tuple[bytes, ...]]:
    with connect_streaming(config.database) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


def _catalog_with(config: AppConfig, table: str) -> Catalog:
    """What the database holds. Raises MissingTable: the model's own table is not in it."""
    with connect(config.database) as connection:
        catalog = read_catalog(connection)
    if table not in catalog.tables:
        raise MissingTable(
            f"SQLSTATE[42S02]: Base table or view not found: 1146 Table '{config.database.database}.{table}' doesn't "
            "exist"
        )
    return catalog


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def airports() -> list[dict[str, str]]:
    """The packaged airports: the documents of the only model that is not in the database."""
    text = Path(__file__).with_name("airports.json").read_text(encoding="utf-8")
    documents: list[dict[str, str]] = json.loads(text)
    return documents
