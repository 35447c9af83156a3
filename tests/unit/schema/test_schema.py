"""The published schemas are those of the values, real results validate, and results of old stay readable."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import TypeAdapter

from harness.base.errors import UsageError
from harness.base.model import DrillResult, Verdict
from harness.cli.command_line import main
from harness.records.run_directory import RESULT_VERSION, RunDirectory
from harness.records.schema import SCHEMAS, Published
from tests.tables import over_table
from tests.unit.schema.recorded import DATA, FAILED, PASSED, recorded

DOCS = Path(__file__).parents[3] / "docs"
REAL = (PASSED, FAILED)


def published(name: str) -> Published:
    return next(schema for schema in SCHEMAS if schema.name == name)


def validator(name: str) -> Draft202012Validator:
    schema = json.loads(published(name).text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@over_table("schema", SCHEMAS)
def test_the_published_file_is_what_the_values_say(schema: Published) -> None:
    """When this fails, `make schema` writes the file anew; a field that goes or changes needs a new version."""
    assert (DOCS / "schema" / schema.file_name).read_text(encoding="utf-8") == schema.text()
    result = CliRunner().invoke(main, ["schema", schema.name])
    assert (result.exit_code, result.output) == (0, schema.text())
    makefile = (DOCS.parent / "Makefile").read_text(encoding="utf-8")
    assert f"\tapiary-drill schema {schema.name} > docs/schema/{schema.file_name}\n" in makefile.replace("$(BIN)/", "")


def test_fields_have_their_meaning_and_their_version() -> None:
    schema = json.loads(published("result").text())
    assert schema["$id"] == "urn:apiary-drill:schema:result:1"
    assert schema["properties"]["format_version"] == {"type": "integer", "description": "1.", "const": 1}
    assert schema["properties"]["recovery_point_at"]["description"] == "newest row that came back, UTC."
    assert schema["$defs"]["CheckResult"]["properties"]["unknown"]["description"] == (
        "why the check is inconclusive, or empty. An inconclusive check is never a pass."
    )
    assert schema["description"] == "Everything that a drill found out: what the reports are made from."


def test_a_real_result_of_each_kind_validates() -> None:
    assert tuple(sorted(DATA.glob("result-1-*.json"))) == REAL
    for path in REAL:
        validator("result").validate(json.loads(path.read_bytes()))


@over_table(
    "change, message",
    [
        ({"verdict": "GOOD"}, "'GOOD' is not one of ['PASS', 'INCONCLUSIVE', 'FAIL']"),
        ({"format_version": 2}, "1 was expected"),
        ({"duration_s": "long"}, "'long' is not of type 'number'"),
        ({"findings": [{"code": "row-count"}]}, "'severity' is a required property"),
    ],
)
def test_a_result_that_is_none_does_not_validate(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validator("result").validate({**json.loads(REAL[0].read_bytes()), **change})
    assert caught.value.message == message


@over_table(
    "path, verdict, checks, findings, steps", [(REAL[0], Verdict.PASS, 29, 2, 20), (REAL[1], Verdict.FAIL, 21, 14, 14)]
)
def test_a_result_of_the_first_format_is_read_whatever_was_added_since(
    tmp_path: Path, path: Path, verdict: Verdict, checks: int, findings: int, steps: int
) -> None:
    """Every value of the old file is in the result, and a field that came later has its default."""
    result = recorded(path, tmp_path).load_result()
    assert (result.verdict, len(result.checks), len(result.findings)) == (verdict, checks, findings)
    assert len(result.steps) == steps
    assert_holds(TypeAdapter(DrillResult).dump_python(result, mode="json"), json.loads(path.read_bytes()))


def test_what_an_old_reader_does_not_know_is_left_aside(tmp_path: Path) -> None:
    """A field with a default is no new format: programs of before go on reading."""
    old = json.loads(REAL[0].read_bytes())
    old["weather"] = "fine"
    old["checks"][0]["weather"] = ["fine"]
    (tmp_path / "result.json").write_text(json.dumps(old))
    assert RunDirectory(tmp_path).load_result() == recorded(REAL[0], tmp_path / "plain").load_result()


def test_a_newer_format_is_refused_wherever_its_number_stands(tmp_path: Path) -> None:
    """Another program may have sorted the fields; what the rest of a newer format looks like is not known."""
    (tmp_path / "result.json").write_text(json.dumps({"aim": "x" * 1000, "format_version": RESULT_VERSION + 1}))
    with pytest.raises(UsageError) as caught:
        RunDirectory(tmp_path).load_result()
    assert str(caught.value) == (
        f"{tmp_path / 'result.json'} has format {RESULT_VERSION + 1}, but this version reads up to "
        f"{RESULT_VERSION}\n"
        "HINT: Read it with the version of apiary-drill that wrote it, or a newer one."
    )


def test_what_is_written_today_validates(tmp_path: Path) -> None:
    """With every field that the values have, set or not."""
    store = recorded(FAILED, tmp_path)
    store.save_result(replace(store.load_result(), error="Read the backup: it is cut short", hints=("Take it again.",)))
    validator("result").validate(json.loads((tmp_path / "result.json").read_bytes()))


def assert_holds(whole: object, part: object, where: str = "result") -> None:
    """Each value of `part` is in `whole` at the same place."""
    if isinstance(part, dict):
        assert isinstance(whole, dict), where
        for key, value in part.items():
            assert key in whole, f"{where}.{key}"
            assert_holds(whole[key], value, f"{where}.{key}")
    elif isinstance(part, list):
        assert isinstance(whole, list), where
        assert len(whole) == len(part), where
        for number, value in enumerate(part):
            assert_holds(whole[number], value, f"{where}.{number}")
    else:
        assert whole == part, where
