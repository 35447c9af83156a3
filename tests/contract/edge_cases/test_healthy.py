"""Unusual but healthy dumps pass with no error finding: a false red makes people stop reading."""

from pathlib import Path

import pytest

from harness.artifacts.dump.source import Parts
from harness.base.model import Severity
from harness.faults.edge_case import EdgeCase
from harness.faults.edge_cases import DATABASES
from tests.contract.edge_cases.conftest import Pair
from tests.contract.edge_cases.flow import drilled, errors
from tests.contract.edge_cases.healthy import OPTIONS, SOME


@pytest.mark.parametrize("note", [*DATABASES, *OPTIONS], ids=lambda note: note.name.replace(" ", "-"))
def test_a_healthy_edge_case_passes(pair: Pair, note: EdgeCase, tmp_path: Path) -> None:
    """Nothing is refused, every row and object is compared, and none differs."""
    if note.only not in ("", pair.flavour):
        # The other kind has no such thing: it says so, so that a server which learns it is noticed.
        with pytest.raises(Exception, match=r"\b(1064|1193|1305|4161)\b"):
            pair.fill(note.statements, as_admin=note.as_admin)
        return
    pair.fill(note.statements, as_admin=note.as_admin)
    dump = pair.dump(tmp_path / "dump.sql", *note.options)
    chosen = pair.source.database if "--all-databases" in note.options else None
    script, (rows, objects) = drilled(pair, dump, chosen)
    assert errors((rows, objects)) == []
    assert [found.message for found in script.findings if found.severity is Severity.ERROR] == []
    assert len(script.database.tables) == note.tables
    assert rows.compared == script.rows
    assert objects.compared >= note.tables


@pytest.mark.parametrize("triggers", ["with the rows", "with the structure"])
def test_the_halves_of_a_pair_pass_together(pair: Pair, tmp_path: Path, triggers: str) -> None:
    """--no-data writes the structure, --no-create-info the rows."""
    without = "--skip-triggers"
    pair.fill(SOME if triggers == "with the rows" else SOME[:6])
    structure = pair.dump(tmp_path / "structure.sql", "--no-data", without)
    rows_only = pair.dump(
        tmp_path / "rows.sql", "--no-create-info", *(() if triggers == "with the rows" else (without,))
    )
    script, results = drilled(pair, Parts((structure, rows_only)))
    assert errors(results) == []
    assert (script.rows, results[0].compared) == (7, 7)
