"""The schema of scenarios takes what the reader takes and refuses what it refuses."""

import tomllib
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from harness.faults import FAULTS
from harness.faults.fault import Fault
from harness.records.schema import scenario_schema
from harness.scenario.definition import shipped
from harness.scenario.template import template
from tests.tables import over_table
from tests.unit.test_scenario import ERRORS, MINIMAL, whole

SCHEMA = scenario_schema(1)


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


@over_table("text", [text for text, message in ERRORS if "requires runtime.kind" not in message])
def test_what_the_reader_refuses_does_not_validate(text: str) -> None:
    """But for what two keys say of each other."""
    assert complaints(whole(text)) != []
    assert complaints(MINIMAL) == []


def test_an_editor_learns_what_a_fault_does() -> None:
    shapes: dict[str, Any] = SCHEMA["$defs"]
    for name, fault in FAULTS.items():
        assert shapes[f"fault {name}"]["description"] == fault.summary
