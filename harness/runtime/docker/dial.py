"""The SDK over connections that a program makes: through ssh, or through TLS.

Whatever the way is, the SDK and the command streams get one end of a local pair of sockets, with all that a
socket can: one direction can be closed alone, which is how the engine learns that a command's input ends.
The SDK's own ssh pipes and Python's TLS sockets cannot do that.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import docker
import requests
import urllib3
import urllib3.connection
from docker.transport import UnixHTTPAdapter
from docker.transport.basehttpadapter import BaseHTTPAdapter

_BASE_URL = "http+docker://dialed"
_KEPT_OPEN = 2
"""Idle connections that are kept. An ssh server allows ten channels by default (MaxSessions, sshd_config(5))."""

_OLDEST_API = "1.41"
"""Of engine 20.10. It is only spoken until the engine has sent its own version."""


class Dialer(Protocol):
    """Makes connections to one engine."""

    def dial(self) -> socket.socket:
        """A new connection. Raises OSError, or EngineUnavailable with the reason in words."""

    def reason(self) -> str:
        """Why connections break off, as far as the way to the engine reported it; else nothing."""

    def close(self) -> None:
        """End every connection."""


class _Connection(urllib3.connection.HTTPConnection):
    def __init__(self, *args: Any, dialer: Dialer, **options: Any) -> None:
        super().__init__(*args, **options)
        self._dialer = dialer

    def connect(self) -> None:
        self.sock = self._dialer.dial()
        self.sock.settimeout(self.timeout)


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _Adapter(BaseHTTPAdapter):
    """What `requests` sends through; proxies and certificates are the dialer's business."""

    def __init__(self, dialer: Dialer) -> None:
        super().__init__()
        self.dialer = dialer
        self._pool = _Pool("engine", maxsize=_KEPT_OPEN, dialer=dialer)

    def get_connection(self, _url: str | bytes, _proxies: object = None) -> urllib3.HTTPConnectionPool:
        return self._pool

    def request_url(self, request: Any, _proxies: object) -> str:
        return str(request.path_url)

    def close(self) -> None:
        super().close()
        self._pool.close()
        self.dialer.close()


class _NoEngine:
    """A way to an engine at whose end nobody is any more."""

    def dial(self) -> socket.socket:
        raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))

    def reason(self) -> str:
        return ""

    def close(self) -> None: ...


def connection_to(client: docker.DockerClient) -> socket.socket:
    """A connection of one's own to a client's engine, the way that the client's calls go.

    Raises:
        requests.ConnectionError: nobody answers there.
    """
    api: Any = client.api
    adapter = api.get_adapter(api.base_url)
    try:
        if isinstance(adapter, _Adapter):
            return adapter.dialer.dial()
        if isinstance(adapter, UnixHTTPAdapter):
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(adapter.socket_path)
            except BaseException:
                connection.close()
                raise
            return connection
        address = urlsplit(api.base_url)
        return socket.create_connection((address.hostname, address.port))
    except OSError as error:
        raise requests.ConnectionError(error) from error


@contextmanager
def cut_off(client: docker.DockerClient) -> Iterator[None]:
    """Let no connection of this client reach its engine for the block; everybody else's do. For faults.

    Streams that are open already go on.
    """
    api: Any = client.api
    api.mount(api.base_url, _Adapter(_NoEngine()))  # the longest prefix of an address decides
    try:
        yield
    finally:
        del api.adapters[api.base_url]


def client_over(dialer: Dialer, *, timeout_s: float) -> docker.DockerClient:
    """A client of the engine at the other end, after it has answered; closing it closes the dialer.

    Args:
        timeout_s: limit of each call.
    """
    adapter = _Adapter(dialer)

    def client_for(version: str) -> docker.DockerClient:
        # With a version the SDK asks nothing yet, so that the adapter can be put in first.
        client = docker.DockerClient(base_url="tcp://127.0.0.1:2375", version=version, timeout=int(timeout_s))
        client.api.mount("http+docker://", adapter)
        client.api.base_url = _BASE_URL
        return client

    try:
        return client_for(str(client_for(_OLDEST_API).version(api_version=False)["ApiVersion"]))
    except BaseException:
        adapter.close()
        raise
