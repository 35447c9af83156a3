"""Real or stand-in is what a server says of itself, whatever its program or its image is called."""

from __future__ import annotations

import json
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

from harness.base.errors import ServerFailed
from harness.runtime.components import (
    EMBEDDED_UNPROVEN,
    STANDIN_UNPROVEN,
    UNNAMED_UNPROVEN,
    app_component,
    mysql_component,
    search_component,
)
from harness.runtime.process.host import LocalHost
from harness.runtime.services.apiary import Apiary
from harness.runtime.services.meilisearch import EMBEDDED_COMMIT, EMBEDDED_HEADER, MeilisearchServer
from harness.runtime.services.mysql import MySqlServer
from harness.standins import meilisearch as embedded

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


def test_an_application_is_real_only_if_it_says_that_it_is_laravel(tmp_path: Path) -> None:
    php = tmp_path / "php"
    app = Apiary(
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
