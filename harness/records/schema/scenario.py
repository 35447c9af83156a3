"""The schema of a scenario file, with the options of each fault, for editors and for other programs."""

from __future__ import annotations

from typing import Any

from harness.faults import FAULTS
from harness.faults.fault import Fault
from harness.scenario.definition import Scenario

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def scenario_schema(version: int) -> dict[str, Any]:
    """The schema: closed as the reader is, with one shape for each fault; `version` is for its `$id`."""
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
        for field in part.get("properties", {}).values():
            field.pop("title", None)
    return {
        "$schema": _DIALECT,
        "$id": f"urn:apiary-drill:schema:scenario:{version}",
        **schema,
        "title": "A scenario of a restore drill (*.drill.toml)",
    }


def _fault(fault: Fault, definitions: dict[str, Any]) -> dict[str, Any]:
    options = fault.options.model_json_schema()
    definitions.update(options.pop("$defs", {}))
    options.pop("title", None)
    for field in options.get("properties", {}).values():
        field.pop("title", None)
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
