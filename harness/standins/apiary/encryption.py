"""Laravel's encrypted strings: AES-256-CBC with an HMAC, base64 of a JSON object, under `APP_KEY`.

The format is that of `Illuminate\\Encryption\\Encrypter`: `iv` and `value` in base64, `mac` the hexadecimal
HMAC-SHA256 over both as they are written, `tag` empty. A value written here can be read by the real app.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC
    from cryptography.hazmat.primitives.padding import PKCS7

KEY_BYTES = 32
IV_BYTES = 16
_BLOCK_BITS = 128


class DecryptError(Exception):
    """What Laravel's DecryptException says: the payload or the MAC is invalid, or there is no usable key."""


def new_app_key() -> str:
    """A fresh `APP_KEY`, as `key:generate --show` prints it."""
    return "base64:" + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def parse_app_key(app_key: str) -> bytes:
    """The key's 32 bytes. Raises DecryptError: no key, or not one of AES-256-CBC."""
    if not app_key:
        raise DecryptError("No application encryption key has been specified.")
    raw = app_key.encode()
    if app_key.startswith("base64:"):
        try:
            raw = base64.b64decode(app_key.removeprefix("base64:"), validate=True)
        except binascii.Error:
            raw = b""
    if len(raw) != KEY_BYTES:
        raise DecryptError(
            "Unsupported cipher or incorrect key length. "
            "Supported ciphers are: aes-128-cbc, aes-256-cbc, aes-128-gcm, aes-256-gcm."
        )
    return raw


def encrypt_string(plain: str, key: bytes, iv: bytes) -> str:
    """Encrypt as `Crypt::encryptString` does.

    Args:
        iv: 16 bytes; the caller's, so that generated data is the same for the same random seed.
    """
    cipher, padding = _aes(key, iv)
    padder, encryptor = padding.padder(), cipher.encryptor()
    padded = padder.update(plain.encode()) + padder.finalize()
    value = base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
    iv_text = base64.b64encode(iv).decode()
    payload = {"iv": iv_text, "value": value, "mac": _mac(iv_text, value, key), "tag": ""}
    return base64.b64encode(json.dumps(payload, separators=(",", ":")).encode()).decode()


def decrypt_string(ciphertext: str, key: bytes, *previous: bytes) -> bytes:
    """Decrypt as `Crypt::decryptString` does, with `APP_KEY` or one of `APP_PREVIOUS_KEYS`.

    Raises:
        DecryptError: "The payload is invalid." or, under another key, "The MAC is invalid."
    """
    try:
        payload = json.loads(base64.b64decode(ciphertext, validate=True))
        iv_text, value, mac = (str(payload[name]) for name in ("iv", "value", "mac"))
        iv, data = base64.b64decode(iv_text, validate=True), base64.b64decode(value, validate=True)
    except (ValueError, KeyError, TypeError) as error:
        raise DecryptError("The payload is invalid.") from error
    if len(iv) != IV_BYTES:
        raise DecryptError("The payload is invalid.")
    key, *_ = [each for each in (key, *previous) if hmac.compare_digest(mac, _mac(iv_text, value, each))] or [b""]
    if not key:
        raise DecryptError("The MAC is invalid.")
    cipher, padding = _aes(key, iv)
    decryptor, unpadder = cipher.decryptor(), padding.unpadder()
    try:
        padded = decryptor.update(data) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise DecryptError("Could not decrypt the data.") from error


def _aes(key: bytes, iv: bytes) -> tuple[Cipher[CBC], PKCS7]:
    # Imported here because one command of twenty decrypts, and each of them would wait for it.
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC
    from cryptography.hazmat.primitives.padding import PKCS7

    return Cipher(AES(key), CBC(iv)), PKCS7(_BLOCK_BITS)


def _mac(iv_text: str, value: str, key: bytes) -> str:
    return hmac.new(key, (iv_text + value).encode(), hashlib.sha256).hexdigest()
