"""Commands in a container as streams: the Host of the Docker runtime.

One connection to the engine carries a command's three streams (Docker's multiplexed attach protocol, Engine
API "Attach to a container": an 8-byte header with the stream and the length, then the bytes). It works
whatever way leads to the engine, so nothing has to be mounted or copied.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import docker
import docker.errors
import requests

from harness.base.errors import MissingProgram, ServerFailed, WaitTimeout
from harness.base.wait import wait_until
from harness.runtime.docker.client import engine_errors
from harness.runtime.docker.dial import connection_to
from harness.runtime.process.host import BoundedText
from harness.runtime.services.execution import CHUNK_BYTES, STDERR_LIMIT_BYTES, Completed

_MARK = "APIARY_DRILL_EXEC"
"""Environment variable by which a command, and what it started, is found again to be ended."""

_STDERR = 2
_END_S = 10.0
_STUCK_S = 0.5
"""How long input may stand still before the engine is asked whether the command still runs."""

_DRAIN_S = 3.0
"""The engine itself waits two seconds for the output of a command that has ended (daemon/monitor.go)."""

# Kills every process whose environment holds the mark. It needs a shell and grep, which every image has that
# has tar. The mark comes as an argument, so that this script does not find itself.
_KILL = 'for p in /proc/[0-9]*; do grep -q "$0" "$p/environ" 2>/dev/null && kill -9 "${p#/proc/}"; done; true'


class ContainerCommand:
    """A command that runs in a container.

    A thread takes the engine's stream apart: stderr is kept, stdout goes into a pipe, which is full when
    nobody reads it, as it would be on this machine.
    """

    def __init__(self, host: ContainerHost, exec_id: str, argv: Sequence[str], mark: str, user: str) -> None:
        self._host = host
        self._exec_id = exec_id
        self._argv = tuple(argv)
        self._mark = mark
        self._user = user
        self._stderr = BoundedText(STDERR_LIMIT_BYTES)
        self._stdin_open = True
        with engine_errors(f"running {argv[0]}"):
            self._stream, self._socket = _attach(host.client, exec_id)
        read_end, self._write_end = os.pipe()
        self._stdout = os.fdopen(read_end, "rb")
        self._pump = threading.Thread(target=self._take_apart, daemon=True)
        self._pump.start()

    def __enter__(self) -> ContainerCommand:
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            running = self._running()
            # A pump that waits for a reader, or for the engine, is woken by these two; so is an engine that
            # would not note the end of a command before all its output is taken.
            self._stdout.close()
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            if running:
                self._kill()
        finally:
            self._stdout.close()
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._pump.join(_END_S)
            self._stream.close()
            self._socket.close()

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                if not self._writable():
                    self._must_read()
                    continue
                rest = rest[self._socket.send(rest, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                continue
            except ConnectionError as error:
                raise BrokenPipeError(*error.args) from error

    def close_stdin(self) -> None:
        if self._stdin_open:
            self._stdin_open = False
            with contextlib.suppress(OSError):  # the command ended before its input did
                self._socket.shutdown(socket.SHUT_WR)

    def chunks(self) -> Iterator[bytes]:
        # read1 gives what is there, so that a reader sees the first bytes when they come.
        while chunk := self._stdout.read1(CHUNK_BYTES):
            yield chunk

    def kill(self) -> None:
        try:
            self._kill()
        finally:
            # Whoever reads or writes is let go, also where the engine could not end the command.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def wait(self, timeout_s: float) -> Completed:
        deadline = time.monotonic() + timeout_s
        self._pump.join(timeout_s)
        if self._pump.is_alive():
            self._out_of_time(timeout_s)
        try:
            # The stream can end a moment before the engine has noted the exit status.
            wait_until(
                lambda: not self._running(),
                what=self._argv[0],
                timeout_s=max(1.0, deadline - time.monotonic()),
                interval_s=0.01,
            )
        except WaitTimeout:
            self._out_of_time(timeout_s)
        status = int(self._inspect()["ExitCode"])
        stderr = self._stderr.text()
        if status in (126, 127) and "OCI runtime exec failed" in stderr:
            raise MissingProgram(
                f"cannot run {self._argv[0]!r}: no such program in container {self._host.name}", details=stderr
            )
        return Completed(self._argv, status, b"", stderr)

    def _writable(self) -> bool:
        poll = select.poll()
        poll.register(self._socket, select.POLLOUT)
        return bool(poll.poll(_STUCK_S * 1000))

    def _must_read(self) -> None:
        """Raise BrokenPipeError if nobody will ever read: the engine itself keeps a pipe without a reader.

        Engine 20.10 goes on holding the input of a command that has ended for two minutes, and with it the
        end of the output; what the command wrote is there long before.
        """
        if not self._running():
            self._pump.join(_DRAIN_S)
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            raise BrokenPipeError(f"{self._argv[0]} exited before it had read its input")

    def _out_of_time(self, timeout_s: float) -> None:
        raise WaitTimeout(
            f"timed out after {timeout_s:g} s waiting for {self._argv[0]} to end", details=self._stderr.text()
        )

    def _take_apart(self) -> None:
        try:
            with os.fdopen(self._write_end, "wb", buffering=0) as stdout:
                while len(header := self._stream.read(8)) == 8:
                    kind, size = struct.unpack(">BxxxL", header)
                    data = self._stream.read(size)
                    # A program that cannot be started is reported on stdout, too (engine 20.10).
                    if kind == _STDERR or data.startswith(b"OCI runtime exec failed"):
                        self._stderr.add(data)
                        continue
                    while data:
                        data = data[stdout.write(data) :]
        except (OSError, ValueError) as error:
            # Left early: the reader of the pipe, or the connection, is gone. `wait` asks the engine.
            self._stderr.add(b"" if isinstance(error, BrokenPipeError) else str(error).encode())

    def _inspect(self) -> dict[str, Any]:
        with engine_errors(f"asking how {self._argv[0]} ended"):
            try:
                answer: dict[str, Any] = self._host.client.api.exec_inspect(self._exec_id)
            except docker.errors.NotFound:
                # The engine forgets a command together with its container.
                return {"Running": False, "ExitCode": 137}
            return answer

    def _running(self) -> bool:
        return bool(self._inspect()["Running"])

    def _kill(self) -> None:
        """End the command and what it started; the engine itself would let it go on."""
        api = self._host.client.api
        with engine_errors(f"ending {self._argv[0]}"):
            try:
                killer = api.exec_create(self._host.container_id, ["/bin/sh", "-c", _KILL, self._mark], user=self._user)
                api.exec_start(killer["Id"], detach=True)
            except docker.errors.APIError as error:
                if error.status_code not in (404, 409):
                    raise
                return  # no container any more, or none that runs: the command went with it
        with contextlib.suppress(WaitTimeout):
            wait_until(lambda: not self._running(), what=self._argv[0], timeout_s=_END_S, interval_s=0.01)


def _attach(client: docker.DockerClient, exec_id: str) -> tuple[BinaryIO, socket.socket]:
    """Start a command on a connection of its own; return the stream to read and the socket to write to.

    The SDK's `exec_start` keeps both ends of its connection to itself, and what came with the answer's headers.
    """
    path = f"/v{client.api.api_version}/exec/{exec_id}/start"
    body = b'{"Detach": false, "Tty": false}'
    headers = "Host: engine", "Connection: Upgrade", "Upgrade: tcp", "Content-Type: application/json"
    request = "\r\n".join((f"POST {path} HTTP/1.1", *headers, f"Content-Length: {len(body)}", "\r\n"))
    with contextlib.ExitStack() as on_failure:
        connection = on_failure.enter_context(connection_to(client))
        stream = on_failure.enter_context(connection.makefile("rb"))
        try:
            connection.settimeout(client.api.timeout)
            connection.sendall(request.encode() + body)
            status = stream.readline().split(maxsplit=2)
            answer = http.client.parse_headers(stream)
        except (OSError, http.client.HTTPException) as error:
            raise requests.ConnectionError(error) from error
        if len(status) < 2:
            raise requests.ConnectionError("the engine closed the connection")
        if status[1] not in (b"101", b"200"):
            message = stream.read(int(answer["Content-Length"] or 0)).decode("utf-8", "replace")
            with contextlib.suppress(ValueError, KeyError, TypeError):  # as a proxy may answer
                message = json.loads(message)["message"]
            raise docker.errors.APIError(f"status {status[1].decode()}", explanation=message)
        connection.settimeout(None)
        on_failure.pop_all()
    return stream, connection


@dataclass(frozen=True, slots=True)
class ContainerHost:
    """Starts commands in a running container, with its environment, work directory and user.

    Args:
        client: of the engine that the container is on.
        env: is added to the container's own environment.
        cwd: work directory, or None for the container's own.
        user: numeric user where a command asks for none; empty for the container's own.
    """

    client: docker.DockerClient
    container_id: str
    name: str
    env: Mapping[str, str] | None = None
    cwd: str | None = None
    user: str = ""

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: bool = False, user: str | None = None
    ) -> ContainerCommand:
        """Start a command. Raises ServerFailed: the container is not running, or the engine refused."""
        mark = secrets.token_hex(12)
        user = self.user if user is None else user
        with engine_errors(f"running {argv[0]} in container {self.name}"):
            try:
                created = self.client.api.exec_create(
                    self.container_id,
                    list(argv),
                    stdin=stdin,
                    environment={"LANG": "C.UTF-8", **(self.env or {}), **(env or {}), _MARK: mark},
                    user=user,
                    workdir=self.cwd,
                )
            except docker.errors.APIError as error:
                if error.status_code in (404, 409):
                    raise ServerFailed(f"cannot run {argv[0]}: container {self.name} is not running") from error
                raise
        return ContainerCommand(self, str(created["Id"]), argv, mark, user)
