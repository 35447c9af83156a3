"""All unusual databases in one, as the faults make them: they do not stand in each other's way."""

from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from harness.base.model import Change, Severity
from harness.base.settings import Limits
from harness.faults import FAULTS
from harness.faults.context import FaultContext
from harness.faults.edge_case import VALUES
from harness.faults.edge_cases import DATABASES
from harness.faults.injection_points import InjectionPoint
from tests.contract.edge_cases.conftest import Pair
from tests.contract.edge_cases.flow import drilled, errors


def put_in(pair: Pair, directory: Path, *names: str) -> list[Change]:
    """Put faults into the operator's database, and return what they did."""
    stack: Any = SimpleNamespace(mysql=pair.source)
    context = FaultContext(InjectionPoint.SOURCE, directory, Limits(), _stack=stack)
    for name in names:
        fault = FAULTS[name]
        with fault.inject(context, Random(f"1:{name}"), fault.options()):
            pass
    return context.changes


OPTIONS = ("--skip-extended-insert", "--complete-insert", "--order-by-primary", "--skip-comments")
"""That operators have in their notes, and clean drills put together with notes."""


@pytest.mark.parametrize("options", [(), OPTIONS], ids=["usual", "many options"])
def test_all_of_them_pass_together(pair: Pair, tmp_path: Path, options: tuple[str, ...]) -> None:
    """One of each kind of server has them all, but for those of the other kind."""
    here = [note for note in DATABASES if note.only in ("", pair.flavour)]
    changes = put_in(pair, tmp_path, "edge-case-tables", "edge-case-values", "edge-case-objects", "edge-case-names")
    assert [change.subject for change in changes] == [note.name for note in here]
    always = ("--routines", "--events", "--hex-blob", "--max-allowed-packet=64M")
    dump = pair.dump(tmp_path / "dump.sql", *always, *options)
    script, (rows, objects) = drilled(pair, dump, pair.source.database)
    assert errors((rows, objects)) == []
    assert [found.message for found in script.findings if found.severity is Severity.ERROR] == []
    assert len(script.database.tables) == sum(note.tables for note in here)
    assert rows.compared == script.rows > 80


def test_a_server_that_takes_no_such_row_has_none(pair: Pair, tmp_path: Path) -> None:
    """MariaDB's own limit is 16 MiB; a larger row would be cut to nothing without an error."""
    limit = pair.admin.value("SELECT @@GLOBAL.max_allowed_packet")
    pair.admin.execute("SET GLOBAL max_allowed_packet = 16777216")
    try:
        changes = put_in(pair, tmp_path, "edge-case-values")
    finally:
        pair.admin.execute(f"SET GLOBAL max_allowed_packet = {limit}")
    assert "a row of 17 MiB" not in {change.subject for change in changes}
    assert len(changes) == sum(note.only in ("", pair.flavour) for note in VALUES) - 1
