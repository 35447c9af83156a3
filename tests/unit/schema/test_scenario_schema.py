"""The schema of scenarios takes what the reader takes and refuses what it refuses."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.base.errors import UsageError
from harness.faults import FAULTS
from harness.faults.fault import Fault
from harness.records.schema import scenario_schema
from harness.scenario.definition import load, shipped
from harness.scenario.template import template
from tests.tables import over_table

SCHEMA = scenario_schema(1)
MINIMAL = "name = 'mine'\nwhy = 'A reason that is long enough to be one.'\n"


def complaints(text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(tomllib.loads(text))]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert (SCHEMA["$id"], SCHEMA["additionalProperties"]) == ("urn:apiary-drill:schema:scenario:1", False)


@over_table("path", shipped().values())
def test_shipped_scenarios_validate(path: Path) -> None:
    assert complaints(path.read_text(encoding="utf-8")) == []


@over_table("fault", FAULTS.values())
def test_a_template_with_any_fault_validates(fault: Fault) -> None:
    assert complaints(template("mine", fault)) == []


@over_table(
    "text",
    [
        "colour = 'red'",
        "[data]\nscale = 'huge'",
        "[data]\nrng_seed = -1",
        "[restore]\nsteps = ['pray']",
        "[limits]\nstep_s = 0",
        "[[fault]]\nname = 'drop-rwo'",
        "[[fault]]\nname = 'drop-row'\nat = 'start'",
        "[[fault]]\nname = 'drop-row'\n[fault.options]\nrow = 1",
        "[[fault]]\nname = 'drop-row'\n[fault.options]\nrewrite_manifest = 1",
        "[expected]\nverdict = 'GOOD'",
        "[expected]\nfinding = [{ subject = 'users' }]",
    ],
)
def test_what_the_reader_refuses_does_not_validate(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.drill.toml"
    path.write_text(MINIMAL + text)
    with pytest.raises(UsageError):
        load(path)
    assert complaints(MINIMAL + text) != []
    assert complaints(MINIMAL) == []


def test_an_editor_learns_what_a_fault_does() -> None:
    shapes: dict[str, Any] = SCHEMA["$defs"]
    for name, fault in FAULTS.items():
        assert shapes[f"fault {name}"]["description"] == fault.summary
