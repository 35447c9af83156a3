"""One long row costs a small multiple of itself, whatever it is made of; and means what it meant."""

from __future__ import annotations

import random
import re
import tracemalloc
from collections.abc import Callable

from harness.artifacts.dump import fast
from harness.artifacts.dump.encoding import is_utf8
from harness.artifacts.dump.model import ColumnInfo
from harness.artifacts.dump.values import canonical_row, parse_row, read_row, to_utf8

LONG = 1 << 17
JSON, TEXT = (ColumnInfo("a", kind) for kind in ("json", "longtext"))
ESCAPES = {b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a", b"%": b"\\%", b"_": b"\\_"}
VALUES = (
    (b"'" + b"\\'" * (LONG // 2) + b"'", TEXT),
    (b"'" + b"\\\\" * (LONG // 2) + b"'", TEXT),
    (b"'" + b"''" * (LONG // 2) + b"'", TEXT),
    (b"'" + b"x\\n" * (LONG // 3) + b"'", TEXT),
    (b"0x" + b"A1" * (LONG // 2), TEXT),
    (b"'[" + b"1," * (LONG // 2) + b"1]'", JSON),
    (b"'[" + b"1.0," * (LONG // 4) + b"1]'", JSON),
    (b"x " * (LONG // 2), TEXT),
)


def most(work: Callable[[], object]) -> int:
    """The most bytes that were in use at once while it worked."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_long_value_is_read_in_a_small_multiple_of_its_size() -> None:
    for value, column in VALUES:
        used = most(lambda value=value, column=column: canonical_row(parse_row(value), [column]))  # type: ignore[misc]
        assert used < 5 * LONG, (value[:10], used / LONG)
    text = b"\\'" * (LONG * 16)
    assert most(lambda: fast.blank_escapes(text)) < 3 * len(text)
    for letter in ("é", "🐝"):
        encoded = letter.encode() * (LONG * 16)
        assert is_utf8(encoded)
        assert is_utf8(b"a" + encoded)
        assert not is_utf8(encoded[:-1])
        assert not is_utf8(encoded + b"\xff")
        assert most(lambda encoded=encoded: is_utf8(encoded)) < len(encoded)  # type: ignore[misc]
    assert most(lambda: to_utf8(b"\xe9" * LONG, "cp1252")) < 6 * LONG


def test_a_long_string_is_digested_where_it_stands() -> None:
    """With the same result as a copy of it, and next to no memory."""
    blob, latin = ColumnInfo("a", "longblob"), ColumnInfo("a", "text")
    for part in (b"\\'", b"''x", b"\\%\\0y"):
        text = (part + b"z" * 1000) * 3000
        for escapes in (True, False):
            row = b"7,'" + (text if escapes else text.replace(b"\\'", b"''")) + b"',NULL"
            for column, codec in ((blob, None), (TEXT, None), (None, None), (JSON, None), (latin, "cp1252")):
                columns = [None, column, None]
                known = canonical_row(parse_row(row, escapes=escapes), columns, codec)
                assert canonical_row(read_row(row, escapes=escapes), columns, codec) == known
    row = b"7,'" + (b"x\\n" + b"z" * 1000) * 5000 + b"'"
    assert most(lambda: canonical_row(read_row(row), [None, blob])) < len(row) // 8


def test_what_is_read_in_parts_is_what_it_was_as_a_whole() -> None:
    chance = random.Random(1)
    for _ in range(200):
        text = b"".join(chance.choices([b"\\'", b"\\\\", b"''", b"\\n", b"\\%", b"x", b"\xff"], k=chance.randrange(60)))
        parts = re.split(rb"(\\.)", text, flags=re.DOTALL)
        meant = b"".join(
            ESCAPES.get(part[1:], part[1:]) if part.startswith(b"\\") else part.replace(b"''", b"'") for part in parts
        )
        assert parse_row(b"'" + text + b"'") == [("text", meant)], text
    for shift in range(8):
        text = b"y" * shift + b"\\'\\\\\\'z\\\\" * 20_000
        blanked = text.replace(b"\\\\", b"\0\0").replace(b"\\'", b"\0\0")
        assert fast.blank_escapes(text).replace(b"\\\\", b"\0\0") == blanked
    assert [to_utf8(bytes((byte,)), "cp1252").decode() for byte in (0x80, 0x81, 0xE9)] == ["€", "\x81", "é"]
