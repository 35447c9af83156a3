"""The server under test: a real one named by MEILISEARCH_URL, else the embedded one, started for the session."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import meilisearch
import pytest
import requests
from meilisearch.index import Index
from meilisearch.models.task import Task, TaskInfo

from harness.wait import wait_until

WAIT_MS = 30_000


@dataclass(frozen=True)
class ServerUnderTest:
    url: str
    key: str

    def request(self, method: str, path: str, key: str | None = None, **options: object) -> requests.Response:
        """A plain request, for what the client cannot send; with `key`, or without any Authorization."""
        headers = dict(options.pop("headers", {}))  # type: ignore[call-overload]
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return requests.request(method, self.url + path, headers=headers, timeout=30, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    url = os.environ.get("MEILISEARCH_URL")
    if url:
        yield ServerUnderTest(url.rstrip("/"), os.environ.get("MEILISEARCH_KEY", ""))
        return
    directory = tmp_path_factory.mktemp("meilisearch")
    with _embedded(directory, "a-master-key-for-tests") as started:
        yield started


class _embedded:  # noqa: N801 # it is used like a function
    def __init__(self, directory: Path, key: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._server = ServerUnderTest(f"http://127.0.0.1:{port}", key)
        self._log = directory / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "harness.embedded",
                    f"--http-addr=127.0.0.1:{port}",
                    f"--db-path={directory / 'data.ms'}",
                    f"--dump-dir={directory / 'dumps'}",
                ],
                env=os.environ | {"MEILI_MASTER_KEY": key},
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> ServerUnderTest:
        wait_until(self._is_up, what="the embedded server", timeout_s=30, details=self._log.read_text)
        return self._server

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        assert self._process.wait(timeout=10) == 0, self._log.read_text()

    def _is_up(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        try:
            return self._server.request("GET", "/health").status_code == 200
        except requests.ConnectionError:
            return False


@pytest.fixture(scope="session")
def client(server: ServerUnderTest) -> meilisearch.Client:
    return meilisearch.Client(server.url, server.key, timeout=30)


@pytest.fixture
def done(client: meilisearch.Client) -> Callable[[TaskInfo], Task]:
    """Wait for a task to end, however it ends."""
    return lambda task: client.wait_for_task(task.task_uid, timeout_in_ms=WAIT_MS, interval_in_ms=10)


@pytest.fixture
def uid(client: meilisearch.Client, done: Callable[[TaskInfo], Task]) -> Iterator[str]:
    """A name for an index that nobody else uses; the index is deleted afterwards."""
    name = f"contract-{uuid.uuid4()}"
    yield name
    done(client.index(name).delete())


@pytest.fixture
def index(client: meilisearch.Client, uid: str) -> Index:
    """An index that does not exist yet."""
    return client.index(uid)
