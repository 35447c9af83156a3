"""PHP expressions for `php artisan tinker --execute=…`: valid on the real Apiary, understood by the stand-in.

Each function builds one expression; tinker prints what it echoes. None of them prints the content of a row.
The stand-in understands exactly these, by their text (`harness/standins/apiary/tinker.py`). The standard library
only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SEARCH_QUEUE = "meilisearch"
"""Queue on which Scout puts its jobs: `queue:work` reads it only with `--queue=` (config/scout.php)."""

_CIPHERTEXT = re.compile(r"[A-Za-z0-9+/]+={0,2}")


QUEUE_SIZE = f"echo Illuminate\\Support\\Facades\\Queue::size('{SEARCH_QUEUE}');"
"""Asks how many jobs of the app are waiting: a number; 0 means that the app's own queue has drained."""


HEALTH_CHECKS: dict[str, str] = {
    "cache": "Cache",
    "database": "Database",
    "log": "Log",
    "migration": "MigrationUpToDate",
    "storage": "Storage",
}
"""Checks of `/health` that can hold in a closed network, and the beginning of their classes' names (APIARY.md;
ans-group/laravel-health-check 3.0, the version in the application's lock file)."""


def health_expression() -> str:
    """Run the checks of HEALTH_CHECKS without `/health`: a JSON object of `OK` or another status by name.

    `/health` itself gives no report at all where Redis is missing: the check of Horizon ends it with an exception.
    """
    pairs = ", ".join(f"'{name}' => '{kind}'" for name, kind in HEALTH_CHECKS.items())
    return (
        "echo json_encode(array_map(fn ($kind) => app('UKFast\\HealthCheck\\Checks\\\\' . $kind . 'HealthCheck')"
        f"->status()->getStatus(), [{pairs}]));"
    )


CONFIGURED: dict[str, str] = {
    "APP_KEY": "app.key",
    "DB_HOST": "database.connections.mysql.host",
    "DB_DATABASE": "database.connections.mysql.database",
    "MEILISEARCH_HOST": "scout.meilisearch.host",
    "MEILISEARCH_KEY": "scout.meilisearch.key",
    "SCOUT_PREFIX": "scout.prefix",
    "QUEUE_CONNECTION": "queue.default",
}
"""Variables of the environment, and where the configuration holds them (Laravel 12, config/scout.php)."""


def state_expression(ciphertexts: Sequence[str] = ()) -> str:
    """Ask what the application makes of its environment and of encrypted values: a JSON object.

    `differs` names the variables that the configuration holds otherwise than the environment: a cached configuration
    wins over it (`php artisan config:cache`), also when it is that of another instance. Only names come out, never a
    value; a variable that the environment does not have is left out. `digests` has the SHA-256 of each value's plain
    text, which is never printed itself, or null where `APP_KEY` is not the one that encrypted.

    Args:
        ciphertexts: what Laravel's `Crypt::encryptString` wrote: base64 of a JSON object each.

    Raises:
        ValueError: one is not base64, so it cannot stand in PHP quotes.
    """
    for ciphertext in ciphertexts:
        if not _CIPHERTEXT.fullmatch(ciphertext):
            raise ValueError(f"a ciphertext of {len(ciphertext)} characters is not base64")
    pairs = ", ".join(f"'{name}' => '{key}'" for name, key in CONFIGURED.items())
    values = ", ".join(f"'{ciphertext}'" for ciphertext in ciphertexts)
    return (
        f"echo json_encode(['differs' => array_keys(array_filter([{pairs}],"
        " fn ($key, $name) => getenv($name) !== false && getenv($name) !== (string) config($key),"
        " ARRAY_FILTER_USE_BOTH)), 'digests' => array_map(fn ($value) => rescue(fn () => hash('sha256',"
        f" Illuminate\\Support\\Facades\\Crypt::decryptString($value)), null, false), [{values}])]);"
    )


def migration_files_expression() -> str:
    """Ask where each migration that the application knows is: a JSON object of paths by name.

    Not all of them are in `database/migrations`: packages bring their own (Nova's notifications).
    """
    return (
        "echo json_encode(app('migrator')->getMigrationFiles("
        "array_merge(app('migrator')->paths(), [database_path('migrations')])));"
    )
