"""`/health`: the report of ans-group/laravel-health-check 3.0, with the checks of config/healthcheck.php.

A key per check with `OK` or `PROBLEM` and a message; the whole is `PROBLEM` as soon as one check is. Two of them can
mislead: `http` asks the application itself, and `horizon` ends the whole request with an exception without Redis.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import pymysql

from harness.base.expressions import HEALTH_CHECKS
from harness.standins.apiary.config import AppConfig
from harness.standins.apiary.database import connect, error_text
from harness.standins.apiary.migrations import pending_migrations

OWN_PAGES = ("/privacy", "/attendance/kiosk")
"""Pages of the application itself that its `http` check fetches from `APP_URL`."""


class RedisMissing(Exception):
    """What phpredis throws where no Redis is; nobody catches it."""


def report(config: AppConfig) -> dict[str, str | dict[str, str]]:
    """Run the checks, as `/health` does.

    Raises:
        RedisMissing: as on the real app without Redis, unless `APP_ENV` is `sandbox`.
    """
    checks = {name: _state(probe(config)) for name, probe in _PROBES.items()}
    if config.env != "sandbox":
        raise RedisMissing("Connection refused")
    healthy = all(check["status"] == "OK" for check in checks.values())
    return {"status": "OK" if healthy else "PROBLEM", **checks}


def states(config: AppConfig) -> dict[str, str]:
    """The status of each check that can hold in a closed network, as `tinker` is asked for them."""
    return {name: _state(_PROBES[name](config))["status"] for name in HEALTH_CHECKS}


def _state(problem: str) -> dict[str, str]:
    return {"status": "PROBLEM", "message": problem} if problem else {"status": "OK"}


def _well(_config: AppConfig) -> str:
    return ""


def _database(config: AppConfig) -> str:
    try:
        connect(config.database, connect_timeout_s=2).close()
    except pymysql.MySQLError as error:
        return f"Could not connect to db: {error_text(error)}"
    return ""


def _http(config: AppConfig) -> str:
    own = {"Authorization": config.authorization} if config.authorization else {}
    asked = [*((config.url + page, own) for page in OWN_PAGES), (f"{config.meilisearch_host}/health", {})]
    wrong = [address for address, headers in asked if not _answers(address, headers)]
    return f"Some HTTP connections are not working: {', '.join(wrong)}" if wrong else ""


def _answers(address: str, headers: Mapping[str, str]) -> bool:
    # Imported here because it is a quarter of what a command of `artisan` starts with, and the web server alone asks.
    from urllib import request

    # Without a limit: the one of the package never reaches its client, so that a single worker waits for itself.
    try:
        opener = request.build_opener(request.ProxyHandler({}))
        with opener.open(request.Request(address, headers=dict(headers))) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:  # and URLError, which is one
        return False


def _migration(config: AppConfig) -> str:
    try:
        connection = connect(config.database, connect_timeout_s=2)
    except pymysql.MySQLError as error:
        return f"Exceptions during migrations check: {error_text(error)}"
    with connection:
        pending = pending_migrations(connection, config.release)
    return f"Not all migrations have been executed: {len(pending)} pending" if pending else ""


def _package_security(_config: AppConfig) -> str:
    return "Failed to check packages for security vulnerabilities"  # the list of them is on the internet


def _storage(config: AppConfig) -> str:
    probe = config.files_dir / f"laravel-health-check_{os.getpid()}"
    try:
        probe.write_bytes(b"healthy")
        probe.unlink()
    except OSError as error:
        return f"Some storage disks are not working: local: {error.strerror}"
    return ""


_PROBES: Mapping[str, Callable[[AppConfig], str]] = {
    "cache": _well,
    "database": _database,
    "http": _http,
    "log": _well,
    "migration": _migration,
    "package-security": _package_security,
    "storage": _storage,
}
