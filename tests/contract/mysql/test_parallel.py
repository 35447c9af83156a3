"""run_in_parallel: what comes back is what the client would have loaded, or the script is loaded as it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import ProcedureFailed
from harness.procedure.backup.plan import BackupPlan
from harness.procedure.restore import parallel
from harness.procedure.restore.load import run_script
from harness.procedure.restore.parallel import NotInParallel, drop_objects, run_in_parallel
from harness.procedure.restore.redump import redump
from harness.procedure.restore.script import Script, check_compatibility, read_script
from tests.contract.mysql.everything import EVERYTHING
from tests.contract.mysql.places import Place, differences, dump

PLAN = BackupPlan(excluded_tables=())
MANY = [
    "CREATE TABLE many (id INT PRIMARY KEY AUTO_INCREMENT, word VARCHAR(40) NOT NULL, number INT, up INT, parent INT,"
    " twin VARCHAR(10), UNIQUE KEY by_word (word), KEY `by ``number` (number, word(3) DESC) COMMENT 'a, b',"
    " CONSTRAINT up FOREIGN KEY (up) REFERENCES many (id), KEY by_twin (parent, twin),"
    " FOREIGN KEY (parent, twin) REFERENCES parents (a, b) ON DELETE SET NULL)",
    "INSERT INTO many (word, number, up) VALUES ('it''s; a, b', 1, NULL), ('é 🐝', 2, 1)",
    *(f"INSERT INTO many (word, number) SELECT CONCAT('{i}-', id), id FROM many" for i in range(8)),
]


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_LARGE_ROWS", 100)


def judged(place: Place, target: Place, path: Path, *options: str) -> Script:
    path.write_bytes(dump(place, replace(PLAN, dump_options=options)))
    return check_compatibility(read_script(path, None), target.server)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--skip-extended-insert",),
        ("--complete-insert", "--no-autocommit"),
        ("--replace",),
        ("--net-buffer-length=4096",),
    ],
    ids=["plain", "one-row-each", "no-autocommit", "replace", "many-statements"],
)
def test_everything_comes_back_as_it_was(
    place: Place, elsewhere: Place, tmp_path: Path, options: tuple[str, ...]
) -> None:
    place.run(*EVERYTHING, *MANY, account=place.server.app)
    script = judged(place, elsewhere, tmp_path / "dump.sql", *options)
    loaded = run_in_parallel(elsewhere.server, script.chunks(), script.database)
    assert loaded.indexed_after == ("--replace" not in options), "whether the large table's indexes went and came back"
    expected, content = redump(elsewhere.server, script, PLAN)
    assert expected == script.content
    assert content.tables == expected.tables
    assert set(content.objects) == set(expected.objects)
    assert differences(place.objects(), elsewhere.objects()) == {}
    assert elsewhere.tables() == place.tables()


def test_an_index_that_another_table_refers_to_stays(place: Place, elsewhere: Place, tmp_path: Path) -> None:
    place.run(
        "CREATE TABLE many (id INT PRIMARY KEY, word INT NOT NULL, UNIQUE KEY by_word (word))",
        "CREATE TABLE child (id INT PRIMARY KEY, word INT, FOREIGN KEY (word) REFERENCES many (word))",
        "SET SESSION cte_max_recursion_depth = 100000" if place.flavour == "MySQL" else "SET @a = 1",
        "INSERT INTO many WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
        " SELECT i, i * 7 FROM n",
    )
    script = judged(place, elsewhere, tmp_path / "dump.sql")
    loaded = run_in_parallel(elsewhere.server, script.chunks(), script.database)
    assert loaded.connections > 1
    assert differences(place.objects(), elsewhere.objects()) == {}
    assert elsewhere.tables() == place.tables()


# MariaDB inserts the first rows of a table in bulk, and then says 1180 for a duplicate.
FAILURES = {
    "in the primary key": (b"(900,", b"(899,", "ERROR 1062|ERROR 1180"),
    "in an index that is built after the rows": (b"'word-900'", b"'word-899'", "ERROR 1062|ERROR 1180"),
    "a value that is no number": (b"(900,", b"(nine,", "ERROR 1054"),
}


@pytest.mark.parametrize("what", FAILURES)
def test_what_fails_is_loaded_as_it_stands(place: Place, elsewhere: Place, tmp_path: Path, what: str) -> None:
    """It fails there as well if it has to; and what is half loaded is in nobody's way."""
    place.run(
        "CREATE TABLE many (id INT PRIMARY KEY, word VARCHAR(20), UNIQUE KEY by_word (word))",
        "SET SESSION cte_max_recursion_depth = 100000" if place.flavour == "MySQL" else "SET @a = 1",
        "INSERT INTO many WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
        " SELECT i, CONCAT('word-', i) FROM n",
        "CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC NO SQL RETURN n * 2",
        account=place.server.app,
    )
    path = tmp_path / "dump.sql"
    script = judged(place, elsewhere, path)
    was, becomes, error = FAILURES[what]
    good = path.read_bytes()
    path.write_bytes(good.replace(was, becomes))
    with pytest.raises(NotInParallel, match=error):
        run_in_parallel(elsewhere.server, script.chunks(), script.database)
    with pytest.raises(ProcedureFailed, match=error):
        run_script(elsewhere.server, script.chunks())
    path.write_bytes(good)
    run_script(elsewhere.server, (drop_objects(script.database), *script.chunks()))
    assert elsewhere.tables() == place.tables()
    assert differences(place.objects(), elsewhere.objects()) == {}


def test_rows_of_a_table_that_the_dump_does_not_create_go_through_the_client(
    place: Place, elsewhere: Place, tmp_path: Path
) -> None:
    place.run("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    script = judged(place, elsewhere, tmp_path / "dump.sql", "--no-create-info")
    with pytest.raises(NotInParallel, match="the dump does not create the table t"):
        run_in_parallel(elsewhere.server, script.chunks(), script.database)
    assert elsewhere.tables() == {}, "nothing was loaded"


def test_a_stranger_is_noticed(place: Place, elsewhere: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    script = judged(place, elsewhere, tmp_path / "dump.sql")

    def chunks() -> Iterator[bytes]:
        with closing(elsewhere.server.connect()):
            yield from script.chunks()

    with pytest.raises(ProcedureFailed, match=r"^1 other connections to the database were made"):
        run_in_parallel(elsewhere.server, chunks(), script.database)


def test_many_short_statements_go_in_the_order_of_their_settings(
    new_place: Callable[..., Place], tmp_path: Path
) -> None:
    """A setting between two INSERTs is for the rows behind it, on whichever connection they go."""
    target = new_place()
    path = tmp_path / "dump.sql"
    rows = [
        f"SET time_zone = '+{hour:02}:00';\nINSERT INTO `t` VALUES ({hour},'2026-01-01 12:00:00');\n"
        for hour in range(14)
    ]
    path.write_text(
        "CREATE TABLE `t` (`id` int NOT NULL, `at` timestamp NULL DEFAULT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB;\n"
        + "".join(rows)
    )
    script = check_compatibility(read_script(path, None), target.server)
    run_in_parallel(target.server, script.chunks(), script.database)
    hours = [row[0].hour for row in target.kept.rows(f"SELECT at FROM {target.name}.t ORDER BY id")]
    assert hours == [(12 - hour) % 24 for hour in range(14)]


def test_foreign_keys_that_the_script_has_checked_are_checked(new_place: Callable[..., Place], tmp_path: Path) -> None:
    """A row whose parent is missing fails as it does through the client."""
    target = new_place()
    path = tmp_path / "dump.sql"
    path.write_text(
        "CREATE TABLE `parent` (`id` int NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB;\n"
        "CREATE TABLE `child` (`id` int NOT NULL, `up` int NOT NULL, PRIMARY KEY (`id`), KEY `up` (`up`),"
        " CONSTRAINT `to_parent` FOREIGN KEY (`up`) REFERENCES `parent` (`id`)) ENGINE=InnoDB;\n"
        "INSERT INTO `parent` VALUES (1);\n"
        f"SET foreign_key_checks=1;\nINSERT INTO `child` VALUES {','.join(f'({n},1)' for n in range(200))},(200,2);\n"
    )
    script = check_compatibility(read_script(path, None), target.server)
    with pytest.raises(NotInParallel, match="ERROR 1452"):
        run_in_parallel(target.server, script.chunks(), script.database)
    with pytest.raises(ProcedureFailed, match="ERROR 1452"):
        run_script(target.server, script.chunks())
