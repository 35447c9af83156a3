"""Finding servers: a name proves nothing, and what is missing is named with the places and the ways to get it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import MissingProgram
from harness.base.settings import Settings, from_environment
from harness.runtime.process.programs import engine_python, meilisearch_command, meilisearch_version, mysql_programs

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
    assert refused(settings) == (
        f"no database server: no mysqld or mariadbd in {tmp_path}/bin, {tmp_path}/cache/mysql-*\n{HINTS}"
    )
    assert refused(replace(settings, search_path=())) == (
        f"no database server: no mysqld or mariadbd in {tmp_path}/cache/mysql-*\n{HINTS}"
    )


def test_a_server_that_was_named_and_is_not_there(settings: Settings, tmp_path: Path) -> None:
    program(tmp_path / "bin", "mysqld", MYSQLD)
    assert refused(replace(settings, mysqld="/opt/mysql/bin/mysqld")) == (
        f"no database server: no /opt/mysql/bin/mysqld in {tmp_path}/bin, {tmp_path}/cache/mysql-*\n{HINTS}"
    )


def test_a_server_that_does_not_run_is_none(settings: Settings, tmp_path: Path) -> None:
    """Such as one whose libraries are missing."""
    program(tmp_path / "bin", "mysqld", "error while loading shared libraries", status=127)
    assert refused(settings).startswith("no database server: no mysqld or mariadbd in ")


def test_mysql_with_its_own_tools(settings: Settings, tmp_path: Path) -> None:
    place = tmp_path / "bin"
    server = program(place, "mysqld", MYSQLD)
    client, dump = program(place, "mysql", MYSQL), program(place, "mysqldump", MYSQLDUMP)
    found = mysql_programs(settings)
    assert (found.server, found.client, found.dump, found.installer) == (server, client, dump, None)
    assert (found.flavour, found.version) == ("MySQL", "9.7.4")


def test_a_mysqld_that_is_mariadb_is_reported_as_mariadb(settings: Settings, tmp_path: Path) -> None:
    place = tmp_path / "bin"
    server = program(place, "mysqld", MARIADBD)
    client, dump = program(place, "mysql", MARIADB), program(place, "mysqldump", MARIADB_DUMP)
    installer = program(place, "mariadb-install-db", "")
    found = mysql_programs(settings)
    assert (found.server, found.client, found.dump, found.installer) == (server, client, dump, installer)
    assert (found.flavour, found.version) == ("MariaDB", "10.11.19")


def test_mysql_goes_before_mariadb(settings: Settings, tmp_path: Path) -> None:
    """Production runs MySQL; one that was fetched into the cache brings its own tools."""
    place, cached = tmp_path / "bin", tmp_path / "cache" / "mysql-9.7.4" / "bin"
    for name, version in (
        ("mysqld", MARIADBD),
        ("mariadbd", MARIADBD),
        ("mysql", MARIADB),
        ("mysqldump", MARIADB_DUMP),
    ):
        program(place, name, version)
    server = program(cached, "mysqld", MYSQLD)
    client, dump = program(cached, "mysql", MYSQL), program(cached, "mysqldump", MYSQLDUMP)
    found = mysql_programs(settings)
    assert (found.server, found.client, found.dump, found.flavour) == (server, client, dump, "MySQL")


def test_a_server_that_was_named_goes_before_all(settings: Settings, tmp_path: Path) -> None:
    place, own = tmp_path / "bin", tmp_path / "own"
    for name, version in (("mysqld", MYSQLD), ("mysql", MYSQL), ("mysqldump", MYSQLDUMP)):
        program(place, name, version)
    server = program(own, "mariadbd", MARIADBD)
    client, dump = program(own, "mariadb", NEW_MARIADB), program(own, "mariadb-dump", MARIADB_DUMP)
    installer = program(own, "mariadb-install-db", "")
    found = mysql_programs(replace(settings, mysqld=str(server)))
    assert (found.server, found.client, found.dump, found.installer) == (server, client, dump, installer)


def test_the_tools_of_the_other_flavour_are_not_taken(settings: Settings, tmp_path: Path) -> None:
    """MariaDB's mysqldump writes what MySQL's server refuses."""
    place = tmp_path / "bin"
    server = program(place, "mysqld", MYSQLD)
    program(place, "mysql", MARIADB)
    program(place, "mysqldump", MARIADB_DUMP)
    assert refused(settings) == (
        f"{server} is MySQL 9.7.4, but MySQL's mysql client and MySQL's mysqldump cannot be found in {place},"
        f" {tmp_path}/cache/mysql-*\n{HINTS}"
    )


def test_mariadb_without_its_installer(settings: Settings, tmp_path: Path) -> None:
    place = tmp_path / "bin"
    server = program(place, "mariadbd", MARIADBD)
    program(place, "mariadb", MARIADB)
    program(place, "mariadb-dump", MARIADB_DUMP)
    assert refused(settings) == (
        f"{server} is MariaDB 10.11.19, but mariadb-install-db cannot be found in {place},"
        f" {tmp_path}/cache/mysql-*\n{HINTS}"
    )


def test_the_programs_of_this_machine_are_found_and_agree_with_each_other(tmp_path: Path) -> None:
    """Real discovery: a server, with a client and a dump tool of its own flavour, all of which exist."""
    found = mysql_programs(replace(from_environment(os.environ), cache_dir=tmp_path))
    assert found.flavour in ("MySQL", "MariaDB")
    assert [int(part) >= 0 for part in found.version.split(".")] == [True, True, True]
    assert all(path.is_file() for path in (found.server, found.client, found.dump))
    assert (found.installer is not None) == (found.flavour == "MariaDB")


def test_a_program_called_meilisearch_goes_before_the_embedded_one(settings: Settings, tmp_path: Path) -> None:
    there = program(tmp_path / "bin", "meilisearch", "meilisearch 1.20.0")
    assert meilisearch_command(settings) == (str(there),)
    other = program(tmp_path / "own", "meili", "meilisearch 1.20.0")
    assert meilisearch_command(replace(settings, meilisearch=str(other))) == (str(other),)


def test_without_meilisearch_the_embedded_one_is_run_by_this_python(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.runtime.process.programs.find_spec", lambda _: "milli")
    assert meilisearch_command(settings) == (sys.executable, "-m", "harness.standins.meilisearch")


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


def test_a_meilisearch_that_was_named_is_never_replaced_by_the_embedded_one(settings: Settings) -> None:
    with pytest.raises(MissingProgram) as caught:
        meilisearch_command(replace(settings, meilisearch="/opt/meilisearch"))
    assert str(caught.value) == (
        "no Meilisearch server at '/opt/meilisearch'\nHINT: Give another program, or omit the option."
    )


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
