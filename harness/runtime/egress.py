"""Proof that a restored app has no way out: it is tried, from inside.

A restored Apiary sends mail and calls payment services (APIARY.md), so a copy that reaches the internet is an
incident. The probes need `getent`, `timeout` and `bash`, which every Debian image has.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from harness.base.model import EgressAttempt
from harness.runtime.services.execution import Host, run

NAMES: tuple[str, ...] = ("example.com", "connect.squareup.com")
"Looked up: a name that always exists (RFC 2606), and the payment service that Apiary calls."

ADDRESSES: tuple[tuple[str, int], ...] = (("1.1.1.1", 443), ("8.8.8.8", 53), ("9.9.9.9", 443))
"Connected to: public name servers by address, so that no lookup is needed; no data is sent."

_TRY_S = 3
_NO_ANSWER = 124
"""Exit status of `timeout` when it had to end its command."""


def attempts_from(
    host: Host, *, names: Sequence[str] = NAMES, addresses: Sequence[tuple[str, int]] = ADDRESSES
) -> tuple[EgressAttempt, ...]:
    """Try to get out of the place where a host's commands run: names and addresses in their order, all at once.

    A way that is closed shows only when the time is up, so the attempts wait together.
    """
    with ThreadPoolExecutor(max_workers=max(1, len(names) + len(addresses))) as together:
        lookups = [together.submit(_lookup, host, name) for name in names]
        connections = [together.submit(_connection, host, address, port) for address, port in addresses]
        return tuple(attempt.result() for attempt in (*lookups, *connections))


def _lookup(host: Host, name: str) -> EgressAttempt:
    status, message = _try(host, ["getent", "ahosts", name])
    # 2: the name could not be found (getent's manual page).
    unknown = "" if status in (0, 2, _NO_ANSWER) else f"getent could not run: {message}"
    return EgressAttempt("lookup", name, status == 0, unknown, f"exit status {status}")


def _connection(host: Host, address: str, port: int) -> EgressAttempt:
    target = f"{address}:{port}"
    status, message = _try(host, ["bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}"])
    # A refusal came from somewhere: the packet got there, even if nobody listens.
    reached = status == 0 or "Connection refused" in message
    unknown = "" if status in (0, 1, _NO_ANSWER) else f"bash could not run: {message}"
    return EgressAttempt("connection", target, reached, unknown, message or f"exit status {status}")


def _try(host: Host, argv: list[str]) -> tuple[int, str]:
    completed = run(host, ["timeout", str(_TRY_S), *argv], timeout_s=_TRY_S + 10)
    message = completed.stderr.strip().splitlines()
    return completed.exit_status, message[-1] if message else ""
