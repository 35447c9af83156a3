"""The stand-in's configuration: the environment variables of the real app, or the cached configuration file.

As in Laravel, `config:cache` writes what the environment sets into `bootstrap/cache`, and from then on the
file wins: a new key or host in the environment changes nothing until `config:clear`.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.base.errors import UsageError

_FURTHER = ("authnContextClass", "authenticationDate", "eduPersonPrimaryAffiliation", "eduPersonScopedAffiliation")
"""Attributes of a masqueraded visitor that leave nothing in the tables which the stand-in keeps."""

_KEPT = ("gtGTID", "email_primary", "givenName", "sn")
"""Attributes that are kept of a masqueraded visitor."""
_EMPTY = (
    *("APP_KEY", "APP_PREVIOUS_KEYS", "DB_PASSWORD", "DB_SOCKET", "MEILISEARCH_KEY", "SCOUT_PREFIX", "SANDBOX_USERS"),
    *("CAS_HOSTNAME", "CAS_REAL_HOSTS", "CAS_MASQUERADE", *(f"CAS_MASQUERADE_{name}" for name in (*_KEPT, *_FURTHER))),
    *("STANDIN_RELEASE", "STANDIN_SCHEMA_CLIENT", "STANDIN_PASSWORD"),
)
_DEFAULTS: dict[str, str] = {
    "APP_ENV": "production",
    "APP_URL": "http://localhost",
    "DB_HOST": "127.0.0.1",
    "DB_PORT": "3306",
    "DB_DATABASE": "apiary",
    "DB_USERNAME": "apiary",
    "MEILISEARCH_HOST": "http://localhost:7700",
    "SCOUT_DRIVER": "algolia",
    "QUEUE_CONNECTION": "database",
    "CACHE_STORE": "database",
    "SESSION_DRIVER": "database",
    "MAIL_MAILER": "log",
    "LOG_CHANNEL": "stack",
    "FEATURE_SANDBOX_MODE": "false",
    "PHP_CLI_SERVER_WORKERS": "1",
    **dict.fromkeys(_EMPTY, ""),
}
"""The variables that the stand-in reads, with the defaults of config/*.php and of Laravel 12."""


_REQUIRED = (*_KEPT, "eduPersonPrimaryAffiliation", "eduPersonScopedAffiliation", "authenticationDate")
"""Attributes that a visitor must have (app/Util/CasUser.php); in sandbox mode the scoped affiliation alone."""


@dataclass(frozen=True, slots=True)
class DatabaseArgs:
    """How to reach the app's database; `socket` wins over `host` and `port` when it is not empty."""

    host: str
    port: int
    user: str
    password: str
    database: str
    socket: str = ""


@dataclass(frozen=True, slots=True)
class Masquerade:
    """The user that a visitor becomes without a login, from the `CAS_MASQUERADE` variables.

    `missing` names the attributes that are not set.
    """

    uid: str
    gtid: str
    email: str
    first_name: str
    last_name: str
    affiliation: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppConfig:
    """What the app knows about its surroundings; one per process, built when the process starts.

    `environment` is what `values` would be without a cached configuration, and `differing` names the variables of which
    that configuration holds another value than the environment.
    """

    env: str
    key: str
    previous_keys: tuple[str, ...]
    url: str
    database: DatabaseArgs
    meilisearch_host: str
    meilisearch_key: str
    scout_driver: str
    scout_prefix: str
    queue_connection: str
    sandbox_mode: bool
    sandbox_users: tuple[str, ...]
    cas_hostname: str
    cas_real_hosts: str
    masquerade: Masquerade | None
    base_dir: Path
    storage_dir: Path
    values: tuple[tuple[str, str], ...]
    release: str = ""
    workers: int = 1
    schema_client: str = ""
    password: str = field(default="", repr=False)
    differing: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def files_dir(self) -> Path:
        """Directory of the uploaded files: `storage/app`."""
        return self.storage_dir / "app"

    @property
    def authorization(self) -> str:
        """The header that its own requests carry, and that every request needs; empty where it asks for none."""
        return "Basic " + b64encode(f"drill:{self.password}".encode()).decode() if self.password else ""

    @property
    def framework_dir(self) -> Path:
        """Directory of the app's own state: maintenance mode, spooled jobs."""
        return self.storage_dir / "framework"


def cache_file(base_dir: Path) -> Path:
    """Where `config:cache` writes, below the app's work directory."""
    return base_dir / "bootstrap" / "cache" / "config.json"


def load_config(environ: Mapping[str, str], base_dir: Path) -> AppConfig:
    """Read the configuration as Laravel does: the cached file if there is one, else the environment.

    Args:
        base_dir: the app's work directory (`/app` in the real image).

    Returns:
        The configuration. The storage directory is `APIARY_STORAGE_PATH`, else Laravel's own
        `LARAVEL_STORAGE_PATH`, else `storage` below `base_dir`.

    Raises:
        UsageError: `DB_PORT` is not a number.
    """
    cached = cache_file(base_dir)
    environment = values = {name: environ.get(name, default) for name, default in _DEFAULTS.items()}
    if cached.is_file():
        values = {**_DEFAULTS, **json.loads(cached.read_text(encoding="utf-8"))}
    if not values["DB_PORT"].isdigit():
        raise UsageError(f"DB_PORT is {values['DB_PORT']!r}", "Set it to the number of a TCP port.")
    return AppConfig(
        env=values["APP_ENV"],
        key=values["APP_KEY"],
        previous_keys=tuple(filter(None, values["APP_PREVIOUS_KEYS"].split(","))),
        url=values["APP_URL"],
        database=DatabaseArgs(
            host=values["DB_HOST"],
            port=int(values["DB_PORT"]),
            user=values["DB_USERNAME"],
            password=values["DB_PASSWORD"],
            database=values["DB_DATABASE"],
            socket=values["DB_SOCKET"],
        ),
        meilisearch_host=values["MEILISEARCH_HOST"].rstrip("/"),
        meilisearch_key=values["MEILISEARCH_KEY"],
        scout_driver=values["SCOUT_DRIVER"],
        scout_prefix=values["SCOUT_PREFIX"],
        queue_connection=values["QUEUE_CONNECTION"],
        sandbox_mode=values["FEATURE_SANDBOX_MODE"].lower() in ("true", "1"),
        sandbox_users=tuple(filter(None, values["SANDBOX_USERS"].split(","))),
        cas_hostname=values["CAS_HOSTNAME"],
        cas_real_hosts=values["CAS_REAL_HOSTS"],
        masquerade=_masquerade(values),
        base_dir=base_dir,
        storage_dir=Path(
            environ.get("APIARY_STORAGE_PATH") or environ.get("LARAVEL_STORAGE_PATH") or base_dir / "storage"
        ),
        values=tuple(values.items()),
        release=values["STANDIN_RELEASE"],
        workers=int(values["PHP_CLI_SERVER_WORKERS"]) if values["PHP_CLI_SERVER_WORKERS"].isdigit() else 1,
        schema_client=values["STANDIN_SCHEMA_CLIENT"],
        password=values["STANDIN_PASSWORD"],
        differing=tuple(name for name, value in values.items() if environ.get(name, value) != value),
        environment=tuple(environment.items()),
    )


def _masquerade(values: Mapping[str, str]) -> Masquerade | None:
    if not values["CAS_MASQUERADE"]:
        return None
    return Masquerade(
        uid=values["CAS_MASQUERADE"],
        gtid=values["CAS_MASQUERADE_gtGTID"] or "999999999",
        email=values["CAS_MASQUERADE_email_primary"],
        first_name=values["CAS_MASQUERADE_givenName"],
        last_name=values["CAS_MASQUERADE_sn"],
        affiliation=values["CAS_MASQUERADE_eduPersonScopedAffiliation"],
        missing=tuple(name for name in _REQUIRED if not values[f"CAS_MASQUERADE_{name}"]),
    )
