"""The fault privilege-missing-at-source: what the dump then lacks is known all the same, or the dump fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from harness.artifacts.dump.source import open_script
from harness.base.errors import ProcedureFailed
from harness.base.model import Change
from harness.base.settings import Limits
from harness.faults import FAULTS
from harness.faults.context import FaultContext
from harness.faults.injection_points import InjectionPoint
from harness.procedure.backup.external_server import ROUTINES, check_account, hides_routines
from harness.procedure.backup.mysqldump import backup_database
from harness.runtime.services.mysql_schema import read_objects
from harness.runtime.services.stack import Stack
from tests.contract.mysql.places import Place
from tests.contract.mysql.test_backup import EVERYTHING

NAME = "privilege-missing-at-source"


@pytest.fixture
def source(place: Place) -> Iterator[Place]:
    """A database with a view, a trigger, and nothing of another test."""
    place.run(
        "CREATE TABLE t (v INT)",
        "CREATE VIEW seen AS SELECT v FROM t",
        "CREATE TRIGGER doubled BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 2 * NEW.v",
    )
    yield place
    place.run("DROP USER IF EXISTS drill_backup@'%'")


@contextmanager
def lacking(place: Place, privilege: str) -> Iterator[list[Change]]:
    """Put the fault in around the block."""
    absent = cast("Any", None)
    stack = Stack("source", "drill", place.server, absent, absent, (), Path())
    context, fault = FaultContext(InjectionPoint.BACKUP, Path(), Limits(), _stack=stack), FAULTS[NAME]
    with fault.inject(context, Random(1), fault.options.model_validate({"privilege": privilege})):
        yield context.changes
    assert place.server.dumper == place.server.admin, "the fault is left, and nothing of it stays"


def backed_up(place: Place, path: Path) -> tuple[bytes, set[tuple[str, str]]]:
    """The script, and the objects that the source is known to hold."""
    outcome = backup_database(place.server, EVERYTHING, path, lambda session: read_objects(session, place.name))
    return b"".join(open_script(path)), {(item.kind, item.name) for item in outcome.reading}


@pytest.mark.parametrize(
    ("privilege", "text", "left_out"),
    [
        ("TRIGGER", b"doubled", ("trigger", "doubled")),
        ("SHOW_ROUTINE", b"drill_fault_double", ("routine", "drill_fault_double")),
    ],
)
def test_what_is_left_out_silently_is_known_of_the_source(
    source: Place, privilege: str, text: bytes, left_out: tuple[str, str], tmp_path: Path
) -> None:
    with lacking(source, privilege) as changes:
        script, held = backed_up(source, tmp_path / "lacking")
    assert changes[-1] == Change("account", "drill_backup", f"makes the dump without the privilege {privilege}")
    assert text not in script
    assert left_out in held
    script, again = backed_up(source, tmp_path / "whole")
    assert text in script
    assert again == held


def test_routines_that_are_hidden_from_an_account_are_reported_before_its_backup(source: Place) -> None:
    """It sees none of them itself, so nothing else would tell."""
    with lacking(source, "SHOW_ROUTINE"):
        account = source.as_admin(source.server.dumper)
        with account.session(account.server.admin) as session:
            assert [item.kind for item in read_objects(session, source.name) if item.kind == "routine"] == []
        assert ROUTINES in check_account(account.server)
    source.run("DROP USER drill_backup@'%'", "DROP FUNCTION drill_fault_double")
    with lacking(source, "EVENT"):
        grants = source.as_admin(source.server.dumper)
        with grants.session(grants.server.admin) as session:
            assert not hides_routines((str(grant) for (grant,) in session.rows("SHOW GRANTS")), source.name)


@pytest.mark.parametrize(
    ("privilege", "message"), [("SHOW VIEW", "SHOW VIEW command denied"), ("EVENT", "Access denied")]
)
def test_without_these_the_dump_fails(source: Place, privilege: str, message: str, tmp_path: Path) -> None:
    with lacking(source, privilege), pytest.raises(ProcedureFailed) as failed:
        backed_up(source, tmp_path / "lacking")
    assert message in failed.value.details


def test_an_account_of_the_dump_is_no_account_of_anything_else(place: Place) -> None:
    """What the source holds is read by the administrator, whoever dumps."""
    other = replace(place.server, overrides={"dump": place.server.app})
    assert (other.dumper, other.admin) == (place.server.app, place.server.admin)
    with other.session() as session:
        assert str(session.value("SELECT CURRENT_USER()")).split("@")[0] == place.server.admin.user
