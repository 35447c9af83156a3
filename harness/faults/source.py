"""Faults of the source: what happens at the running Apiary before and while its backup is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Event
from typing import Literal

from harness.artifacts.storage.names import coded
from harness.base.wait import wait_until
from harness.faults.context import FaultContext
from harness.faults.fault import FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.faults.meanwhile import meanwhile
from harness.runtime.services.execution import must_succeed, run
from harness.runtime.services.mysql import Account, Session, granted_name, quote_name, server_version

FAULTS = FaultFamily("source", InjectionPoint.SOURCE)

PAUSE_S = 0.005
"""Between two writes of a writer: some 100 a second, more than Apiary ever sees."""


class AlterOptions(FaultOptions):
    """Which table is altered; it has to come late in the dump."""

    table: str = "users"


@contextmanager
def _writing(context: FaultContext, write: Callable[[int], None], kind: str, subject: str, what: str) -> Iterator[None]:
    """Write again and again, each time with the next number, from before the block to its end, and note how often."""
    written = 0

    def work(ended: Event) -> None:
        nonlocal written
        while not ended.wait(PAUSE_S):
            write(written)
            written += 1

    try:
        with meanwhile(work, "the writer failed") as done:
            limit_s = context.limits.mysql_ready_s
            wait_until(lambda: written or done.done(), what="the first write", timeout_s=limit_s)
            yield
    finally:
        context.changed(kind, subject, f"{written} {what}")


@FAULTS.fault(
    "writer-during-backup",
    "The application writes rows during the backup.",
    InjectionPoint.BACKUP,
    InjectionPoint.DUMP_AND_FILES,
)
def write_rows(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    """Add a parent and a child in one transaction: a dump that is not of one moment has one without the other."""
    mysql = context.stack.mysql

    def write(number: int) -> None:
        with mysql.session(mysql.app, database=mysql.database) as session:
            session.execute("START TRANSACTION")
            session.execute("INSERT INTO teams (name) VALUES (%s)", (f"Team {number}",))
            session.execute(
                "INSERT INTO team_user (team_id, user_id) SELECT LAST_INSERT_ID(), id FROM users ORDER BY id LIMIT 1"
            )
            session.execute("COMMIT")

    with _writing(context, write, "row", "teams, team_user", "transactions during the backup"):
        yield


@FAULTS.fault("file-growing", "A file is being written continuously while it is copied.", InjectionPoint.DUMP_AND_FILES)
def grow_file(context: FaultContext, rng: Random, options: FaultOptions) -> Iterator[None]:
    path, apiary = "resumes/growing.pdf", context.stack.apiary
    argv = ["sh", "-c", 'printf x >>"$1"', "sh", f"{apiary.storage_root}/{path}"]

    def write(number: int) -> None:
        must_succeed(run(apiary.storage_host, argv))

    with _writing(context, write, "file", coded(path.encode()), "bytes appended while files were being copied"):
        yield


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

    def alter(ended: Event) -> None:
        with mysql.session() as session:
            mine = int(session.value("SELECT CONNECTION_ID()"))

            def under_way() -> bool:
                others = session.value(
                    "SELECT COUNT(*) FROM information_schema.processlist WHERE user = %s AND id <> %s",
                    (mysql.admin.user, mine),
                )
                return ended.is_set() or int(others) >= 3

            # The backup's own two, one reading and one holding the lock, and the one of mysqldump.
            wait_until(under_way, what="the dump", timeout_s=context.limits.command_s, interval_s=PAUSE_S)
            if ended.is_set():
                return
            session.execute(f"LOCK TABLES {name} WRITE")
            session.execute(f"ALTER TABLE {name} ADD COLUMN drill_added INT")
            context.changed("column", f"{options.table}.drill_added", "added while the dump was under way")
            session.execute("UNLOCK TABLES")

    with meanwhile(alter, "the table could not be altered"):
        yield


@FAULTS.fault("link-in-storage", "The files include a symbolic link.")
def link(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    """Have a symbolic link among the files, as `php artisan storage:link` and operators make them."""
    apiary = context.stack.apiary
    argv = ["sh", "-c", 'printf drill >"$1/current.txt" && ln -s current.txt "$1/latest"', "sh", apiary.storage_root]
    must_succeed(run(apiary.storage_host, argv, user=apiary.user))
    context.changed("link", coded(b"latest"), f"added, points at {coded(b'current.txt')}")


_USER = "drill_backup"
_NEEDED = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "LOCK TABLES")
_SHOW_ROUTINE = {"MySQL": "SHOW_ROUTINE ON *.*", "MariaDB": "SELECT ON mysql.proc"}
"""What shows the routines of other accounts; on MySQL since 8.0.20."""
_FUNCTION = "drill_fault_double"


class MissingPrivilegeOptions(FaultOptions):
    """`privilege`: the one that the account lacks. Of these, two are silent: `TRIGGER` and `SHOW_ROUTINE`."""

    privilege: Literal["TRIGGER", "SHOW_ROUTINE", "SHOW VIEW", "EVENT"] = "TRIGGER"


@FAULTS.fault(
    "privilege-missing-at-source", "The account that makes the dump lacks a privilege.", InjectionPoint.BACKUP
)
def lack_privilege(context: FaultContext, rng: Random, options: MissingPrivilegeOptions) -> Iterator[None]:
    """Dump as an account of its own that lacks a privilege; what the source holds is read by the administrator."""
    mysql = context.stack.mysql
    account = Account(_USER, f"{rng.getrandbits(128):032x}")
    with context.session() as session:
        if options.privilege == "SHOW_ROUTINE":
            # Apiary has no routine that could be left out.
            session.execute(f"CREATE FUNCTION {_FUNCTION}(n INT) RETURNS INT DETERMINISTIC NO SQL RETURN n + n")
            context.changed("function", _FUNCTION, "created at the source")
        _make(session, account, mysql.database, options.privilege)
    mysql.overrides["dump"] = account
    context.changed("account", _USER, f"makes the dump without the privilege {options.privilege}")
    try:
        yield
    finally:
        del mysql.overrides["dump"]


def _make(session: Session, account: Account, database: str, lacking: str) -> None:
    """An account with all that a dump of this database needs, but for one privilege."""
    session.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (account.user, account.password))
    held = ", ".join(name for name in _NEEDED if name != lacking)
    session.execute(f"GRANT {held} ON {granted_name(database)}.* TO %s@'%%'", (account.user,))
    if lacking != "SHOW_ROUTINE":
        flavour, _ = server_version(session)
        session.execute(f"GRANT {_SHOW_ROUTINE[flavour]} TO %s@'%%'", (account.user,))
