"""Text in a script that is not SQL: named with its line, and nothing after it is lost."""

from __future__ import annotations

import io
from pathlib import Path

from harness.artifacts.dump.inspect import inspect

MIXED = "line {} is not SQL: the output of another program is mixed in (`{}`)"

MESSAGES = (
    b'Defaulted container "mysql" out of: mysql, metrics',
    b"mysqldump: [Warning] Using a password on the command line interface.",
    b"mysqldump: Couldn't execute 'FLUSH TABLES': Access denied (1227)",
    b"/usr/bin/mysqldump: Deprecated program name. Use mariadb-dump instead",
    b"Warning: Permanently added 'db,10.0.0.1' (ED25519) to the list.",
    b"Warning: the keeper's config is world-writable and is ignored",
    b"Unauthorised use of this system is prohibited.",
    b"bash: warning: setlocale: LC_ALL: cannot change locale",
    b"time=\"2026-11-22T02:00:00Z\" level=warning msg=\"obsolete\"",
    b"Unable to use a TTY - input is not a terminal",
    b"Status: Downloaded newer image for mysql:8",
    b"Update available 5.1.0 -> 6.0.0",
    b"Using docker-compose is deprecated",
    b"Enter password: ",
    b"ERROR 2013 (HY000): Lost connection",
    b"PHP Warning:  Module already loaded",
    b"nohup: ignoring input",
    b"<<<<<<< HEAD",
    b"=======",
)  # fmt: skip


def test_a_message_is_named_wherever_it_stands(data: Path) -> None:
    script = (data / "mysql-9.7" / "full.sql").read_bytes()
    whole = inspect(data / "mysql-9.7" / "full.sql")
    middle = script.index(b"\n--\n-- Table structure for table `users`") + 1
    for message in MESSAGES:
        shown = message.decode().strip()[:60] + ("…" if len(message.strip()) > 60 else "")
        for at in (0, middle, len(script)):
            info = inspect(io.BytesIO(script[:at] + message + b"\n" + script[at:]))
            assert info.foreign is not None, message
            assert info.foreign.message == MIXED.format(script[:at].count(b"\n") + 1, shown)
            assert (info.tool_version, info.complete, info.finished_at) == (
                whole.tool_version, True, whole.finished_at,
            ), message  # fmt: skip
            assert info.databases[0].rows == whole.databases[0].rows, message


def test_several_lines_are_one_finding(data: Path) -> None:
    script = (data / "mysql-9.7" / "full.sql").read_bytes()
    info = inspect(io.BytesIO(b"Linux db 6.1.0\n\nThe programs are free software;\nsee the licence.\n" + script))
    assert info.foreign is not None
    assert info.foreign.message == MIXED.format(1, "Linux db 6.1.0") + ", as on 2 more lines"


def test_marks_and_holes_are_named(data: Path) -> None:
    script = (data / "mysql-9.7" / "full.sql").read_bytes()
    line = script.count(b"\n") + 1
    for more, what in (
        (b"\xef\xbb\xbf" + script, "starts with a byte order mark: several files were joined"),
        (b"\0" * 4096, "contains NUL bytes where SQL should be: part of the file was never written"),
    ):
        info = inspect(io.BytesIO(script + more))
        assert info.foreign is not None
        assert (info.foreign.line, info.foreign.what, info.complete) == (line, what, True)
    assert inspect(io.BytesIO(b"\xef\xbb\xbf" + script)).foreign is None, "an editor may put one at the beginning"


def test_what_may_be_a_row_is_not_quoted() -> None:
    for line in (b"(2,'burdell@example.org','x'),", b"burdell@example.org','x'),(3,'a');", b"\tburdell\t4"):
        info = inspect(io.BytesIO(line + b"\nCREATE TABLE t (a int);\n"))
        assert info.foreign is not None
        assert info.foreign.message == "line 1 is not SQL: no statement starts with it"


def test_what_a_terminal_would_act_on_is_not_printed() -> None:
    info = inspect(
        io.BytesIO(b"login: \x1b[31mred\x1b[0m \xc2\x9b31m and a long banner behind it, so that text prevails\n")
    )
    assert info.foreign is not None
    assert info.foreign.message.isprintable()


def test_small_letters_are_sql_as_well() -> None:
    script = (
        b"use apiary;\nset foreign_key_checks=0;\ncreate table t (\n a int\n);\ninsert  into `t`(`a`) values \n(1);\n"
        b"lock tables t write;\nunlock tables;\nstart transaction;\ncommit;\nbegin\n;\ndrop table if exists t;\n"
    )
    assert inspect(io.BytesIO(script)).foreign is None
