"""Generated data: the same for the same random seed, whole, and as odd as real data."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pypdf
import pytest

from harness.base.errors import UsageError
from harness.base.guide import EXCLUDABLE_DIRECTORIES, EXCLUDABLE_TABLES, FILE_REFERENCES, REFERENCED_DIRECTORIES
from harness.base.wait import wait_until
from harness.standins.apiary.config import DatabaseArgs
from harness.standins.apiary.encryption import DecryptError, decrypt_string, new_app_key, parse_app_key
from harness.standins.apiary.generate import NONCE_EVENT_PREFIX, TABLES, generate
from harness.standins.apiary.generate.words import UNUSUAL_TEXTS
from tests.contract.standin.standin_app import APP_KEY, NOW, App, fill, make_app
from tests.standin import traffic


def checksums(app: App) -> dict[object, object]:
    tables = ", ".join(f"`{table.name}`" for table in TABLES)
    return {
        str(name).split(".")[1]: digest for name, digest in app.query(f"checksum table {tables}, permissions, roles")
    }


def stored_files(app: App) -> dict[str, tuple[str, int, float]]:
    top = app.config.files_dir
    return {
        str(path.relative_to(top)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mode,
            path.stat().st_mtime,
        )
        for path in top.rglob("*")
        if path.is_file()
    }


def test_the_same_random_seed_makes_the_same_rows_and_files(filled: App, root: DatabaseArgs, tmp_path: Path) -> None:
    """Under another key only the encrypted column differs, so that a drill with a random key is reproducible."""
    same = fill(make_app(root, tmp_path / "same"))
    assert same.data == filled.data
    assert checksums(same) == checksums(filled)
    assert stored_files(same) == stored_files(filled)
    other_key = fill(make_app(root, tmp_path / "other_key"), app_key=new_app_key())
    assert [name for name, digest in checksums(same).items() if checksums(other_key)[name] != digest] == ["users"]
    assert stored_files(other_key) == stored_files(same)


def test_another_random_seed_makes_other_rows_and_files(filled: App, root: DatabaseArgs, tmp_path: Path) -> None:
    other = fill(make_app(root, tmp_path), rng_seed=8)
    assert checksums(other)["attendance"] != checksums(filled)["attendance"]
    assert stored_files(other).keys() != stored_files(filled).keys()


def test_the_counts_are_those_of_the_small_scale(filled: App) -> None:
    assert filled.data is not None
    assert {name: filled.query(f"select count(*) from `{name}`")[0][0] for name in filled.data.rows} == filled.data.rows
    assert sum(filled.data.rows.values()) == 22_244
    assert max(filled.data.rows, key=lambda name: filled.data.rows[name] if filled.data else 0) == "attendance"
    assert (filled.data.files, len(stored_files(filled))) == (304, 304)
    assert set(EXCLUDABLE_TABLES) <= {name for name, count in filled.data.rows.items() if count > 0}


def test_every_foreign_key_finds_its_row(filled: App) -> None:
    keys = filled.query(
        "select table_name, column_name, referenced_table_name, referenced_column_name "
        "from information_schema.key_column_usage "
        "where table_schema = database() and referenced_table_name is not null"
    )
    assert len(keys) == 48
    for table, column, parent, parent_column in keys:
        orphans = filled.query(
            f"select count(*) from `{table}` c left join `{parent}` p on p.`{parent_column}` = c.`{column}` "
            f"where c.`{column}` is not null and p.`{parent_column}` is null"
        )
        assert orphans == [(0,)], (table, column)


def test_rows_and_files_refer_to_each_other(filled: App) -> None:
    referred = {
        f"resumes/{uid}.pdf" for (uid,) in filled.query("select uid from resumes join users on users.id = user_id")
    }
    for reference in FILE_REFERENCES:
        rows = filled.query(f"select {reference.column} from {reference.table} where {reference.column} is not null")
        assert rows, reference
        referred |= {str(path) for (path,) in rows}
    files = set(stored_files(filled))
    assert referred <= files
    assert {path for path in files if path.split("/")[0] in REFERENCED_DIRECTORIES} <= referred
    assert {path.split("/")[0] for path in files - referred} == {*EXCLUDABLE_DIRECTORIES, "meilisearch"}
    assert any(" " in path for path in referred)


def test_every_document_is_a_pdf(filled: App) -> None:
    files = sorted(filled.config.files_dir.rglob("*.pdf"))
    assert len(files) == 300
    assert len({path.stat().st_size for path in files}) > 200
    for path in files[:: len(files) // 20]:
        assert len(pypdf.PdfReader(path, strict=True).pages) == 1
    uid = filled.query("select uid from resumes join users on users.id = user_id order by resumes.id limit 1")[0][0]
    page = pypdf.PdfReader(filled.config.files_dir / "resumes" / f"{uid}.pdf").pages[0]
    assert page.extract_text() == f"Resume of {uid}"


def test_the_newest_rows_are_half_a_minute_old_and_none_is_newer(filled: App) -> None:
    """In the rows stands the wall clock of New York, five hours behind UTC in November. The nonce is the last event."""
    newest = NOW.replace(tzinfo=None) - timedelta(hours=5, seconds=30)
    for table in ("attendance", "users", "payments", "events"):
        assert filled.query(f"select max(created_at) from {table}") == [(newest,)]
    recent = filled.query("select count(*) from attendance where created_at > '2026-11-22 06:49:00'")
    assert recent == [(50,)]
    assert filled.data is not None
    rows = filled.query(f"select id from events where name = '{NONCE_EVENT_PREFIX}nonce-7' and deleted_at is null")
    assert rows == [(filled.data.nonce_event_id,)]


def test_a_few_in_a_hundred_are_deleted_and_some_attendance_refers_to_links_that_a_dump_may_leave_out(
    filled: App,
) -> None:
    """Odd texts come back as they are."""
    for table in ("users", "attendance", "dues_transactions", "payments"):
        share = filled.query(f"select avg(deleted_at is not null) from {table}")[0][0]
        assert 0.01 < float(str(share)) < 0.05, table
    share = filled.query("select avg(remote_attendance_link_id is not null) from attendance")[0][0]
    assert 0.05 < float(str(share)) < 0.15
    notes = {note for (note,) in filled.query("select distinct notes from payments where notes is not null")}
    assert notes == set(UNUSUAL_TEXTS)
    assert filled.query("select count(*) from failed_jobs where payload like '%\\0%'") == [(30,)]


def test_tokens_are_encrypted_with_the_key(filled: App) -> None:
    tokens = filled.query("select docusign_access_token from users where docusign_access_token is not null")
    assert 5 <= len(tokens) <= 40
    for (token,) in tokens:
        assert decrypt_string(str(token), parse_app_key(APP_KEY)).startswith(b"token-")
    with pytest.raises(DecryptError, match=r"^The MAC is invalid\.$"):
        decrypt_string(str(tokens[0][0]), parse_app_key(new_app_key()))


def test_without_extras_the_data_is_what_apiary_itself_has(app: App) -> None:
    """No trigger, no view, and tokens in plain text, as the real application keeps them."""
    app.artisan("migrate", "--force")
    config = app.config
    generate(config.database, config.storage_dir, "tiny", 1, app_key=APP_KEY, now=NOW)
    assert app.query("select count(*) from information_schema.triggers where trigger_schema = database()") == [(0,)]
    assert app.query("select count(*) from information_schema.views where table_schema = database()") == [(0,)]
    tokens = app.query("select docusign_access_token from users where docusign_access_token is not null")
    assert tokens
    assert all(str(token).startswith("token-") for (token,) in tokens)


def refusal(app: App, scale: str = "small") -> str:
    config = app.config
    with pytest.raises(UsageError) as caught:
        generate(config.database, config.storage_dir, scale, 1, app_key=APP_KEY, now=NOW)
    return str(caught.value)


def test_an_empty_database_one_with_data_and_an_unknown_scale_are_refused(app: App, filled: App) -> None:
    assert refusal(app) == (
        f"database {app.config.database.database} lacks {len(TABLES)} tables, users among them\n"
        "HINT: Run `php artisan migrate --force` first."
    )
    assert refusal(filled) == (
        f"database {filled.config.database.database} already holds users\nHINT: Generate into an empty database."
    )
    assert refusal(app, "huge") == "scale 'huge' is unknown\nHINT: Use one of tiny, small, medium, large."


def test_the_command_line_says_what_it_made_or_why_it_cannot(app: App) -> None:
    def called(*options: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "harness.standins.apiary.generate", *options]
        env = os.environ | app.env | env
        return subprocess.run(command, env=env, cwd=app.base_dir, capture_output=True, text=True, check=False)

    app.artisan("migrate", "--force")
    done = called(APP_KEY="")
    assert (done.returncode, done.stderr) == (1, "No application encryption key has been specified.\n")
    done = called("--now", NOW.isoformat(), "--nonce", "n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "       9,500 attendance"
    assert done.stdout.splitlines()[-1].startswith("      22,244 rows, 304 files, ")


def test_traffic_writes_rows_and_files_until_it_is_stopped(root: DatabaseArgs, tmp_path: Path) -> None:
    app = fill(make_app(root, tmp_path))
    command = [sys.executable, str(Path(traffic.__file__)), "--rate", "200"]
    process = subprocess.Popen(
        command, env=os.environ | app.env, cwd=app.base_dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )

    def written() -> int:
        return int(str(app.query("select count(*) from attendance where source = 'traffic'")[0][0]))

    wait_until(lambda: written() >= 25, what="25 rows of traffic", timeout_s=20)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    uploads = int(str(app.query("select count(*) from resumes")[0][0])) - 150
    assert out == f"{written()} attendance rows, {uploads} uploads\n"
    assert uploads == written() // 10
    newest = app.query("select uid from resumes join users on users.id = user_id order by resumes.id desc limit 1")
    assert (app.config.files_dir / "resumes" / f"{newest[0][0]}.pdf").is_file()
