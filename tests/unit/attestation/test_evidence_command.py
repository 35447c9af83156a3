"""The commands: what an operator and an auditor see, and that a bad key stops a drill before it begins."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.base.model import Verdict
from harness.cli.main import main
from harness.records.attestation.envelope import sign_run
from harness.records.attestation.keys import generate, load_private
from harness.records.run_directory import RunDirectory
from tests.tables import over_table

REAL = Path(__file__).parents[1] / "schema" / "data" / "result-1-documented-pass.json"


def call(*arguments: str | Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    answer = CliRunner().invoke(main, [str(argument) for argument in arguments], env=env)
    return answer.exit_code, answer.output


@pytest.fixture
def signed(tmp_path: Path) -> tuple[Path, str]:
    """Evidence of a real run without its artifacts, and the id of the key."""
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    shutil.copy(REAL, run_dir / "result.json")
    key_id = generate(tmp_path / "key", None)
    return sign_run(run_dir, RunDirectory(run_dir).load_result(), load_private(tmp_path / "key", None)), key_id


def test_keygen_says_what_it_wrote_and_under_which_id(tmp_path: Path) -> None:
    code, output = call("evidence", "keygen", tmp_path / "key")
    assert code == 0
    key_id = load_private(tmp_path / "key", None).key_id
    assert output == (
        f"private key  {tmp_path / 'key'}  (not encrypted; only the drill needs read access)\npublic key   "
        f"{tmp_path / 'key.pub'}  (for verification; publish it where nobody can replace it)\nkey id       "
        f"{key_id}\n"
    )


def test_a_passphrase_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("from the file\n")
    code, output = call("evidence", "keygen", tmp_path / "one", "--passphrase-file", tmp_path / "passphrase")
    assert (code, "(encrypted;" in output) == (0, True)
    load_private(tmp_path / "one", b"from the file")
    environment = {"APIARY_DRILL_SIGN_PASSPHRASE": "from outside"}
    assert call("evidence", "keygen", tmp_path / "two", env=environment)[0] == 0
    load_private(tmp_path / "two", b"from outside")


def test_verify_says_what_holds_and_what_is_not_here(signed: tuple[Path, str], tmp_path: Path) -> None:
    evidence, key_id = signed
    code, output = call("evidence", "verify", evidence, "--key", tmp_path / "key.pub")
    lines = output.splitlines()
    assert code == 3
    assert lines[0] == "Drill        20261123T002231Z-documented-34852b, verdict PASS"
    assert lines[1] == "Ran          2026-11-23T00:22:31Z to 2026-11-23T00:23:44Z"
    assert lines[3:] == [
        f"Key          {key_id}",
        "",
        "? backup/database.sql.zst not found",
        "? backup/files.jsonl not found",
        "? backup/storage.tar.zst not found",
        f"✓ result.json unchanged ({evidence.parent / 'result.json'})",
        "",
        "The signature is valid, but 3 of 4 files were not found: give their location with --artifact.",
    ]


def test_verify_says_that_a_drill_was_a_control(signed: tuple[Path, str], tmp_path: Path) -> None:
    store = RunDirectory(signed[0].parent)
    store.save_result(replace(store.load_result(), verdict=Verdict.FAIL, expected_verdict=Verdict.FAIL))
    evidence = sign_run(store.directory, store.load_result(), load_private(tmp_path / "key", None))
    _, output = call("evidence", "verify", evidence, "--key", tmp_path / "key.pub")
    assert output.startswith(
        "Drill        20261123T002231Z-documented-34852b, verdict FAIL (a negative control: expected FAIL)\n"
    )


def test_verify_without_a_key_says_that_nobody_vouches(signed: tuple[Path, str]) -> None:
    code, output = call("evidence", "verify", signed[0])
    assert code == 3
    assert output.endswith("The signature was not checked: give the trusted public key with --key.\n")


def test_verify_fails_when_a_file_was_changed(signed: tuple[Path, str], tmp_path: Path) -> None:
    result = signed[0].parent / "result.json"
    result.write_bytes(result.read_bytes().replace(b'"PASS"', b'"FAIL"'))
    code, output = call("evidence", "verify", signed[0], "--key", tmp_path / "key.pub")
    assert code == 1
    assert f"✗ result.json changed since signing ({result})\n" in output
    assert output.endswith("1 of 4 files were changed after signing.\n")


def test_verify_prints_json_for_programs(signed: tuple[Path, str], tmp_path: Path) -> None:
    code, output = call("evidence", "verify", signed[0], "--key", tmp_path / "key.pub", "--json")
    assert code == 3
    assert f'"key_id": "{signed[1]}",\n  "key_checked": true,\n' in output
    assert '"state": "missing"' in output


def test_verify_of_what_is_no_evidence(tmp_path: Path) -> None:
    assert call("evidence", "verify", tmp_path / "none")[0] == 2
    (tmp_path / "text").write_text("hello\n")
    assert call("evidence", "verify", tmp_path / "text")[0] == 1


@over_table("command", [("run",), ("verify", "--dump", "a.sql", "--storage", "b.tar")])
def test_a_key_that_cannot_be_used_stops_a_drill_before_it_begins(tmp_path: Path, command: tuple[str, ...]) -> None:
    generate(tmp_path / "key", b"secret")
    (tmp_path / "wrong").write_text("wrong\n")
    runs = tmp_path / "runs"
    for options in (
        ("--sign", tmp_path / "key"),
        ("--sign", tmp_path / "key", "--sign-passphrase-file", tmp_path / "wrong"),
        ("--sign", tmp_path / "key.pub"),
        ("--sign", tmp_path / "none"),
        ("--sign-passphrase-file", tmp_path / "wrong"),
    ):
        code, _ = call(*command, "--runs", runs, *options)
        assert code == 2
        assert not runs.exists()
