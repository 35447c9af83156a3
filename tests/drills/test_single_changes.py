"""Changes after the restore turn the verdict to FAIL, each with a finding that names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from harness.artifacts.storage.names import coded
from harness.base.wait import wait_until
from harness.procedure.backup.scan import scan
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import quote_name
from tests.drills.conftest import Restoration

pytestmark = pytest.mark.xdist_group("restoration")

Expected = dict[tuple[str, ...], str]
"""Code, subject, and where they are sure what was expected and found, of an error; and what its message says."""


def _sql(restoration: Restoration, *statements: str) -> None:
    with restoration.target.mysql.session(database=restoration.target.mysql.database) as session:
        session.execute("SET foreign_key_checks = 0")
        for statement in statements:
            session.execute(statement)


@contextmanager
def _copy_of(restoration: Restoration, table: str) -> Iterator[None]:
    """Put a table's rows back after the block."""
    database, name = quote_name(f"saved {table}"), quote_name(table)
    saved = f"{database}.{name}"
    _sql(
        restoration,
        f"CREATE DATABASE {database}",
        f"CREATE TABLE {saved} LIKE {name}",
        f"INSERT INTO {saved} SELECT * FROM {name}",
    )
    try:
        yield
    finally:
        _sql(
            restoration,
            f"DELETE FROM {name}",
            f"INSERT INTO {name} SELECT * FROM {saved}",
            f"DROP DATABASE {database}",
            f"ALTER TABLE {name} AUTO_INCREMENT = {restoration.counter(table)}",
        )


FLIP = """
file=$1; reference=$(mktemp); touch -r "$file" "$reference"
size=$(stat -c %s "$file"); byte=$(tail -c 1 "$file" | od -An -tu1)
printf "\\\\$(printf %03o $((byte ^ 1)))" | dd of="$file" bs=1 seek=$((size - 1)) conv=notrunc status=none
touch -r "$reference" "$file"; rm "$reference"
"""
"""Flips the lowest bit of a file's last byte; size and time stay. Twice, and it is as before."""


def _first_resume(restoration: Restoration) -> str:
    entries = scan(restoration.target.apiary.storage_host, restoration.target.apiary.storage_root)
    return next(entry.path.decode() for entry in entries if entry.path.startswith(b"resumes/"))


def _flip(restoration: Restoration, path: str) -> None:
    apiary = restoration.target.apiary
    flipped = run(apiary.storage_host, ["sh", "-ec", FLIP, "sh", f"{apiary.storage_root}/{path}"])
    assert (flipped.exit_status, flipped.stderr) == (0, "")


def _wait_for_search(restoration: Restoration) -> None:
    wait_until(lambda: restoration.target.meilisearch.pending_tasks() == 0, what="search", timeout_s=60)


def _key_of(restoration: Restoration, sql: str) -> int:
    with restoration.target.mysql.session(database=restoration.target.mysql.database) as session:
        return int(session.value(sql))


@contextmanager
def _byte_in_a_value(restoration: Restoration) -> Iterator[Expected]:
    key = _key_of(restoration, "SELECT MIN(id) FROM majors")
    with _copy_of(restoration, "majors"):
        _sql(restoration, f"UPDATE majors SET display_name = CONCAT('X', SUBSTRING(display_name, 2)) WHERE id = {key}")
        yield {("content-digest", "majors"): f"Primary keys of the first changed rows: [{key}]."}


@contextmanager
def _row_less(restoration: Restoration) -> Iterator[Expected]:
    """Counts differ by one, and the missing key is named."""
    key = _key_of(restoration, "SELECT MAX(id) FROM rsvps")
    rows = _key_of(restoration, "SELECT COUNT(*) FROM rsvps")
    with _copy_of(restoration, "rsvps"):
        _sql(restoration, f"DELETE FROM rsvps WHERE id = {key}")
        yield {("row-count", "rsvps", str(rows), str(rows - 1)): f"missing rows: [{key}]"}


@contextmanager
def _as_many_other_rows(restoration: Restoration) -> Iterator[Expected]:
    """A row lost and another one made keeps the count; the digest and both keys tell."""
    key = _key_of(restoration, "SELECT MAX(id) FROM payments")
    with _copy_of(restoration, "payments"):
        _sql(restoration, f"UPDATE payments SET id = {key + 1000} WHERE id = {key}")
        yield {("content-digest", "payments"): f"missing rows: [{key}]; extra rows: [{key + 1000}]"}


@contextmanager
def _byte_in_a_file(restoration: Restoration) -> Iterator[Expected]:
    """Same size, same time, one byte: the path is named."""
    path = _first_resume(restoration)
    _flip(restoration, path)
    try:
        yield {("file-checksum", coded(path.encode())): ""}
    finally:
        _flip(restoration, path)


@contextmanager
def _document_less(restoration: Restoration) -> Iterator[Expected]:
    """The index and the id are named."""
    index = restoration.target.meilisearch.client().index("apiary_dues_transactions")
    key = _key_of(restoration, "SELECT MIN(id) FROM dues_transactions WHERE deleted_at IS NULL")
    document = index.http.get(f"indexes/{index.uid}/documents/{key}")
    index.delete_document(str(key))
    _wait_for_search(restoration)
    try:
        yield {("index-document-missing", index.uid): f"ids {key}."}
    finally:
        index.add_documents([document], primary_key="id")
        _wait_for_search(restoration)


@contextmanager
def _trigger_less(restoration: Restoration) -> Iterator[Expected]:
    """It is named by the comparison with the source, and by the one with the script."""
    mysql = restoration.target.mysql
    with mysql.session(database=mysql.database) as session:
        name = str(session.row("SHOW TRIGGERS")[0])
        _, mode, create, *_ = session.row(f"SHOW CREATE TRIGGER {quote_name(name)}")
    _sql(restoration, f"DROP TRIGGER {quote_name(name)}")
    try:
        yield {("trigger-missing",): name}
    finally:
        with mysql.session(mysql.app, database=mysql.database) as session:
            session.execute("SET sql_mode = %s", (mode,))
            session.execute(create)


CHANGES = (_byte_in_a_value, _row_less, _as_many_other_rows, _byte_in_a_file, _document_less, _trigger_less)


def test_each_change_is_an_error_that_names_it_and_nothing_else_is(restoration: Restoration) -> None:
    """All at once, each in a place of its own; when all are put back, nothing is found.

    That each of them alone is a FAIL is what the scenarios of the scorecard show: one error is one.
    """
    with ExitStack() as changed:
        expected = {key: text for change in CHANGES for key, text in changed.enter_context(change(restoration)).items()}
        verdict, errors = restoration.errors()
    assert verdict == "FAIL"
    for key, text in expected.items():
        messages = [
            error.message
            for error in errors
            if (error.code, error.subject, error.expected, error.actual)[: len(key)] == key
        ]
        assert messages, key
        assert all(text in message for message in messages), key
    # The download shows the flipped file as well, if it is the one that is downloaded.
    assert {error.code for error in errors} - {"download"} == {key[0] for key in expected}
    tables = {error.subject for error in errors if error.code in ("content-digest", "row-count")}
    assert tables == {"majors", "rsvps", "payments"}
    assert restoration.errors() == ("PASS", [])
