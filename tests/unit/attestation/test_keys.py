"""Keys: written so that only their owner reads them, and whatever is wrong with one is reported in a sentence."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from harness.base.errors import EXIT_USAGE, UsageError
from harness.records.attestation.keys import generate, load_private, load_public, read_passphrase
from tests.tables import over_table

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
    key_id = generate(tmp_path / "key", passphrase)
    assert load_private(tmp_path / "key", passphrase).key_id == key_id
    assert load_public(tmp_path / "key.pub").key_id == key_id
    beginning = "ENCRYPTED PRIVATE" if passphrase else "PRIVATE"
    assert (tmp_path / "key").read_text().startswith(f"-----BEGIN {beginning} KEY-----\n")


def test_only_its_owner_reads_a_private_key(tmp_path: Path) -> None:
    generate(tmp_path / "key", None)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "key.pub").stat().st_mode & 0o777 == 0o644


def test_openssl_reads_the_keys_and_names_them_alike(tmp_path: Path) -> None:
    key_id = generate(tmp_path / "key", b"secret")
    assert b"ED25519 Private-Key" in openssl("pkey", "-in", tmp_path / "key", "-passin", "pass:secret", "-text")
    openssl("pkey", "-pubin", "-in", tmp_path / "key.pub", "-outform", "DER", "-out", tmp_path / "der")
    assert openssl("dgst", "-sha256", "-r", tmp_path / "der").split()[0].decode() == key_id


def test_a_key_of_openssl_is_read(tmp_path: Path) -> None:
    openssl("genpkey", "-algorithm", "ed25519", "-out", tmp_path / "key")
    openssl("pkey", "-in", tmp_path / "key", "-pubout", "-out", tmp_path / "key.pub")
    assert load_private(tmp_path / "key", None).key_id == load_public(tmp_path / "key.pub").key_id


@over_table("there", ["key", "key.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("precious")
    with pytest.raises(UsageError) as caught:
        generate(tmp_path / "key", None)
    assert str(caught.value) == (
        f"{tmp_path / there} already exists\nHINT: Keys are never overwritten: give another file name."
    )
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "precious")]


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="already exists"):
        generate(tmp_path / "key", None)
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_is_not_written_where_there_is_no_directory(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        generate(tmp_path / "none" / "key", None)
    assert str(caught.value) == f"cannot write {tmp_path / 'none' / 'key'}: No such file or directory"


def test_a_private_key_is_not_shown(tmp_path: Path) -> None:
    key_id = generate(tmp_path / "key", None)
    assert repr(load_private(tmp_path / "key", None)) == f"SigningKey(key_id='{key_id}')"


def test_an_encrypted_key_needs_its_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "key"
    generate(path, b"secret")
    assert refusal(path) == f"the key {path} is encrypted\n{OPEN_IT}"
    assert refusal(path, passphrase=b"wrong") == f"the passphrase does not open the key {path}\n{OPEN_IT}"


def test_a_passphrase_that_is_not_needed_does_no_harm(tmp_path: Path) -> None:
    """It may be in the environment for another key."""
    key_id = generate(tmp_path / "key", None)
    assert load_private(tmp_path / "key", b"for another").key_id == key_id


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


def test_the_wrong_half_is_reported(tmp_path: Path) -> None:
    private, public = tmp_path / "key", tmp_path / "key.pub"
    generate(private, None)
    assert refusal(public) == f"{public} is a public key, but signing needs the private key"
    assert refusal(private, public=True) == (
        f"{private} is a private key, but verification needs the public key\nHINT: It is next to it: {public}."
    )


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


def test_a_file_as_large_as_a_backup_is_not_read_as_a_key(tmp_path: Path) -> None:
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
