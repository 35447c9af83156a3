"""What a stack has to be like, before it is started."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from harness.base.limits import Limits
from harness.runtime.services.mysql import Account
from harness.runtime.services.stack import Stack

PROBE_USER = "drill"
"""The user that the drill logs in as; its row comes after everything was compared."""

_CAS_HOST = "cas.drill.invalid"
"""A name that nobody has (RFC 2606): the login is never asked for there."""

LOGIN_HOSTS = ("CAS_HOSTNAME", "CAS_REAL_HOSTS", "CAS_LOGOUT_URL")
"""Without the first two the CAS client ends every request behind the login silently, without the third with a 500
(a string is asked for, and config/cas.php gives null): seen on the real application. None of them is ever asked."""

_LOGIN = {
    "FEATURE_SANDBOX_MODE": "true",
    "SANDBOX_USERS": PROBE_USER,
    "CAS_MASQUERADE": PROBE_USER,
    "CAS_MASQUERADE_email_primary": f"{PROBE_USER}@drill.invalid",
    "CAS_MASQUERADE_givenName": "Restore",
    "CAS_MASQUERADE_sn": "Drill",
    "CAS_MASQUERADE_gtGTID": "999999999",
    "CAS_MASQUERADE_authnContextClass": "mfa-duo",
    "CAS_MASQUERADE_eduPersonPrimaryAffiliation": "student",
    # Split at the @ by the application; without one it answers 500.
    "CAS_MASQUERADE_eduPersonScopedAffiliation": "student@gt",
}
"""The probe that downloads a resume logs in as the app's own compose file lets a developer in: config/cas.php,
app/Http/Middleware/CasAuthenticate.php, app/Util/CasUser.php."""

WORKERS = 4
"""Of `artisan serve`, as in the app's own .env.example: with one, a page that asks the application itself hangs."""

DRILLS_OWN = frozenset({*_LOGIN, "PHP_CLI_SERVER_WORKERS"})
"""Variables of the drill's login and of its way to serve: an environment file does not change them."""


@dataclass(frozen=True, slots=True)
class StackSpec:
    """Names and secrets of one stack; every secret is random and lives as long as the drill.

    Args:
        drill_id: the drill that it belongs to.
        logs: directory for the logs of its servers.
        app_key: `APP_KEY`; source and target share it, because encrypted values are useless without it.
        durable: whether what the database server promises is on the disk, as in production.
        limits: how long its servers and their commands may take.
        migrated: its database begins with the application's schema, prepared once, where that can be done.
        for_copies: its servers end in order, and their files stay for stacks that begin as copies of it.
        copy_of: the stack whose files its servers begin with; its accounts and keys are in them.
        app_password: what the stand-in asks every request for: its visitors are administrators.
    """

    role: str
    drill_id: str
    logs: Path
    app_key: str
    database: str = "apiary"
    search_prefix: str = "apiary_"
    app_env: Mapping[str, str] = field(default_factory=dict)
    durable: bool = True
    limits: Limits = field(default_factory=Limits)
    admin: Account = field(default_factory=lambda: Account("drill", secrets.token_urlsafe(24)))
    app: Account = field(default_factory=lambda: Account("apiary", secrets.token_urlsafe(24)))
    search_key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    app_password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    migrated: bool = False
    for_copies: bool = False
    copy_of: StackSpec | None = None

    def as_copy_of(self, other: StackSpec) -> StackSpec:
        """The same, with the servers' files of another stack to begin with."""
        return replace(self, admin=other.admin, app=other.app, search_key=other.search_key, copy_of=other)

    def __repr__(self) -> str:
        return f"StackSpec(role={self.role!r}, drill_id={self.drill_id!r})"

    def app_environment(self, *, mysql: tuple[str, int], meilisearch: str, url: str, storage: str) -> dict[str, str]:
        """The app's environment, as the admin guide and its own compose file name the variables."""
        return {
            "APP_ENV": "production",
            "APP_DEBUG": "false",
            "APP_KEY": self.app_key,
            "APP_URL": url,
            "DB_CONNECTION": "mysql",
            "DB_HOST": mysql[0],
            "DB_PORT": str(mysql[1]),
            "DB_DATABASE": self.database,
            "DB_USERNAME": self.app.user,
            "DB_PASSWORD": self.app.password,
            "MEILISEARCH_HOST": meilisearch,
            "MEILISEARCH_KEY": self.search_key,
            "SCOUT_DRIVER": "meilisearch",
            "SCOUT_PREFIX": self.search_prefix,
            "QUEUE_CONNECTION": "sync",
            "CACHE_STORE": "array",
            "SESSION_DRIVER": "array",
            "MAIL_MAILER": "array",
            "BROADCAST_CONNECTION": "null",
            "LOG_CHANNEL": "stderr",
            **_LOGIN,
            **dict.fromkeys(LOGIN_HOSTS, _CAS_HOST),
            "PHP_CLI_SERVER_WORKERS": str(WORKERS),
            "LARAVEL_STORAGE_PATH": storage,
            **self.app_env,
        }


class Runtime(Protocol):
    """A way to run stacks."""

    name: str

    def stack(self, spec: StackSpec) -> AbstractContextManager[Stack]:
        """Start an empty stack, or a copy (servers ready, app stopped); everything of it is gone after the block.

        Of one that is `for_copies` the servers' files are not: `forget` removes them.
        """

    def forget(self, spec: StackSpec) -> None:
        """Remove the files of a stack that was `for_copies`."""

    def room(self) -> tuple[int | None, str]:
        """How many bytes are free where a stack keeps its data, None where this machine can't tell; and the place."""


def migrating(spec: StackSpec) -> StackSpec:
    """The stack in whose database the migrations run once, for others of the same name that begin with it."""
    return replace(spec, migrated=False, for_copies=True, durable=False, logs=spec.logs / "migrations")


def new_app_key() -> str:
    """A fresh `APP_KEY`, as `php artisan key:generate --show` prints one: 32 random bytes."""
    return "base64:" + base64.b64encode(secrets.token_bytes(32)).decode()
