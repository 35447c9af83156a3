"""Edge cases: unusual, healthy data that every backup has to bring back. Those of a database are in edge_cases.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class EdgeCase:
    """Something unusual in a database; all of them fit into one, so their tables and objects are called `edge_…`.

    Args:
        name: what is unusual about it; also how a scenario asks for it.
        statements: what makes it, run as the application's own account, in one session.
        options: of mysqldump, without which a plain dump would not show it.
        only: the one kind of server that has it, `MySQL` or `MariaDB`; empty for both.
        as_admin: the statements need an administrator.
        tables: how many tables it makes.
        packet_bytes: the server's `max_allowed_packet` has to be at least this, or it holds no such row.
    """

    name: str
    statements: tuple[str, ...]
    options: tuple[str, ...] = ()
    only: str = ""
    as_admin: bool = False
    tables: int = 1
    packet_bytes: int = 0


def _read(group: str) -> tuple[EdgeCase, ...]:
    text = (files("harness.faults") / "edge_cases.toml").read_text(encoding="utf-8")
    return TypeAdapter(tuple[EdgeCase, ...]).validate_python(tomllib.loads(text)[group])


TABLES = (
    *_read("tables"),
    EdgeCase(
        "190 columns",
        (
            f"CREATE TABLE edge_wide ({', '.join(f'c{n} TEXT' for n in range(190))})",
            f"INSERT INTO edge_wide VALUES ({', '.join(repr('v' * (n % 90)) for n in range(190))})",
        ),
    ),
)
VALUES, OBJECTS, NAMES = _read("values"), _read("objects"), _read("names")


@dataclass(frozen=True, slots=True)
class FileEdgeCase:
    """Something unusual among the files.

    Args:
        name: what is unusual about it; also how a scenario asks for it.
        script: of a POSIX shell in the storage directory; `$a` and `$b` are the paths.
        paths: what it makes, relative to the storage directory.
    """

    name: str
    script: str
    paths: tuple[bytes, ...]
