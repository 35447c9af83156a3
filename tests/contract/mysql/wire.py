"""What a client sends to a server: a relay between them that keeps the text of each query, byte for byte."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_QUERY, _USE = b"\x03", b"\x02"
_QUERY_ATTRIBUTES = 1 << 27
"""Of the client's capabilities: before its text, a query has the number of its attributes (0) and of their sets (1)."""


@dataclass
class Relay:
    """Where the client connects to, and what it sent."""

    port: int
    queries: list[bytes] = field(default_factory=list)
    used: list[bytes] = field(default_factory=list)
    """Databases that the client chose with a command of the protocol."""


@contextmanager
def relayed(host: str, port: int) -> Iterator[Relay]:
    """Take the connections of clients, one after the other, and pass them on; without TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        relay = Relay(listening.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listening, (host, port), relay), daemon=True)
        thread.start()
        yield relay
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(listening: socket.socket, server: tuple[str, int], relay: Relay) -> None:
    with suppress(OSError):
        while True:
            client = listening.accept()[0]
            with client, socket.create_connection(server) as behind:
                answers = threading.Thread(target=_answer, args=(behind, client), daemon=True)
                answers.start()
                with suppress(OSError):
                    _follow(client, behind, relay)
                with suppress(OSError):
                    behind.shutdown(socket.SHUT_WR)
                answers.join()


def _answer(server: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while data := server.recv(1 << 16):
            client.sendall(data)
        client.shutdown(socket.SHUT_WR)


def _follow(client: socket.socket, server: socket.socket, relay: Relay) -> None:
    """Pass on the packets of one connection: three bytes of length, a number that begins at 0 for a command, a body."""
    attributes = None
    with client.makefile("rb") as packets:
        while len(head := packets.read(4)) == 4:
            body = packets.read(int.from_bytes(head[:3], "little"))
            if attributes is None:
                attributes = bool(int.from_bytes(body[:4], "little") & _QUERY_ATTRIBUTES)
            elif head[3] == 0 and body[:1] == _QUERY:
                relay.queries.append(body[3:] if attributes else body[1:])
            elif head[3] == 0 and body[:1] == _USE:
                relay.used.append(body[1:])
            server.sendall(head + body)
