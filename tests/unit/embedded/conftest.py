"""An embedded server that a test can start, stop, kill and start again over the same database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import meilisearch
import pytest
import requests

from harness.wait import wait_until


class EmbeddedServer:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.db_path = directory / "data.ms"
        self.dump_dir = directory / "dumps"
        self.log = directory / "log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *options: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "harness.embedded",
            f"--http-addr=127.0.0.1:{self.port}",
            f"--db-path={self.db_path}",
            f"--dump-dir={self.dump_dir}",
            *options,
        ]

    def start(self, *options: str, key: str | None = None) -> meilisearch.Client:
        """Start and wait for /health; with `key` as the master key."""
        environment = os.environ | ({} if key is None else {"MEILI_MASTER_KEY": key})
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(*options), env=environment, stdout=log, stderr=log)
        wait_until(self._is_up, what="the embedded server", timeout_s=30, details=self.log.read_text)
        return meilisearch.Client(self.url, key, timeout=30)

    def refusal(self, *options: str, **environment: str) -> str:
        """Start, expect that it ends with exit code 1; returns what it said."""
        ended = subprocess.run(
            self.command(*options),
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (ended.returncode, ended.stdout) == (1, "")
        return ended.stderr

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, self.url + path, timeout=30, **options)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM, and an exit code of 0 within the documented two seconds."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(timeout=2) == 0, self.log.read_text()

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.request("GET", "/health").status_code == 200
        except requests.ConnectionError:
            return False


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path)
    yield server
    if server.process is not None and server.process.poll() is None:
        server.kill()
