"""Encrypted values: readable, not readable one by one, another key, and no key at all."""

from __future__ import annotations

from dataclasses import replace

from harness.base.model import Probe, Severity
from harness.checks.encrypted import NOT_READABLE, check_encrypted_values
from tests.unit.checks.builders import app, finding, only

READ = Probe("decrypt", "users.token", "d1", "d1")


def unreadable(column: str, expected: str = "") -> Probe:
    return Probe("decrypt", column, expected, "", NOT_READABLE)


def test_values_that_can_be_read() -> None:
    result = check_encrypted_values(app(decrypt=(READ,)))
    assert (result.check, result.findings, result.compared) == ("encrypted-values", (), 1)
    assert result.evidence == (("tried", "1"), ("readable", "1"))


def test_a_single_value_that_cannot_be_read_is_named() -> None:
    """Of one value alone nobody can say whether the key or the value is wrong."""
    for values in ((unreadable("users.token", "d1"),), (READ, unreadable("users.token", "d1"))):
        assert only(check_encrypted_values(app(decrypt=values))) == finding(
            "decrypt",
            "users.token",
            "An encrypted value of users.token cannot be decrypted with this APP_KEY (not readable).",
            "d1",
            "nothing",
        )


def test_values_that_are_gone_do_not_speak_against_the_key() -> None:
    gone = tuple(Probe("decrypt", f"users.{name}", "d1", "", "the value is gone") for name in "ab")
    assert [item.code for item in check_encrypted_values(app(decrypt=gone)).findings] == ["decrypt", "decrypt"]


def test_a_key_that_reads_none_of_several_values_is_another_instances() -> None:
    both = (unreadable("users.a"), unreadable("users.b"))
    assert only(check_encrypted_values(app(decrypt=both))) == finding(
        "app-key-mismatch",
        "APP_KEY",
        "The APP_KEY does not belong to this backup: it decrypts none of the 2 values that were tried (users.a, "
        "users.b).",
        "2 readable",
        "0 readable",
        "Use the APP_KEY that the instance had at the time of the backup.",
    )


def test_without_a_key_nothing_is_proven_and_nothing_is_broken() -> None:
    without = replace(app(decrypt=()), not_decrypted=tuple(f"users.{name}" for name in "abcdefg"))
    assert only(check_encrypted_values(without)) == finding(
        "app-key-not-given",
        "APP_KEY",
        "Not verified: no APP_KEY was given, so the encrypted values of users.a, users.b, users.c, users.d, "
        "users.e and 2 more were not decrypted.",
        None,
        None,
        "Give a file with the APP_KEY of the backed-up instance: `--app-key-file FILE`. The key is not in the "
        "backup, and without it these values are lost.",
        Severity.WARNING,
    )
    assert check_encrypted_values(app(decrypt=())).findings == ()
