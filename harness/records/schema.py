"""The published JSON Schemas: what a program may rely on that reads what this one writes.

By pydantic, with what the docstrings say of each field. A new one is one line in the table, a file in docs/schema that
`make schema` writes, and a row in docs/evidence.md.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from harness.records.run_directory import RESULT_VERSION

if TYPE_CHECKING:
    from harness.faults.fault import Fault

Schema = dict[str, Any]

SCENARIO_VERSION = 1

_DIALECT = "https://json-schema.org/draft/2020-12/schema"  # what pydantic writes
_ARGS = re.compile(r"^Args:\n((?:    .*\n|\n)*)", re.MULTILINE)
_ARG = re.compile(r"^    (\w+(?:, \w+)*): (.*(?:\n     +.*)*)", re.MULTILINE)


def _result() -> Schema:
    from harness.base.model import DrillResult

    return schema_of(DrillResult, "result", RESULT_VERSION, "The result of one restore drill (result.json)")


def _scenario() -> Schema:
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


def schema_of(kind: type, name: str, version: int, title: str) -> Schema:
    """The schema of what is written for a frozen dataclass.

    A reader of version 1 must ignore fields that it does not know: new ones with a default don't make a new
    version. So the schema allows them, and requires only what has no default.

    Args:
        kind: the dataclass.
        name: of the schema, in its `$id`.
        version: of the format, in its `$id` and as the only value of the field `format_version`.
        title: what it describes, for people.
    """
    schema = TypeAdapter(kind).json_schema(mode="serialization")
    types = {found.__name__: found for found in _types_in(kind)}
    for type_name, part in ((kind.__name__, schema), *schema.get("$defs", {}).items()):
        _describe(part, types.get(type_name))
    schema["properties"]["format_version"]["const"] = version
    return _published(schema, name, version, title)


def _describe(part: Schema, kind: type | None) -> None:
    """Move what a docstring says of the arguments to the fields; drop titles that only repeat the name."""
    text = inspect.cleandoc((kind and kind.__doc__) or part.get("description", ""))
    arguments = _ARGS.search(text + "\n")
    descriptions: dict[str, str] = {}
    if arguments:
        for names, what in _ARG.findall(arguments.group(1)):
            descriptions.update(dict.fromkeys(names.split(", "), " ".join(what.split())))
        text = text.replace(arguments.group(0).rstrip("\n"), "")
    part["description"] = " ".join(text.split())
    _drop_titles(part)
    for name, field in part.get("properties", {}).items():
        if name in descriptions:
            field["description"] = descriptions[name]


def _types_in(kind: type) -> list[type]:
    """The dataclass, and every class of its module: what its fields can refer to."""
    module = inspect.getmodule(kind)
    return [
        kind,
        *(each for each in vars(module).values() if isinstance(each, type) and dataclasses.is_dataclass(each)),
    ]


def scenario_schema(version: int) -> Schema:
    """The schema: closed as the reader is, with one shape for each fault; `version` is for its `$id`."""
    from harness.faults import FAULTS
    from harness.scenario.definition import Scenario

    schema = Scenario.model_json_schema()
    definitions = schema["$defs"]
    choices = []
    for fault in FAULTS.values():
        shape = _fault(fault, definitions)
        definitions[f"fault {fault.name}"] = shape
        choices.append({"$ref": f"#/$defs/fault {fault.name}".replace(" ", "%20")})
    definitions["FaultChoice"] = {
        "description": "A fault to inject: its name, its injection point (a default per fault), and its options.",
        "oneOf": choices,
    }
    for part in (schema, *definitions.values()):
        if "description" in part:
            part["description"] = " ".join(part["description"].partition("Args:")[0].split())
        _drop_titles(part)
    return _published(schema, "scenario", version, "A scenario of a restore drill (*.drill.toml)")


def _fault(fault: Fault, definitions: Schema) -> Schema:
    options = fault.options.model_json_schema()
    definitions.update(options.pop("$defs", {}))
    options.pop("title", None)
    _drop_titles(options)
    return {
        "type": "object",
        "description": fault.summary,
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "name": {"const": fault.name},
            "at": {"enum": [point.value for point in fault.injection_points], "default": fault.injection_point.value},
            "options": options,
        },
    }


def _published(schema: Schema, name: str, version: int, title: str) -> Schema:
    return {"$schema": _DIALECT, "$id": f"urn:apiary-drill:schema:{name}:{version}", **schema, "title": title}


def _drop_titles(part: Schema) -> None:
    """Titles of fields only repeat their names."""
    for field in part.get("properties", {}).values():
        field.pop("title", None)
