"""The servers under test: one that is running, and an embedded one that a test starts, stops and kills."""

import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import meilisearch
import requests

from harness.base.settings import from_environment
from harness.base.wait import wait_until
from harness.runtime.process.programs import EMBEDDED, meilisearch_command


@dataclass(frozen=True)
class ServerUnderTest:
    """Where a server is, and its master key."""

    url: str
    key: str

    def request(self, method: str, path: str, key: str | None = None, **options: Any) -> requests.Response:
        """A plain request, for what the client cannot send; with `key`, or without any Authorization."""
        headers = dict(options.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return requests.request(method, self.url + path, headers=headers, timeout=30, **options)

    def client(self) -> meilisearch.Client:
        return meilisearch.Client(self.url, self.key, timeout=30)


class EmbeddedServer:
    """An embedded server that can be started again and again over the same database."""

    def __init__(self, directory: Path, key: str = "a-master-key-for-tests") -> None:
        self.directory = directory
        self.db_path = directory / "data.ms"
        self.dump_dir = directory / "dumps"
        self.log = directory / "log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = ServerUnderTest(f"http://127.0.0.1:{self.port}", key)
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *options: str) -> list[str]:
        return [
            *meilisearch_command(from_environment(os.environ, meilisearch=EMBEDDED)),
            *(
                f"--http-addr=127.0.0.1:{self.port}",
                f"--db-path={self.db_path}",
                f"--dump-dir={self.dump_dir}",
                *options,
            ),
        ]

    def start(self, *options: str) -> meilisearch.Client:
        """Start and wait for /health."""
        environment = os.environ | {"MEILI_MASTER_KEY": self.server.key}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(*options), env=environment, stdout=log, stderr=log)
        wait_until(self._is_up, what="the embedded server", timeout_s=60, details=self.log.read_text)
        return self.server.client()

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM: it ends by the signal, as the real server does."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(timeout=60) == -signal.SIGTERM, self.log.read_text()

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.server.request("GET", "/health").status_code == 200
        except requests.ConnectionError:
            return False
