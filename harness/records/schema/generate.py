"""From the value types to a JSON Schema: by pydantic, with what the docstrings say of each field."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

from pydantic import TypeAdapter

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"  # what pydantic writes
_ARGS = re.compile(r"^Args:\n((?:    .*\n|\n)*)", re.MULTILINE)
_ARG = re.compile(r"^    (\w+(?:, \w+)*): (.*(?:\n     +.*)*)", re.MULTILINE)


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
    return {"$schema": _DIALECT, "$id": f"urn:apiary-drill:schema:{name}:{version}", **schema, "title": title}


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
    for name, field in part.get("properties", {}).items():
        field.pop("title", None)
        if name in descriptions:
            field["description"] = descriptions[name]


def _types_in(kind: type) -> list[type]:
    """The dataclass, and every class of its module: what its fields can refer to."""
    module = inspect.getmodule(kind)
    return [
        kind,
        *(each for each in vars(module).values() if isinstance(each, type) and dataclasses.is_dataclass(each)),
    ]
