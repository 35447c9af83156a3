"""Faults of the application: the wrong key, a configuration that is stale, another version, a way out, no start."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from random import Random
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from harness.base.errors import HarnessError
from harness.faults.context import FaultContext
from harness.faults.fault import FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run

FAULTS = FaultFamily("app", InjectionPoint.RESTORED)


class StaleOptions(FaultOptions):
    """`variables`: what the cached configuration has otherwise than the environment."""

    variables: Annotated[tuple[Literal["APP_KEY", "MEILISEARCH_KEY"], ...], Field(min_length=1, strict=False)] = (
        "APP_KEY",
    )


class ReleaseOptions(FaultOptions):
    """`release` of the stand-in, as `STANDIN_RELEASE` names it."""

    release: str = "next"


class AddressOptions(FaultOptions):
    """`address`: one of those that the drill tries to connect to."""

    address: Literal["1.1.1.1", "8.8.8.8", "9.9.9.9"] = "1.1.1.1"


class NameOptions(FaultOptions):
    """`name`: one of those that the drill tries to look up."""

    name: Annotated[str, Field(pattern=r"^[a-z.]+$")] = "example.com"


@FAULTS.fault("wrong-app-key", "The application has a different APP_KEY than the source.", InjectionPoint.START)
def wrong_app_key(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    context.give_app(APP_KEY=_app_key(rng))
    context.changed("variable", "APP_KEY", "another one for the application's commands, from its start on")


@FAULTS.fault(
    "stale-config-cache",
    "The application uses a cached configuration that overrides its environment.",
    InjectionPoint.REINDEX,
    InjectionPoint.START,
)
def cache_configuration(context: FaultContext, rng: Random, options: StaleOptions) -> None:
    """Have the application cache a configuration that has other values than its environment."""
    made = {"APP_KEY": _app_key(rng), "MEILISEARCH_KEY": f"{rng.getrandbits(128):032x}"}
    _cache(context, {name: made[name] for name in options.variables})


@FAULTS.fault("newer-app", "The application is newer than the backup.", InjectionPoint.START)
def newer_release(context: FaultContext, rng: Random, options: ReleaseOptions) -> None:
    context.give_app(STANDIN_RELEASE=options.release)
    context.changed(
        "variable", "STANDIN_RELEASE", f"{options.release} for the application's commands, from its start on"
    )


@FAULTS.fault(
    "egress", "An external name resolves from inside the restored application.", InjectionPoint.TARGET, runtime="docker"
)
def open_lookup(context: FaultContext, rng: Random, options: NameOptions) -> None:
    """Let a name outside be found from inside the restored application; the address is one of RFC 5737."""
    host = context.stack.apiary.storage_host
    if isinstance(host, LocalHost):
        raise HarnessError("local processes have no network of their own", "Run it with --runtime docker.")
    added = run(host, ["sh", "-c", f'echo "192.0.2.1 {options.name}" >> /etc/hosts'], user="0")
    if added.exit_status != 0:
        raise HarnessError("the file of host names could not be changed", details=added.stderr)
    context.changed("network", options.name, "resolves to 192.0.2.1 from inside the application's network")


@FAULTS.fault(
    "egress-connection",
    "An external address is reachable from inside the restored application.",
    InjectionPoint.COLLECT,
    runtime="docker",
)
def open_connection(context: FaultContext, rng: Random, options: AddressOptions) -> Iterator[None]:
    """Let an address outside answer from inside the restored application."""
    # Whoever only reads a scenario does not wait for the Docker SDK.
    from harness.faults.egress import answering

    with answering(context.stack, options.address, ready_s=context.limits.app_ready_s) as target:
        context.changed("network", target, "answers from inside the application's network")
        yield


@FAULTS.fault(
    "app-does-not-start", "The application does not start after the restore.", InjectionPoint.START, runtime="process"
)
def break_start(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    """Take the port that the application wants, so that it ends as soon as it starts."""
    address = urlsplit(context.stack.apiary.url)
    assert address.hostname is not None
    assert address.port is not None
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((address.hostname, address.port))
        taken.listen()
        context.changed("port", "apiary", "taken by another process while the application starts")
        yield


@FAULTS.fault("left-in-maintenance", "The application is left in maintenance mode.")
def leave_down(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    context.stack.apiary.must_artisan("down")
    context.changed("application", "apiary", "in maintenance mode")


@FAULTS.fault("one-worker", "The application has a single worker, which waits for itself while it answers `/health`.")
def one_worker(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    """Serve the application with one worker: `/health` asks the application itself, and waits for ever."""
    _restart(context, PHP_CLI_SERVER_WORKERS="1")


@FAULTS.fault("closed-network", "The application's health report includes checks that a closed network cannot pass.")
def closed_network(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    """Run the application as its sandbox: `/health` then gives a report, of which a part needs the internet."""
    _restart(context, APP_ENV="sandbox")


@FAULTS.fault(
    "no-cas-host", "The application's login has no host configured, and every request ends with an empty page."
)
def no_cas_host(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    """Take the host of the login away: every page behind it ends silently, with 200 and without content."""
    _restart(context, CAS_HOSTNAME="", CAS_REAL_HOSTS="")


@FAULTS.fault("wrong-database-password", "The application's commands have a wrong password for the database.")
def wrong_database_password(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    context.give_app(DB_PASSWORD=f"{rng.getrandbits(128):032x}")
    context.changed("variable", "DB_PASSWORD", "another one for the application's commands, from now on")


def _restart(context: FaultContext, **variables: str) -> None:
    """Start the application again, with these variables in place of its own."""
    context.stack.apiary.lifecycle.stop()
    context.give_app()
    context.stack.apiary.lifecycle.start(variables)
    for name, value in variables.items():
        context.changed("variable", name, f"{value or 'nothing'} for the application, which was started again")


def _cache(context: FaultContext, values: dict[str, str]) -> None:
    context.stack.apiary.must_artisan("config:cache", env=values)
    for name in values:
        context.changed("configuration", name, "cached with another value than the environment has")


def _app_key(rng: Random) -> str:
    return "base64:" + base64.b64encode(rng.randbytes(32)).decode()
