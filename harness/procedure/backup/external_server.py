"""Backing up an operator's own servers: what can be known of them first, and how they are stopped and started."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness.base.errors import MissingProgram, ProcedureFailed, UsageError, WaitTimeout
from harness.base.model import Component
from harness.runtime.services.execution import Host, run
from harness.runtime.services.mysql import MySqlServer, server_version

PRIVILEGES: dict[str, str] = {
    "SELECT": "rows cannot be read",
    "SHOW VIEW": "views are omitted, with an error",
    "TRIGGER": "triggers are silently omitted",
    "EVENT": "events are omitted, with an error",
    "LOCK TABLES": "a dump without --single-transaction is not possible",
    "PROCESS": "a dump with tablespaces is not possible",
    "RELOAD": "digests and dump cannot be taken of the very same moment",
}
"Privileges for a backup, and the effect of a missing one. Source: the manual's page on mysqldump."

NEEDED = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT")
"Without one of these the dump is incomplete. The others have an alternative, which the manifest names."

ROUTINES = ("SHOW_ROUTINE", "functions and procedures of other accounts are silently omitted")
"""Apiary has none, so a backup goes on without; MariaDB calls it SELECT on mysql.proc."""

_SHOW_ALL = {"ALL", "ALL PRIVILEGES", "SELECT", "SHOW_ROUTINE", "SHOW CREATE ROUTINE"}
_SHOW_HERE = {"ALL", "ALL PRIVILEGES", "EXECUTE", "CREATE ROUTINE", "ALTER ROUTINE", "SHOW CREATE ROUTINE"}
"""With one of these on the database routines are seen; where their text is not, the dump fails and says so."""

_COMMAND_LIMIT_S = 600.0
_OUTPUT_BYTES = 2000
"""The end of a command's output is reported; what it leaves running may write anything."""

_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def missing_privileges(grants: Iterable[str], database: str) -> tuple[str, ...]:
    """Those of PRIVILEGES that no grant gives on everything or on this database."""
    held: set[str] = set()
    for scope, granted in granted_on(grants):
        if scope == "*.*" or (scope.endswith(".*") and _means(scope.removesuffix(".*"), database)):
            held |= granted
    if "ALL PRIVILEGES" in held or "ALL" in held:
        return ()
    return tuple(name for name in PRIVILEGES if name not in held)


def hides_routines(grants: Iterable[str], database: str) -> bool:
    """Whether routines of others are neither dumped nor seen, so that nobody would know; arguments as above."""
    for scope, granted in granted_on(grants):
        if scope == "*.*" and granted & _SHOW_ALL:
            return False
        if scope in ("mysql.*", "mysql.proc") and granted & {"SELECT", "ALL PRIVILEGES"}:
            return False
        if scope.endswith(".*") and _means(scope.removesuffix(".*"), database) and granted & _SHOW_HERE:
            return False
    return True


def granted_on(grants: Iterable[str]) -> Iterator[tuple[str, set[str]]]:
    """What each line of SHOW GRANTS is on, such as `*.*`, and the privileges that it gives."""
    for grant in grants:
        match = re.match(r"GRANT (.+?) ON (\S+) TO ", grant)
        if match is not None:
            yield match.group(2).replace("`", ""), {part.strip().upper() for part in match.group(1).split(",")}


def _means(pattern: str, database: str) -> bool:
    """Whether the database of a grant is this one: `%` and `_` are wildcards there, a backslash takes that away."""
    parts = re.findall(r"\\.|.", pattern)
    wild = {"%": ".*", "_": "."}
    return re.fullmatch("".join(wild.get(part) or re.escape(part[-1]) for part in parts), database) is not None


def check_account(server: MySqlServer) -> tuple[tuple[str, str], ...]:
    """Check the account's privileges before anything is read.

    Returns:
        Pairs (privilege, what happens without it) for what is missing and can be done without.

    Raises:
        ServerFailed: no connection.
        UsageError: the database is not there, or a needed privilege is missing; names all of them.
    """
    with server.session() as session:
        grants = [str(grant) for (grant,) in session.rows("SHOW GRANTS")]
        there = session.value(
            "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = %s", (server.database,)
        )
    if not there:
        raise UsageError(
            f"the account {server.admin.user!r} does not see a database {server.database!r} on {server.address}",
            "Check --database: SHOW DATABASES lists what the account sees; it needs SELECT on it.",
        )
    missing = missing_privileges(grants, server.database)
    fatal = [name for name in missing if name in NEEDED]
    if fatal:
        lacking_text = "; ".join(f"{name} ({PRIVILEGES[name]})" for name in fatal)
        raise UsageError(
            f"the account {server.admin.user!r} lacks privileges for a complete backup: {lacking_text}",
            f"GRANT {', '.join(fatal)} ON `{server.database}`.* TO the account.",
        )
    lacking = tuple((name, PRIVILEGES[name]) for name in missing)
    return (*lacking, ROUTINES) if hides_routines(grants, server.database) else lacking


def component(server: MySqlServer) -> Component:
    """What the manifest says of a server that the harness did not start."""
    with server.session() as session:
        flavour, version = server_version(session)
    return Component("mysql", flavour, version, server.address, real=flavour == "MySQL")


def check_command(command: str, option: str, path: str | None) -> None:
    """Find out that a command cannot be run before the application is stopped with the other one.

    Args:
        path: `PATH` of the environment that it will have.

    Raises:
        UsageError: it cannot be.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(
            f"{option} {command!r}: {str(error).lower()}", "The command line is split like in a shell."
        ) from error
    if not words or shutil.which(words[0], path=path) is None:
        raise UsageError(
            f"{option} {command!r}: no executable program {(words[0] if words else '')!r}",
            "The command runs without a shell: give a program, and make a script executable (chmod +x).",
        )


@dataclass(frozen=True, slots=True)
class CommandLifecycle:
    """Stops and starts an application with the operator's own commands."""

    host: Host
    stop_command: str
    start_command: str

    def stop(self) -> None:
        """Run the stop command. Raises ProcedureFailed."""
        self._run(self.stop_command)

    def start(self) -> None:
        """Run the start command to its end, whoever wants to interrupt it. Raises ProcedureFailed."""
        with _uninterrupted():
            self._run(self.start_command, "The application may still be stopped: start it manually.")

    def running(self) -> bool:
        """Not known from here."""
        return False

    def _run(self, command: str, *hints: str) -> None:
        with tempfile.NamedTemporaryFile(prefix="apiary-drill-") as log:
            # Into a file: a server that the command leaves running keeps a pipe open, and nobody would see its end.
            argv = ["sh", "-c", 'exec "$@" >"$0" 2>&1', log.name, *shlex.split(command)]
            try:
                completed = run(self.host, argv, timeout_s=_COMMAND_LIMIT_S)
            except (MissingProgram, WaitTimeout) as error:
                raise ProcedureFailed(f"`{command}` failed: {error.fact}", *hints) from error
            if completed.exit_status != 0:
                log.seek(-min(_OUTPUT_BYTES, log.seek(0, os.SEEK_END)), os.SEEK_END)
                output = log.read().decode("utf-8", "replace")
                raise ProcedureFailed(
                    f"`{command}` failed with exit status {completed.exit_status}", *hints, details=output
                )


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let signals wait for nobody: an application that stays stopped is worse than a Ctrl-C that does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted
        return
    # A function and not SIG_IGN, which the command would inherit.
    before = {number: signal.signal(number, lambda *_: None) for number in _INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
