"""Faults of what the source holds before it is backed up: the backup is whole, and what is in it is not what it was.

No comparison of source and target can see them. Only time can: the ages of rows, and what earlier drills found.
"""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Annotated

from pydantic import Field

from harness.artifacts.storage.directories import directories_of
from harness.base.errors import HarnessError
from harness.base.model import PastDrill
from harness.faults.context import FaultContext
from harness.faults.fault import FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.procedure.backup.scan import scan
from harness.runtime.services.mysql import Session, quote_name
from harness.runtime.services.mysql_content import read_shapes

FAULTS = FaultFamily("source", InjectionPoint.SOURCE)

_MEASURED = "20000101T000000Z-before-the-loss"
"""Name of the drill that the loss is compared with: no run was ever called so."""


class AgeOptions(FaultOptions):
    """`days`: so much older is every time of every row."""

    days: Annotated[int, Field(gt=0, le=3650)] = 30


class LossOptions(FaultOptions):
    """`table` loses every other row; it has a numeric key `id`, and a hundred rows or more."""

    table: Annotated[str, Field(pattern=r"^[A-Za-z0-9_$]+$")] = "attendance"


@FAULTS.fault("stale-source", "The source is an outdated copy: every time in it is weeks old.")
def age_rows(context: FaultContext, rng: Random, options: AgeOptions) -> None:
    mysql = context.stack.mysql
    with context.session() as session:
        columns = [
            (shape.name, column)
            for shape in read_shapes(session, mysql.database)
            for column, kind in shape.columns
            if kind in ("timestamp", "datetime")
        ]
        for table, column in columns:
            name = quote_name(column)
            session.execute(f"UPDATE {quote_name(table)} SET {name} = {name} - INTERVAL {options.days} DAY")
    context.changed("row", "all", f"{len(columns)} columns with times, each {options.days} days older")


@FAULTS.fault("source-data-loss", "Half of a table was lost at the source before the backup.")
def lose_half(context: FaultContext, rng: Random, options: LossOptions) -> None:
    """Note what a drill would find now, then lose half of a table, and let the backup be taken of what is left."""
    stack, name = context.stack, quote_name(options.table)
    with context.session() as session:
        rows = _counts(session, stack.mysql.database)
        context.past.append(
            PastDrill(
                drill_id=_MEASURED,
                started_at=datetime.now(UTC),
                recovery_time_s=None,
                steps={},
                tables=rows,
                directories=directories_of(scan(stack.apiary.storage_host, stack.apiary.storage_root)),
                documents={index.name: index.documents for index in stack.meilisearch.state().indexes},
            )
        )
        if rows.get(options.table, 0) < 2:
            raise HarnessError(f"table {options.table} has not two rows")
        session.execute("SET foreign_key_checks = 0")
        session.execute(f"DELETE FROM {name} WHERE id % 2 = {rng.randrange(2)}")
        left = int(session.value(f"SELECT COUNT(*) FROM {name}"))
    context.changed(
        "row", options.table, f"{rows[options.table] - left} of {rows[options.table]} rows deleted at the source"
    )


def _counts(session: Session, database: str) -> dict[str, int]:
    """Rows of every table."""
    names = [shape.name for shape in read_shapes(session, database)]
    return {name: int(session.value(f"SELECT COUNT(*) FROM {quote_name(name)}")) for name in names}
