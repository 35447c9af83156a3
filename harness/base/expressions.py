"""PHP expressions for `php artisan tinker --execute=…`: valid on the real Apiary, understood by the stand-in.

Each function builds one expression; tinker prints what it echoes. None of them prints the content of a row.
The stand-in understands exactly these, by their text (`harness/standins/apiary/tinker.py`). The standard library
only.
"""

from __future__ import annotations

import re

SEARCH_QUEUE = "meilisearch"
"""Queue on which Scout puts its jobs: `queue:work` reads it only with `--queue=` (config/scout.php)."""

_CIPHERTEXT = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def decrypt_digest_expression(ciphertext: str) -> str:
    """Ask for the SHA-256 of an encrypted value's plain text, so that the plain text is never printed.

    Args:
        ciphertext: what Laravel's `Crypt::encryptString` wrote: base64 of a JSON object.

    Returns:
        The expression; it echoes 64 hexadecimal digits, or fails when `APP_KEY` is not the one that
        encrypted.

    Raises:
        ValueError: the ciphertext is not base64, so it cannot stand in PHP quotes.
    """
    if not _CIPHERTEXT.fullmatch(ciphertext):
        raise ValueError(f"a ciphertext of {len(ciphertext)} characters is not base64")
    return f"echo hash('sha256', Illuminate\\Support\\Facades\\Crypt::decryptString('{ciphertext}'));"


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


def stale_configuration_expression() -> str:
    """Ask which variables the configuration holds otherwise than the environment: names, separated by commas.

    A cached configuration wins over the environment (`php artisan config:cache`), also when it is that of another
    instance. Only names come out, never a value; a variable that the environment does not have is left out.
    """
    pairs = ", ".join(f"'{name}' => '{key}'" for name, key in CONFIGURED.items())
    return (
        f"echo 'differs:' . implode(',', array_keys(array_filter([{pairs}],"
        " fn ($key, $name) => getenv($name) !== false && getenv($name) !== (string) config($key),"
        " ARRAY_FILTER_USE_BOTH)));"
    )


def migration_files_expression() -> str:
    """Ask where each migration that the application knows is: a JSON object of paths by name.

    Not all of them are in `database/migrations`: packages bring their own (Nova's notifications).
    """
    return (
        "echo json_encode(app('migrator')->getMigrationFiles("
        "array_merge(app('migrator')->paths(), [database_path('migrations')])));"
    )
