"""mysqldump, streamed into a compressed file, and the database read in the same moment as the dump.

The two are brought to the same moment by a global read lock: it is held from before the transaction of the
reader is opened until mysqldump has opened its own, which is certain when the first statement of a table
comes out of it (mysqldump opens its transaction before it writes any). Then the lock goes, and both read on
in their own consistent snapshots while the app writes.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

import zstandard

from harness.artifacts.storage.disk import reporting_full_disk
from harness.base.errors import DISK_FULL, HarnessError, ProcedureFailed, ServerFailed
from harness.base.model import ArtifactFile
from harness.base.private import whole_file
from harness.procedure.backup.plan import BackupPlan
from harness.runtime.services.execution import RunningCommand
from harness.runtime.services.mysql import MySqlServer, Session, server_version
from harness.runtime.services.mysql_content import read_auto_increments

LOCK_WAIT_S = 30
"A backup that cannot get its read lock by then continues without it, rather than block the application."

_COMMAND_LIMIT_S = 6 * 3600.0
_TAIL_BYTES = 4096
_A_FAILURE = re.compile(r"(?i)\berror\b|couldn't|denied")
_NUMBER = re.compile(r"\((\d{4})\)|\b[Ee]rror:? (\d{4})\b")
"""Of the server's error, in each way that mysqldump writes one: `… (1356)`, `Got error: 1356: …`, `Error 2013: …`."""

_FINISHED = re.compile(
    rb"^(?:-- Dump completed.*|/\*M?!\d+ SET (?:SQL_NOTES|NOTE_VERBOSITY) ?= ?@OLD_\w+ \*/;)\s*\Z", re.MULTILINE
)
"""What a script ends with; without comments (--skip-comments) that is the last setting of its beginning, put back."""

_FIRST_STATEMENT = re.compile(rb"^(?:CREATE|DROP|INSERT|USE|LOCK|/\*!50003 (?:CREATE|DROP))", re.MULTILINE)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DumpOutcome(Generic[T]):
    """A finished dump.

    Args:
        script_bytes: its size before compression.
        reading: what `read` made of the database in the same moment.
        same_snapshot: whether it really was the same moment.
        lock_held_s: seconds that the global read lock was held.
        note: how the two were brought together, in words.
        tool: the dump program's own version line.
        counters: next AUTO_INCREMENT value by table, read after the snapshot was taken and before the dump began.
    """

    artifact: ArtifactFile
    script_bytes: int
    reading: T
    same_snapshot: bool
    lock_held_s: float
    note: str
    tool: str
    counters: Mapping[str, int] = field(default_factory=dict)


def dump_arguments(server: MySqlServer, flavour: str, plan: BackupPlan) -> list[str]:
    """The command line of the backup: as documented, with what a faithful and loadable script needs.

    `--single-transaction` lets the app run; `--routines --triggers --events` because mysqldump leaves two of
    them out by default; `--set-gtid-purged=OFF` because a script with GTIDs does not load into another 9.7
    server (error 3546); `--no-tablespaces` saves the PROCESS privilege; `--hex-blob` keeps binary values
    loadable by clients without `--binary-mode`.
    """
    connection = [server.dump, "--no-defaults", *server.tool_arguments(server.dumper)]
    if plan.plain:
        return [*connection, *plan.dump_options, server.database]
    arguments = [
        *connection,
        "--single-transaction",
        "--quick",
        "--routines",
        "--triggers",
        "--events",
        "--hex-blob",
        "--no-tablespaces",
        "--default-character-set=utf8mb4",
    ]
    if flavour == "MySQL" and not (server.transport and server.transport.mariadb_tools):
        arguments += ["--set-gtid-purged=OFF", "--column-statistics=0"]
    arguments += [f"--ignore-table={server.database}.{table}" for table in plan.excluded_tables]
    arguments += plan.dump_options
    if plan.further_databases:
        return [*arguments, "--databases", *plan.further_databases, server.database]
    return [*arguments, server.database]


def backup_database(
    server: MySqlServer, plan: BackupPlan, destination: Path, read: Callable[[Session], T]
) -> DumpOutcome[T]:
    """Dump the database into `destination` (zstd) while `read` looks at it in the same moment.

    Args:
        read: called with a session in a consistent snapshot.

    Raises:
        ProcedureFailed: mysqldump failed, complained, or did not finish its script.
        HarnessError: the disk is full.
    """
    with (
        reporting_full_disk(destination.parent, lambda: _data_bytes(server)),
        whole_file(destination) as file,
        server.session() as reader,
    ):
        flavour, _ = server_version(reader)
        return _dump(server, plan, flavour, file, destination, reader, read)


def _data_bytes(server: MySqlServer) -> int:
    """What the rows take at the server; their script, compressed, takes less."""
    with server.session() as session:
        return int(
            session.value(
                "SELECT COALESCE(SUM(data_length), 0) FROM information_schema.tables WHERE table_schema = %s",
                [server.database],
            )
        )


def _dump(
    server: MySqlServer,
    plan: BackupPlan,
    flavour: str,
    file: BinaryIO,
    path: Path,
    reader: Session,
    read: Callable[[Session], T],
) -> DumpOutcome[T]:
    unread = _may_not_read_masking_policies(server)
    if unread:
        plan = replace(plan, dump_options=(*plan.dump_options, "--skip-masking-policies"))
    argv = dump_arguments(server, flavour, plan)
    with ExitStack() as stack:
        lock = _ReadLock(stack.enter_context(server.session()))
        lock.take()
        reader.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        counters = read_auto_increments(reader, server.database)
        pool = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="dump"))  # ends after the command
        command = stack.enter_context(server.tools.start(argv, env=server.tool_environment(server.dumper)))
        writer = _DumpWriter(command, file, path)
        written = pool.submit(writer.run)
        writer.first_statement.wait(_COMMAND_LIMIT_S)
        lock.release()
        reading = _read(read, reader)
        written.result()
        completed = command.wait(_COMMAND_LIMIT_S)
    complaints = completed.stderr.strip()
    if plan.plain and completed.exit_status == 0:
        # An operator sees these go by and has a dump all the same; what they warn of is the restore's to find.
        complaints = complaints if _A_FAILURE.search(complaints) else ""
    if "Hostname verification failed" in completed.stderr:
        raise ServerFailed(
            f"{Path(server.dump).name} refuses the server's certificate, which is not for {server.host}",
            "MariaDB's tools from 11.4 on check the name wherever an authority is given, also in the mode verify_ca: "
            "give the name that is in the certificate as --mysql-host.",
            details=completed.stderr,
        )
    if completed.exit_status != 0 or complaints:
        raise ProcedureFailed(
            f"the dump failed: {Path(server.dump).name} exited with status {completed.exit_status}"
            + (" and printed errors" if complaints else "")
            + (f" (error {number[1] or number[2]})" if (number := _NUMBER.search(complaints)) else ""),
            "A dump that reported errors is not usable as a backup: fix the reported cause, then back up again.",
            details=completed.stderr,
        )
    if not _FINISHED.search(writer.tail):
        raise ProcedureFailed(
            'the dump is incomplete: it ends neither with "-- Dump completed" nor by restoring its settings'
        )
    return DumpOutcome(
        artifact=ArtifactFile("database", path.name, file.tell(), writer.sha256),
        script_bytes=writer.script_bytes,
        reading=reading,
        same_snapshot=lock.taken,
        lock_held_s=lock.held_s,
        note=lock.note + (f"; {unread}" if unread else ""),
        tool=tool_version(server),
        counters=counters,
    )


def _read(read: Callable[[Session], T], reader: Session) -> T:
    """Read; a table that is changed meanwhile ends the backup, whether the dump or this reading comes to it first."""
    try:
        return read(reader)
    except ServerFailed as error:
        if "ERROR 1412" not in error.fact:
            raise
        raise ProcedureFailed(
            "a table definition changed while the backup was made (error 1412)",
            "Back up again when no release is being rolled out.",
        ) from error


def _may_not_read_masking_policies(server: MySqlServer) -> str:
    """Why the dump leaves masking policies out, or empty.

    MySQL 9.7's mysqldump reads them from `mysql.column_masking_policy`, and fails (with exit status 0) for an
    account that may only read the application's database. Apiary has none. An account that may not read the table
    is reported so also where there is none; there the program has no such option.
    """
    try:
        with server.session(server.dumper) as session:
            session.execute("SELECT 1 FROM mysql.column_masking_policy LIMIT 1")
    except ServerFailed as error:
        if "ERROR 1142" in error.fact and b"--masking-policies" in _output_of_tool(server, "--help"):
            return "masking policies were left out, because the account cannot read mysql.column_masking_policy"
    return ""


def tool_version(server: MySqlServer) -> str:
    """What the dump program says of itself, in one line."""
    return _output_of_tool(server, "--version").decode("utf-8", "replace").strip()


def _output_of_tool(server: MySqlServer, option: str) -> bytes:
    with server.tools.start([server.dump, "--no-defaults", option]) as command:
        return b"".join(command.chunks())


class _ReadLock:
    """FLUSH TABLES WITH READ LOCK for a moment; without the privilege, or in time, it says so instead."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._since = 0.0
        self.taken = False
        self.held_s = 0.0
        self.note = ""

    def take(self) -> None:
        try:
            self._session.execute(f"SET SESSION lock_wait_timeout = {LOCK_WAIT_S}")
            self._since = time.monotonic()
            self._session.execute("FLUSH TABLES WITH READ LOCK")
        except ServerFailed as error:
            self.note = (
                f"no global read lock ({error.fact}): rows written while the backup started may be in the "
                "dump but not in the digests, or the other way round"
            )
            return
        self.taken = True
        self._since = time.monotonic()

    def release(self) -> None:
        if not self.taken:
            return
        self._session.execute("UNLOCK TABLES")
        self.held_s = time.monotonic() - self._since
        self.note = f"both transactions were opened under a global read lock, held for {self.held_s:.3f} s"


class _DumpWriter:
    """Takes the script from mysqldump, compresses it into a file, and digests what it writes."""

    def __init__(self, command: RunningCommand, file: BinaryIO, path: Path) -> None:
        self._command = command
        self._file = file
        self._path = path
        self.first_statement = threading.Event()
        self.script_bytes = 0
        self.sha256 = ""
        self.tail = b""

    def run(self) -> None:
        """To the end of the script. Raises OSError: the disk is full; HarnessError: it cannot be written otherwise."""
        try:
            self._write(self._command.chunks())
        except OSError as error:
            if error.errno in DISK_FULL:
                raise
            raise HarnessError(f"cannot write {self._path}: {error.strerror}") from error
        finally:
            self.first_statement.set()

    def _write(self, chunks: Iterator[bytes]) -> None:
        digest = hashlib.sha256()
        compressor = zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()

        def write(data: bytes) -> None:
            digest.update(data)
            self._file.write(data)

        for chunk in chunks:
            self.script_bytes += len(chunk)
            self.tail = (self.tail + chunk)[-_TAIL_BYTES:]
            write(compressor.compress(chunk))
            if not self.first_statement.is_set() and _FIRST_STATEMENT.search(chunk):
                self.first_statement.set()
        write(compressor.flush())
        self.sha256 = digest.hexdigest()
