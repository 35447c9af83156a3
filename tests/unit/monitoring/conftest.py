"""A real HTTP server that notes what it is asked, and answers as it is asked to: well, badly, or not at all."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Service:
    """Somebody's service.

    Args:
        port: on 127.0.0.1.
        statuses: what it answers, one after the other; 200 when they are used up.
        requests: method, path with query, and body of each request.
        silent: it takes the request and never answers, until the test is over.
        dripping: it sends a byte of its head now and then, and never ends.
    """

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    silent: bool = False
    dripping: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _ in self.requests]

    def messages(self) -> list[dict[str, Any]]:
        """What apprise's json:// sent."""
        return [json.loads(body) for _, _, body in self.requests]


@pytest.fixture
def service() -> Iterator[Service]:
    state = Service()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            state.requests.append((self.command, self.path, body))
            if state.silent:
                state.over.wait()
                return
            while state.dripping and not state.over.wait(0.02):
                self.wfile.write(b"H")
                self.wfile.flush()
            self.send_response(state.statuses.pop(0) if state.statuses else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"OK")

        do_GET = do_POST = answer  # noqa: N815 (the names that http.server asks for)

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True  # the client has gone

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield state
    state.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert isinstance(port, int)
    return port
