"""Faults of the restored instance, after the last step: one small thing that is not as it was backed up."""

from __future__ import annotations

import re
from random import Random
from typing import Annotated, Any

from pydantic import Field

from harness.artifacts.storage.names import code_of, coded
from harness.base.errors import HarnessError
from harness.faults import damage
from harness.faults.context import FaultContext
from harness.faults.fault import FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import Session, quote_name

FAULTS = FaultFamily("restored", InjectionPoint.RESTORED)

_DEFINER = re.compile(r"DEFINER=`[^`]*`@`[^`]*`")
_NOBODY = "`nobody`@`%`"

_LIST_LIMIT = 10_000
"""Among so many of the first files or documents one is chosen."""

_Table = Annotated[str, Field(pattern=r"^[A-Za-z0-9_$]+$")]


class RowOptions(FaultOptions):
    """`table` has a numeric key `id`."""

    table: _Table = "rsvps"


class CellOptions(FaultOptions):
    """`column` holds texts; `table` has a numeric key `id`."""

    table: _Table = "majors"
    column: _Table = "display_name"


class TriggerOptions(FaultOptions):
    """`name` of a trigger."""

    name: _Table = "standin_lower_domain_name"


class TableOptions(FaultOptions):
    """`table` is one that the documented procedure leaves out of the dump, so that it is empty."""

    table: _Table = "recruiting_visits"


class FileOptions(FaultOptions):
    """`directory` is one below the storage directory."""

    directory: str = "resumes"


class DocumentOptions(FaultOptions):
    """`index` is named without its prefix."""

    index: _Table = "dues_transactions"


class FieldOptions(FaultOptions):
    """`index` is named without its prefix; `field` holds a text."""

    index: _Table = "teams"
    field: _Table = "name"


@FAULTS.fault("remove-row", "One row of the restored database is deleted.")
def remove_row(context: FaultContext, rng: Random, options: RowOptions) -> None:
    with context.session() as session:
        key = _key(session, rng, options.table)
        what = damage.delete_row(session, quote_name(options.table), f"id = {key}")
    context.changed("row", options.table, f"key {key} {what}")


@FAULTS.fault("replace-row", "One row of the restored database is replaced; the number of rows is unchanged.")
def replace_row(context: FaultContext, rng: Random, options: RowOptions) -> None:
    """Give one row another key: as many rows as before, and not the same ones."""
    with context.session() as session:
        key = _key(session, rng, options.table)
        what = damage.exchange_row(session, quote_name(options.table), "id", f"id = {key}")
    context.changed("row", options.table, f"key {key} {what}")


@FAULTS.fault("change-cell", "One value of the restored database is changed.")
def change_cell(context: FaultContext, rng: Random, options: CellOptions) -> None:
    """Take the last letter of one text away."""
    with context.session() as session:
        key = _key(session, rng, options.table, f"{quote_name(options.column)} <> ''")
        damage.change_cell(session, quote_name(options.table), options.column, "varchar", f"id = {key}")
    context.changed("cell", f"{options.table}.{options.column}", f"key {key}, its last letter taken away")


@FAULTS.fault("remove-file", "One restored file is deleted.")
def remove_file(context: FaultContext, rng: Random, options: FileOptions) -> None:
    apiary = context.stack.apiary
    path = _file(context, rng, options.directory)
    damage.done(run(apiary.storage_host, ["rm", f"{apiary.storage_root}/{path}"]))
    context.changed("file", coded(path.encode()), "deleted")


@FAULTS.fault("change-file", "One bit of one restored file is flipped; size and times are unchanged.")
def change_file(context: FaultContext, rng: Random, options: FileOptions) -> None:
    apiary = context.stack.apiary
    path = _file(context, rng, options.directory)
    place = f"{apiary.storage_root}/{path}"
    size_bytes = int(damage.done(run(apiary.storage_host, ["stat", "--format=%s", place])).stdout)
    damage.flip_bit(apiary.storage_host, place, size_bytes - 1, 0)
    context.changed("file", coded(path.encode()), "lowest bit of its last byte flipped, size and times unchanged")


@FAULTS.fault("remove-document", "One document is deleted from the search.")
def remove_document(context: FaultContext, rng: Random, options: DocumentOptions) -> None:
    uid, key, _ = _document(context, rng, options.index)
    context.stack.meilisearch.delete_document(uid, key, timeout_s=context.limits.search_drained_s)
    context.changed("document", uid, f"id {_shown(key)} deleted")


@FAULTS.fault("change-document", "One field of one document in the search is changed.")
def change_document(context: FaultContext, rng: Random, options: FieldOptions) -> None:
    uid, key, document = _document(context, rng, options.index)
    if options.field not in document:
        raise HarnessError(f"documents of {uid} have no field {options.field}")
    changed = {**document, options.field: f"{document[options.field]}x"}
    context.stack.meilisearch.put_document(uid, changed, timeout_s=context.limits.search_drained_s)
    context.changed("document", uid, f"id {_shown(key)}, a letter added to {options.field}")


@FAULTS.fault("remove-trigger", "One trigger of the restored database is dropped.")
def remove_trigger(context: FaultContext, rng: Random, options: TriggerOptions) -> None:
    with context.session() as session:
        session.execute(f"DROP TRIGGER {quote_name(options.name)}")
    context.changed("trigger", options.name, "dropped")


@FAULTS.fault("definer-gone", "A trigger runs as an account that does not exist.")
def change_definer(context: FaultContext, rng: Random, options: TriggerOptions) -> None:
    with context.session() as session:
        _, sql_mode, statement, *_ = session.row(f"SHOW CREATE TRIGGER {quote_name(options.name)}")
        changed, found = _DEFINER.subn(f"DEFINER={_NOBODY}", str(statement), count=1)
        if not found:
            raise HarnessError(f"trigger {options.name} names no account")
        session.execute("SET sql_mode = %s", (sql_mode,))  # a trigger keeps the one that it was made under
        session.execute(f"DROP TRIGGER {quote_name(options.name)}")
        session.execute(changed)
    context.changed("trigger", options.name, f"runs as {_NOBODY}")


@FAULTS.fault(
    "remove-excluded-table", "A table that the backup excludes is missing, as in a target that was not migrated."
)
def remove_table(context: FaultContext, rng: Random, options: TableOptions) -> None:
    with context.session() as session:
        session.execute("SET foreign_key_checks = 0")
        session.execute(f"DROP TABLE {quote_name(options.table)}")
    context.changed("table", options.table, "dropped")


def _key(session: Session, rng: Random, name: str, where: str = "TRUE") -> int:
    """The key of one row, each as likely as any other; from here on foreign keys are not checked."""
    session.execute("SET foreign_key_checks = 0")
    those = f"FROM {quote_name(name)} WHERE {where}"
    rows = int(session.value(f"SELECT COUNT(*) {those}"))
    if not rows:
        raise HarnessError(f"table {name} has no such row")
    return int(session.value(f"SELECT id {those} ORDER BY id LIMIT 1 OFFSET {rng.randrange(rows)}"))


def _file(context: FaultContext, rng: Random, directory: str) -> str:
    apiary = context.stack.apiary
    root = f"{apiary.storage_root}/{directory}"
    listed = run(apiary.storage_host, ["find", root, "-type", "f", "-size", "+0", "-printf", "%P\\0"])
    names = sorted(name for name in listed.stdout.split(b"\0") if name)[:_LIST_LIMIT]
    if not names:
        raise HarnessError(f"there is no file in {directory}")
    return f"{directory}/{rng.choice(names).decode()}"


def _document(context: FaultContext, rng: Random, name: str) -> tuple[str, str, dict[str, Any]]:
    """One document: its index, its id and its fields."""
    uid = context.index_uid(name)
    index = context.stack.meilisearch.client().index(uid)
    total = index.get_documents({"limit": 1}).total
    if not total:
        raise HarnessError(f"index {uid} is empty")
    offset = rng.randrange(min(total, _LIST_LIMIT))
    document = index.http.get(f"indexes/{uid}/documents?limit=1&offset={offset}")["results"][0]
    # Those of the application's own data file have another primary key than rows have.
    return uid, str(document[index.get_primary_key()]), document


def _shown(key: str) -> str:
    return key if key.isdecimal() else code_of(key.encode())
