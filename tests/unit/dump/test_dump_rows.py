"""Rows of INSERTs, their number and their digest."""

import random
from collections.abc import Iterable

import pytest

from harness.artifacts.dump import rows as rows_module
from harness.artifacts.dump.rows import Rows, Tally, hash_row
from harness.artifacts.dump.statements import scan
from tests.unit.dump import reference

NASTY = (
    b"1,'a),(b'",
    b"2,'it\\'s; \"x\" `y` # -- /* */'",
    b"3,'\\\\',NULL",
    b"4,'\\\\\\'),('",
    b"5,0xFF,_binary '\\0\\Z\0\n),\\n('",
    b"-6,''''",
    b"7,'x),\n(y'",
    b"8,''",
    b"9,'(((','()',')'",
    b"10,b'101',1.5e-10,X'00'",
    b'12,"a),(b","it\\\'s \\"q\\" (x","d""oub(le","it\'s"',  # mysqlpump's quotes
    b"11,'" + bytes(byte for byte in range(256) if byte not in b"'\\") + b"'",
)


def tally(script: bytes, head: bytes, *, read: int, part: int, hold: bool = False) -> Tally:
    counted, reader = Tally(), Rows(hold=hold)
    chunks: Iterable[bytes] = (script[begin : begin + read] for begin in range(0, len(script), read))
    for piece in scan(chunks, part_bytes=part):
        if piece.head == head:
            counted.add(reader.feed(piece))
            counted.add_hashes([digest for _, digest in reader.oversized_rows])
            counted.data_bytes += sum(size for size, _ in reader.oversized_rows)
            reader.oversized_rows.clear()
    return counted


def expected(rows: Iterable[bytes]) -> Tally:
    counted = Tally()
    counted.add(rows)
    return counted


@pytest.mark.parametrize("separator", [b",", b",\n", b" , ", b",\r\n"])
@pytest.mark.parametrize("oversized", [5, 1 << 23])
def test_every_way_of_writing_rows_gives_the_same_rows(
    separator: bytes, oversized: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the separator, the read size, the size of the parts, and whether rows are hashed in parts."""
    monkeypatch.setattr(rows_module, "OVERSIZED_ROW_BYTES", oversized)
    chance = random.Random(f"{separator!r}{oversized}")
    chosen = chance.sample(NASTY * 2, 2 * len(NASTY))
    extended = b"INSERT INTO `t` VALUES " + separator.join(b"(" + row + b")" for row in chosen) + b";\n"
    single = b"".join(b"INSERT INTO `u` (`a`,`b`) VALUES (" + row + b");\n" for row in chosen)
    want = expected(chosen)
    for read, part in ((1, 1), (7, 50), (100, 1), (65536, 65536)):
        for head in (b"INSERT INTO `t` VALUES (", b"INSERT INTO `u` (`a`,`b`) VALUES ("):
            for hold in (False, True):
                got = tally(extended + single, head, read=read, part=part, hold=hold)
                assert (got.rows, got.digest, got.data_bytes) == (want.rows, want.digest, want.data_bytes)


def quoted(chance: random.Random, content: tuple[bytes, ...]) -> bytes:
    """A string of these parts, in single or in double quotes."""
    text = b"".join(chance.choices(content, k=chance.randint(0, 6)))
    return b"'" + text + b"'" if chance.random() < 0.7 else b'"' + text.replace(b'"', b'""') + b'"'


def test_rows_put_together_at_random_are_those_that_a_simple_reader_finds() -> None:
    chance = random.Random(5)
    content = (b"\\'", b"\\\\", b"''", b"),(", b"(", b")", b",", b";", b'"', b"x", b"\n", b"INSERT INTO `t` VALUES (")
    for _ in range(400):
        rows = [
            b",".join(quoted(chance, content) for _ in range(chance.randint(1, 3))) for _ in range(chance.randint(1, 8))
        ]
        values = b",".join(b"(" + row + b")" for row in rows)
        assert reference.rows(values) == rows
        want = expected(rows)
        for read in (3, 65536):
            got = tally(b"INSERT INTO `t` VALUES " + values + b";", b"INSERT INTO `t` VALUES (", read=read, part=10)
            assert (got.rows, got.digest) == (want.rows, want.digest), values


def test_the_digest_is_the_sum_of_the_rows_hashes() -> None:
    """Pinned, because it is stored next to backups: BLAKE2b-128, little-endian, modulo 2**128.

    Equal rows do not cancel, the order does not matter, and one changed byte changes it.
    """
    assert hash_row(b"1,'a'").hex() == "398e2d8ba124643a1870cba82eeaf32c"
    numbers = [int.from_bytes(hash_row(row), "little") for row in (b"1,'a'", b"2,'b'", b"2,'b'")]
    assert expected([b"2,'b'", b"1,'a'", b"2,'b'"]).digest == f"{sum(numbers) % 2**128:032x}"
    assert len({expected(rows).digest for rows in ([b"1", b"1"], [], [b"2", b"2"])}) == 3
    row = b"1,'Zo\xc3\xab',NULL"
    for at in range(len(row)):
        changed = row[:at] + bytes([row[at] ^ 1]) + row[at + 1 :]
        assert expected([changed]).digest != expected([row]).digest


def test_no_backslash_escapes_is_respected() -> None:
    script = b"SET sql_mode='NO_BACKSLASH_ESCAPES';INSERT INTO t VALUES (1,'\\'),(2,'it''s\\');"
    got = tally(script, b"INSERT INTO t VALUES (", read=65536, part=65536)
    want = expected([b"1,'\\'", b"2,'it''s\\'"])
    assert (got.rows, got.digest) == (want.rows, want.digest)


def test_computed_values_and_what_follows_the_last_row_are_noticed() -> None:
    """A row that is cut off is not counted."""
    reader = Rows()
    for piece in scan([b"INSERT INTO t VALUES (1,LOAD_FILE('/etc/passwd')),(2,(SELECT 1));"]):
        assert reader.feed(piece) == [b"1,LOAD_FILE('/etc/passwd')", b"2,(SELECT 1)"]
    assert reader.computed == {"LOAD_FILE", "SELECT"}
    reader = Rows()
    for piece in scan([b"INSERT INTO t VALUES (1),(2) ON DUPLICATE KEY UPDATE a=VALUES(a);"]):
        assert reader.feed(piece) == [b"1", b"2"]
    assert reader.tail == b"ON DUPLICATE KEY UPDATE a=VALUES(a)"
    got = tally(b"INSERT INTO t VALUES (1),(2),(3,'x", b"INSERT INTO t VALUES (", read=65536, part=65536)
    assert got.rows == 2


def test_a_row_that_is_too_long_to_be_held_is_hashed_as_it_arrives() -> None:
    part = 1 << 18
    long = b"2,'" + b"),(\\'\\\\;" * (rows_module.OVERSIZED_ROW_BYTES + 2 * part >> 3) + b"'"
    script = b"INSERT INTO t VALUES (1,'a'),(" + long + b"),(3,'b');"
    chunks = (script[begin : begin + part] for begin in range(0, len(script), part))
    reader = Rows()
    rows = [row for piece in scan(chunks, part_bytes=part) if piece.head for row in reader.feed(piece)]
    assert (rows, reader.oversized_rows) == ([b"1,'a'", b"3,'b'"], [(len(long), hash_row(long))])
