"""One change after the restore, each alone, turns the verdict to FAIL with a finding that names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from harness.artifacts.storage.names import coded
from harness.base.wait import wait_until
from harness.procedure.backup.scan import scan
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import quote_name
from tests.drills.conftest import Restoration

pytestmark = pytest.mark.xdist_group("restoration")

Change = Callable[[Restoration], Iterator[None]]


def _sql(restoration: Restoration, *statements: str) -> None:
    with restoration.target.mysql.session(database=restoration.target.mysql.database) as session:
        session.execute("SET foreign_key_checks = 0")
        for statement in statements:
            session.execute(statement)


@contextmanager
def _copy_of(restoration: Restoration, table: str) -> Iterator[None]:
    """Put a table's rows back after the block."""
    saved = quote_name("saved", table)
    name = quote_name(table)
    _sql(
        restoration,
        "CREATE DATABASE saved",
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
            "DROP DATABASE saved",
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


def test_nothing_changed_is_a_pass(restoration: Restoration) -> None:
    """The restored target as it is: no error."""
    assert restoration.errors() == ("PASS", [])


def test_one_changed_byte_in_a_value_is_found(restoration: Restoration) -> None:
    """The table and the row's primary key are named, and nothing else is wrong."""
    key = _key_of(restoration, "SELECT MIN(id) FROM majors")
    with _copy_of(restoration, "majors"):
        _sql(restoration, f"UPDATE majors SET display_name = CONCAT('X', SUBSTRING(display_name, 2)) WHERE id = {key}")
        verdict, errors = restoration.errors()
    assert verdict == "FAIL"
    assert {(error.code, error.subject) for error in errors} == {("content-digest", "majors")}
    assert f"First primary keys: changed: [{key}]." in errors[0].message


def test_one_row_less_is_found(restoration: Restoration) -> None:
    """Counts differ by one, and the missing key is named."""
    key = _key_of(restoration, "SELECT MAX(id) FROM rsvps")
    rows = _key_of(restoration, "SELECT COUNT(*) FROM rsvps")
    with _copy_of(restoration, "rsvps"):
        _sql(restoration, f"DELETE FROM rsvps WHERE id = {key}")
        verdict, errors = restoration.errors()
    assert verdict == "FAIL"
    assert {(error.code, error.subject, error.expected, error.actual) for error in errors} == {
        ("row-count", "rsvps", str(rows), str(rows - 1))
    }
    assert f"missing: [{key}]" in errors[0].message


def test_as_many_other_rows_are_found(restoration: Restoration) -> None:
    """A row lost and another one made keeps the count; the digest and both keys tell."""
    key = _key_of(restoration, "SELECT MAX(id) FROM rsvps")
    with _copy_of(restoration, "rsvps"):
        _sql(restoration, f"UPDATE rsvps SET id = {key + 1000} WHERE id = {key}")
        verdict, errors = restoration.errors()
    assert verdict == "FAIL"
    assert ("content-digest", "rsvps") in {(error.code, error.subject) for error in errors}
    assert f"missing: [{key}]; extra: [{key + 1000}]" in errors[0].message


def test_one_flipped_byte_in_a_file_is_found(restoration: Restoration) -> None:
    """Same size, same time, one byte: the path is named by the files check and by the download."""
    path = _first_resume(restoration)
    _flip(restoration, path)
    try:
        verdict, errors = restoration.errors()
    finally:
        _flip(restoration, path)
    assert verdict == "FAIL"
    assert ("file-checksum", coded(path.encode())) in {(error.code, error.subject) for error in errors}
    assert {error.code for error in errors} <= {"file-checksum", "download"}


def test_one_deleted_document_is_found(restoration: Restoration) -> None:
    """The index and the id are named."""
    index = restoration.target.meilisearch.client().index("apiary_dues_transactions")
    key = _key_of(restoration, "SELECT MIN(id) FROM dues_transactions WHERE deleted_at IS NULL")
    document = index.http.get(f"indexes/{index.uid}/documents/{key}")
    index.delete_document(str(key))
    _wait_for_search(restoration)
    try:
        verdict, errors = restoration.errors()
    finally:
        index.add_documents([document], primary_key="id")
        _wait_for_search(restoration)
    assert verdict == "FAIL"
    assert {(error.code, error.subject) for error in errors} == {("index-document-missing", "apiary_dues_transactions")}
    assert f"ids {key}." in errors[0].message


def test_a_dropped_trigger_is_found(restoration: Restoration) -> None:
    """The trigger is named by the comparison with the source, and by the one with the script."""
    with restoration.target.mysql.session(database=restoration.target.mysql.database) as session:
        name = str(session.row("SHOW TRIGGERS")[0])
        _, mode, create, *_ = session.row(f"SHOW CREATE TRIGGER {quote_name(name)}")
    _sql(restoration, f"DROP TRIGGER {quote_name(name)}")
    try:
        verdict, errors = restoration.errors()
    finally:
        with restoration.target.mysql.session(
            restoration.target.mysql.app, database=restoration.target.mysql.database
        ) as session:
            session.execute("SET sql_mode = %s", (mode,))
            session.execute(create)
    assert verdict == "FAIL"
    assert {error.code for error in errors} == {"trigger-missing"}
    assert all(name in error.message for error in errors)


def test_the_target_is_whole_again(restoration: Restoration) -> None:
    """Every test put back what it changed: what they found was their own doing."""
    assert restoration.errors() == ("PASS", [])
