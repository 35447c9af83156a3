"""Encrypted strings are Laravel's: its format, its refusals."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from harness.standins.apiary.encryption import DecryptError, decrypt_string, encrypt_string, new_app_key, parse_app_key
from tests.tables import over_table

KEY = bytes(range(32))
IV = bytes(range(16))


def test_the_payload_has_laravels_fields_and_mac() -> None:
    payload = json.loads(base64.b64decode(encrypt_string("naïve 🤖", KEY, IV)))
    assert list(payload) == ["iv", "value", "mac", "tag"]
    assert payload["iv"] == base64.b64encode(IV).decode()
    signed = (payload["iv"] + payload["value"]).encode()
    assert payload["mac"] == hmac.new(KEY, signed, hashlib.sha256).hexdigest()
    assert payload["tag"] == ""


@over_table("plain", ["", "x", "exactly 16 bytes", "naïve 🤖\0"])
def test_what_was_encrypted_decrypts(plain: str) -> None:
    assert decrypt_string(encrypt_string(plain, KEY, IV), KEY) == plain.encode()


def test_another_key_is_reported_by_the_mac() -> None:
    with pytest.raises(DecryptError, match=r"^The MAC is invalid\.$"):
        decrypt_string(encrypt_string("x", KEY, IV), bytes(32))


@over_table("ciphertext", ["", "not base64!", base64.b64encode(b"[]").decode(), "e30="])
def test_what_is_no_payload_is_refused(ciphertext: str) -> None:
    with pytest.raises(DecryptError, match=r"^The payload is invalid\.$"):
        decrypt_string(ciphertext, KEY)


def test_a_new_key_is_a_key() -> None:
    assert len(parse_app_key(new_app_key())) == 32


def test_no_key_and_a_short_key_are_refused() -> None:
    with pytest.raises(DecryptError, match=r"^No application encryption key has been specified\.$"):
        parse_app_key("")
    with pytest.raises(DecryptError, match=r"^Unsupported cipher or incorrect key length\. Supported ciphers are: "):
        parse_app_key("base64:AAAA")
