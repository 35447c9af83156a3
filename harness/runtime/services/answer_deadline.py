"""The end of an answer that a server sends byte by byte: each byte starts the time-out of a socket anew."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any

import pymysql

from harness.base.background import alarm

_GRACE_S = 1.0
"""The time-out of the socket comes first, which says by itself what took too long."""


def cut(connection: pymysql.Connection[Any]) -> None:
    """End a connection whatever it is doing: who waits for its answer gets an error."""
    with suppress(OSError, AttributeError):  # it may be closed by now
        connection._sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]


@contextmanager
def deadline(connection: pymysql.Connection[Any], limit_s: float | None) -> Iterator[Event]:
    """Close the connection's socket after `limit_s` seconds, whatever came until then; None for never.

    What comes back is set if it was closed.
    """
    if limit_s is None:
        yield Event()
        return
    with alarm(limit_s + _GRACE_S, lambda: cut(connection)) as passed:
        yield passed
