"""Healthy edge_cases: each has a name of its own, all fit into one database, and a scenario may name some."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.faults.edge_case import TABLES
from harness.faults.edge_case_files import FILES
from harness.faults.edge_cases import DATABASES
from harness.scenario.definition import load

_MADE = re.compile(
    r"CREATE (?:\w+ = CURRENT_USER )?(?:SQL SECURITY \w+ )?(TABLE|VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT|SEQUENCE)"
    r" (`(?:[^`]|``)+`|\w+)"
)


def test_all_databases_fit_into_one() -> None:
    """Nothing is called alike, and everything can be distinguished from the application's own by its name."""
    made = [
        found.groups() for edge_case in DATABASES for text in edge_case.statements for found in _MADE.finditer(text)
    ]
    assert len(made) > 70
    kinds = Counter((kind if kind in ("TRIGGER", "EVENT") else "TABLE", name) for kind, name in made)
    assert [name for name, count in kinds.items() if count > 1] == []
    strangers = {name for _, name in made if not name.strip("`").lower().startswith("edge")}
    assert strangers == {"`table`"}
    created = [text for edge_case in DATABASES for text in edge_case.statements if text.startswith("CREATE")]
    assert len(created) == len(made)


def test_the_number_of_tables_is_what_is_made() -> None:
    for edge_case in DATABASES:
        made = [found for text in edge_case.statements for found in _MADE.finditer(text) if found.group(1) == "TABLE"]
        assert len(made) == edge_case.tables, edge_case.name


def test_names_of_edge_cases_and_of_files_are_unique() -> None:
    for names in (
        [edge_case.name for edge_case in DATABASES],
        [edge_case.name for edge_case in FILES],
        [path for edge_case in FILES for path in edge_case.paths],
    ):
        assert len(set(names)) == len(names)


def test_files_stand_where_nothing_of_the_application_is() -> None:
    for edge_case in FILES:
        assert 1 <= len(edge_case.paths) <= 2
        for path in edge_case.paths:
            assert path.startswith((b"edge/", b"-")), path
            assert all(len(name) <= 255 for name in path.split(b"/"))


def scenario(directory: Path, options: str) -> Path:
    path = directory / "some.drill.toml"
    path.write_text(
        'name = "some"\nwhy = "Some of the edge_cases, and no others."\n[[fault]]\nname = "edge-case-tables"\n'
        f"[fault.options]\n{options}\n"
    )
    return path


def test_a_scenario_names_some(tmp_path: Path) -> None:
    loaded = load(scenario(tmp_path, 'only = ["empty tables", "partitions"]'))
    (planned,) = loaded.planned()
    assert planned.options.model_dump() == {"only": ("empty tables", "partitions")}
    assert loaded.needs_source


def test_a_name_that_is_not_there_is_reported_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as stopped:
        load(scenario(tmp_path, 'only = ["partitions", "tables of gold"]'))
    first, *others, last = [f"'{edge_case.name}'" for edge_case in TABLES]
    assert stopped.value.details is not None
    assert stopped.value.details.endswith(
        f": fault.0.options.only.1: input should be {', '.join([first, *others])} or {last}, found 'tables of gold'"
    )
