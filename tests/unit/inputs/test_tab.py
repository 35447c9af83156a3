"""A directory that --tab wrote is one script; what is wrong with it is reported before anything runs."""

import shutil
from pathlib import Path

import pytest

from harness.artifacts.dump.inspect import inspect
from harness.artifacts.dump.tab import TabDirectory
from harness.base.errors import BrokenArtifact, UsageError
from tests.tables import over_table

RECORDED = Path(__file__).parent / "data" / "tab-mysql-9.7"


@pytest.fixture
def tab(tmp_path: Path) -> Path:
    """A copy of the recorded directory."""
    return Path(shutil.copytree(RECORDED, tmp_path / "tab"))


def test_it_is_a_finished_script_with_all_rows(tab: Path) -> None:
    """Triggers after the rows, views after all tables, and each after the view that it reads: alphabetically not so."""
    info = inspect(TabDirectory(RECORDED))
    (database,) = info.databases
    assert (info.tool, info.tool_version, info.complete) == ("mysqldump", "9.7.4", True)
    assert {table.name: table.rows for table in database.tables} == {"a b": 3, "every": 3, "nothing": 0}
    assert {(item.kind, item.name) for item in database.objects} == {("trigger", "t1"), ("view", "seen")}
    first = (tab / "seen.sql").read_text()
    (tab / "above.sql").write_text(first.replace("`seen`", "`above`").replace("from `every`", "from `seen`"))
    script = b"".join(TabDirectory(tab).chunks())
    places = [script.index(text) for text in (b"INSERT INTO `every`", b"TRIGGER `t1`", b"VIEW `seen`", b"VIEW `above`")]
    assert places == sorted(places)


def test_the_rows_are_written_as_values() -> None:
    """NULL, the text \\N, tabs and line breaks, raw bytes, text in latin1; nothing for the generated column."""
    script = b"".join(TabDirectory(RECORDED).chunks())
    start = script.index(b"INSERT INTO `every` ")
    assert script[start : script.index(b";\n", start) + 1].decode() == (
        "INSERT INTO `every` (`id`,`raw`,`note`,`data`,`bits`,`place`,`amount`,`ratio`,`born`,`old`,`kind`,`hidden`,"
        "`fixed`) VALUES ('1',0x00010a0d091a5c2722ff,'a\tb\\nc\\\\d \\'é\\' 🐝','{\"a\": [1, null, \"🐝\\\\n\"]}',"
        "0x0142,0x000000000101000000000000000000f03f0000000000000040,'1.500','0.1','2000-02-29','é€','é','5',"
        "0x61620000),('2',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),('3','','\\\\N','[]',0x0000,"
        "NULL,'0.000','1e300','2001-01-01','','a','0',0x00000000);"
    )


def test_a_table_that_lost_its_last_line_was_cut(tab: Path) -> None:
    path = tab / "nothing.sql"
    path.write_text(path.read_text().split("-- Dump completed")[0])
    assert inspect(TabDirectory(tab)).incomplete_because == 'no "-- Dump completed" line'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("every.txt", None, "the rows of every are missing: there is no every.txt"),
        ("more.txt", "1\n", "more.txt has no more.sql that defines its columns"),
        ("a b.txt", "1\n1", "a b.txt is truncated: it ends inside a row"),
        ("a b.txt", "1\n2,3\t4\n", "row 2 of a b.txt has 2 values, but its table has 1 columns"),
        ("a b.txt", '1\n"2\\\n', "a b.txt is truncated: it ends inside a row"),
    ],
    ids=["rows-gone", "table-gone", "cut", "another-format", "cut-in-an-escape"],
)
def test_what_does_not_fit_together_is_broken(tab: Path, name: str, text: str | None, message: str) -> None:
    (tab / name).unlink(missing_ok=True)
    if text is not None:
        (tab / name).write_text(text)
    with pytest.raises(BrokenArtifact) as broken:
        inspect(TabDirectory(tab))
    assert broken.value.fact == message


@over_table(
    "old, new, message",
    [
        (
            "latin1 COLLATE latin1_swedish_ci",
            "hebrew COLLATE hebrew_bin",
            "every.txt: the column old is in the unsupported character set hebrew\nHINT: Dump the table without --tab.",
        ),
        ("SET NAMES utf8mb4", "SET NAMES latin1", "{} declares its rows in the character set latin1"),
    ],
)
def test_a_character_set_that_is_not_known_is_reported(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = Path(shutil.copytree(RECORDED, tmp_path / "tab")) / "every.sql"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UsageError) as wrong:
        inspect(TabDirectory(path.parent))
    assert (str(wrong.value) if "HINT" in message else wrong.value.fact) == message.format(path)


def test_a_row_that_is_longer_than_what_is_read_at_once(tab: Path) -> None:
    (tab / "a b.sql").write_text((tab / "a b.sql").read_text().replace("`v` int", "`v` longtext"))
    (tab / "a b.txt").write_text("x" * 700_000 + "\\\n\\\t\\\\" + "\ny\n")
    (table, *_) = inspect(TabDirectory(tab)).databases[0].tables
    assert (table.rows, table.data_bytes) == (2, 700_000 + len("'\\n\t\\\\'") + len("'y'"))
