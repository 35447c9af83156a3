"""Starting the embedded server: its options, and what it refuses before it serves."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.standins.meilisearch.__main__ import main
from harness.standins.meilisearch.api import shown_size
from harness.standins.meilisearch.options import parse_options, parse_size


def refusal(capsys: pytest.CaptureFixture[str], db_path: Path, address: str = "127.0.0.1:0") -> str:
    """Where the engine is does not matter: it is never started."""
    assert main([f"--http-addr={address}", f"--db-path={db_path}", f"--engine-python={sys.executable}"]) == 1
    return capsys.readouterr().err


def test_options_come_from_the_command_line_then_the_environment() -> None:
    environment = {
        "MEILI_HTTP_ADDR": "127.0.0.1:7701",
        "MEILI_DB_PATH": "/db",
        "MEILI_DUMP_DIR": "/dumps",
        "MEILI_NO_ANALYTICS": "true",
        "MEILI_IMPORT_DUMP": "/a.dump",
        "MEILI_IGNORE_DUMP_IF_DB_EXISTS": "true",
        "MEILI_MASTER_KEY": "",
    }
    options = parse_options(["--db-path=/other", "--http-payload-size-limit", "2KiB"], environment)
    assert (options.host, options.port) == ("127.0.0.1", 7701)
    assert (str(options.db_path), str(options.dump_dir), str(options.import_dump)) == ("/other", "/dumps", "/a.dump")
    assert (options.ignore_missing_dump, options.ignore_dump_if_db_exists) == (False, True)
    assert (options.master_key, options.payload_limit_bytes) == (None, 2048)


def test_a_value_that_cannot_be_used_is_named() -> None:
    for arguments, environment, message in (
        (["--http-addr", "7700"], {}, "--http-addr: '7700' is not HOST:PORT\nHINT: Example: 127.0.0.1:7700."),
        (
            ["--http-payload-size-limit", "much"],
            {},
            "'much' is not a size in bytes\nHINT: Examples: 104857600, 100MB, 100 MiB.",
        ),
        (
            ["--env", "production"],
            {"MEILI_MASTER_KEY": ""},
            "a production environment needs a master key\nHINT: Set MEILI_MASTER_KEY.",
        ),
        (
            [],
            {"MEILI_ENV": "production", "MEILI_MASTER_KEY": "short"},
            "the master key has 5 bytes, a production environment needs 16\nHINT: Set a longer MEILI_MASTER_KEY.",
        ),
        (["--log-level", "loud"], {}, "--log-level: 'loud' is not one of OFF, ERROR, WARN, INFO, DEBUG, TRACE"),
    ):
        with pytest.raises(UsageError) as error:
            parse_options(arguments, environment)
        assert str(error.value) == message


def test_sizes() -> None:
    for text, size_bytes, shown in (
        ("100 MB", 100_000_000, "100 MB"),
        ("100MiB", 104_857_600, "100 MiB"),
        ("104857600", 104_857_600, "100 MiB"),
        ("1.5GB", 1_500_000_000, "1.5 GB"),
        ("7", 7, "7 B"),
    ):
        assert (parse_size(text), shown_size(size_bytes)) == (size_bytes, shown)


def test_a_database_of_another_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "VERSION").write_text("1.7.3")
    assert refusal(capsys, tmp_path) == (
        "Error: Your database version (1.7.3) is incompatible with your current engine version (1.8.1).\n"
        "HINT: Write a dump with the version that made the database, and import it into a new database directory.\n"
    )
    (tmp_path / "VERSION").unlink()
    (tmp_path / "data.mdb").touch()
    assert refusal(capsys, tmp_path) == "Error: Meilisearch (v1.8.1) failed to infer the version of the database.\n"
    (tmp_path / "VERSION").write_text("1.8.1")
    (tmp_path / "tasks").mkdir()
    assert refusal(capsys, tmp_path) == (
        f"Error: {tmp_path}: this database was made by the real server, and its files are laid out otherwise\n"
        "HINT: Write a dump with the real server, and import it into a new database directory.\n"
    )


def test_a_port_or_a_database_in_use_is_one_clear_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert refusal(capsys, tmp_path / "data.ms", address) == (
            f"Error: cannot listen on {address}: Address already in use\n"
            "HINT: Stop what uses this address, or name another one with --http-addr.\n"
        )
    held = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert refusal(capsys, tmp_path) == f"Error: {tmp_path}: another server has this database open\n"
    finally:
        os.close(held)
