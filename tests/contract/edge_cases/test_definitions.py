"""Definitions are equal when they mean the same to the server, whoever wrote them; an object that changed is found."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.base.model import Finding, Severity
from harness.checks.schema import check_script_objects
from harness.checks.tables import check_script_rows
from harness.procedure.restore.redump import differing_rows_of_script, redump
from tests.contract.edge_cases.conftest import Pair
from tests.contract.edge_cases.flow import PLAN, drilled, errors

HIVES = (
    "CREATE TABLE hives (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, label VARCHAR(40) NOT NULL,"
    " weight DECIMAL(8,2) DEFAULT '1.50', kept TINYINT(1) DEFAULT '0', KEY hives_label_index (label, id),"
    " CHECK (weight > 0))",
    "INSERT INTO hives (label) VALUES ('north'), ('south')",
    "CREATE VIEW hive_names AS SELECT h.label AS name, COUNT(*) AS n FROM hives h WHERE h.id > 0 GROUP BY h.label",
    "CREATE TRIGGER hives_lower BEFORE INSERT ON hives FOR EACH ROW SET NEW.label = LOWER(NEW.label)",
    "CREATE PROCEDURE count_hives() SELECT COUNT(*) FROM hives",
)
DEFINER = re.compile(rb"DEFINER=`[^`]*`@`[^`]*`")


def without_definers(script: bytes) -> bytes:
    """As people do with sed before a restore, in two ways."""
    return DEFINER.sub(b"", script.replace(b" SQL SECURITY DEFINER", b""))


def other_blanks(script: bytes) -> bytes:
    return re.sub(rb"(?m)^\) ENGINE=InnoDB", b")  ENGINE  =  InnoDB", script).replace(
        b"(`label`,`id`)", b"( `label`, `id` )"
    )


def without_backticks(script: bytes) -> bytes:
    """Only where definitions are made; the words between are no keywords."""
    return re.sub(
        rb"CREATE TABLE `hives`.*?;$",
        lambda found: found.group().replace(b"`", b""),
        script,
        flags=re.DOTALL | re.MULTILINE,
    )


def view_by_hand(script: bytes) -> bytes:
    """The view as a person writes it; the server adds names, quotes and parentheses."""
    view = (
        b"CREATE OR REPLACE VIEW hive_names AS SELECT label AS name, COUNT(*) AS n FROM hives AS h WHERE (id>0)"
        b" GROUP BY label;"
    )
    changed, count = re.subn(
        rb"/\*!50001 CREATE ALGORITHM=UNDEFINED \*/.*?;$", b"", script, flags=re.DOTALL | re.MULTILINE
    )
    assert count == 1
    return changed.replace(b"/*!50001 DROP VIEW IF EXISTS `hive_names`*/;", b"", 2).replace(
        b"\n-- Dump completed", view + b"\n-- Dump completed"
    )


def key_by_alter(script: bytes) -> bytes:
    """As phpMyAdmin writes it: the key comes after the rows."""
    changed, count = re.subn(rb",\n  KEY `hives_label_index` \(`label`,`id`\)", b"", script)
    assert count == 1
    return changed.replace(
        b"UNLOCK TABLES;", b"UNLOCK TABLES;\nALTER TABLE `hives`\n  ADD KEY `hives_label_index` (`label`,`id`);", 1
    )


@pytest.fixture
def dump(pair: Pair, tmp_path: Path) -> Path:
    pair.fill(HIVES)
    options = ("--set-gtid-purged=OFF", "--routines") if pair.flavour == "MySQL" else ("--routines",)
    return pair.dump(tmp_path / "dump.sql", *options)


@pytest.mark.parametrize(
    "change", [without_definers, other_blanks, without_backticks, view_by_hand, key_by_alter],
    ids=lambda change: change.__name__,
)  # fmt: skip
def test_other_words_of_the_same_meaning_are_equal(pair: Pair, dump: Path, change: Callable[[bytes], bytes]) -> None:
    """And after the object was changed behind the script's back, it is named all the same."""
    script = dump.read_bytes()
    dump.write_bytes(change(script))
    assert dump.read_bytes() != script
    read, results = drilled(pair, dump)
    assert errors(results) == []
    assert results[1].compared == 4
    assert found_after(pair, read, "ALTER TABLE hives MODIFY weight DECIMAL(9,2)") == ["table-differs hives"]
    # still changed, and more
    assert found_after(pair, read, "CREATE OR REPLACE VIEW hive_names AS SELECT label AS name, 1 AS n FROM hives") == [
        "table-differs hives",
        "view-differs hive_names",
    ]
    assert found_after(pair, read, "DROP TRIGGER hives_lower") == [
        "table-differs hives",
        "trigger-missing hives_lower",
        "view-differs hive_names",
    ]


def found_after(pair: Pair, script: object, statement: str) -> list[str]:
    """Errors of the objects after a statement in the restored database."""
    with pair.target.session(pair.target.app, database=pair.target.database) as session:
        session.execute(statement)
    expected, again = redump(pair.target, script, PLAN)  # type: ignore[arg-type]
    result = check_script_objects(expected.objects, again.objects)
    assert not list(pair.admin.rows("SHOW DATABASES LIKE 'drill\\_definitions%'")), "nothing is left behind"
    return sorted(f"{finding.code} {finding.subject}" for finding in result.findings)


def test_accounts_that_the_target_lacks_are_left_out_and_named(pair: Pair, dump: Path) -> None:
    """Root, and one that nobody has: the loading account gets no right more, and the objects are back."""
    script = dump.read_bytes().replace(
        f"DEFINER=`{pair.source.app.user}`@`%`".encode(), b"DEFINER=`root`@`localhost`", 1
    )
    dump.write_bytes(re.sub(rb"DEFINER=`app_\w+`@`%`", b"DEFINER=`ghost`@`%`", script))
    read, results = drilled(pair, dump)
    assert errors(results) == []
    definers = [found for found in read.findings if found.code.startswith("definer")]
    assert [(found.code, found.severity) for found in definers].count(("definer-missing", Severity.WARNING)) == 1
    text = " ".join(found.message + found.remedy for found in definers)
    assert all(part in text for part in ("error 1227", "error 1449", "root@localhost", "ghost@%"))
    assert read.definers_left_out == {"root@localhost", "ghost@%"}
    left_out = {one.what for one in read.report.dropped if one.code == "definer"}
    assert left_out == {"DEFINER root@localhost", "DEFINER ghost@%"}
    grants = [str(grant) for (grant,) in pair.admin.rows(f"SHOW GRANTS FOR '{pair.target.app.user}'@'%'")]
    assert not any("SET" in grant.split(" ON ")[0] or "SUPER" in grant for grant in grants)


def test_an_object_that_runs_as_another_account_than_the_script_says_is_found(pair: Pair, dump: Path) -> None:
    read, _ = drilled(pair, dump)
    pair.admin.execute(f"USE `{pair.target.database}`")
    pair.admin.execute("DROP PROCEDURE count_hives")
    pair.admin.execute("CREATE DEFINER=`root`@`localhost` PROCEDURE count_hives() SELECT COUNT(*) FROM hives")
    expected, again = redump(pair.target, read, PLAN)
    (finding,) = check_script_objects(expected.objects, again.objects).findings
    assert isinstance(finding, Finding)
    assert (finding.code, finding.subject, finding.actual) == ("procedure-differs", "count_hives", "root@localhost")


APIARY = Path(__file__).parents[2] / "data" / "real-apiary" / "apiary.sql.gz"
CASES = Path(__file__).parents[2] / "data" / "cases"


def body(case: Path) -> bytes:
    """What a script of one table holds between the settings of its header and those of its end."""
    script = case.read_bytes()
    return script[script.index(b"DROP TABLE IF EXISTS") : script.index(b"/*!40101 SET SQL_MODE=@OLD")]


def test_a_whole_apiary_with_what_people_and_tools_do_to_definitions_passes(pair: Pair, tmp_path: Path) -> None:
    """Definers taken out by sed, and another tool's blanks; one row less is then named by its table."""
    script = gzip.decompress(APIARY.read_bytes())
    end = script.rindex(b"-- Dump completed")
    stripped, spaces = (body(CASES / name / "d.sql") for name in ("definer-stripped", "definition-spaces"))
    added = stripped + spaces.replace(b"`hives", b"`apiaries")
    dump = tmp_path / "apiary.sql"
    dump.write_bytes(script[:end] + added + script[end:])
    read, results = drilled(pair, dump)
    assert errors(results) == []
    assert results[0].compared == read.rows > 100
    assert {(item.kind, item.name) for item in read.content.objects} >= {
        ("table", "hives"), ("table", "apiaries"), ("view", "hive_names"), ("trigger", "hives_lower")
    }  # fmt: skip
    assert found_after(pair, read, "ALTER TABLE apiaries ADD KEY another (id, label)") == ["table-differs apiaries"]
    with pair.target.session(pair.target.app, database=pair.target.database) as session:
        session.execute("DELETE FROM hives WHERE id = 2")
        session.execute("UPDATE apiaries SET label = 'x' WHERE id = 3")
    expected, again = redump(pair.target, read, PLAN)
    named = differing_rows_of_script(pair.target, read, PLAN, ["apiaries", "hives"], tmp_path)
    found = check_script_rows(expected.tables, again.tables, named, expected.compared_as).findings
    assert [(one.code, one.subject) for one in found] == [("content-digest", "apiaries"), ("row-count", "hives")]
    assert "changed rows: [3]" in found[0].message
    assert "missing rows: [2]" in found[1].message
