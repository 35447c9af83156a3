"""What the services of one instance hold, read through their own clients.

The database part is read in one transaction, so that a backup can take its dump and its digests of the same
moment; that is why this module stands above `backup/` in the order of the imports.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

import zstandard

from harness.base import guide
from harness.base.errors import HarnessError
from harness.base.model import DatabaseState, IdSet, Probe, SearchableRows, TableState
from harness.base.private import private_file
from harness.runtime.services.meilisearch import MeilisearchServer
from harness.runtime.services.mysql import Session, quote_name, server_variables
from harness.runtime.services.mysql_content import (
    read_auto_increments,
    read_ids,
    read_orphans,
    read_row_digests,
    read_shapes,
    read_table,
)
from harness.runtime.services.mysql_schema import missing_definers, read_objects

Progress = Callable[[str], None]

PROBES_PER_INDEX = 3
_PROBE_COLUMNS: dict[str, str] = {
    "events": "name",
    "sponsor_domains": "domain_name",
    "sponsors": "name",
    "teams": "name",
    "travel": "name",
    "users": "uid",
}
"""A column per table whose text finds its row; the text is read where it is searched, and never leaves."""

_PROBE_LIMIT = 1000


def read_database(
    session: Session,
    database: str,
    *,
    progress: Progress = lambda text: None,
    digests: bool = True,
    row_digests: Path | None = None,
    with_accounts: bool = True,
) -> DatabaseState:
    """Every table's rows and digest, every object, the orphans and the variables that matter.

    Args:
        session: in a transaction with a consistent snapshot where that matters.
        progress: gets the name of each table as it is read.
        digests: digest every row, which is most of the server's work; False where there is nothing to compare with.
        row_digests: file for the digest of every row (`read_kept_row_digests` reads it), or None.
        with_accounts: look for definers that are no accounts, which needs to read `mysql.user`.
    """
    objects = read_objects(session, database)
    increments = read_auto_increments(session, database)
    tables: list[TableState] = []
    shapes = read_shapes(session, database)
    for shape in shapes:
        progress(shape.name)
        state = read_table(session, database, shape, digest=digests)
        tables.append(replace(state, auto_increment=increments.get(shape.name)))
    if row_digests is not None:
        with private_file(row_digests) as file, zstandard.open(file, "wt", encoding="ascii") as kept:
            for shape in shapes:
                if shape.primary_key:
                    for key, digest in read_row_digests(session, database, shape):
                        kept.write(f"{shape.name}\t{key}\t{digest}\n")
    return DatabaseState(
        name=database,
        tables=tuple(tables),
        objects=objects,
        variables=server_variables(session),
        orphans=read_orphans(session, database),
        definers_missing=missing_definers(session, objects) if with_accounts else (),
    )


def read_kept_row_digests(path: Path, table: str) -> Iterator[tuple[str, str]]:
    """Pairs (primary key as JSON, digest) of one table, as `read_database` kept them."""
    with zstandard.open(path, "rt", encoding="ascii") as kept:
        for line in kept:
            name, key, digest = line.rstrip("\n").split("\t")
            if name == table:
                yield key, digest


def read_searchable(session: Session, database: str, prefix: str) -> tuple[SearchableRows, ...]:
    """The rows that belong into each index: all of a searchable table that are not soft-deleted."""
    shapes = {shape.name: shape for shape in read_shapes(session, database)}
    found = []
    for imported, models in ((True, guide.IMPORTED_MODELS), (False, guide.NOT_IMPORTED_MODELS)):
        for model in models:
            if model.from_database and model.table in shapes:
                ids = read_ids(session, database, shapes[model.table], model.primary_key)
                found.append(SearchableRows(prefix + model.table, ids, imported))
    return tuple(found)


def write_references(session: Session, database: str, path: Path) -> int:
    """Write every file that a row refers to, as lines of JSON `[path, row]`, in the order of an inventory.

    Returns:
        How many there are. Tables and columns that this database does not have are left out.
    """
    columns = {shape.name: {name for name, _ in shape.columns} for shape in read_shapes(session, database)}
    queries = [
        f"SELECT CAST({quote_name(reference.column)} AS BINARY) AS path,"
        f" CONCAT('{reference.table} id=', id, ' ({reference.column})') AS label"
        f" FROM {quote_name(database, reference.table)} WHERE {quote_name(reference.column)} <> ''"
        for reference in guide.FILE_REFERENCES
        if reference.column in columns.get(reference.table, ())
    ]
    # `resumes.user_id` is a text: compared as it is, no index would serve.
    if {"user_id"} <= columns.get("resumes", set()) and {"uid"} <= columns.get("users", set()):
        queries.append(
            "SELECT CAST(CONCAT('resumes/', u.uid, '.pdf') AS BINARY) AS path,"
            f" CONCAT('resumes id=', r.id) AS label FROM {quote_name(database, 'resumes')} r"
            f" JOIN {quote_name(database, 'users')} u ON u.id = CAST(r.user_id AS UNSIGNED)"
        )
    count = 0
    with io.TextIOWrapper(private_file(path), encoding="ascii") as file:
        if queries:
            # `/` sorts as the lowest byte, so that paths come in the order in which tar walks a tree.
            union = " UNION ALL ".join(queries)
            for name, label in session.stream(
                f"SELECT path, label FROM ({union}) AS found ORDER BY REPLACE(path, '/', CHAR(0)), label"
            ):
                text = (name if isinstance(name, bytes) else str(name).encode()).decode("utf-8", "surrogateescape")
                file.write(json.dumps([text, label if isinstance(label, str) else label.decode()]) + "\n")
                count += 1
    return count


def search_probes(
    session: Session, database: str, search: MeilisearchServer, searchable: Collection[SearchableRows], prefix: str
) -> tuple[Probe, ...]:
    """Search for rows that are known to exist, by their own text, and see whether they are found."""
    probes = []
    for rows in searchable:
        column = _PROBE_COLUMNS.get(rows.index.removeprefix(prefix))
        if column is None or not rows.imported or not len(rows.ids):
            continue
        table = rows.index.removeprefix(prefix)
        for key in _spread(rows.ids, PROBES_PER_INDEX):
            text = next(
                (value for (value,) in session.rows(
                    f"SELECT {quote_name(column)} FROM {quote_name(database, table)} WHERE id = %s", (key,)
                )),
                None,
            )  # fmt: skip
            if text:
                probes.append(_probe(search, rows.index, str(text), str(key)))
    return tuple(probes)


def _probe(search: MeilisearchServer, index: str, text: str, key: str) -> Probe:
    name, subject = "search", f"{index} id={key}"
    try:
        hits = search.search(index, text, limit=_PROBE_LIMIT)
    except HarnessError as error:
        return Probe(name, subject, key, "", error.fact)
    return Probe(name, subject, key, key if key in hits else f"{len(hits)} other hits")


def _spread(ids: IdSet, wanted: int) -> list[int | str]:
    """The first, the last and some between, the same ones each time."""
    total = len(ids)
    wanted = min(wanted, total)
    picks = {round(i * (total - 1) / max(wanted - 1, 1)) for i in range(wanted)}
    found: list[int | str] = []
    position = 0
    for first, last in ids.ranges:
        size = last - first + 1
        found += [first + pick - position for pick in sorted(picks) if position <= pick < position + size]
        position += size
    found += [text for i, text in enumerate(ids.texts) if position + i in picks]
    return found


def encrypted_values(session: Session, database: str) -> Iterator[tuple[str, str]]:
    """One value of each text column that holds Laravel's encrypted payloads, as (label, payload).

    The shortest is taken, and of these the first, so that source and target pick the same one.
    """
    texts = session.rows(
        "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t"
        " ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
        " WHERE c.table_schema = %s AND t.table_type = 'BASE TABLE' AND c.data_type LIKE %s ORDER BY 1, 2",
        (database, "%text"),
    )
    for table, column in list(texts):
        # A payload is base64 of a JSON object that starts with its iv.
        name = quote_name(column)
        payloads = session.rows(
            f"SELECT {name} FROM {quote_name(database, table)} WHERE {name} LIKE 'eyJpdiI6%'"
            f" ORDER BY LENGTH({name}), {name} LIMIT 1"
        )
        for (payload,) in payloads:
            if _is_payload(str(payload)):
                yield f"{table}.{column}", str(payload)


def _is_payload(text: str) -> bool:
    try:
        return {"iv", "value", "mac"} <= set(json.loads(base64.b64decode(text)))
    except (ValueError, TypeError):
        return False
