"""A real MariaDB and the embedded Meilisearch for the session; an app of its own for each test."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from harness.runtime.process.child import free_port
from harness.standins.apiary.config import DatabaseArgs
from harness.standins.apiary.database import connect
from tests.contract.standin.standin_app import MEILISEARCH_KEY, App, answers, fill, make_app, running


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseArgs]:
    """The administrator of a MariaDB of this session."""
    directory = tmp_path_factory.mktemp("mariadb")
    install = ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={directory / 'data'}"]
    # Servers that share a directory for temporary tables delete each other's when they start.
    scratch = directory / "tmp"
    scratch.mkdir()
    install += ["--skip-test-db", "--auth-root-authentication-method=normal", f"--tmpdir={scratch}"]
    subprocess.run(install, check=True, capture_output=True)
    port = free_port()
    args = DatabaseArgs("127.0.0.1", port, "root", "", "mysql")
    command = ["mariadbd", "--no-defaults", "--user=root", f"--datadir={directory / 'data'}", f"--port={port}"]
    command += [f"--tmpdir={scratch}"]
    command += [f"--socket={directory / 's'}", "--bind-address=127.0.0.1", "--innodb-flush-method=nosync"]
    command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--sync-frm=0"]  # it need not last

    def is_up() -> bool:
        try:
            connect(args).close()
        except pymysql.MySQLError:
            return False
        return True

    with running(command, directory / "log", is_up, dict(os.environ)):
        yield args


@pytest.fixture(scope="session")
def meilisearch_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded server, or a real one named by MEILISEARCH_URL (with the tests' own key)."""
    if "MEILISEARCH_URL" in os.environ:
        yield os.environ["MEILISEARCH_URL"]
        return
    directory = tmp_path_factory.mktemp("meilisearch")
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "harness.standins.meilisearch", f"--http-addr={url.removeprefix('http://')}"]
    command += [f"--db-path={directory / 'data.ms'}", f"--dump-dir={directory / 'dumps'}"]
    env = os.environ | {"MEILI_MASTER_KEY": MEILISEARCH_KEY}
    with running(command, directory / "log", lambda: answers(url + "/health"), env):
        yield url


@pytest.fixture
def app(root: DatabaseArgs, tmp_path: Path) -> App:
    """An app with an empty database, and no Meilisearch."""
    return make_app(root, tmp_path)


@pytest.fixture(scope="session")
def filled(root: DatabaseArgs, meilisearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> App:
    """An app with small data and Meilisearch; only to be read from."""
    return fill(make_app(root, tmp_path_factory.mktemp("filled"), meilisearch_url))


@pytest.fixture
def searchable(root: DatabaseArgs, meilisearch_url: str, tmp_path: Path) -> App:
    """A migrated app with Meilisearch and few rows, to be changed at will."""
    app = make_app(root, tmp_path, meilisearch_url)
    assert app.artisan("migrate", "--force") == 0
    assert app.artisan("db:seed") == 0
    return app
