"""The two kinds of Apiary side by side: everything that the Docker runtime has to know to run one.

Facts of the real image: its Dockerfile, compose file and config/*.php at 354ae4ba (APIARY.md). The stand-in's
image is laid out in the same way, so little differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.base import guide
from harness.base.errors import UsageError

PASSPORT_PAIR = frozenset({"PASSPORT_PRIVATE_KEY", "PASSPORT_PUBLIC_KEY"})
"""Variables that are used together or not at all."""

_PASSPORT_KEY_BITS = 4096
"""As `php artisan passport:keys` makes them."""


SERVE = ("php", "artisan", "serve", "--no-reload", "--host=0.0.0.0")
"""Without `--no-reload` the server ignores PHP_CLI_SERVER_WORKERS and has one worker (spec.WORKERS)."""

_MARIADB_CLIENT = {"/etc/mysql/conf.d/apiary-drill.cnf": b"[client-mariadb]\nssl-verify-server-cert=OFF\n"}
"""For the image's client, MariaDB's 11.8, which loads the stored schema into an empty database: over TCP it verifies
the certificate that MySQL signed itself (ERROR 2026). In production it connects through a socket, where there is no
TLS at all. The group is read by MariaDB's programs only: MySQL's stop at an option that they don't know."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How to run one kind of Apiary.

    Args:
        cwd: work directory of the app and of its commands.
        serve: program and arguments of the server.
        user: numeric user of the app and of its commands.
        storage: `storage/app` in the container.
        storage_parent: `storage` in the container.
        generator: command that fills it with data; empty for the real one.
        made: variables that are made up when neither the drill nor the environment file has them.
        files: put into its containers, content by path.
    """

    cwd: str
    serve: tuple[str, ...]
    port: int
    php: tuple[str, ...]
    user: str
    storage: str
    storage_parent: str
    made: Callable[[], Mapping[str, str]]
    generator: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)


def passport_keys() -> dict[str, str]:
    """A fresh pair of keys for Passport, which does not start without."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_PASSPORT_KEY_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"PASSPORT_PRIVATE_KEY": private.decode(), "PASSPORT_PUBLIC_KEY": public.decode()}


def check_pair(given: Mapping[str, str]) -> None:
    """Refuse one key of a pair: a made-up one would not fit it. Raises UsageError: one is there without the other."""
    if len(there := PASSPORT_PAIR & given.keys()) == 1:
        raise UsageError(
            f"the environment file has {' '.join(there)} but not {' '.join(PASSPORT_PAIR - there)}",
            "Give both keys of the pair, or neither: then a pair is generated.",
        )


STANDIN = Profile(
    cwd="/app",
    serve=SERVE,
    port=8000,
    php=("php",),
    user=str(guide.STORAGE_UID),
    storage="/app/storage/app",
    storage_parent="/app/storage",
    made=dict,
    generator=("python3", "-m", "harness.standins.apiary.generate"),
)

REAL = replace(STANDIN, made=passport_keys, files=_MARIADB_CLIENT, generator=())
