"""`tinker --execute`: the expressions of `harness/base/expressions.py`, known by their text; nothing else runs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable

from harness.base.expressions import (
    CONFIGURED,
    health_expression,
    migration_files_expression,
    stale_configuration_expression,
)
from harness.standins.apiary import health
from harness.standins.apiary.config import AppConfig
from harness.standins.apiary.database import connect
from harness.standins.apiary.encryption import decrypt_string, parse_app_key
from harness.standins.apiary.jobs import open_queue
from harness.standins.apiary.migrations import known_migrations


class TinkerError(Exception):
    """Code that the stand-in does not understand; the text is like PHP's."""


def execute(code: str, config: AppConfig) -> str:
    """Run one expression and return what it echoes.

    Raises:
        TinkerError: the expression is none of those in `harness/base/expressions.py`.
        DecryptError: the encrypted value was not made with this `APP_KEY`.
        pymysql.MySQLError: the database refused.
    """
    for pattern, run in _EXPRESSIONS:
        match = pattern.fullmatch(code.strip())
        if match:
            return run(match, config)
    raise TinkerError("PHP Parse error: the stand-in understands only the expressions of harness/base/expressions.py")


def _decrypt_digest(match: re.Match[str], config: AppConfig) -> str:
    key, *previous = map(parse_app_key, (config.key, *config.previous_keys))
    return hashlib.sha256(decrypt_string(match[1], key, *previous)).hexdigest()


def _queue_size(match: re.Match[str], config: AppConfig) -> str:
    with connect(config.database) as connection:
        queue = open_queue(config, connection)
        return str(queue.size(match[1])) if queue else "0"


def _stale_configuration(match: re.Match[str], config: AppConfig) -> str:
    return "differs:" + ",".join(name for name in CONFIGURED if name in config.differing)


def _migration_files(_match: re.Match[str], config: AppConfig) -> str:
    return json.dumps({name: f"/app/database/migrations/{name}.php" for name in known_migrations(config.release)})


def _pattern(template: str, value: str) -> re.Pattern[str]:
    return re.compile(re.escape(template).replace("VALUE", f"({value})"))


_EXPRESSIONS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], AppConfig], str]], ...] = (
    (
        _pattern(
            "echo hash('sha256', Illuminate\\Support\\Facades\\Crypt::decryptString('VALUE'));", "[A-Za-z0-9+/=]+"
        ),
        _decrypt_digest,
    ),
    (_pattern("echo Illuminate\\Support\\Facades\\Queue::size('VALUE');", "[A-Za-z0-9_.-]+"), _queue_size),
    (re.compile(re.escape(stale_configuration_expression())), _stale_configuration),
    (re.compile(re.escape(migration_files_expression())), _migration_files),
    (re.compile(re.escape(health_expression())), lambda _match, config: json.dumps(health.states(config))),
)
