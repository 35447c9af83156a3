"""How a server that the harness did not start is reached: over TCP or a socket, and what TLS has to prove."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.base.errors import UsageError

MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")
"""As MySQL's clients call them (--ssl-mode), from nothing to the server's certificate with its name."""

_VERIFIED = ("verify_ca", "verify_identity")


class _OfSystem:
    """An account that the server knows by the system's own, as root of Debian's packages: nothing has to be proven.

    PyMySQL asks for the name of each method of authentication that is not its own.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def authenticate(self, packet: object) -> Any:
        """Answer with nothing; the server asks the kernel."""
        self._connection.write_packet(b"")
        return self._connection._read_packet()


@dataclass(frozen=True)
class Transport:
    """The way to a server.

    Args:
        socket: path of its socket, instead of host and port.
        mode: one of MODES.
        ca: certificates of the authorities that the server's may be signed by.
        cert, key: the client's own certificate, where the account asks for one.
        mariadb_tools: whether the client tools are MariaDB's, whose options have other names.

    Raises:
        UsageError: a certificate cannot be read, or a mode that verifies has none to verify with.
    """

    socket: str = ""
    mode: str = "preferred"
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    mariadb_tools: bool = False

    def __post_init__(self) -> None:
        if self.mode in _VERIFIED and self.ca is None:
            raise UsageError(
                f"--mysql-ssl-mode {self.mode} needs --mysql-ssl-ca, the certificate of the authority",
                "The authorities that this system trusts are in /etc/ssl/certs/ca-certificates.crt on Debian.",
            )
        if self.mode != "disabled" and (self.ca or self.cert):
            _ = self.context  # a file that cannot be used is reported before anything begins

    @cached_property
    def context(self) -> ssl.SSLContext:
        """What a connection of the harness is encrypted with."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError, and its text is for programmers
            named = [str(each) for each in (self.ca, self.cert, self.key) if each is not None]
            reason = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else "not PEM, or no pair"
            raise UsageError(
                f"cannot use the certificates {', '.join(named)}: {reason}",
                "Give PEM files: --mysql-ssl-ca, and in a client options file ssl-cert with its ssl-key.",
            ) from error
        # Certificates that MySQL makes for itself lack extensions that this flag asks for (Python 3.13 sets it).
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = self.mode == "verify_identity"
        context.verify_mode = ssl.CERT_REQUIRED if self.mode in _VERIFIED else ssl.CERT_NONE
        return context

    def connection_arguments(self) -> dict[str, object]:
        """The same, as `pymysql.connect` takes it."""
        reached: dict[str, object] = {}
        if self.socket:
            by_system = dict.fromkeys(("unix_socket", "auth_socket"), _OfSystem)
            reached = {"unix_socket": self.socket, "auth_plugin_map": by_system}
        if self.mode == "disabled" or (self.mode == "preferred" and self.socket):
            return {**reached, "ssl_disabled": True}
        return reached if self.mode == "preferred" else {**reached, "ssl": self.context}

    def tool_arguments(self, host: str, port: int) -> list[str]:
        """The same, as a client tool takes it."""
        reached = (
            [f"--socket={self.socket}", "--protocol=SOCKET"]
            if self.socket
            else [f"--host={host}", f"--port={port}", "--protocol=TCP"]
        )
        files = [
            f"--ssl-{name}={path}" for name, path in (("ca", self.ca), ("cert", self.cert), ("key", self.key)) if path
        ]
        if not self.mariadb_tools:
            return [*reached, f"--ssl-mode={self.mode.upper()}", *files]
        if self.mode == "disabled" or (self.mode == "preferred" and self.socket):
            return [*reached, "--skip-ssl"]
        verify = "--ssl-verify-server-cert" if self.mode == "verify_identity" else "--skip-ssl-verify-server-cert"
        return [*reached, "--ssl", verify, *files]
