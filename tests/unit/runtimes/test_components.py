"""Components that are installed, and programs that are found."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.base.errors import MissingProgram, ServerFailed
from harness.base.settings import Settings, from_environment
from harness.runtime.components import (
    EMBEDDED_UNPROVEN,
    STANDIN_UNPROVEN,
    UNNAMED_UNPROVEN,
    app_component,
    mysql_component,
    search_component,
)
from harness.runtime.process.host import LocalHost
from harness.runtime.process.programs import engine_python, meilisearch_command, meilisearch_version, mysql_programs
from harness.runtime.services.apiary import Apiary
from harness.runtime.services.meilisearch import EMBEDDED_COMMIT, EMBEDDED_HEADER, MeilisearchServer
from harness.runtime.services.mysql import MySqlServer
from harness.standins import meilisearch as embedded
from tests.tables import over_table

# As a server of 1.50.0 that was built from source answers.
REAL = {"commitSha": "unknown", "commitDate": "unknown", "pkgVersion": "1.50.0"}


@contextmanager
def answering(body: object, headers: dict[str, str]) -> Iterator[MeilisearchServer]:
    """A server that answers everything with this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *arguments: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield MeilisearchServer(url, url, "key")
        server.shutdown()


def test_a_search_server_is_real_unless_it_says_that_it_is_the_embedded_one() -> None:
    assert (EMBEDDED_COMMIT, EMBEDDED_HEADER) == (embedded.COMMIT_SHA, embedded.HEADER)
    with answering(REAL, {}) as server:
        component = search_component(server, "/usr/bin/meilisearch")
        assert (component.name, component.version, component.real, component.unproven) == (
            "Meilisearch",
            "1.50.0",
            True,
            (),
        )
    for body, headers in (({**REAL, "commitSha": "embedded"}, {}), (REAL, {EMBEDDED_HEADER: "1.8.1"})):
        with answering(body, headers) as server:
            component = search_component(server, "/usr/bin/meilisearch")
            assert (component.name, component.real, component.unproven) == (
                "embedded Meilisearch",
                False,
                (EMBEDDED_UNPROVEN,),
            )
    with answering({"version": "OpenSearch"}, {}) as server, pytest.raises(ServerFailed, match="as Meilisearch does"):
        search_component(server, "/usr/bin/meilisearch")


def test_a_database_server_is_what_it_says_however_it_is_called() -> None:
    for row, name, version, real in (
        (("9.7.4", "MySQL Community Server - GPL", 0), "MySQL", "9.7.4", True),
        (("8.4.6-0ubuntu1", "(Ubuntu)", 0), "MySQL", "8.4.6", True),
        (("10.11.19-MariaDB-0+deb12u1", "Debian 12", 1), "MariaDB", "10.11.19", False),
        # MariaDB that was set to call itself MySQL's version.
        (("8.0.36", "Source distribution", 1), "MariaDB", "8.0.36", False),
        (("8.0.36-28", "Percona Server (GPL), Release 28", 0), "Percona Server", "8.0.36", False),
    ):
        session = SimpleNamespace(row=lambda sql, row=row: row)
        component = mysql_component(cast(MySqlServer, SimpleNamespace(session=lambda s=session: nothing(s))), "mysqld")
        assert (component.name, component.version, component.real) == (name, version, real)
        assert component.unproven == () if real else component.unproven[0].startswith(f"{name} replaced MySQL: ")


@contextmanager
def nothing(value: Any) -> Iterator[Any]:
    yield value


def application(php: Path) -> Apiary:
    """An application of which only the command line can be asked."""
    return Apiary(
        url="",
        host=LocalHost({"PATH": "/usr/bin:/bin"}),
        php=(str(php),),
        user=None,
        storage_host=LocalHost(),
        storage_root="",
        storage_uid=0,
        search_prefix="",
        lifecycle=cast(Any, None),
    )


def test_an_application_is_real_only_if_it_says_that_it_is_laravel(tmp_path: Path) -> None:
    php = tmp_path / "php"
    app = application(php)
    for says, name, version, real, unproven in (
        ("echo Laravel Framework 12.67.0", "Apiary", "2026.8 (Laravel 12.67.0)", True, ("more",)),
        (
            r"printf 'Laravel Framework \033[32m12.67.0\033[39m\n'",
            "Apiary",
            "2026.8 (Laravel 12.67.0)",
            True,
            ("more",),
        ),
        ("echo Apiary stand-in 0.1.0", "stand-in Apiary", "0.1.0", False, (STANDIN_UNPROVEN, "more")),
        ("echo hello", "Apiary", "2026.8", False, (UNNAMED_UNPROVEN, "more")),
        ("echo Laravel Framework 12.67.0; exit 1", "Apiary", "2026.8", False, (UNNAMED_UNPROVEN, "more")),
    ):
        php.write_text(f"#!/bin/sh\n{says}\n")
        php.chmod(0o755)
        component = app_component(app, "apiary:2026.8", tag="2026.8", unproven=("more",))
        assert (component.name, component.version, component.real, component.unproven) == (
            name,
            version,
            real,
            unproven,
        ), says
    standin = replace(app, php=(sys.executable, "-m", "harness.standins.apiary.php"))
    assert app_component(standin, "here").name == "stand-in Apiary"


HINTS = (
    "HINT: On Debian, `apiary-drill doctor --install` installs what is missing.\n"
    "HINT: Elsewhere, install MySQL (mysql-server, mysql-client) or MariaDB (mariadb-server, mariadb-client) "
    "with the system's package manager; the servers need not be running.\n"
    "HINT: For a server in another location, use --mysqld or APIARY_DRILL_MYSQLD."
)
MYSQLD = "mysqld  Ver 9.7.4 for Linux on x86_64 (MySQL Community Server - GPL)"
MYSQL = "mysql  Ver 9.7.4 for Linux on x86_64 (MySQL Community Server - GPL)"
MYSQLDUMP = "mysqldump  Ver 9.7.4 for Linux on x86_64 (MySQL Community Server - GPL)"
MARIADBD = "mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)"
MARIADB = "mysql  Ver 15.1 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64) using  EditLine wrapper"
MARIADB_DUMP = "mysqldump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)"
CACHED = "cache/mysql-9.7.4/bin"
NEW_MARIADB = "mariadb from 11.8.3-MariaDB, client 15.2 for debian-linux-gnu (x86_64) using  EditLine wrapper"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Only what the test puts into `bin` is on the search path."""
    (tmp_path / "bin").mkdir()
    base = from_environment({"PATH": os.defpath})
    return replace(base, search_path=(str(tmp_path / "bin"),), cache_dir=tmp_path / "cache")


def program(directory: Path, name: str, version: str, status: int = 0) -> Path:
    """A program that tells a version, as the real one words it."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\necho '{version}'\nexit {status}\n")
    path.chmod(0o755)
    return path


def refused(settings: Settings) -> str:
    with pytest.raises(MissingProgram) as caught:
        mysql_programs(settings)
    return str(caught.value)


def test_no_server_at_all_is_reported_with_the_places_and_the_ways_out(settings: Settings, tmp_path: Path) -> None:
    """A program that does not run, such as one whose libraries are missing, is not used."""
    cached = f"{tmp_path}/cache/mysql-*\n{HINTS}"
    nothing = f"no database server: no mysqld or mariadbd in {tmp_path}/bin, {cached}"
    assert refused(settings) == nothing
    assert refused(replace(settings, search_path=())) == f"no database server: no mysqld or mariadbd in {cached}"
    program(tmp_path / "bin", "mysqld", "error while loading shared libraries", status=127)
    assert refused(settings) == nothing
    program(tmp_path / "bin", "mysqld", MYSQLD)
    assert refused(replace(settings, mysqld="/opt/mysql/bin/mysqld")) == (
        f"no database server: no /opt/mysql/bin/mysqld in {tmp_path}/bin, {cached}"
    )


BY_MYSQL = {"mysqld": MYSQLD, "mysql": MYSQL, "mysqldump": MYSQLDUMP}
BY_MARIADB = {"mysqld": MARIADBD, "mysql": MARIADB, "mysqldump": MARIADB_DUMP}
OWN = {"mariadbd": MARIADBD, "mariadb": NEW_MARIADB, "mariadb-dump": MARIADB_DUMP, "mariadb-install-db": ""}


@over_table(
    "programs, named, taken, flavour, version",
    [
        ({"bin": BY_MYSQL}, None, "bin/mysqld bin/mysql bin/mysqldump", "MySQL", "9.7.4"),
        (
            {"bin": {**BY_MARIADB, "mariadb-install-db": ""}},
            None,
            "bin/mysqld bin/mysql bin/mysqldump bin/mariadb-install-db",
            "MariaDB",
            "10.11.19",
        ),
        # Production runs MySQL; one that was fetched into the cache brings its own tools.
        (
            {"bin": {**BY_MARIADB, "mariadbd": MARIADBD}, CACHED: BY_MYSQL},
            None,
            f"{CACHED}/mysqld {CACHED}/mysql {CACHED}/mysqldump",
            "MySQL",
            "9.7.4",
        ),
        # One that was named goes before all.
        (
            {"bin": BY_MYSQL, "own": OWN},
            "own/mariadbd",
            "own/mariadbd own/mariadb own/mariadb-dump own/mariadb-install-db",
            "MariaDB",
            "10.11.19",
        ),
    ],
)
def test_a_server_is_found_with_the_tools_of_its_own_flavour(
    tmp_path: Path, programs: dict[str, dict[str, str]], named: str | None, taken: str, flavour: str, version: str
) -> None:
    """By what it says it is, whatever it is called."""
    for place, versions in programs.items():
        for name, text in versions.items():
            program(tmp_path / place, name, text)
    base = replace(from_environment({"PATH": os.defpath}), search_path=(str(tmp_path / "bin"),))
    found = mysql_programs(replace(base, cache_dir=tmp_path / "cache", mysqld=str(tmp_path / named) if named else None))
    tools = [found.server, found.client, found.dump, *([found.installer] if found.installer else [])]
    assert [str(path.relative_to(tmp_path)) for path in tools] == taken.split()
    assert (found.flavour, found.version) == (flavour, version)


def test_the_tools_of_the_other_flavour_are_not_taken(settings: Settings, tmp_path: Path) -> None:
    """MariaDB's mysqldump writes what MySQL's server refuses; MariaDB needs its installer."""
    place = tmp_path / "bin"
    where = f"cannot be found in {place}, {tmp_path}/cache/mysql-*\n{HINTS}"
    for name, version in (("mariadbd", MARIADBD), ("mariadb", MARIADB), ("mariadb-dump", MARIADB_DUMP)):
        program(place, name, version)
    assert refused(settings) == f"{place / 'mariadbd'} is MariaDB 10.11.19, but mariadb-install-db {where}"
    for name, version in (("mysqld", MYSQLD), ("mysql", MARIADB), ("mysqldump", MARIADB_DUMP)):
        program(place, name, version)
    (place / "mariadbd").unlink()
    assert refused(settings) == (
        f"{place / 'mysqld'} is MySQL 9.7.4, but MySQL's mysql client and MySQL's mysqldump {where}"
    )


def test_the_programs_of_this_machine_are_found_and_agree_with_each_other(tmp_path: Path) -> None:
    """Real discovery: a server, with a client and a dump tool of its own flavour, all of which exist."""
    found = mysql_programs(replace(from_environment(os.environ), cache_dir=tmp_path))
    assert found.flavour in ("MySQL", "MariaDB")
    assert [int(part) >= 0 for part in found.version.split(".")] == [True, True, True]
    assert all(path.is_file() for path in (found.server, found.client, found.dump))
    assert (found.installer is not None) == (found.flavour == "MariaDB")


def test_a_program_called_meilisearch_goes_before_the_embedded_one(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is run by this Python, and never replaces one that was named."""
    monkeypatch.setattr("harness.runtime.process.programs.find_spec", lambda _: "milli")
    assert meilisearch_command(settings) == (sys.executable, "-m", "harness.standins.meilisearch")
    there = program(tmp_path / "bin", "meilisearch", "meilisearch 1.20.0")
    assert meilisearch_command(settings) == (str(there),)
    other = program(tmp_path / "own", "meili", "meilisearch 1.20.0")
    assert meilisearch_command(replace(settings, meilisearch=str(other))) == (str(other),)
    with pytest.raises(MissingProgram) as caught:
        meilisearch_command(replace(settings, meilisearch="/opt/meilisearch"))
    assert str(caught.value) == (
        "no Meilisearch server at '/opt/meilisearch'\nHINT: Give another program, or omit the option."
    )


def test_a_program_is_meilisearch_by_its_own_word_alone(tmp_path: Path) -> None:
    """`doctor` says so before anything is started; a script that starts the embedded server is not it."""
    asked = from_environment(os.environ)
    script = f'exec {sys.executable} -m harness.standins.meilisearch "$@"'
    for number, (says, version) in enumerate(
        (("echo meilisearch 1.50.0", "1.50.0"), ("echo redis 8.0.0", None), ("exit 1", None), (script, None))
    ):
        place = tmp_path / str(number) / "meilisearch"
        place.parent.mkdir()
        place.write_text(f"#!/bin/sh\n{says}\n")
        place.chmod(0o755)
        assert meilisearch_version(asked, (str(place),)) == version, says
    assert meilisearch_version(asked, (str(tmp_path / "gone"),)) is None


def test_neither_meilisearch_nor_its_engine(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.runtime.process.programs.find_spec", lambda _: None)
    monkeypatch.setattr("harness.runtime.process.programs.EMBEDDED_BEFORE", (99, 0))
    with pytest.raises(MissingProgram) as caught:
        meilisearch_command(settings)
    assert str(caught.value) == (
        f"no Meilisearch: no meilisearch in {tmp_path}/bin, and the embedded server needs the Python package "
        "milli\n"
        "HINT: Install the embedded server with `pip install 'apiary-restore-drill[embedded]'`.\n"
        "HINT: Put the `meilisearch` program on the path, name it with --meilisearch, or drill in containers."
    )
    monkeypatch.setattr("harness.runtime.process.programs.EMBEDDED_BEFORE", sys.version_info[:2])
    with pytest.raises(MissingProgram) as caught:
        meilisearch_command(settings)
    assert caught.value.fact.endswith("needs the Python package milli, of which this Python has no wheel")
    assert caught.value.hints[0] == (
        "On Debian, `apiary-drill doctor --install` installs it with a Python that it has one for."
    )
    engine_python(settings).parent.mkdir(parents=True)
    engine_python(settings).touch()
    assert meilisearch_command(settings)[-2:] == ("--engine-python", str(engine_python(settings)))
