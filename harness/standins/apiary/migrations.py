"""`migrate` and `migrate:status`: Apiary's own migrations, by name, on whatever the database already holds.

As in Laravel, an empty database first gets the stored schema, and then the migrations after it; a database
with some migrations (an older dump) gets the ones it lacks. A name that is already in `migrations` is
believed.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pymysql import MySQLError
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from harness.standins.apiary.config import AppConfig
from harness.standins.apiary.database import now, scalar

_MARKER = re.compile(r"^-- migration: (\S+)$", re.MULTILINE)
_PERMISSION = re.compile(r"^-- (grant|revoke|forget) ([\w-]+)(?::((?: [\w-]+)*))?$", re.MULTILINE)
_STATEMENT_END = re.compile(r";$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)

NEXT_RELEASE = "next"
"""`STANDIN_RELEASE=next` is a stand-in that is one release newer (schema/next.sql); a path names another file."""


class SchemaNotLoaded(Exception):
    """The program that loads the stored schema failed; the text is that of Symfony's process."""


@dataclass(frozen=True, slots=True)
class PermissionChange:
    """One change of the roles: `verb` is grant, revoke or forget."""

    verb: str
    permission: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration: what it does to the roles, then its statements."""

    name: str
    permissions: tuple[PermissionChange, ...]
    statements: tuple[str, ...]


def _read(name: str) -> str:
    return Path(__file__).with_name("schema").joinpath(name).read_text(encoding="utf-8")


def _statements(script: str) -> tuple[str, ...]:
    parts = (part.strip() for part in _STATEMENT_END.split(_COMMENT.sub("", script)))
    return tuple(part for part in parts if part)


def later_migrations(release: str = "") -> tuple[Migration, ...]:
    """The migrations after the stored schema, in their order.

    Args:
        release: `next`, or the path of a file of further migrations, or empty for today's Apiary.
    """
    further = "" if not release else _read("next.sql") if release == NEXT_RELEASE else Path(release).read_text("utf-8")
    _, *parts = _MARKER.split(_read("later.sql") + further)
    return tuple(
        Migration(
            name,
            tuple(
                PermissionChange(verb, permission, tuple((roles or "").split()))
                for verb, permission, roles in _PERMISSION.findall(body)
            ),
            _statements(body),
        )
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    )


def schema_digest(release: str = "") -> str:
    """SHA-256 of all that decides what `migrate` makes of an empty database: the schema, and this program.

    Raises:
        OSError: the release is a file that cannot be read.
    """
    parts = (_read("stored.sql"), repr(later_migrations(release)), Path(__file__).read_text("utf-8"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def stored_migrations() -> tuple[str, ...]:
    """The names of the migrations that the stored schema contains."""
    return tuple(re.findall(r"^  \(\d+, '(\w+)', 1\)", _read("stored.sql"), re.MULTILINE))


def ran_migrations(connection: Connection[Cursor]) -> dict[str, int] | None:
    """The migrations that the database says it ran, with their batch; None without the table."""
    if scalar(connection, "show tables like 'migrations'") is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("select migration, batch from migrations order by batch, migration")
        return dict(cursor.fetchall())


def known_migrations(release: str = "") -> tuple[str, ...]:
    """The names of all migrations of this Apiary, in their order."""
    return (*stored_migrations(), *(migration.name for migration in later_migrations(release)))


def pending_migrations(connection: Connection[Cursor], release: str = "") -> tuple[str, ...]:
    """The migrations of this Apiary that the database has not run."""
    ran = ran_migrations(connection) or {}
    return tuple(name for name in known_migrations(release) if name not in ran)


def migrate(
    connection: Connection[Cursor],
    report: Callable[[str], None],
    *,
    release: str = "",
    only: Collection[str] | None = None,
    load: Callable[[str], None] | None = None,
) -> None:
    """Bring the database to this Apiary's schema.

    Args:
        connection: as a user who may create tables, triggers and views.
        report: called with each line that the command prints.
        release: see `later_migrations`.
        only: names of the migrations that may run, or None for all.
        load: runs the stored schema as a script of its own; None to send it through the connection.

    Raises:
        pymysql.MySQLError: a statement failed; what ran before it stays.
        SchemaNotLoaded: `load` failed.
    """
    if ran_migrations(connection) is None:
        report("   INFO  Preparing database.")
    if not ran_migrations(connection):
        report("   INFO  Loading stored database schemas.")
        if load is None:
            load_stored_schema(connection)
        else:
            load(_read("stored.sql"))
    ran = ran_migrations(connection) or {}
    pending = [
        migration
        for migration in later_migrations(release)
        if migration.name not in ran and (only is None or migration.name in only)
    ]
    if not pending:
        report("   INFO  Nothing to migrate.")
        return
    report("   INFO  Running migrations.")
    batch = max(ran.values(), default=0) + 1
    for migration in pending:
        dots = "." * max(3, 90 - len(migration.name))
        try:
            for change in migration.permissions:
                _run(connection, _permission_statements(change))
            _run(connection, migration.statements)
        except MySQLError:
            report(f"  {migration.name} {dots} FAIL")
            raise
        with connection.cursor() as cursor:
            cursor.execute("insert into migrations (migration, batch) values (%s, %s)", (migration.name, batch))
        report(f"  {migration.name} {dots} DONE")


def names_of_paths(paths: Iterable[str]) -> frozenset[str]:
    """The migrations that `--path=database/migrations/NAME.php` names."""
    return frozenset(PurePosixPath(path).stem for path in paths)


def load_stored_schema(connection: Connection[Cursor]) -> None:
    """Make the tables of April 2021 in an empty database; `migrate` does the rest."""
    _run(connection, ("set session foreign_key_checks = 0",))
    _run(connection, _statements(_read("stored.sql")))
    _run(connection, ("set session foreign_key_checks = 1",))


def status_lines(connection: Connection[Cursor], release: str = "") -> Iterator[str]:
    """The table of `migrate:status`: each known migration, with its batch and Ran, or Pending."""
    ran = ran_migrations(connection) or {}
    yield f"  {'Migration name':<100} Batch / Status"
    for name in known_migrations(release):
        status = f"[{ran[name]}] Ran" if name in ran else "Pending"
        yield f"  {name} {'.' * max(3, 100 - len(name))} {status}"


def _run(connection: Connection[Cursor], statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.replace("now()", f"'{now()}'"))  # as Laravel, which asks its own clock


def _permission_statements(change: PermissionChange) -> tuple[str, ...]:
    # The names come from the packaged file and match [\w-]+: they can stand in the statement as they are.
    permission = f"(select id from permissions where name = '{change.permission}')"
    if change.verb == "forget":
        return (f"delete from permissions where name = '{change.permission}'",)
    if change.verb == "revoke":
        return tuple(
            f"delete from role_has_permissions where permission_id = {permission} "
            f"and role_id = (select id from roles where name = '{role}')"
            for role in change.roles
        )
    statements = [_insert_missing("permissions", change.permission)]
    for role in change.roles:
        statements.append(_insert_missing("roles", role))
        statements.append(
            "insert ignore into role_has_permissions (permission_id, role_id) "
            f"select p.id, r.id from permissions p, roles r where p.name = '{change.permission}' and "
            f"r.name = '{role}'"
        )
    return tuple(statements)


def _insert_missing(table: str, name: str) -> str:
    return (
        f"insert into {table} (name, guard_name, created_at, updated_at) "
        f"select '{name}', 'web', now(), now() from dual "
        f"where not exists (select 1 from (select name from {table}) as existing where name = '{name}')"
    )


def schema_client(config: AppConfig) -> Callable[[str], None] | None:
    """What runs a script with the program that STANDIN_SCHEMA_CLIENT names, as Laravel does; None without that
    variable: then it runs through the connection."""
    if not config.schema_client:
        return None
    database = config.database
    where = (
        [f"--socket={database.socket}"] if database.socket else [f"--host={database.host}", f"--port={database.port}"]
    )
    # As Laravel gives it. With MYSQL_PWD the client takes the login for one without a password, and verifies nothing.
    account = [f"--user={database.user}", f"--password={database.password}"]
    argv = [config.schema_client, *account, *where, f"--database={database.database}"]

    def load(script: str) -> None:
        done = subprocess.run(
            argv,
            input=f"set foreign_key_checks = 0;\n{script}",
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
        if done.returncode != 0:
            raise SchemaNotLoaded(
                f'The command "{config.schema_client} … < mysql-schema.sql" failed. Exit Code: {done.returncode}.'
                f" Error Output: {done.stderr.strip()}"
            )

    return load
