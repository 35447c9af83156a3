"""Keys of signatures, and the command that signs and verifies."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from harness.base.errors import EXIT_USAGE, UsageError
from harness.base.model import Verdict
from harness.cli.command_line import main
from harness.records.attestation.envelope import sign_run
from harness.records.attestation.keys import generate, load_private, load_public, read_passphrase
from harness.records.run_directory import RunDirectory
from tests.tables import over_table
from tests.unit.schema.recorded import PASSED, recorded

MAKE_ONE = "HINT: Create a key pair with: apiary-drill evidence keygen FILE."
OPEN_IT = "HINT: Give the file with its passphrase (--sign-passphrase-file), or set APIARY_DRILL_SIGN_PASSPHRASE."


def openssl(*arguments: str | Path) -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True).stdout


def refusal(path: Path, *, public: bool = False, passphrase: bytes | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        _ = load_public(path) if public else load_private(path, passphrase)
    assert caught.value.exit_code == EXIT_USAGE
    return str(caught.value)


@over_table("passphrase", [None, "päss wörd".encode()])
def test_a_pair_of_keys_is_read_back(tmp_path: Path, passphrase: bytes | None) -> None:
    """Only its owner reads the private key, and it is not shown."""
    private, public = tmp_path / "key", tmp_path / "key.pub"
    key_id = generate(private, passphrase)
    assert repr(load_private(private, passphrase)) == f"SigningKey(key_id='{key_id}')"
    assert load_public(public).key_id == key_id
    beginning = "ENCRYPTED PRIVATE" if passphrase else "PRIVATE"
    assert private.read_text().startswith(f"-----BEGIN {beginning} KEY-----\n")
    assert (private.stat().st_mode & 0o777, public.stat().st_mode & 0o777) == (0o600, 0o644)
    if not passphrase:
        assert load_private(private, b"in the environment for another").key_id == key_id


def test_openssl_reads_the_keys_names_them_alike_and_its_own_are_read(tmp_path: Path) -> None:
    key_id = generate(tmp_path / "key", b"secret")
    assert b"ED25519 Private-Key" in openssl("pkey", "-in", tmp_path / "key", "-passin", "pass:secret", "-text")
    openssl("pkey", "-pubin", "-in", tmp_path / "key.pub", "-outform", "DER", "-out", tmp_path / "der")
    assert openssl("dgst", "-sha256", "-r", tmp_path / "der").split()[0].decode() == key_id
    openssl("genpkey", "-algorithm", "ed25519", "-out", tmp_path / "own")
    openssl("pkey", "-in", tmp_path / "own", "-pubout", "-out", tmp_path / "own.pub")
    assert load_private(tmp_path / "own", None).key_id == load_public(tmp_path / "own.pub").key_id


@over_table("there", ["key", "key.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("precious")
    with pytest.raises(UsageError) as caught:
        generate(tmp_path / "key", None)
    assert str(caught.value) == (
        f"{tmp_path / there} already exists\nHINT: Keys are never overwritten: give another file name."
    )
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "precious")]


def test_a_key_is_not_written_through_a_link_or_where_there_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="already exists"):
        generate(tmp_path / "key", None)
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(UsageError) as caught:
        generate(tmp_path / "none" / "key", None)
    assert str(caught.value) == f"cannot write {tmp_path / 'none' / 'key'}: No such file or directory"


def test_an_encrypted_key_needs_its_passphrase_and_the_right_half(tmp_path: Path) -> None:
    path, private, public = tmp_path / "encrypted", tmp_path / "key", tmp_path / "key.pub"
    generate(path, b"secret")
    assert refusal(path) == f"the key {path} is encrypted\n{OPEN_IT}"
    assert refusal(path, passphrase=b"wrong") == f"the passphrase does not open the key {path}\n{OPEN_IT}"
    generate(private, None)
    assert refusal(public) == f"{public} is a public key, but signing needs the private key"
    assert refusal(private, public=True) == (
        f"{private} is a private key, but verification needs the public key\nHINT: It is next to it: {public}."
    )


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    for key, kind in (
        (rsa.generate_private_key(65537, 2048), "an RSA"),
        (ec.generate_private_key(ec.SECP256R1()), "an EC"),
    ):
        private, public = tmp_path / "key", tmp_path / "key.pub"
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        assert refusal(private) == f"{private} is {kind} key, but ed25519 is required\n{MAKE_ONE}"
        assert refusal(public, public=True) == f"{public} is {kind} key, but ed25519 is required\n{MAKE_ONE}"


@over_table(
    "text", [b"", b"hello", b"\x00\xff" * 50, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(text)
    assert refusal(path) == f"{path} is not a private key in PEM form\n{MAKE_ONE}"
    path.write_bytes(text.replace(b"PRIVATE", b"PUBLIC"))
    assert refusal(path, public=True) == f"{path} is not a public key in PEM form\n{MAKE_ONE}"


def test_a_key_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == f"cannot read the key {tmp_path / 'none'}: No such file or directory"
    assert refusal(tmp_path, public=True) == f"cannot read the key {tmp_path}: Is a directory"
    with (tmp_path / "key").open("wb") as file:
        file.truncate(20_000_000_000)
    assert refusal(tmp_path / "key") == f"{tmp_path / 'key'} is larger than any key"


def test_a_passphrase_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    for text in (b" two words \n", b" two words \r\nand more\n", b" two words "):
        path.write_bytes(text)
        assert read_passphrase(path) == b" two words "
    for text in (b"", b"\n"):
        path.write_bytes(text)
        with pytest.raises(UsageError) as caught:
            read_passphrase(path)
        assert str(caught.value) == f"the passphrase file {path} is empty"


def call(*arguments: str | Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    answer = CliRunner().invoke(main, [str(argument) for argument in arguments], env=env)
    return answer.exit_code, answer.output


@pytest.fixture
def signed(tmp_path: Path) -> tuple[Path, str]:
    """Evidence of a real run without its artifacts, and the id of the key."""
    store = recorded(PASSED, tmp_path / "run")
    key_id = generate(tmp_path / "key", None)
    return sign_run(store.directory, store.load_result(), load_private(tmp_path / "key", None)), key_id


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
    verify = ("evidence", "verify", signed[0], "--key", tmp_path / "key.pub")
    code, output = call(*verify, "--json")
    assert code == 3
    assert f'"key_id": "{signed[1]}",\n  "key_checked": true,\n' in output
    assert '"state": "missing"' in output
    result = signed[0].parent / "result.json"
    result.write_bytes(result.read_bytes().replace(b'"PASS"', b'"FAIL"'))
    code, output = call(*verify)
    assert code == 1
    assert f"✗ result.json changed since signing ({result})\n" in output
    assert output.endswith("1 of 4 files were changed after signing.\n")


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
