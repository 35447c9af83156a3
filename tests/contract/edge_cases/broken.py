"""What goes wrong with dumps, done to a script that a real tool wrote: what stops them before they are loaded."""

import bz2
import gzip
import io
import lzma
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass

import zstandard

from harness.base.errors import BrokenArtifact, HarnessError, UnsafeArtifact, UsageError

Change = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Damage:
    """One way in which a dump is bad.

    Args:
        name: what happened to it.
        change: makes the bad script of the good one.
        message: expression that the first line has to match; `{name}` is the file's name.
        error: what must stop it.
        only: the one kind of server where that is an error.
    """

    name: str
    change: Change
    message: str
    error: type[HarnessError] = BrokenArtifact
    only: str = ""


def cut_at(mark: bytes, plus: int = 0) -> Change:
    """Nothing from the mark on."""
    return lambda script: script[: script.index(mark) + plus]


def without(pattern: bytes) -> Change:
    """Every place that matches is gone; there is one."""

    def change(script: bytes) -> bytes:
        changed, count = re.subn(pattern, b"", script, flags=re.DOTALL | re.MULTILINE)
        assert count, f"nothing in the script matches {pattern!r}"
        return changed

    return change


def swapped(old: bytes, new: bytes) -> Change:
    """One text for another."""

    def change(script: bytes) -> bytes:
        assert old in script, f"the script does not hold {old!r}"
        return script.replace(old, new)

    return change


def with_line(line: bytes) -> Change:
    """One more statement behind the rows."""

    def change(script: bytes) -> bytes:
        at = script.index(b"\n-- Dump completed")
        return script[:at] + b"\n" + line + b"\n" + script[at:]

    return change


def then(*changes: Change) -> Change:
    """One after the other."""

    def change(script: bytes) -> bytes:
        for each in changes:
            script = each(script)
        return script

    return change


def flipped(script: bytes, at: int | None = None) -> bytes:
    """One bit changed, in the middle unless asked otherwise."""
    at = len(script) // 2 if at is None else at
    return script[:at] + bytes([script[at] ^ 1]) + script[at + 1 :]


def _zipped(script: bytes) -> bytes:
    return b"PK\x03\x04" + script


def _tarred(script: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("apiary.sql")
        member.size = len(script)
        archive.addfile(member, io.BytesIO(script))
    return buffer.getvalue()


CUT = r"the dump {name} is truncated: "
MIXED = r"the dump {{name}} is not usable: line {} is not SQL: the output of another program is mixed in \(`{}`\)$"
GONE = b"\n-- Dump completed"

UNREADABLE = (
    Damage("no bytes at all", lambda script: b"", CUT + "is empty$"),
    Damage(
        "cut inside a row",
        cut_at(b"INSERT INTO `guests`", 60),
        CUT + r"ends inside a statement that started on line \d+$",
    ),
    Damage(
        "cut inside a CREATE TABLE",
        cut_at(b"CREATE TABLE `guests`", 40),
        CUT + r"ends inside a statement that started on line \d+$",
    ),
    Damage("cut between two tables", cut_at(b"DROP TABLE IF EXISTS `guests`"), CUT + 'no "-- Dump completed" line$'),
    Damage("cut before its last line", cut_at(GONE), CUT + 'no "-- Dump completed" line$'),
    Damage(
        "cut inside its last line",
        cut_at(GONE, len(b"\n-- Dump completed on 20")),
        CUT + 'ends inside its last line, "-- Dump completed"$',
    ),
    Damage(
        "the header only",
        lambda s: s[: s.index(b"DROP TABLE")] + s[s.index(GONE) :],
        "the dump {name} contains no table$",
    ),
    Damage(
        "cut, and comments off",
        then(without(rb"^--.*?$"), cut_at(b"/*!40101 SET SQL_MODE=@OLD")),
        CUT + r"ends before the settings of its header are restored \(.+\)$",
    ),
    Damage(
        "a warning of the tool in the script",
        lambda s: b"mysqldump: [Warning] Using a password on the command line interface can be insecure.\n" + s,
        MIXED.format("1", r"mysqldump: \[Warning\] Using a password on the command line in…"),
    ),
    Damage(
        "an error of the tool in the script",
        with_line(b"mysqldump: Got error: 1356: View 'a' references invalid table(s) when using LOCK TABLES"),
        MIXED.format(r"\d+", r"mysqldump: Got error: 1356: View 'a' references invalid tabl…"),
    ),
    Damage(
        "half of another dump behind it",
        lambda s: s + b"CREATE TABLE `t` (`a` int);\n",
        CUT + 'statements follow the last "-- Dump completed" line$',
    ),
    Damage(
        "gzip, cut",
        lambda s: gzip.compress(s)[:-40],
        r".*{name}: the gzip data is truncated after \d+ bytes, inside member 1$",
    ),
    Damage(
        "gzip, one bit changed",
        lambda s: flipped(gzip.compress(s)),
        r".*{name}: the gzip data is damaged at or after byte \d+$",
    ),
    Damage(
        "gzip, with something else behind it",
        lambda s: gzip.compress(s) + b"nohup: ignoring input",
        r".*{name}: the gzip data is damaged at or after byte \d+$",
    ),
    Damage(
        "gzip around a dump that died", lambda s: gzip.compress(cut_at(GONE)(s)), CUT + 'no "-- Dump completed" line$'
    ),
    Damage(
        "gzip of gzip",
        lambda s: gzip.compress(gzip.compress(s)),
        ".*{name} was compressed twice: decompressed, it is again gzip data$",
    ),
    Damage(
        "zstd, cut",
        lambda s: zstandard.compress(s)[:-9],
        ".*{name}: the zstd data is truncated after \\d+ bytes, inside member 1$",
    ),
    Damage(
        "xz, cut",
        lambda s: lzma.compress(s)[:-30],
        ".*{name}: the xz data is truncated after \\d+ bytes, inside member 1$",
    ),
    Damage(
        "xz, one bit changed",
        lambda s: flipped(lzma.compress(s)),
        ".*{name}: the xz data is damaged at or after byte \\d+$",
    ),
    Damage(
        "bzip2, cut",
        lambda s: bz2.compress(s)[:-30],
        ".*{name}: the bzip2 data is truncated after \\d+ bytes, inside member 1$",
    ),
    Damage(
        "bzip2, one bit changed",
        lambda s: flipped(bz2.compress(s), 12),
        r".*{name}: the bzip2 data is damaged at or after byte \d+$",
    ),
    Damage(
        "written by PowerShell's >",
        lambda s: b"\xff\xfe" + s.decode("utf-8", "replace").encode("utf-16-le"),
        ".*{name} is in UTF-16: the shell that wrote it",
        UsageError,
    ),
    Damage("a zip archive", _zipped, ".*{name} is a zip archive, not an SQL dump$", UsageError),
    Damage("a tar archive of the script", _tarred, ".*{name} is a tar archive, not an SQL dump$", UsageError),
    Damage(
        "a dump of PostgreSQL", lambda s: b"PGDMP" + s, ".*{name} is a dump of PostgreSQL, not of MySQL$", UsageError
    ),
    Damage(
        "a page that says 404",
        lambda s: b"<!DOCTYPE html>\n<title>404 Not Found</title>\n",
        ".*{name} is an HTML, XML or JSON document, not a script: what fetched it was given a web server's answer$",
    ),
    Damage(
        "an error of an object store",
        lambda s: b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>\n',
        ".*{name} is an HTML, XML or JSON document, not a script: what fetched it was given a web server's answer$",
    ),
    Damage(
        "made with --xml",
        lambda s: b'<?xml version="1.0"?>\n<mysqldump xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n',
        ".*{name} was made with --xml, so no client can run it$",
        UsageError,
    ),
    Damage(
        "bytes that are not UTF-8",
        swapped(b"'Burdell'", b"'Burd\xe9ll'"),
        r"the dump {name} was converted: bytes at line \d+ are not UTF-8, although the dump declares utf8mb4$",
    ),
    Damage(
        "the dumps of two databases in one",
        lambda s: s + s.replace(b"Database: prod_", b"Database: other_"),
        r".*{name}: contains the dumps of prod_\w+ and other_\w+, but no USE separates their statements$",
    ),
    Damage(
        "several databases, none of them named",
        lambda s: s.replace(b"\nDROP TABLE", b"\nCREATE DATABASE `a`;\nUSE `a`;\nDROP TABLE", 1).replace(
            GONE, b"\nCREATE DATABASE `b`;\nUSE `b`;\nCREATE TABLE `t` (`a` int);\n" + GONE
        ),
        ".*{name}: contains 2 databases: a, b$",
        UsageError,
    ),
    Damage(
        "a view that stayed its placeholder",
        without(rb"^-- Final view structure.*?(?=^/\*!40103 SET TIME_ZONE=@OLD)"),
        r"the dump {name} contains only the placeholder of the view adults, on line \d+$",
    ),
)


def unsafe(name: str, statement: bytes, message: str) -> Damage:
    return Damage(
        name, with_line(statement), r"the dump {name} was rejected: on line \d+, " + message + "$", UnsafeArtifact
    )


UNSAFE = (
    unsafe("a shell", rb"\! touch /tmp/x", r"\\! outside of a string is a command of the mysql client"),
    unsafe("a shell, spelled out", b"system touch /tmp/x", "system is a command of the mysql client"),
    unsafe("another file", b"source /etc/passwd", "source is a command of the mysql client"),
    unsafe("a log of the session", b"tee /tmp/x", "tee is a command of the mysql client"),
    unsafe("a pager", b"pager cat > /tmp/x", "pager is a command of the mysql client"),
    unsafe("an account", b"CREATE USER 'x'@'%';", "CREATE USER changes accounts"),
    unsafe("a grant", b"GRANT ALL ON *.* TO 'x'@'%';", "GRANT changes privileges of accounts"),
    unsafe("a global variable", b"SET GLOBAL general_log = 1;", "SET GLOBAL changes general_log for the whole server"),
    unsafe(
        "a persisted variable",
        b"SET PERSIST max_connections = 1;",
        "SET PERSIST changes max_connections for the whole server",
    ),
    unsafe(
        "a file that is written", b"SELECT 1 INTO OUTFILE '/tmp/x';", "INTO OUTFILE reads or writes files of the server"
    ),
    unsafe(
        "a file that is read",
        b"LOAD DATA INFILE '/etc/passwd' INTO TABLE guests;",
        "LOAD DATA reads or writes files of the server",
    ),
    unsafe(
        "a file in a value",
        b"INSERT INTO `guests` VALUES (9,LOAD_FILE('/etc/passwd'),NULL);",
        "an INSERT computes a value with LOAD_FILE, so its rows differ from the dump",
    ),
    unsafe("a plugin", b"INSTALL PLUGIN x SONAME 'x.so';", "INSTALL PLUGIN changes the server's own code"),
    unsafe(
        "a library",
        b"CREATE FUNCTION f RETURNS STRING SONAME 'x.so';",
        "CREATE FUNCTION … SONAME loads a library into the server",
    ),
    unsafe(
        "rows for another database", b"INSERT INTO `mysql`.`user` VALUES (1);", "INSERT refers to the database mysql"
    ),
    unsafe(
        "the end of another database", b"DROP DATABASE `production`;", "DROP DATABASE refers to the database production"
    ),
    unsafe(
        "text that is run",
        b"PREPARE s FROM 'DROP TABLE guests';",
        "PREPARE runs text that cannot be checked beforehand",
    ),
    unsafe("the end of the server", b"SHUTDOWN;", "SHUTDOWN affects the whole server"),
    unsafe("replication", b"STOP GROUP_REPLICATION;", "STOP GROUP_REPLICATION changes what the server replicates"),
    unsafe(
        "a table elsewhere",
        b"CREATE TABLE `far` (`a` int) ENGINE=FEDERATED CONNECTION='mysql://x/y/z';",
        "a table of engine FEDERATED reads its rows from elsewhere",
    ),
    unsafe(
        "a table outside of the data directory",
        b"CREATE TABLE `far` (`a` int) DATA DIRECTORY='/tmp';",
        "DATA DIRECTORY stores a table's files outside of the data directory",
    ),
    unsafe(
        "a character set that hides quotes",
        b"SET NAMES gbk;",
        "in the character set gbk, a byte of a character can look like a quote, so the dump cannot be checked safely",
    ),
)

UNSAFE += (
    unsafe("rows that are deleted", b"DELETE FROM `guests`;", "not a statement of a dump tool: DELETE FROM guests …"),
    unsafe(
        "a trigger that runs for each row",
        b"CREATE TRIGGER early BEFORE INSERT ON `guests` FOR EACH ROW SET NEW.name = 'x';\n"
        b"INSERT INTO `guests` VALUES (99,'x',NULL);",
        "rows are inserted into guests, but its trigger early was created before: it would run for each row",
    ),
)
