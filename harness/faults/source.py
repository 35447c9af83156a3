"""Faults of the source: what happens at the running Apiary before and while its backup is made."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from threading import Event, Thread

from harness.artifacts.storage.names import coded
from harness.base.errors import HarnessError
from harness.base.wait import wait_until
from harness.faults.context import FaultContext
from harness.faults.fault import FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.runtime.services.execution import must_succeed, run
from harness.runtime.services.mysql import quote_name

FAULTS = FaultFamily("source", InjectionPoint.SOURCE)

PAUSE_S = 0.005
"""Between two writes of a writer: some 100 a second, more than Apiary ever sees."""


class AlterOptions(FaultOptions):
    """Which table is altered; it has to come late in the dump."""

    table: str = "users"


class _SourceWriter:
    """Does something again and again in a thread of its own, until the block ends; its error is raised there."""

    def __init__(self, context: FaultContext) -> None:
        self.context = context
        self.count = 0
        self._stop = Event()
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, daemon=True)

    def write(self) -> None:
        """One write."""
        raise NotImplementedError

    def __enter__(self) -> _SourceWriter:
        self._thread.start()
        try:
            wait_until(
                lambda: self.count or self._error, what="the first write", timeout_s=self.context.limits.mysql_ready_s
            )
        except BaseException:  # also Ctrl-C: __exit__ is not called after an error in here
            self._stop.set()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._error is not None:
            raise HarnessError(f"the writer failed: {type(self._error).__name__}") from self._error

    def _run(self) -> None:
        try:
            while not self._stop.wait(PAUSE_S):
                self.write()
                self.count += 1
        except BaseException as error:  # raised again in the drill's own thread
            self._error = error


class _FamilyWriter(_SourceWriter):
    """Adds a parent and a child in one transaction: a dump that is not of one moment has one without the other."""

    def write(self) -> None:
        mysql = self.context.stack.mysql
        with mysql.session(mysql.app, database=mysql.database) as session:
            session.execute("START TRANSACTION")
            session.execute("INSERT INTO teams (name) VALUES (%s)", (f"Team {self.count}",))
            session.execute(
                "INSERT INTO team_user (team_id, user_id) SELECT LAST_INSERT_ID(), id FROM users ORDER BY id LIMIT 1"
            )
            session.execute("COMMIT")


class _Appends(_SourceWriter):
    """Makes one file longer."""

    def __init__(self, context: FaultContext, path: str) -> None:
        super().__init__(context)
        self.path = path

    def write(self) -> None:
        argv = ["sh", "-c", 'printf x >>"$1"', "sh", f"{self.context.stack.apiary.storage_root}/{self.path}"]
        must_succeed(run(self.context.stack.apiary.storage_host, argv))


@FAULTS.fault(
    "writer-during-backup",
    "The application writes rows during the backup.",
    InjectionPoint.BACKUP,
    InjectionPoint.DUMP_AND_FILES,
)
def write_rows(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    writer = _FamilyWriter(context)
    try:
        with writer:
            yield
    finally:
        context.changed("row", "teams, team_user", f"{writer.count} transactions during the backup")


@FAULTS.fault("file-growing", "A file is being written continuously while it is copied.", InjectionPoint.DUMP_AND_FILES)
def grow_file(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    writer = _Appends(context, "resumes/growing.pdf")
    try:
        with writer:
            yield
    finally:
        context.changed(
            "file", coded(b"resumes/growing.pdf"), f"{writer.count} bytes appended while files were being copied"
        )


@FAULTS.fault(
    "upload-in-between",
    "A file is uploaded after the dump and before the files are copied.",
    InjectionPoint.DUMP_AND_FILES,
)
def upload(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    """Let somebody upload a resume between the dump and the copy of the files, once."""
    if context.times == 1:
        stack = context.stack
        with stack.mysql.session(stack.mysql.app, database=stack.mysql.database) as session:
            found = list(
                session.rows("SELECT id, uid FROM users WHERE id NOT IN (SELECT user_id FROM resumes) ORDER BY id")
            )
            key, uid = rng.choice(found)
            path = f"resumes/{uid}.pdf"
            argv = ["sh", "-c", 'printf "%%PDF-1.4 drill" >"$1"', "sh", f"{stack.apiary.storage_root}/{path}"]
            must_succeed(run(stack.apiary.storage_host, argv, user=stack.apiary.user))
            session.execute("INSERT INTO resumes (user_id, created_at) SELECT %s, MAX(created_at) FROM resumes", (key,))
        context.changed("file", coded(path.encode()), f"uploaded after the dump, with a row for user {key}")


@FAULTS.fault("broken-view", "A view uses a column that no longer exists.")
def break_view(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    with context.session() as session:
        session.execute("CREATE TABLE drill_parts (id INT PRIMARY KEY, label INT)")
        session.execute("CREATE VIEW drill_labels AS SELECT label FROM drill_parts")
        session.execute("ALTER TABLE drill_parts DROP COLUMN label")
    context.changed("view", "drill_labels", "its column drill_parts.label dropped")


@FAULTS.fault("alter-during-dump", "A column is added while the dump is being made.", InjectionPoint.BACKUP)
def alter_table(context: FaultContext, rng: Random, options: AlterOptions) -> Iterator[None]:
    """Add a column to a table while the dump is under way and has not come to that table.

    The lock makes it the same each time: the dump, which has its snapshot by then, waits for it at that table.
    """
    mysql = context.stack.mysql
    name = quote_name(mysql.database, options.table)
    failed: list[BaseException] = []
    stop = Event()

    def alter() -> None:
        try:
            with mysql.session() as session:
                mine = int(session.value("SELECT CONNECTION_ID()"))

                def under_way() -> bool:
                    others = session.value(
                        "SELECT COUNT(*) FROM information_schema.processlist WHERE user = %s AND id <> %s",
                        (mysql.admin.user, mine),
                    )
                    return stop.is_set() or int(others) >= 3

                # The backup's own two, one reading and one holding the lock, and the one of mysqldump.
                wait_until(under_way, what="the dump", timeout_s=context.limits.command_s, interval_s=PAUSE_S)
                if stop.is_set():
                    return
                session.execute(f"LOCK TABLES {name} WRITE")
                session.execute(f"ALTER TABLE {name} ADD COLUMN drill_added INT")
                context.changed("column", f"{options.table}.drill_added", "added while the dump was under way")
                session.execute("UNLOCK TABLES")
        except BaseException as error:  # raised again in the drill's own thread
            failed.append(error)

    thread = Thread(target=alter, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failed:
        raise HarnessError(f"the table could not be altered: {type(failed[0]).__name__}") from failed[0]


@FAULTS.fault("link-in-storage", "The files include a symbolic link.")
def link(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    """Have a symbolic link among the files, as `php artisan storage:link` and operators make them."""
    apiary = context.stack.apiary
    argv = ["sh", "-c", 'printf drill >"$1/current.txt" && ln -s current.txt "$1/latest"', "sh", apiary.storage_root]
    must_succeed(run(apiary.storage_host, argv, user=apiary.user))
    context.changed("link", coded(b"latest"), f"added, points at {coded(b'current.txt')}")
