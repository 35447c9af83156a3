"""Healthy edge_cases are at the source as their names say, on either runtime; the databases stand beside Apiary's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from harness.artifacts.storage.names import coded
from harness.base.model import Change, FileState
from harness.faults import FAULTS
from harness.faults.context import FaultContext
from harness.faults.edge_case_files import FILES
from harness.faults.injection_points import InjectionPoint
from harness.procedure.backup.scan import scan
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import Session
from harness.runtime.services.stack import Stack
from tests.drills.conftest import Restoration

pytestmark = pytest.mark.xdist_group("restoration")


def put_in(restoration: Restoration, stack: Stack, name: str, *only: str) -> list[Change]:
    """Put a fault in, and return what it did."""
    drill, fault = restoration.drill, FAULTS[name]
    context = FaultContext(InjectionPoint.SOURCE, drill.plan.store.directory, drill.limits, _stack=stack)
    options = fault.options.model_validate({"only": only})
    with fault.inject(context, Random(f"1:{name}"), options):
        return list(context.changes)


@contextmanager
def beside(restoration: Restoration) -> Iterator[tuple[Stack, Session]]:
    """The same stack with another database, which is gone afterwards, and a session in it."""
    mysql = replace(restoration.target.mysql, database="beside")
    with mysql.session() as admin:
        admin.execute("CREATE DATABASE beside CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        admin.execute(f"GRANT ALL ON beside.* TO '{mysql.app.user}'@'%'")
        try:
            admin.execute("USE beside")
            yield replace(restoration.target, mysql=mysql), admin
        finally:
            admin.execute("DROP DATABASE beside")
            admin.execute(f"REVOKE ALL ON beside.* FROM '{mysql.app.user}'@'%'")


def found(session: Session, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.rows(sql)]


def test_tables(restoration: Restoration) -> None:
    """On MySQL: what only MariaDB has is left out."""
    with beside(restoration) as (stack, session):
        changes = put_in(restoration, stack, "edge-case-tables")
        assert Change("edge-case", "no primary key, duplicate rows", "2 statements, run as the application") in changes
        assert (
            Change("edge-case", "a generated invisible primary key", "3 statements, run as an administrator") in changes
        )
        assert {"a sequence", "a table with the history of its rows"}.isdisjoint(change.subject for change in changes)
        assert found(session, "SELECT a, COUNT(*) FROM edge_duplicates GROUP BY a ORDER BY a") == [(None, 1), (1, 3)]
        assert found(session, "SELECT my_row_id, a FROM edge_invisible_key") == [(1, 1), (2, 1)]
        assert found(session, "SELECT * FROM edge_generated WHERE a") == [(1, 2, "x", "X", 5)]
        assert found(session, "SELECT *, b FROM edge_invisible") == [(1, 3, 2)]
        assert found(session, "SELECT a.b, b.a FROM edge_cycle_a a JOIN edge_cycle_b b ON a.b = b.id") == [(2, 1)]
        assert found(session, "SELECT COUNT(*) FROM edge_tree WHERE up IS NULL OR up >= id") == [(3,)]
        assert len(next(session.rows("SELECT * FROM edge_wide"))) == 190
        counted = "SELECT COUNT(*) FROM information_schema.{} WHERE {} = 'beside' AND {}"
        assert session.value(counted.format("partitions", "table_schema", "partition_name IS NOT NULL")) == 2 + 5
        assert session.value(counted.format("tables", "table_schema", "engine = 'MyISAM'")) == 1
        assert session.value(counted.format("column_statistics", "schema_name", "column_name = 'v'")) == 1


def test_values(restoration: Restoration) -> None:
    with beside(restoration) as (stack, session):
        changes = put_in(restoration, stack, "edge-case-values")
        assert "a row of 17 MiB" in {change.subject for change in changes}
        assert "addresses and UUIDs" not in {change.subject for change in changes}
        assert found(session, "SELECT LENGTH(v) FROM edge_large ORDER BY id") == [(17 << 20,), (0,)]
        assert found(session, "SELECT HEX(v) FROM edge_bytes") == [(bytes(range(256)).hex().upper(),)]
        assert found(session, "SELECT HEX(v), HEX(w) FROM edge_latin1") == [("E980FF", "F09F909D")]
        assert found(session, "SELECT CAST(d AS CHAR) FROM edge_zero_dates") == [("0000-00-00",), ("2026-00-00",)]
        assert found(session, "SELECT k FROM edge_emoji ORDER BY k") == [("🍯",), ("🐝",)]
        assert found(session, "SELECT c + 0 FROM edge_bits WHERE a") == [((1 << 64) - 1,)]
        assert found(session, "SELECT SUM(n = 99999), SUM(d = 5e-324), SUM(d > 1.7e308) FROM edge_floats") == [
            (1, 1, 1)
        ]
        assert found(session, "SELECT s FROM edge_members WHERE e = 'it''s'") == [("x,ř",)]
        assert found(session, "SELECT ST_AsText(p) FROM edge_places WHERE g IS NULL") == [("POINT(1 2)",)]
        assert found(session, "SELECT COUNT(*) FROM edge_script WHERE v LIKE '-- Dump completed on%'") == [(1,)]


def test_objects(restoration: Restoration) -> None:
    """Views show their rows, triggers changed what was inserted, routines answer."""
    with beside(restoration) as (stack, session):
        assert len(put_in(restoration, stack, "edge-case-objects")) == 8
        assert found(session, "SELECT * FROM edge_aa") == [(1, 2)]
        assert found(session, "SELECT * FROM edge_constants") == [(1, 1)]
        assert found(session, "SELECT * FROM edge_doubled ORDER BY id") == [(1, 10), (2, 12)]
        assert found(session, "SELECT what FROM edge_log ORDER BY id") == [("1;",), ("2;",)]
        assert found(session, "SELECT v FROM edge_in_order") == [("ab",)]
        assert session.value("SELECT edge_text('a')") == "a;;DELIMITER//"
        routines = "SELECT database_collation FROM information_schema.routines WHERE routine_name = 'edge_collation'"
        assert session.value(routines) == "utf8mb4_bin"
        assert session.value("SELECT @@collation_database") == "utf8mb4_unicode_ci"
        assert [row[1] for row in session.rows("SHOW EVENTS FROM beside")] == ["edge_daily", "edge_once"]


def test_names(restoration: Restoration) -> None:
    with beside(restoration) as (stack, session):
        assert len(put_in(restoration, stack, "edge-case-names")) == 8
        assert {name for (name,) in session.rows("SHOW TABLES")} == {
            "edge a b", "edge the `view`", "table", "edge_it's; -- /*", "edge_žluťoučký", "edge_pohled_蜂",
            f"edge_{'é' * 59}", "edge_bees", "EDGE_BEES", "edge_%", "edge_a\nDROP TABLE b;\n-- \tc", "edge_named",
        }  # fmt: skip
        assert found(session, "SELECT * FROM `edge the ``view```") == [(2,)]
        assert found(session, "SELECT `蜜` FROM `edge_pohled_蜂`") == [(1,)]
        assert session.value("SELECT `edge it's a.b`(7)") == 7
        (trigger,) = session.rows("SHOW TRIGGERS FROM beside")
        assert trigger[0] == "edge trigger; `t`"


def test_only_those_that_are_named(restoration: Restoration) -> None:
    """In the order of the table, whatever the order of the names is."""
    with beside(restoration) as (stack, session):
        changes = put_in(restoration, stack, "edge-case-values", "JSON", "BIT")
        assert changes == [
            Change("edge-case", name, f"{statements} statements, run as the application")
            for name, statements in (("BIT", 2), ("JSON", 3))
        ]
        assert found(session, "SHOW TABLES") == [("edge_bits",), ("edge_json",)]


def files(restoration: Restoration) -> dict[bytes, FileState]:
    apiary = restoration.target.apiary
    return {entry.path: entry for entry in scan(apiary.storage_host, apiary.storage_root)}


def test_files(restoration: Restoration) -> None:
    """Every name is there byte for byte, as the application's own, and as unusual as it was; nothing else changed."""
    apiary = restoration.target.apiary
    before = files(restoration)
    try:
        changes = put_in(restoration, restoration.target, "edge-case-files")
        after = files(restoration)
    finally:
        left = run(apiary.storage_host, ["sh", "-euc", 'cd "$1"; rm -rf edge ./-*', "sh", apiary.storage_root])
        assert left.exit_status == 0, left.stderr
    expected = [(edge_case.name, ", ".join(coded(path) for path in edge_case.paths)) for edge_case in FILES]
    assert changes == [Change("edge-case", *one) for one in expected]
    paths = {edge_case.name: edge_case.paths for edge_case in FILES}
    made = {path: entry for path, entry in after.items() if before.get(path) != entry and path}
    deep = {b"edge/" + b"/".join([b"twenty-bytes-or-so-d"] * levels) for levels in range(1, 51)}
    assert set(made) == {path for some in paths.values() for path in some} | deep | {b"edge"}
    assert before.keys() <= after.keys()
    assert {(entry.uid, entry.gid) for entry in made.values()} == {(before[b"resumes"].uid, before[b"resumes"].gid)}

    def one(name: str) -> FileState:
        return made[paths[name][0]]

    assert {path.count(b"\n") for path in made} == {0, 2}
    assert b"edge/r\xe9sum\xe9 \xff\x80.pdf" in made
    assert len(paths["a name of 255 bytes"][0].removeprefix(b"edge/")) == 255
    assert [one(f"an empty {what}").kind for what in ("file", "directory")] == ["file", "directory"]
    assert [one(f"a file that {who} may write").mode for who in ("nobody", "everybody")] == [0o400, 0o666]
    assert (one("a file of 1970").mtime_s, one("a file of the future").mtime_s) == (0, 4102444800)
    assert (one("an empty file").size_bytes, one("a file with holes").size_bytes) == (0, 16 << 20)
    (first, second) = (made[path] for path in paths["two names of one file"])
    assert (first.kind, second.kind, second.target) == ("file", "hardlink", first.path)
