"""Faults of the restore's environment: what happens around the documented steps while they are carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Annotated, Literal

from pydantic import Field

from harness.base.errors import HarnessError
from harness.base.wait import wait_until
from harness.faults.context import FaultContext
from harness.faults.fault import Damage, FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import must_succeed, run
from harness.runtime.services.mysql import granted_name, quote_name

FAULTS = FaultFamily("restore", InjectionPoint.DATABASE)

_NEEDS_ROOT = "Mounting needs root."


class AfterOptions(FaultOptions):
    """When it happens.

    Args:
        after_bytes: so much of the script has been sent; the smallest data has a script of some 280,000 bytes.
    """

    after_bytes: Annotated[int, Field(ge=0)] = 100_000


class DiskOptions(FaultOptions):
    """How much room there is.

    Args:
        size_bytes: of the file system that holds the storage directory.
    """

    size_bytes: Annotated[int, Field(gt=0)] = 65_536


class PrivilegeOptions(FaultOptions):
    """Which privilege the restoring account does not have."""

    privilege: Annotated[str, Field(pattern=r"^[A-Z]+( [A-Z]+)*$")] = "TRIGGER"


class VariableOptions(FaultOptions):
    """Which variable of the target's server is another one than the source's.

    Args:
        variable: one of those that change what rows and names mean.
        value: of it, as a text.
    """

    variable: Literal["sql_mode", "time_zone", "max_allowed_packet"] = "sql_mode"
    value: str = "STRICT_TRANS_TABLES"


def _when_sent(do: Callable[[FaultContext], None]) -> Damage:
    """A fault that happens when so much of the script has been sent."""

    def inject(context: FaultContext, rng: Random, options: AfterOptions) -> None:
        context.script.when_sent(options.after_bytes, lambda: do(context))

    return inject


@FAULTS.fault("mysql-killed", "MySQL is killed while the dump is loading.")
@_when_sent
def kill(context: FaultContext) -> None:
    context.stack.server_controls["mysql"].kill()
    context.changed("process", "mysql", f"killed after {context.script.sent_bytes} bytes of the dump")


@FAULTS.fault("mysql-restarted", "MySQL is killed while the dump is loading, and comes back.")
@_when_sent
def restart(context: FaultContext) -> None:
    control = context.stack.server_controls["mysql"]
    control.kill()
    control.restart()
    context.changed("process", "mysql", f"killed and restarted after {context.script.sent_bytes} bytes of the dump")


@FAULTS.fault("connection-cut", "The connection is lost while the dump is loading.")
@_when_sent
def cut(context: FaultContext) -> None:
    mysql = context.stack.mysql
    with mysql.session() as session:

        def connections() -> list[int]:
            found = session.rows("SELECT id FROM information_schema.processlist WHERE user = %s", (mysql.app.user,))
            return [int(number) for (number,) in found]

        # The client connects on its own time; what is sent before that waits for it.
        for number in wait_until(
            lambda: connections() or None, what="the client's connection", timeout_s=context.limits.mysql_ready_s
        ):
            session.execute(f"KILL {number}")
            context.changed("connection", mysql.app.user, f"cut after {context.script.sent_bytes} bytes of the dump")


@FAULTS.fault("app-writes-during-restore", "The application runs while the dump is loading.")
@_when_sent
def restart_application(context: FaultContext) -> None:
    """Start the application in the middle, and let somebody visit it, which writes a row."""
    apiary = context.stack.apiary
    apiary.lifecycle.start()
    status = apiary.get("/").status
    context.changed(
        "process", "apiary", f"started after {context.script.sent_bytes} bytes of the dump; a visitor got {status}"
    )


@FAULTS.fault("disk-full", "The disk has no space for the files.", InjectionPoint.FILES, runtime="process")
def fill_disk(context: FaultContext, rng: Random, options: DiskOptions) -> Iterator[None]:
    """Put the storage directory on a file system that is too small for the files (needs root, no containers)."""
    host, root = context.stack.apiary.storage_host, context.stack.apiary.storage_root
    if not isinstance(host, LocalHost):
        raise HarnessError("a file system can only be mounted on this machine", "Run it with --runtime process.")
    size = f"size={options.size_bytes}"
    argv = ["mount", "-t", "tmpfs", "-o", f"{size},mode=0777", "apiary-drill-fault", root]
    must_succeed(run(host, argv), _NEEDS_ROOT)
    try:
        context.changed("disk", "storage/app", f"on a file system of {options.size_bytes} bytes")
        yield
    finally:
        must_succeed(run(host, ["umount", "--lazy", root]), _NEEDS_ROOT)


@FAULTS.fault("target-not-empty", "The target contains a table of another owner.", InjectionPoint.TARGET)
def leave_rows(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    mysql = context.stack.mysql
    with mysql.session() as session:
        session.execute(f"CREATE TABLE {quote_name(mysql.database, 'leftover')} (id INT PRIMARY KEY)")
        session.execute(f"INSERT INTO {quote_name(mysql.database, 'leftover')} VALUES (1), (2)")
    context.changed("table", "leftover", "added with 2 rows")


@FAULTS.fault("privilege-missing-at-target", "The restoring account lacks a privilege.")
def revoke(context: FaultContext, rng: Random, options: PrivilegeOptions) -> None:
    mysql = context.stack.mysql
    with mysql.session() as session:
        hosts = session.rows("SELECT host FROM mysql.user WHERE user = %s", (mysql.app.user,))
        for host in [str(found) for (found,) in hosts]:
            session.execute(
                f"REVOKE {options.privilege} ON {granted_name(mysql.database)}.* FROM %s@%s", (mysql.app.user, host)
            )
            context.changed("privilege", options.privilege, f"taken from {mysql.app.user}")


@FAULTS.fault(
    "other-server-settings", "The target server has a different setting than the source.", InjectionPoint.TARGET
)
def set_variable(context: FaultContext, rng: Random, options: VariableOptions) -> None:
    """Give the target's server another setting than the source's had; connections of later have it."""
    asked = f"SELECT @@GLOBAL.{options.variable}"
    with context.stack.mysql.session() as session:
        before = session.value(asked)
        session.execute(f"SET GLOBAL {options.variable} = %s", (options.value,))
        if session.value(asked) != before:
            context.changed("variable", options.variable, f"{options.value} on the target's server")
