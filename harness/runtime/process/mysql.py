"""MySQL or MariaDB as a local process, from an initialised data directory that is made once."""

from __future__ import annotations

import os
import pwd
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from harness.base.errors import ServerFailed
from harness.base.settings import Settings
from harness.runtime.process.child import Child, free_port
from harness.runtime.process.host import LocalHost
from harness.runtime.process.prepared import prepared_directory
from harness.runtime.process.programs import MySqlPrograms
from harness.runtime.process.server_user import server_user
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import MySqlServer, granted_name, quote_name
from harness.runtime.services.stack import ServerControl
from harness.runtime.spec import StackSpec

CONFIGURATION = (
    "--local-infile=OFF",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_unicode_ci",
    # The app's own account makes triggers; with a binary log that needs this or SUPER (error 1419).
    "--log-bin-trust-function-creators=ON",
    # An event of the backup must not change what was restored before anybody has looked.
    "--event-scheduler=OFF",
)
"""Options of every server of every drill, in both runtimes."""

_LEAN = (
    "--innodb-log-buffer-size=16M",
    *(
        f"--loose-performance-schema-{size}=0"
        for size in (
            *("digests-size", "error-size", "events-statements-history-long-size", "max-digest-length"),
            *("max-cond-classes", "max-file-classes", "max-memory-classes", "max-mutex-classes", "max-rwlock-classes"),
            *("max-socket-classes", "max-sql-text-length", "max-statement-classes"),
        )
    ),
)
"""MySQL with the log buffer that MariaDB has (its own has 64 MiB), and a performance schema that counts nothing.

What drills ask stays: the threads, and the error log. A start takes 0.7 CPU seconds instead of 1.1, and 260 MB of
memory instead of 530 (9.7.4, an empty Apiary).
"""

START_ATTEMPTS = 3
"""A port that was free can be taken a moment later by another drill: then another one is tried."""


@contextmanager
def mysql_server(
    settings: Settings, programs: MySqlPrograms, spec: StackSpec, directory: Path, env: Mapping[str, str]
) -> Iterator[tuple[MySqlServer, Child, ServerControl]]:
    """A running, empty server with the application's database and the accounts of `spec`.

    Args:
        directory: of this server alone; its data and its socket go there. What `data` holds already is begun with.
        env: environment of the process, which carries the drill's id.
    """
    directory.mkdir(parents=True, mode=0o700, exist_ok=True)
    data = directory / "data"
    (directory / "tmp").mkdir()
    if not data.exists():
        copy_tree(_initialised(settings, programs), data, env)
    log = spec.logs / "mysql.log"
    user = server_user(settings, spec.drill_id, f"{spec.role}/mysql", env)
    for attempt in range(START_ATTEMPTS):
        port = free_port()
        server = MySqlServer(
            host="127.0.0.1",
            port=port,
            admin=spec.admin,
            app=spec.app,
            database=spec.database,
            tools=LocalHost(env=env, purpose="client"),
            tools_address=("127.0.0.1", port),
            client=str(programs.client),
            dump=str(programs.dump),
            limits=spec.limits,
            place=str(directory),
        )
        init = directory / "init.sql"
        init.touch(mode=0o600)
        init.write_text(account_statements(spec))
        arguments = _arguments(programs, spec, data, port, init)
        if user is None:
            arguments.append(_user_option())
        else:
            user.hand_over(directory)
            arguments = user.command(arguments)
        child = Child(programs.flavour, arguments, env=env, log=log, cwd=directory, stop_s=spec.limits.stop_s)
        ready = partial(child.wait_ready, server.answers, timeout_s=spec.limits.mysql_ready_s)
        child.start()
        try:
            ready()
        except ServerFailed as error:
            child.stop()
            if attempt + 1 < START_ATTEMPTS and re.search(r"Address already in use|port: \d+ \?", error.details):
                continue
            raise
        except BaseException:
            child.kill()
            raise
        finally:
            init.unlink(missing_ok=True)
        break
    try:
        # The accounts are in the data directory by now; the server still wants the file that it was given.
        yield server, child, ServerControl(child, ready, prepare=init.touch)
    finally:
        # Its data goes with it: an orderly end takes 1.5 s (9.7) to save what is deleted then.
        child.kill()


def _arguments(programs: MySqlPrograms, spec: StackSpec, data: Path, port: int, init: Path) -> list[str]:
    arguments = [
        str(programs.server),
        "--no-defaults",
        f"--datadir={data}",
        # A server that starts deletes the temporary tables in its directory for them, whoever made them: in a
        # shared one, two drills at once crash each other (seen: MariaDB 10.11, signal 11).
        f"--tmpdir={data.parent / 'tmp'}",
        # Relative to the data directory: a socket's path may have no more than 107 bytes.
        "--socket=mysql.sock",
        "--pid-file=mysql.pid",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--init-file={init}",
        *CONFIGURATION,
        *mode_options(spec, programs.flavour),
        *_no_other_files(programs.flavour, spec.role),
    ]
    if programs.flavour == "MySQL":
        arguments.append("--mysqlx=OFF")
    return arguments


def _no_other_files(flavour: str, role: str) -> tuple[str, ...]:
    """Options that keep a statement from files outside of the data directory.

    MySQL has no symbolic links for tables any more, and its directories for InnoDB are the data directory alone unless
    others are named. MariaDB knows no NULL here: nothing can be below a file that is a device. Its source, which loads
    nobody's backup, keeps its default: mysqldump's --tab writes through the server.
    """
    if flavour == "MySQL":
        return ("--secure-file-priv=NULL",)
    return ("--symbolic-links=0", *(("--secure-file-priv=/dev/null",) if role == "target" else ()))


def _user_option() -> str:
    """The option without which a server refuses to run as root."""
    return f"--user={pwd.getpwuid(os.geteuid()).pw_name}"


def mode_options(spec: StackSpec, flavour: str) -> tuple[str, ...]:
    """Options that say when a server's data has to be on the disk, and what it counts.

    The target's is as in production (both servers' default) in faithful mode, because the time of its restore is
    reported. Nothing that is reported depends on the source's: what it holds is made up, and gone before the target
    starts. Its 2,200 waits for the disk took 11 to 16 s of a migration on a busy machine, and 5 s were left without.
    MariaDB waits for its own files at each table besides (63 times for each table of Apiary, 25 without that).
    """
    if not spec.durable:
        own = ("--debug-no-sync",) if flavour == "MariaDB" else _LEAN
        return ("--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0", "--innodb-flush-method=nosync", *own)
    return ("--innodb-flush-log-at-trx-commit=1",)


def account_statements(spec: StackSpec) -> str:
    """Statements that the server runs before it lets anybody in, one a line; a prepared one has some of it already."""
    database = quote_name(spec.database)
    granted = granted_name(spec.database)
    accounts = ((spec.admin, "ALL ON *.*", " WITH GRANT OPTION"), (spec.app, f"ALL ON {granted}.*", ""))
    lines = [
        f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{secrets.token_urlsafe(24)}';",
        f"CREATE DATABASE IF NOT EXISTS {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;",
    ]
    for account, rights, option in accounts:
        lines += [
            f"CREATE USER IF NOT EXISTS '{account.user}'@'%';",
            f"ALTER USER '{account.user}'@'%' IDENTIFIED BY '{account.password}';",
            f"GRANT {rights} TO '{account.user}'@'%'{option};",
        ]
    return "\n".join([*lines, ""])


def _initialised(settings: Settings, programs: MySqlPrograms) -> Path:
    """An initialised data directory of this very server program."""

    def make(data: Path) -> None:
        (data.parent / "tmp").mkdir()
        _initialise(settings, programs, data)

    name = f"{programs.flavour.lower()}-{programs.version}"
    return prepared_directory(settings, name, identity_of(programs), make)


def identity_of(programs: MySqlPrograms) -> tuple[object, ...]:
    """What decides what a server program makes of an empty directory."""
    stat = programs.server.stat()
    return str(programs.server), stat.st_size, stat.st_mtime_ns, CONFIGURATION


def _initialise(settings: Settings, programs: MySqlPrograms, data: Path) -> None:
    user = _user_option()
    if programs.installer is not None:
        argv = [
            str(programs.installer),
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            user,
        ]
    else:
        argv = [str(programs.server), "--no-defaults", "--initialize-insecure", f"--datadir={data}", user]
        argv += ["--secure-file-priv=NULL"]
    environment = {**settings.base_env, "TMPDIR": str(data.parent / "tmp")}
    completed = run(LocalHost(environment), argv, timeout_s=300)
    if completed.exit_status != 0:
        raise ServerFailed(
            f"{argv[0]} could not initialise a data directory: exit status {completed.exit_status}",
            details=(completed.stdout.decode("utf-8", "replace") + completed.stderr)[-4000:],
        )


def copy_tree(template: Path, directory: Path, env: Mapping[str, str]) -> None:
    """Copy a server's files as one's own; GNU cp shares the blocks where the file system can. Raises ServerFailed."""
    # The user of one server must not own what others begin with.
    how = ("-a", "--no-preserve=ownership", "--reflink=auto")
    completed = run(LocalHost(env), ["cp", *how, str(template), str(directory)], timeout_s=120)
    if completed.exit_status != 0:
        raise ServerFailed(f"cannot copy {template} to {directory}", details=completed.stderr)
