"""The server and client programs of this machine, and what they really are; scripts that call one.

Debian's MariaDB installs a `mysqld` that is MariaDB, so a name proves nothing: every program is asked.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from harness.base.errors import HarnessError, NoSuchProgram
from harness.base.settings import Settings
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run
from harness.standins.meilisearch import ENGINE_VERSION

MYSQL_HINTS = (
    "On Debian, `apiary-drill doctor --install` installs what is missing.",
    (
        "Elsewhere, install MySQL (mysql-server, mysql-client) or MariaDB (mariadb-server, mariadb-client) with "
        "the system's package manager; the servers need not be running."
    ),
    "For a server in another location, use --mysqld or APIARY_DRILL_MYSQLD.",
)


EMBEDDED = "embedded"
"Selects the embedded search server even if a real one is installed."

EMBEDDED_BEFORE = (3, 13)
"""The first Python for which milli has no wheel."""

EMBEDDED_COMMAND = (sys.executable, "-m", "harness.standins.meilisearch")


@dataclass(frozen=True, slots=True)
class MySqlPrograms:
    """A server with the client tools that go with it.

    Args:
        flavour: `MySQL` or `MariaDB`, by its own word.
        client: program that runs scripts.
        dump: program that writes them.
        installer: `mariadb-install-db`, or None for MySQL, whose server initialises itself.
    """

    server: Path
    flavour: str
    version: str
    client: Path
    dump: Path
    installer: Path | None


def mysql_programs(settings: Settings, flavour: str | None = None) -> MySqlPrograms:
    """The server to use: the one that is named, else MySQL, else MariaDB.

    Args:
        flavour: `MySQL` or `MariaDB` where it has to be that; then the named one is used if it is.

    Raises:
        NoSuchProgram: with what was looked for, where, and the ways to get it.
    """
    candidates = _servers(settings)
    if flavour is not None:
        candidates = [found for found in candidates if found[1] == flavour] or [
            found for found in _servers(replace(settings, mysqld=None)) if found[1] == flavour
        ]
    if not candidates:
        wanted = f"a mysqld or mariadbd that is {flavour}" if flavour else settings.mysqld or "mysqld or mariadbd"
        raise NoSuchProgram(f"no database server: no {wanted} in {', '.join(_places(settings))}", *MYSQL_HINTS)
    # MySQL before MariaDB: it is what production runs.
    server, flavour, version = min(candidates, key=lambda found: found[1] != "MySQL")
    suffixed = flavour == "MariaDB"
    installer = _near(settings, server, "mariadb-install-db") if suffixed else None
    client = _tool(settings, server, flavour, ["mariadb", "mysql"] if suffixed else ["mysql"])
    dump = _tool(settings, server, flavour, ["mariadb-dump", "mysqldump"] if suffixed else ["mysqldump"])
    if client is None or dump is None or (suffixed and installer is None):
        missing = [
            name
            for name, found in (
                (f"{flavour}'s mysql client", client),
                (f"{flavour}'s mysqldump", dump),
                ("mariadb-install-db", installer if suffixed else server),
            )
            if found is None
        ]
        raise NoSuchProgram(
            f"{server} is {flavour} {version}, but {' and '.join(missing)} cannot be found in "
            f"{', '.join(_places(settings))}",
            *MYSQL_HINTS,
        )
    return MySqlPrograms(server, flavour, version, client, dump, installer)


def known_servers(settings: Settings) -> list[tuple[Path, str, str]]:
    """Every database server of this machine that is found without being named: path, flavour, version."""
    found = _servers(replace(settings, mysqld=None))
    # Debian's `mysqld` is MariaDB under another name: one line each.
    return list({path.resolve(): (path, flavour, version) for path, flavour, version in found}.values())


def meilisearch_command(settings: Settings) -> tuple[str, ...]:
    """How to start Meilisearch; what it really is, the server says when it runs (runtimes.components).

    Raises:
        NoSuchProgram: neither the real server nor the embedded one is here.
    """
    named = settings.meilisearch != EMBEDDED
    real = settings.which(settings.meilisearch or "meilisearch") if named else None
    if real is not None:
        return (str(real),)
    if settings.meilisearch and named:
        raise NoSuchProgram(
            f"no Meilisearch server at {settings.meilisearch!r}", "Give another program, or omit the option."
        )
    if find_spec("milli") is not None:
        return EMBEDDED_COMMAND
    engine = engine_python(settings)
    if engine.exists():
        return (*EMBEDDED_COMMAND, "--engine-python", str(engine))
    there = sys.version_info < EMBEDDED_BEFORE
    raise NoSuchProgram(
        f"no Meilisearch: no meilisearch in {', '.join(settings.search_path)}, and the embedded server "
        "needs the Python package milli" + ("" if there else ", of which this Python has no wheel"),
        "Install the embedded server with `pip install 'apiary-restore-drill[embedded]'`."
        if there
        else "On Debian, `apiary-drill doctor --install` installs it with a Python that it has one for.",
        "Put the `meilisearch` program on the path, name it with --meilisearch, or drill in containers.",
    )


def engine_python(settings: Settings) -> Path:
    """Where `doctor --install` puts a Python that has the engine of the embedded server, if this one cannot have it."""
    return settings.cache_dir / f"milli-{ENGINE_VERSION}/bin/python"


def meilisearch_version(settings: Settings, command: tuple[str, ...]) -> str | None:
    """The version of Meilisearch as its program says it, without starting the server; None for any other program."""
    try:
        completed = run(LocalHost(settings.base_env), [*command, "--version"], timeout_s=30)
    except HarnessError:
        return None
    match = re.match(rb"meilisearch v?(\d+\.\d+\.\d+\S*)", completed.stdout)
    return match[1].decode() if match and completed.exit_status == 0 else None


def _servers(settings: Settings) -> list[tuple[Path, str, str]]:
    if settings.mysqld:
        paths = [settings.which(settings.mysqld)]
    else:
        cached = sorted(settings.cache_dir.glob("mysql-*/bin/mysqld"), reverse=True)
        paths = [settings.which("mysqld"), *cached, settings.which("mariadbd")]
    found = []
    for path in paths:
        if path is not None:
            version = _version(settings, path)
            if version is not None:
                found.append((path, *version))
    return found


def _version(settings: Settings, program: Path) -> tuple[str, str] | None:
    """Flavour and version as the program tells them; None when it does not run."""
    completed = run(LocalHost(settings.base_env), [str(program), "--no-defaults", "--version"], timeout_s=30)
    text = completed.stdout.decode("utf-8", "replace")
    if completed.exit_status != 0:
        return None
    flavour = "MariaDB" if "mariadb" in text.lower() else "MySQL"
    match = re.search(r"(?:Distrib|from|Ver)\s+(\d+\.\d+\.\d+)(?:-MariaDB)?(?!.*Distrib)", text)
    return flavour, match.group(1) if match else "unknown"


def _places(settings: Settings) -> list[str]:
    return [*settings.search_path, str(settings.cache_dir / "mysql-*")]


def _near(settings: Settings, server: Path, name: str) -> Path | None:
    for directory in (server.parent, server.parent.parent / "bin"):
        if (directory / name).is_file():
            return directory / name
    return settings.which(name)


def _tool(settings: Settings, server: Path, flavour: str, names: list[str]) -> Path | None:
    """A client tool of the server's own flavour: the other one's does not understand it fully."""
    for name in names:
        path = _near(settings, server, name)
        if path is not None:
            version = _version(settings, path)
            if version is not None and version[0] == flavour:
                return path
    return None


def write_program(path: Path, command: str) -> None:
    """An executable script that becomes this command, in the shell's words."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\nexec {command}\n")
    path.chmod(0o755)
