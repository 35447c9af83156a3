"""Running the script against the target database, while provably nobody else is connected."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.base.errors import ProcedureFailed, ServerFailed
from harness.base.limits import option_for
from harness.base.model import Finding, Severity
from harness.runtime.services.execution import Completed, feed, limited
from harness.runtime.services.mysql import MySqlServer, Session, waits_for_room
from harness.runtime.services.mysql_errors import DISK_FULL, disk_full, without_values

_MOST_REPORTED = 5
_REPORTED_CHARACTERS = 300

_DISK_FULL = frozenset(map(str, DISK_FULL))
_CONNECTION_LOST = frozenset({"2002", "2003", "2006", "2013", "2055"})
_CONNECTION_CUT = frozenset({"1053", "1927", "2013", "2055", "3169", "4031"})
"""The server, or something on the way, ended the connection; 2006 can also mean a statement that is too large."""
_LOOK_FOR_ROOM_S = 5.0
_KILLED = (-9, 137)
"""Exit statuses of a client that was killed: in a container it goes with its server, and says nothing."""


LOAD_OPTIONS = (
    "--binary-mode",
    "--local-infile=0",
    "--batch",
    "--comments",
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
)
"""Of the client that loads a script, in a drill as by hand.

`--binary-mode` lets raw bytes pass and takes away the client's own commands (`\\!`, `system`, …): a script must not get
a shell. `--local-infile=0`: nor may it have the client send a file of the operator's, whatever the server allows. The
client's packet limit is raised to the protocol's, so that the server's decides. `--comments` keeps the comments in
bodies of routines, which MariaDB's client (and older ones of MySQL) would take out, so that the restored body is the
one that was dumped.
"""


def client_arguments(server: MySqlServer) -> list[str]:
    """The command line of the load."""
    return [
        server.client,
        "--no-defaults",
        *server.tool_arguments(server.app),
        *LOAD_OPTIONS,
        f"--database={server.database}",
    ]


def run_script(
    server: MySqlServer, script: Iterable[bytes], *, packets_fit: bool = False, needed_bytes: int = 0
) -> tuple[str, ...]:
    """Run a script against the server's database as the application's own account.

    Args:
        script: the statements to run, as a stream.
        packets_fit: the largest statement was held against `max_allowed_packet` before, so that a connection
            that ends was cut.
        needed_bytes: how much the database takes about, for the error of a full disk; 0 where nobody knows.

    Returns:
        The client's output on stderr although it ended well, without values of rows; a healthy load says nothing.

    Raises:
        ProcedureFailed: the script failed, or somebody else was connected meanwhile.
        ServerFailed: the server went away, its disk is full, or the connection was cut.
    """
    with alone(server, lambda: 1) as watch:
        limit_s = server.command_s
        with (
            server.tools.start(client_arguments(server), env=server.tool_environment(server.app), stdin=True) as client,
            limited(client, limit_s, "the script", f"Allow it more time with {option_for('command_s')}."),
            ended_without_room(client.kill, watch) as no_room,
        ):
            feeder = feed(client, script)
            for _ in client.chunks():
                pass  # nothing in a dump writes a result; what comes anyway is nobody's
            feeder.join()
            completed = client.wait(limit_s)
        if no_room.is_set():
            raise disk_full(redacted(completed.stderr), server.place, needed_bytes)
        _judge(server, completed, watch, packets_fit, needed_bytes)
    return tuple(redacted(completed.stderr).splitlines())


@contextmanager
def alone(server: MySqlServer, ours: Callable[[], int]) -> Iterator[Session]:
    """An administrator's session while a script runs, and the proof that nobody but the load is connected meanwhile.

    Args:
        ours: how many connections the load has made, asked at the end.

    Raises:
        ProcedureFailed: the application's account is connected before, or somebody else was in between.
    """
    with server.session() as watch:
        others = connected(watch, server.app.user)
        if others:
            raise ProcedureFailed(
                f"the application is stopped, but {others} connections of {server.app.user!r} are open",
                "Keep users, workers and cron jobs out during the whole restore.",
            )
        before = _connections(watch)
        yield watch
        strangers = _connections(watch) - before - ours()
        if strangers > 0:
            raise ProcedureFailed(
                f"{strangers} other connections to the database were made while the dump was loading",
                "What they wrote mixes with the backup: keep all other access out during the whole restore.",
            )


@contextmanager
def ended_without_room(end: Callable[[], None], watch: Session) -> Iterator[threading.Event]:
    """End the load once its server waits for room on the disk, as it does without an end: whether it did.

    A full disk is an error for InnoDB, while the binary log, MyISAM and Aria wait until somebody makes room.
    """
    no_room, over = threading.Event(), threading.Event()

    def look() -> None:
        while not (over.wait(_LOOK_FOR_ROOM_S) or no_room.is_set()):
            if waits_for_room(watch):
                no_room.set()
                end()

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield no_room
    finally:
        over.set()
        looking.join()


def complaint_findings(complaints: Sequence[str]) -> tuple[Finding, ...]:
    """The client's output while the script ran, as a finding: nothing failed, and a healthy load is silent."""
    return tuple(
        Finding(
            code="client-warning",
            severity=Severity.WARNING,
            subject="stderr",
            message=f"While the dump was loading, the client reported: {line[:_REPORTED_CHARACTERS]}",
            remedy="Look up what it means: a real restore would report it too.",
        )
        for line in complaints[:_MOST_REPORTED]
    )


def connected(session: Session, user: str) -> int:
    """Connections of a user that are open now.

    MySQL refuses information_schema.processlist (3854) while a statement holds an emoji, as rows of a load do; a
    thread's row has no such text. MariaDB's list has no such error, and its performance schema is off.
    """
    threads = session.value("SELECT IF(VERSION() LIKE '%MariaDB%', 0, @@performance_schema)")
    rows = (
        "performance_schema.threads WHERE processlist_user" if threads else "information_schema.processlist WHERE user"
    )
    return int(session.value(f"SELECT COUNT(*) FROM {rows} = %s", (user,)))


def _connections(session: Session) -> int:
    """Connection attempts since the server was started, this query's own session included."""
    return int(session.row("SHOW GLOBAL STATUS LIKE 'Connections'")[1])


def _judge(server: MySqlServer, completed: Completed, watch: Session, packets_fit: bool, needed_bytes: int) -> None:
    if completed.exit_status == 0 and "ERROR" not in completed.stderr:
        return
    messages = redacted(completed.stderr)
    code = re.search(r"ERROR (\d+)", completed.stderr)
    number = code.group(1) if code else ""
    if number in _DISK_FULL or "No space left on device" in completed.stderr:
        raise disk_full(messages, server.place, needed_bytes)
    killed = completed.exit_status in _KILLED
    if (number in _CONNECTION_LOST or killed) and not server.answers():
        raise ServerFailed("MySQL went away while the dump was loading", details=messages)
    if (number in _CONNECTION_LOST or killed) and not _same_server(watch):
        raise ServerFailed("MySQL exited while the dump was loading, and was restarted", details=messages)
    if killed:
        raise ServerFailed(f"{Path(server.client).name} was killed while the dump was loading", details=messages)
    if number in _CONNECTION_CUT or (number == "2006" and packets_fit):
        raise ServerFailed("the connection to MySQL was lost while the dump was loading", details=messages)
    raise ProcedureFailed(
        f"loading the dump failed: {Path(server.client).name} exited with status {completed.exit_status}"
        + (f", {error}" if (error := _first_error(messages)) else ""),
        *_HINTS.get(number, ()),
        details=messages,
    )


_HINTS: dict[str, tuple[str, ...]] = {
    "1062": ("The target was not empty, or something wrote to it while the dump was loading.",),
    "1064": ("The dump is damaged, or was made for another server.",),
    "1153": ("Raise max_allowed_packet on the target.",),
    "1227": ("The dump needs a privilege that the application's account does not have, often because of a DEFINER.",),
    "1273": ("The target does not support this collation: restore into the server version that made the dump.",),
    "1419": ("Set log_bin_trust_function_creators on the target, or restore as an administrator.",),
    "3105": ("The dump gives values for generated columns: make it with the source server's own mysqldump.",),
    "3546": ("Make the dump with --set-gtid-purged=OFF.",),
    "2006": ("A statement of the dump is larger than the target's max_allowed_packet.",),
}


def redacted(stderr: str) -> str:
    """The client's messages without what they quote of a row (a backup is full of personal data).

    Some errors quote a value, of as many lines as it has; MariaDB's client quotes the whole statement between two
    lines of dashes.
    """
    text = without_values(_STATEMENT.sub("", stderr))
    return "\n".join(line for line in text.splitlines() if line.strip())


_STATEMENT = re.compile(r"^-{10,}\n.*?(?:^-{10,}\n\s*(?=ERROR \d)|\Z)", re.MULTILINE | re.DOTALL)


def _first_error(text: str) -> str:
    """The line that says why; the client's own errors (`Unknown command`) have no number. Empty if there is none."""
    return next((line for line in text.splitlines() if "ERROR" in line), "")


def _same_server(watch: Session) -> bool:
    """Whether the server that this session was opened with is still there."""
    try:
        return bool(watch.value("SELECT 1"))
    except ServerFailed:
        return False
