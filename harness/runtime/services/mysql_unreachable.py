"""What to do about a server that cannot be connected to, for each way in which that happens."""

from __future__ import annotations

import socket
import ssl

import pymysql

_ACCESS_DENIED, _NOT_FROM_HERE, _UNKNOWN_DATABASE = (1045, 1698), (1130,), (1044, 1049)
_TLS_MISSING, _TOO_MANY, _BLOCKED = (2026,), (1040, 1203), (1129,)
_TLS_REQUIRED = "require_secure_transport"
"MySQL's and MariaDB's error references; 2026 is PyMySQL's word for a server without TLS."


NO_SOCKET = "Check --mysql-socket: SELECT @@socket shows the path, and the server has to run on this machine."


def remedies(error: pymysql.MySQLError, *, user: str, encrypted: bool, reached_by_socket: bool) -> tuple[str, ...]:
    """One sentence for each thing that may mend it.

    Args:
        encrypted: whether TLS was used where the server has it.
        reached_by_socket: whether the server was looked for at a socket.
    """
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, OSError):
        return _of_network(cause, reached_by_socket)
    code = error.args[0] if error.args else 0
    if code in _ACCESS_DENIED:
        hint = f"Check the password of {user!r}, and that the account may connect from this machine (its host part)."
        tls = "Where TLS is required, access is refused in the same words: give --mysql-ssl-mode required."
        return (hint,) if encrypted else (hint, tls)
    if code in _NOT_FROM_HERE:
        return (f"Create the account for this machine as well: CREATE USER {user!r}@'ADDRESS' …, and its GRANTs.",)
    if code in _UNKNOWN_DATABASE:
        return ("Check --database: SHOW DATABASES lists what the account sees; it needs SELECT on it.",)
    if _TLS_REQUIRED in str(error):
        return ("The server requires TLS: give --mysql-ssl-mode required, better --mysql-ssl-ca FILE.",)
    if code in _TLS_MISSING:
        return (
            "The server offers no TLS: configure ssl_cert and ssl_key there, or give --mysql-ssl-mode preferred "
            "where the network is trusted.",
        )
    if code in _TOO_MANY:
        return ("Back up at a quieter time, or raise max_connections.",)
    if code in _BLOCKED:
        return ("Run FLUSH HOSTS (MariaDB) or TRUNCATE performance_schema.host_cache (MySQL) as an administrator.",)
    return ()


def _of_network(cause: OSError, reached_by_socket: bool) -> tuple[str, ...]:
    if isinstance(cause, ssl.SSLCertVerificationError):
        if cause.verify_code in (62, 64):  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH
            return ("Give the name that is in the certificate as --mysql-host, or --mysql-ssl-mode verify_ca.",)
        if cause.verify_code == 10:  # X509_V_ERR_CERT_HAS_EXPIRED
            return ("The server's certificate has expired: renew it there.",)
        return (
            "--mysql-ssl-ca has to be the authority that signed the server's certificate; a server that made its own "
            "has it as ca.pem in its data directory.",
        )
    if isinstance(cause, ssl.SSLError):
        return ("Server and client agree on no TLS: check that it is a MySQL server, and its tls_version.",)
    if isinstance(cause, socket.gaierror):
        return ("Check --mysql-host: no address is known for this name.",)
    if reached_by_socket and isinstance(cause, FileNotFoundError | ConnectionRefusedError):
        return (NO_SOCKET,)
    if isinstance(cause, PermissionError):
        return ("Run as an account that may use the socket and its directory, or connect with --mysql-host.",)
    if isinstance(cause, ConnectionRefusedError):
        return ("No server listens there: check --mysql-host and --mysql-port, and the server's bind_address.",)
    if isinstance(cause, TimeoutError):
        return ("Nothing answers there: check --mysql-host, --mysql-port and the firewalls in between.",)
    return ()
