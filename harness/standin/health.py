"""`/health`: the report of ans-group/laravel-health-check 3.0, the version in the real app's lock file.

A key per check with `OK` or `PROBLEM` and a message; the whole is `PROBLEM` as soon as one check is.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pymysql

from harness.standin.config import AppConfig
from harness.standin.console import error_text
from harness.standin.database import connect
from harness.standin.jobs import open_queue
from harness.standin.meilisearch import Meilisearch
from harness.standin.migrations import pending_migrations


def report(config: AppConfig) -> dict[str, str | dict[str, str]]:
    """Probe everything the app depends on; `http` is Meilisearch's own `/health`, `queue` the app's jobs."""
    checks = {name: _state(probe(config)) for name, probe in _PROBES.items()}
    healthy = all(check["status"] == "OK" for check in checks.values())
    return {"status": "OK" if healthy else "PROBLEM", **checks}


def _state(problem: str) -> dict[str, str]:
    return {"status": "PROBLEM", "message": problem} if problem else {"status": "OK"}


def _database(config: AppConfig) -> str:
    try:
        connect(config.database, connect_timeout_s=2).close()
    except pymysql.MySQLError as error:
        return f"Could not connect to db: {error_text(error)}"
    return ""


def _http(config: AppConfig) -> str:
    with Meilisearch(config) as client:
        return "" if client.healthy() else f"Some HTTP endpoints are not healthy: {config.meilisearch_host}/health"


def _migration(config: AppConfig) -> str:
    try:
        connection = connect(config.database, connect_timeout_s=2)
    except pymysql.MySQLError as error:
        return error_text(error)
    try:
        pending = pending_migrations(connection, config.release)
    finally:
        connection.close()
    return f"Not all migrations have been run: {len(pending)} pending" if pending else ""


def _storage(config: AppConfig) -> str:
    probe = config.files_dir / f"laravel-health-check-{os.getpid()}"
    try:
        probe.write_bytes(b"healthy")
        probe.unlink()
    except OSError as error:
        return f"Could not write to the disk local: {error.strerror}"
    return ""


def _queue(config: AppConfig) -> str:
    try:
        connection = connect(config.database, connect_timeout_s=2)
        try:
            queue = open_queue(config, connection)
            if queue is not None:
                queue.size("default")
        finally:
            connection.close()
    except pymysql.MySQLError as error:
        return error_text(error)
    return ""


_PROBES: dict[str, Callable[[AppConfig], str]] = {
    "database": _database,
    "http": _http,
    "migration": _migration,
    "storage": _storage,
    "queue": _queue,
}
