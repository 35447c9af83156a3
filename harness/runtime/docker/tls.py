"""Connections to an engine at `tcp://` with TLS.

Python's TLS sockets cannot close one direction alone, and must not be read and written by two threads at once. Here
one thread holds the TLS side of a connection, and passes on to a local pair of sockets, which can do both.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from pathlib import Path

from harness.base.errors import UsageError
from harness.runtime.services.execution import CHUNK_BYTES

_CONNECT_S = 10.0
_END_S = 5.0


def tls_context(directory: Path, *, verify: bool) -> ssl.SSLContext:
    """TLS with what the Docker client keeps in such a directory: ca.pem, cert.pem, key.pem; all but one may be missing.

    Args:
        verify: whether the engine's certificate has to be one of ca.pem's (the system's without a ca.pem), and
            has to be for its host.

    Raises:
        UsageError: the directory holds none of them, or one cannot be used.
    """
    authority, certificate, key = (directory / name for name in ("ca.pem", "cert.pem", "key.pem"))
    if not authority.exists() and not certificate.exists():
        raise UsageError(
            f"{directory} lacks ca.pem, or cert.pem with key.pem, for TLS",
            "Set DOCKER_CERT_PATH to the directory of the certificates.",
        )
    try:
        context = ssl.create_default_context(cafile=str(authority) if authority.exists() else None)
        if certificate.exists():
            context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"cannot use the certificates in {directory}: {error}") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class TlsDialer:
    """Connections to the engine at one address.

    Args:
        host: name or address, which the engine's certificate is for.
        port: of TCP.
        context: see `tls_context`.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._bridges: list[_Bridge] = []
        self._lock = threading.Lock()
        self._reason = ""

    def dial(self) -> socket.socket:
        wire = socket.create_connection((self._host, self._port), _CONNECT_S)
        try:
            bridge = _Bridge(wire, self._context, self._host)
        except BaseException:
            wire.close()
            raise
        with self._lock:
            self._note()
            self._bridges = [one for one in self._bridges if one.alive()]
            self._bridges.append(bridge)
        return bridge.near

    def reason(self) -> str:
        with self._lock:
            self._note()
            return self._reason

    def close(self) -> None:
        with self._lock:
            self._note()
            for bridge in self._bridges:
                bridge.close()
            self._bridges = []

    def _note(self) -> None:
        self._reason = next((one.broken for one in reversed(self._bridges) if one.broken), self._reason)


class _Bridge:
    """One connection: plain at its near end, TLS on the wire."""

    def __init__(self, wire: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._wire = wire
        self._coming, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._coming, self._going, server_hostname=host)
        self.broken = ""
        self._shake_hands()
        self.near, self._far = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._wire.shutdown(socket.SHUT_RDWR)
        self._thread.join(_END_S)

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._wire.sendall(self._going.read())
                data = self._wire.recv(CHUNK_BYTES)
                self._coming.write(data) if data else self._coming.write_eof()
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self._wire.sendall(self._going.read())  # the alert that tells the engine why
                raise
            else:
                self._wire.sendall(self._going.read())
                return

    def _serve(self) -> None:
        with self._wire, self._far:
            self._wire.setblocking(False)
            self._far.setblocking(False)
            try:
                self._pass_on()
            except ssl.SSLError as error:
                self.broken = str(error.reason or error).lower().replace("_", " ")
            except OSError as error:
                self.broken = (error.strerror or str(error)).lower()

    def _pass_on(self) -> None:
        """Pass both directions on until the engine has ended its own, or the near end is closed.

        Each side is read only when what came from it has gone on, so that nothing piles up here.
        """
        to_near, to_wire = memoryview(b""), memoryview(b"")
        near_sends, near_end_told = True, False
        while True:
            if not to_near:
                data = self._decrypted()
                if data == b"":
                    self._far.shutdown(socket.SHUT_WR)
                    return
                to_near = memoryview(data or b"")
            if not near_sends and not near_end_told and not to_near:
                near_end_told = True
                self._tell_end()
            to_wire = to_wire or memoryview(self._going.read())
            wire, far = self._ready(
                (select.POLLOUT if to_wire else 0) | (0 if to_near else select.POLLIN),
                (select.POLLOUT if to_near else 0) | (select.POLLIN if near_sends and not to_wire else 0),
            )
            if far & select.POLLIN:
                if plain := self._far.recv(CHUNK_BYTES):
                    self._tls.write(plain)
                else:
                    near_sends = False
            elif far & (select.POLLHUP | select.POLLERR):
                return
            elif far & select.POLLOUT:
                to_near = to_near[self._far.send(to_near) :]
            if wire & select.POLLOUT:
                to_wire = to_wire[self._wire.send(to_wire) :]
            elif wire:
                data = self._wire.recv(CHUNK_BYTES)
                self._coming.write(data) if data else self._coming.write_eof()

    def _ready(self, wire_for: int, far_for: int) -> tuple[int, int]:
        """Wait until a side is ready for what is wanted of it, or the near end is closed; what each is ready for."""
        poll = select.poll()
        poll.register(self._far, far_for)
        if wire_for:  # a wire that has ended, and is not to be read now, would be told again and again
            poll.register(self._wire, wire_for)
        ready = dict(poll.poll())
        return ready.get(self._wire.fileno(), 0), ready.get(self._far.fileno(), 0)

    def _decrypted(self) -> bytes | None:
        """What the engine sent: None where there is nothing yet, empty where nothing follows."""
        try:
            return self._tls.read(CHUNK_BYTES)
        except ssl.SSLWantReadError:
            return None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def _tell_end(self) -> None:
        """Say that nothing follows. The engine may go on, so its own end is not waited for.

        All that came has been read before: OpenSSL takes data that it meets here for an error.
        """
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
