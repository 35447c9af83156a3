"""Stores on loopback that backups are fetched from: an S3 server, a web server, and connections that are cut."""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from harness.base.wait import wait_until
from tests.certificates import Certificates
from tests.engines import background

_START_S = 60.0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def s3_server(directory: Path) -> Iterator[str]:
    """moto's server, which keeps versions and checks conditions as S3 does; yields its URL. It believes every key."""
    port = _free_port()
    log = directory / "s3.log"
    with background([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], log) as process:

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False

        wait_until(answers, what="moto", timeout_s=_START_S)
        yield f"http://127.0.0.1:{port}"


def s3_environment(url: str) -> dict[str, str]:
    """What a client of that server needs in its environment."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Cutting:
    """Forwards connections to a port, and cuts the first ones after so many bytes from there.

    Attributes:
        port: where it listens.
        after_bytes: changes what the next ones get.
        cut: how many were cut.
    """

    def __init__(self, to_port: int, after_bytes: int, times: int) -> None:
        self.cut = 0
        self._to_port, self.after_bytes, self._times = to_port, after_bytes, times
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Cutting:
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to_port))
                for source, target, counted in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._forward, args=(source, target, counted), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                passed += len(data)
                if counted and passed > self.after_bytes and self.cut < self._times:
                    self.cut += 1
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class _Files(BaseHTTPRequestHandler):
    """Files of a directory, with ranges; `?status=` answers with that status and the error that S3 would send."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: object, directory: Path, **kwargs: object) -> None:
        self._directory = directory
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        file = self._directory / path.lstrip("/")
        if query.startswith("status="):
            self._send(int(query.removeprefix("status=")[:3]), b"<Error><Message>Request has expired</Message></Error>")
        elif not file.is_file():
            self._send(404, b"")
        else:
            data = file.read_bytes()
            begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            self._send(206 if begin else 200, data[begin:], file.stat().st_mtime)

    def _send(self, status: int, body: bytes, modified: float | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if modified is not None:
            self.send_header("Last-Modified", self.date_time_string(int(modified)))
            self.send_header("ETag", f'"{modified}"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@contextlib.contextmanager
def web_server(directory: Path, certificates: Certificates | None = None) -> Iterator[str]:
    """A web server of a directory's files; with certificates behind TLS. Yields its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, directory=directory)) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # connections that were cut
        if certificates is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.server / "cert.pem", certificates.server / "key.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"{'https' if certificates else 'http'}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
