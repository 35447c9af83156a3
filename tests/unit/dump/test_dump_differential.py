"""The fast reader against the slow one of `reference.py`: same statements, same lines, on scripts made at random.

A script is made of sections. Between two of them, where a statement could begin, the SQL mode or the delimiter changes.
"""

import random

from harness.artifacts.dump.statements import Kind, scan
from tests.tables import over_table
from tests.unit.dump import reference
from tests.unit.dump.test_dump_statements import SOUP

HEAD = b"INSERT INTO `t` VALUES ("
IN_STRINGS = (
    *(
        b"\\'",
        b"\\\\",
        b"\\\\",
        b"''",
        b'\\"',
        b'"',
        b"`",
        b"--",
        b"-- ",
        b"/*",
        b"*/",
        b"#",
        b";",
        b";\n",
        b"\n",
        b"x",
    ),
    *(b");\n" + HEAD, b"),(", b"),\n(", b"-", b"/", b"\\n", b"\xff", b"\0", b"\\!", b"DELIMITER //\n"),
)
VALUES = (
    *(b"1", b"-1", b"- 1", b"1/2", b"NULL", b"\\N", b"0xFF", b"_binary ''", b"b'1'"),
    *(b"x", b"--1", b"`c`", b'"x"', b"(1)"),
)
BREAKS = (
    *(b";\n", b";\n", b";\n", b";\n", b";", b"; ", b";\r\n", b" ;\n"),
    *(b";\nCOMMIT;\n", b";-- x\n", b";\n# '\n", b";/* ' */"),
)


def string(chance: random.Random) -> bytes:
    return b"'" + b"".join(chance.choices(IN_STRINGS, k=chance.choice((0, 1, 2, 5)))) + b"'"


def series(chance: random.Random) -> bytes:
    """INSERTs of one row or several, mostly with one head and mostly with nothing odd between them."""
    odd = chance.choice((0.0, 0.05, 0.3))
    breaks = BREAKS if chance.random() < odd else BREAKS[:1]
    statements: list[bytes] = []
    for _ in range(chance.randint(1, 12)):
        head = (
            HEAD
            if chance.random() >= odd
            else chance.choice((b"INSERT INTO `u-v` VALUES (", b"REPLACE INTO t VALUES ("))
        )
        rows = []
        for _ in range(1 if chance.random() < 0.7 else 3):
            values = [string(chance) if chance.random() < 0.6 else chance.choice(VALUES[:9]) for _ in range(3)]
            if chance.random() < odd:
                values.append(chance.choice(VALUES))
            rows.append(b",".join(values))
        statements.append(head + b"),(".join(rows) + b")" + chance.choice(breaks))
    return b"".join(statements)


def soup(chance: random.Random) -> bytes:
    return b"".join(chance.choices(SOUP, k=chance.randint(1, 25)))


def script_of(chance: random.Random) -> tuple[bytes, list[bytes]]:
    """A script, and the statements that it holds; those of the client's are left out."""
    script, expected = b"", list[bytes]()
    escapes, delimiter = True, b";"
    for _ in range(chance.randint(1, 5)):
        section = series(chance) if delimiter == b";" and chance.random() < 0.8 else soup(chance)
        found, closed, delimiter = reference.cut(section, escapes=escapes, delimiter=delimiter)
        script += section
        expected += found
        if not closed:
            break
        if chance.random() < 0.4:
            escapes = chance.random() < 0.5
            mode = b"SET sql_mode='" + (b"" if escapes else b"NO_BACKSLASH_ESCAPES") + b"'" + delimiter
            script += b"\n" + mode
            expected.append(mode)
        if chance.random() < 0.3:
            delimiter = chance.choice((b";", b";", b";;", b"//", b"$"))
            script += b"\nDELIMITER " + delimiter + b"\n"
    return script, expected


def read(script: bytes, size: int, part: int) -> list[bytes]:
    """What the fast reader makes of it; every piece's line and offset is checked on the way."""
    found: list[bytes] = []
    data, at = b"", 0
    parts = (script[begin : begin + size] for begin in range(0, len(script), size))
    for piece in scan(parts, part_bytes=part, whole_bytes=part, foreign_lines=False):
        if piece.first:
            assert piece.line == 1 + script.count(b"\n", 0, piece.offset), (piece, script)
        assert script.startswith(piece.data, at), (piece, script)
        at += len(piece.data)
        if piece.kind is Kind.STATEMENT:
            data = piece.data if piece.first else data + piece.data
            if piece.last:
                escapes = not piece.mode.no_backslash_escapes
                found += reference.statements(data, escapes=escapes) if piece.run else [data.lstrip(reference.SPACES)]
    assert at == len(script)
    return found


@over_table("number", range(8))
def test_whatever_the_script_the_statements_are_those_of_the_simple_reader(number: int) -> None:
    chance = random.Random(f"differential {number}")
    for _ in range(150):
        script, expected = script_of(chance)
        for size, part in ((len(script) + 1, 1 << 18), (chance.randint(1, 200), chance.choice((64, 300, 1 << 18)))):
            assert read(script, size, part) == expected, (size, part, script)


def test_every_border_between_two_chunks_gives_the_same() -> None:
    """Each size of a chunk from one byte on, so that each place of the script is a border once."""
    chance = random.Random("borders")
    for _ in range(6):
        script, expected = script_of(chance)
        for size in range(1, min(len(script), 400) + 2):
            assert read(script, size, chance.choice((64, 1 << 18))) == expected, (size, script)


def test_the_fast_ways_are_taken() -> None:
    """Otherwise the tests above would compare the careful way only: most of the series must come as runs."""
    chance = random.Random("runs")
    scripts = [b"".join(HEAD + string(chance) + b",-1);\n" for _ in range(20)) for _ in range(110)]
    plain = [script for script in scripts if b"\nDELIMITER" not in script]  # such a line is read carefully
    assert len(plain) >= 90
    assert sum(piece.run for script in plain for piece in scan([script])) >= 0.95 * len(plain)
