"""What real tools of other versions, and other tools, wrote: read whole, with nothing that stands against it.

`data/versions` and `tests/data/real-apiary/tools` say in their README which program wrote what.
"""

from __future__ import annotations

import io
import lzma
from pathlib import Path

import pytest

from harness.artifacts.dump.inspect import examine
from harness.artifacts.dump.source import open_script
from harness.base.errors import UsageError
from harness.base.model import Severity
from harness.cli.inspection import inspection
from harness.procedure.restore.script import read_script

VERSIONS = Path(__file__).parent / "data" / "versions"
TOOLS = Path(__file__).parents[2] / "data" / "real-apiary" / "tools"
SIX = {"dup", "empty_one", "nasty", "odd `name", "sessions", "users"}
OLD = {"empty_one", "old", "users"}
EIGHT = SIX | {"gipk", "inv"}
WRITTEN = {
    # file: tool, its version, version of the server, tables of apiary, rows
    "mariadb-10.1.23.sql": ("mariadb-dump", "10.1.23-MariaDB", "10.1.23-MariaDB", SIX, 16),
    "mariadb-10.1.23-all-databases.sql.gz": ("mariadb-dump", "10.1.23-MariaDB", "10.1.23-MariaDB", SIX, 16),
    "mariadb-10.2.11.sql": ("mariadb-dump", "10.2.11-MariaDB", "10.2.11-MariaDB", SIX, 16),
    "mariadb-10.2.11-all-databases.sql.gz": ("mariadb-dump", "10.2.11-MariaDB", "10.2.11-MariaDB", SIX, 16),
    "mariadb-11.4.5.sql": ("mariadb-dump", "10.19-11.4.5-MariaDB", "11.4.5-MariaDB", SIX, 16),
    "mariadb-11.4.5-all-databases.sql.gz": ("mariadb-dump", "10.19-11.4.5-MariaDB", "11.4.5-MariaDB", SIX, 16),
    "mariadb-11.8.9-of-11.4.5.sql": ("mariadb-dump", "10.20-11.8.9-MariaDB", "11.4.5-MariaDB", SIX, 16),
    "mysql-5.5.9-ansi.sql": ("mariadb-dump", "10.2.11-MariaDB", "5.5.9", OLD, 5),
    "mysql-5.5.9-by-mariadb-10.2.11.sql": ("mariadb-dump", "10.2.11-MariaDB", "5.5.9", OLD, 5),
    "mysql-5.5.34.sql": ("mysqldump", "5.5.34", "5.5.34-log", SIX, 16),
    "mysql-5.5.34-all-databases.sql.gz": ("mysqldump", "5.5.34", "5.5.34-log", SIX, 16),
    "mysql-5.5.34-compatible.sql": ("mysqldump", "5.5.34", "5.5.34-log", SIX, 16),
    "mysql-5.6.21.sql": ("mysqldump", "5.6.21", "5.6.21-log", SIX, 16),
    "mysql-5.6.21-all-databases.sql.gz": ("mysqldump", "5.6.21", "5.6.21-log", SIX, 16),
    "mysql-5.6.21-ansi.sql": ("mysqldump", "5.6.21", "5.6.21-log", SIX, 16),
    "mysql-8.0.33.sql": ("mysqldump", "8.0.33", "8.0.33", EIGHT, 20),
    "mysql-8.0.33-all-databases.sql.gz": ("mysqldump", "8.0.33", "8.0.33", EIGHT, 20),
    "mysqlpump-8.0.33.sql": ("mysqlpump", "8.0.33", "8.0.33", EIGHT, 20),
}
ADMINER = ("Adminer", "4.8.1", "9.7.4-2")
PHPMYADMIN = ("phpMyAdmin", "5.2.1deb1+deb12u1", "9.7.4-2")
OF_THE_REAL_APIARY = {
    "adminer.sql.xz": ADMINER,
    "mysqldump-8.0.33.sql.xz": ("mysqldump", "8.0.33", "8.0.33"),
    "mysqldump-php.sql.xz": ("mysqldump-php", "", "9.7.4-2"),
    "mysqlpump-8.0.33.sql.xz": ("mysqlpump", "8.0.33", "8.0.33"),
    "npm-mysqldump.sql.xz": ("mysqldump (npm)", "", ""),
    "phpmyadmin-drops.sql.xz": PHPMYADMIN,
    "phpmyadmin-quick.sql.xz": PHPMYADMIN,
}


def test_each_version_is_read_whole() -> None:
    assert set(WRITTEN) == {path.name for path in VERSIONS.iterdir()}
    for name, (tool, version, server, tables, rows) in WRITTEN.items():
        info, findings = examine(VERSIONS / name)
        assert (info.tool, info.tool_version, info.server_version) == (tool, version, server), name
        assert (info.complete, info.foreign) == (True, None), name
        assert info.finished_at is not None, name
        assert info.finished_at.year == 2026, name
        assert inspection(info, findings, database="apiary").refused == (), name
        script = read_script(VERSIONS / name, "apiary")
        assert ({table.name for table in script.database.tables}, script.rows) == (tables, rows), name
        assert b"".join(script.chunks()), name


def test_each_tools_dump_of_the_real_apiary_is_read_whole() -> None:
    """Without its end, none is complete."""
    assert set(OF_THE_REAL_APIARY) == {path.name for path in TOOLS.iterdir()} - {"README.md"}
    for name, (tool, version, server) in OF_THE_REAL_APIARY.items():
        info, findings = examine(TOOLS / name)
        assert (info.tool, info.tool_version, info.server_version) == (tool, version, server), name
        assert (info.complete, info.foreign) == (True, None), name
        assert (info.finished_at is None) == (tool == "mysqldump (npm)"), name
        found = inspection(info, findings)
        assert (found.refused, found.exit_code) == ((), 0), name
        assert [one for one in found.findings if one.severity is Severity.ERROR] == [], name
        (database,) = info.databases
        assert (len(database.tables), database.rows) == (53, 2461), name
        text = lzma.decompress((TOOLS / name).read_bytes())
        assert examine(io.BytesIO(text[: len(text) * 9 // 10]))[0].complete is False, name


def test_what_mydumper_streams_is_named(tmp_path: Path) -> None:
    """`mydumper --stream` puts the name and the size of each file before it; 0.11 put the name alone."""
    for first in ("\n-- metadata.header 123", "\n-- apiary-schema-create.sql 88", "-- apiary.users.00000.sql.zst"):
        path = tmp_path / "stream"
        path.write_text(first + "\n" + "# not SQL of one script\n" * 40)
        with pytest.raises(UsageError, match=r"stream is a stream of mydumper \(--stream\), not a script of mysqldump"):
            list(open_script(path))
