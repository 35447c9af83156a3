"""What a real tool leaves out of a dump without a word is reported before the load, and of a whole one nothing."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.base.model import Severity
from harness.checks.tables import check_rows
from harness.procedure.restore.script import read_script
from tests.contract.edge_cases.conftest import Pair
from tests.contract.edge_cases.flow import drilled, errors
from tests.contract.mysql.places import read_tables

HIVES = (
    "CREATE TABLE hives (id INT PRIMARY KEY, label VARCHAR(40), photo BLOB, made TIMESTAMP NULL)",
    "INSERT INTO hives VALUES (1, 'north 🐝', X'E9FF', '2026-11-22 02:00:03'), (2, 'café', NULL, NULL)",
    "CREATE TABLE inspections (id INT PRIMARY KEY, at DATETIME)",
)
LOSSES = ("lossy-charset", "time-zone-missing", "rows-section-missing", "no-rows")

DUMPS: tuple[tuple[tuple[str, ...], tuple[tuple[str, Severity], ...]], ...] = (
    ((), ()),
    (("--skip-comments",), ()),
    (("--skip-add-locks", "--hex-blob"), ()),
    (("--default-character-set=utf8mb3",), (("lossy-charset", Severity.WARNING),)),
    (("--default-character-set=latin1",), (("lossy-charset", Severity.WARNING),)),
    (("--skip-tz-utc",), (("time-zone-missing", Severity.WARNING),)),
    (("--compact",), (("time-zone-missing", Severity.WARNING),)),
    (("--no-data",), (("no-rows", Severity.WARNING),)),
)


def findings_of(path: Path) -> list[tuple[str, Severity]]:
    return [(found.code, found.severity) for found in read_script(path, None).findings if found.code in LOSSES]


def test_what_each_option_of_the_tool_loses_is_reported(pair: Pair, tmp_path: Path) -> None:
    pair.fill(HIVES)
    for options, expected in DUMPS:
        assert findings_of(pair.dump(tmp_path / "dump.sql", *options)) == list(expected), options


def test_nothing_is_reported_where_there_is_nothing_to_lose(pair: Pair, tmp_path: Path) -> None:
    """No column in utf8mb4, no TIMESTAMP."""
    pair.fill(("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9)) CHARSET latin1", "INSERT INTO t VALUES (1, 'é')"))
    for options in (("--default-character-set=latin1",), ("--skip-tz-utc",), ("--default-character-set=utf8mb3",)):
        assert findings_of(pair.dump(tmp_path / "dump.sql", *options)) == [], options


def test_text_that_was_stored_encoded_twice_is_counted(pair: Pair, tmp_path: Path) -> None:
    """A connection announced latin1 and sent UTF-8: the server encoded it again, as it was asked to."""

    def twice(text: str) -> str:
        return f"CONVERT(CAST(CONVERT('{text}' USING utf8mb4) AS BINARY) USING latin1)"

    columns = "(id INT PRIMARY KEY, name VARCHAR(40), photo BLOB)"
    pair.fill(
        (
            f"CREATE TABLE hives {columns}",
            "INSERT INTO hives VALUES (1, 'Zoë Peña', X'C383C2A9'), (2, 'l’été 🐝', NULL)",
            f"CREATE TABLE people {columns}",
            f"INSERT INTO people VALUES (1, {twice('Zoë')}, NULL), (2, {twice('l’été 🐝')}, NULL), (3, 'Zoë', NULL)",
        )
    )
    found = read_script(pair.dump(tmp_path / "dump.sql"), None).findings
    (mojibake,) = [one for one in found if one.code == "mojibake"]
    assert (mojibake.severity, mojibake.subject) == (Severity.WARNING, pair.source.database)
    assert "2 values look like text that was encoded twice (é as Ã©), in people." in mojibake.message


@pytest.mark.parametrize(("charset", "lost"), [("utf8mb4", []), ("utf8mb3", ["hives"]), ("latin1", ["hives"])])
def test_a_lost_character_is_an_error_where_the_source_is_known(
    pair: Pair, tmp_path: Path, charset: str, lost: Sequence[str]
) -> None:
    """The script and its restore agree; only the source's own digests show the question mark."""
    pair.fill(HIVES)
    source = list(read_tables(pair.admin, pair.source.database))
    _, results = drilled(pair, pair.dump(tmp_path / "dump.sql", f"--default-character-set={charset}"))
    assert errors(results) == []
    found = check_rows(source, list(read_tables(pair.admin, pair.target.database)), (), {}).findings
    assert [(one.code, one.subject) for one in found] == [("content-digest", table) for table in lost]


def test_a_rows_section_that_was_taken_out_is_named(pair: Pair, tmp_path: Path) -> None:
    """Of a table with rows and of an empty one: what loads is an empty table either way."""
    pair.fill(HIVES)
    path = pair.dump(tmp_path / "dump.sql")
    script = path.read_bytes()
    for table in (b"hives", b"inspections"):
        begin = script.index(b"--\n-- Dumping data for table `%b`" % table)
        end = script.index(b"UNLOCK TABLES;\n", begin) + 15
        path.write_bytes(script[:begin] + script[end:])
        (found,) = [one for one in read_script(path, None).findings if one.code == "rows-section-missing"]
        assert (found.severity, found.subject) == (Severity.ERROR, table.decode())
