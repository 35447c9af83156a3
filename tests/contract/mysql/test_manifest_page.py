"""docs/manifest.md explains every field that a manifest has."""

from dataclasses import fields
from pathlib import Path

import pytest

from harness.base.model import (
    ArtifactFile,
    Component,
    Exclusion,
    FileState,
    FileTotals,
    IdSet,
    Manifest,
    SchemaObject,
    SearchableRows,
    Step,
    TableState,
)

PAGE = (Path(__file__).parents[3] / "docs" / "manifest.md").read_text(encoding="utf-8")

PARTS = {
    "| ": Manifest,
    "`artifacts[]`": ArtifactFile,
    "`components[]`": Component,
    "`tables[]`": TableState,
    "`objects[]`": SchemaObject,
    "`files`:": FileTotals,
    "`searchable[]`": SearchableRows,
    "`exclusions[]`": Exclusion,
    "`steps[]`": Step,
    "in [storage.md]": FileState,
}


@pytest.mark.parametrize("begin", PARTS)
def test_every_field_is_explained_where_its_part_is(begin: str) -> None:
    lines = PAGE.splitlines()
    if begin == "| ":
        text = "\n".join(line for line in lines if line.startswith("| "))
    else:
        first = next(number for number, line in enumerate(lines) if line.startswith(begin))
        text = "\n".join(lines[first : [*lines[first:], ""].index("") + first])
    assert [field.name for field in fields(PARTS[begin]) if f"`{field.name}`" not in text] == []


def test_the_parts_of_a_set_of_ids_are_explained() -> None:
    assert [field.name for field in fields(IdSet) if f"`ids.{field.name}`" not in PAGE] == []
