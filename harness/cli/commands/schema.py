"""`apiary-drill schema`."""

from __future__ import annotations

import click

from harness.cli.options.help import GroupedHelp
from harness.records.schema import SCHEMAS
from harness.reports.terminal import print_json


@click.command(cls=GroupedHelp)
@click.argument("name", type=click.Choice([schema.name for schema in SCHEMAS]))
def schema(name: str) -> None:
    """Print the JSON Schema of what this program writes or reads.

    \b
    Examples:
      apiary-drill schema result > result.schema.json
      check-jsonschema --schemafile result.schema.json RUN_DIR/result.json
    """
    print_json(next(each for each in SCHEMAS if each.name == name).text().rstrip())
