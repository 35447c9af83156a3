"""Whether a key belongs to a script is read from its encrypted values: no server, and no row is ever shown."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

from harness.artifacts.dump.encrypted import EncryptedValues
from harness.artifacts.dump.walk import walk
from harness.standins.apiary.encryption import IV_BYTES, encrypt_string
from tests.tables import over_table

OURS, EARLIER, OTHER = bytes(range(32)), bytes([1] * 32), bytes([2] * 32)


def made(key: bytes, plain: str = "token") -> str:
    """A value as Laravel writes it."""
    return encrypt_string(plain, key, bytes(IV_BYTES))


def inserts(*values: str, table: str = "users") -> bytes:
    """A script with one row for each value."""
    rows = ",".join(f"({number},'{value}')" for number, value in enumerate(values))
    return f"-- MySQL dump\nINSERT INTO `{table}` VALUES {rows};\n".encode()


def damaged(value: str) -> str:
    """Well-formed, with another mac."""
    return as_payload(json.loads(base64.b64decode(value)) | {"mac": "0" * 64})


def as_payload(fields: dict[str, str]) -> str:
    """Base64 of JSON, as PHP writes it."""
    return base64.b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode()


GCM = as_payload({"iv": "a" * 16, "value": "b" * 24, "mac": "", "tag": "c" * 24})
SEVERAL = (made(OTHER), made(OTHER, "2"))
EARLIER_ONES = (made(EARLIER), made(EARLIER, "2"))

ROWS = {
    "of another instance": (inserts(*SEVERAL), [OURS], True),
    "its own": (inserts(made(OURS), made(OURS, "2")), [OURS], False),
    "one that fits behind damaged ones": (inserts(damaged(made(OURS)), *SEVERAL, made(OURS, "3")), [OURS], False),
    "written before and after the key was rotated": (inserts(*EARLIER_ONES, made(OURS)), [OURS], False),
    "all written before, and the earlier key is known": (inserts(*EARLIER_ONES), [OURS, EARLIER], False),
    "all written before, and it is not": (inserts(*EARLIER_ONES), [OURS], True),
    "a single one, which may be damaged": (inserts(damaged(made(OURS))), [OURS], False),
    "none at all": (inserts("text", "eyJpdiI6I", "eyJpdiI6Inot base64"), [OURS], False),
    "no key": (inserts(*SEVERAL), [], False),
    "in a table that the guide leaves out": (inserts(*SEVERAL, table="webhook_calls"), [OURS], False),
    "in a longer text": (inserts(f"a {SEVERAL[0]}", f"{SEVERAL[1]} b", f'{{"a":"x {SEVERAL[0]}"}}'), [OURS], False),
    "of a cipher without a mac": (inserts(GCM, GCM), [OURS], False),
    "in double quotes, a row a statement": (
        b"".join(inserts(value).replace(b"'", b'"') for value in SEVERAL),
        [OURS],
        True,
    ),
}


@over_table("script, keys, foreign", ROWS.values())
def test_only_when_none_of_several_values_fits_the_key_is_another_instances(
    script: bytes, keys: list[bytes], foreign: bool
) -> None:
    for size in (len(script), 700, 100, 7):
        values = EncryptedValues(keys)
        walk(parts(script, size), values)
        assert values.are_foreign is foreign, size


def parts(script: bytes, size: int) -> Iterator[bytes]:
    """The script as a stream of reads of this size."""
    yield from (script[at : at + size] for at in range(0, len(script), size))


def test_a_long_value_that_is_read_in_pieces_is_one_value_or_leaves_it_open() -> None:
    """However it is cut: bounded memory, and a key that cannot be judged is not called wrong."""
    for plain_bytes, open_ in ((100_000, False), (3_000_000, True)):
        script = inserts(made(OTHER, "x" * plain_bytes), made(OTHER), made(OTHER, "2"))
        values = EncryptedValues([OURS])
        walk(parts(script, 1 << 16), values)
        assert values.are_foreign is not open_
