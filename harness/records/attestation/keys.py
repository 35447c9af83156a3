"""Keys: making a pair, and reading one with a sentence for everything that can be wrong with it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.base.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PUBLIC_SUFFIX = ".pub"
_LARGEST_BYTES = 64 * 1024  # a key has some hundred bytes; whatever is larger is something else
_MAKE_ONE = "Create a key pair with: apiary-drill evidence keygen FILE."
_HOW_TO_OPEN = "Give the file with its passphrase (--sign-passphrase-file), or set APIARY_DRILL_SIGN_PASSPHRASE."


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and the name that its public half goes by.

    Args:
        key_id: SHA-256 of the public key (DER, SubjectPublicKeyInfo), hexadecimal.
    """

    private: Ed25519PrivateKey = field(repr=False)
    key_id: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What signatures are checked with; `key_id` as above."""

    public: Ed25519PublicKey
    key_id: str


def key_id_of(public: Ed25519PublicKey) -> str:
    """The name of a key, as `openssl pkey -pubin -in FILE -outform DER | sha256sum` prints it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def generate(path: Path, passphrase: bytes | None) -> str:
    """Write a new private key (PKCS#8, PEM, readable by its owner only), and its public half beside it.

    Args:
        path: new file; the public half gets its name with `.pub` appended.
        passphrase: what the private key is encrypted with, or None.

    Returns:
        The id of the key.

    Raises:
        UsageError: one of the files is there already, or cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    public_path = path.with_name(path.name + PUBLIC_SUFFIX)
    for each in (path, public_path):
        if each.exists() or each.is_symlink():
            raise UsageError(f"{each} already exists", "Keys are never overwritten: give another file name.")
    private = Ed25519PrivateKey.generate()
    public = private.public_key()
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    _write_new(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption), 0o600)
    _write_new(public_path, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    return key_id_of(public)


def read_passphrase(path: Path) -> bytes:
    """The first line of a file, without its end. Raises UsageError: it cannot be read, or is empty."""
    passphrase = _read(path, "the passphrase").split(b"\n", 1)[0].rstrip(b"\r")
    if not passphrase:
        raise UsageError(f"the passphrase file {path} is empty")
    return passphrase


def load_private(path: Path, passphrase: bytes | None) -> SigningKey:
    """Read a private key.

    Args:
        passphrase: for an encrypted key; one that is not encrypted needs none, and is read all the same.

    Raises:
        UsageError: it cannot be read, is encrypted, is of another kind, or is not a key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    text = _read(path, "the key")
    encrypted = b"ENCRYPTED" in text
    if encrypted and passphrase is None:
        raise UsageError(f"the key {path} is encrypted", _HOW_TO_OPEN)
    if b"PUBLIC KEY" in text and b"PRIVATE KEY" not in text:
        raise UsageError(f"{path} is a public key, but signing needs the private key")
    try:
        private = load_pem_private_key(text, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if encrypted:
            raise UsageError(f"the passphrase does not open the key {path}", _HOW_TO_OPEN) from None
        raise UsageError(f"{path} is not a private key in PEM form", _MAKE_ONE) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise UsageError(f"{path} is {_kind(private)} key, but ed25519 is required", _MAKE_ONE)
    return SigningKey(private, key_id_of(private.public_key()))


def load_public(path: Path) -> PublicKey:
    """Read a public key. Raises UsageError: it cannot be read, is of another kind, or is not a key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    text = _read(path, "the key")
    if b"PRIVATE KEY" in text:
        raise UsageError(
            f"{path} is a private key, but verification needs the public key",
            f"It is next to it: {path}{PUBLIC_SUFFIX}.",
        )
    try:
        public = load_pem_public_key(text)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(f"{path} is not a public key in PEM form", _MAKE_ONE) from None
    if not isinstance(public, Ed25519PublicKey):
        raise UsageError(f"{path} is {_kind(public)} key, but ed25519 is required", _MAKE_ONE)
    return PublicKey(public, key_id_of(public))


def _kind(key: object) -> str:
    """What sort of key it is, with its article: `an RSA`, `an Ed448`."""
    name = type(key).__name__.removeprefix("_").removesuffix("Key").removesuffix("Private").removesuffix("Public")
    name = {"EllipticCurve": "EC"}.get(name, name)
    return f"{'an' if name[0] in 'AEFHILMNORSX' else 'a'} {name}"


def _read(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {what} {path}: {error.strerror}") from None
    if len(text) > _LARGEST_BYTES:
        raise UsageError(f"{path} is larger than any key")
    return text


def _write_new(path: Path, text: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)  # whatever the umask
        file.write(text)
        file.flush()
        os.fsync(descriptor)
