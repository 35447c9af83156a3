"""`tinker --execute`: the expressions of `harness/base/expressions.py`, known by their text; nothing else runs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable

from harness.base.expressions import (
    CONFIGURED,
    QUEUE_SIZE,
    SEARCH_QUEUE,
    health_expression,
    migration_files_expression,
    state_expression,
)
from harness.standins.apiary import health
from harness.standins.apiary.config import AppConfig
from harness.standins.apiary.database import connect
from harness.standins.apiary.encryption import DecryptError, decrypt_string, parse_app_key
from harness.standins.apiary.jobs import open_queue
from harness.standins.apiary.migrations import known_migrations


class TinkerError(Exception):
    """Code that the stand-in does not understand; the text is like PHP's."""


def execute(code: str, config: AppConfig) -> str:
    """Run one expression and return what it echoes.

    Raises:
        TinkerError: the expression is none of those in `harness/base/expressions.py`.
        pymysql.MySQLError: the database refused.
    """
    for pattern, run in _EXPRESSIONS:
        match = pattern.fullmatch(code.strip())
        if match:
            return run(match, config)
    raise TinkerError("PHP Parse error: the stand-in understands only the expressions of harness/base/expressions.py")


def _queue_size(match: re.Match[str], config: AppConfig) -> str:
    with connect(config.database) as connection:
        queue = open_queue(config, connection)
        return str(queue.size(match[1])) if queue else "0"


def _state(match: re.Match[str], config: AppConfig) -> str:
    differs = [name for name in CONFIGURED if name in config.differing]
    digests = [_digest(ciphertext, config) for ciphertext in re.findall(r"'([^']+)'", match[1])]
    return json.dumps({"differs": differs, "digests": digests})


def _digest(ciphertext: str, config: AppConfig) -> str | None:
    try:
        key, *previous = map(parse_app_key, (config.key, *config.previous_keys))
        return hashlib.sha256(decrypt_string(ciphertext, key, *previous)).hexdigest()
    except DecryptError:
        return None


def _migration_files(_match: re.Match[str], config: AppConfig) -> str:
    return json.dumps({name: f"/app/database/migrations/{name}.php" for name in known_migrations(config.release)})


_EXPRESSIONS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], AppConfig], str]], ...] = (
    (re.compile(re.escape(state_expression()).replace(r"\[\]", r"\[((?:'[A-Za-z0-9+/=]+'(?:, )?)*)\]")), _state),
    (re.compile(re.escape(QUEUE_SIZE).replace(SEARCH_QUEUE, "([A-Za-z0-9_.-]+)")), _queue_size),
    (re.compile(re.escape(migration_files_expression())), _migration_files),
    (re.compile(re.escape(health_expression())), lambda _match, config: json.dumps(health.states(config))),
)
