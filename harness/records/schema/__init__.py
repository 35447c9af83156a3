"""The published JSON Schemas: what a program may rely on that reads what this one writes.

A new one is one line in the table, a file in docs/schema that `make schema` writes, and a row in docs/evidence.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from harness.records.run_directory import RESULT_VERSION
from harness.records.schema.generate import Schema, schema_of

SCENARIO_VERSION = 1


def _result() -> Schema:
    from harness.base.model import DrillResult

    return schema_of(DrillResult, "result", RESULT_VERSION, "The result of one restore drill (result.json)")


def _scenario() -> Schema:
    from harness.records.schema.scenario import scenario_schema

    return scenario_schema(SCENARIO_VERSION)


@dataclass(frozen=True, slots=True)
class Published:
    """One line of the table: the name, the version of the format, and what makes the schema."""

    name: str
    version: int
    make: Callable[[], Schema]

    @property
    def file_name(self) -> str:
        """Name of its file in docs/schema; a new version is a new file, and the older one stays."""
        return f"{self.name}-{self.version}.schema.json"

    def text(self) -> str:
        """The schema as JSON, as it stands in its file."""
        return json.dumps(self.make(), indent=2, ensure_ascii=False) + "\n"


SCHEMAS: tuple[Published, ...] = (
    Published("result", RESULT_VERSION, _result),
    Published("scenario", SCENARIO_VERSION, _scenario),
)
