"""The values of a row, decoded, so that dumps by other tools and with other options can be compared.

`0x6162`, `x'6162'`, `_binary 'ab'` and `'ab'` are the same value; so are `1.50` and `1.5` in a column of numbers,
and `b'101'` and `0x05` in a BIT column. Columns are matched by name; those that the server computes are left out,
because some tools write them and some don't.
"""

from __future__ import annotations

import codecs
import re
from binascii import unhexlify
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO

from harness.artifacts.dump.model import ColumnInfo

_VALUE = re.compile(
    rb"""\s*(?:(?P<null>NULL|\\N)
    |(?:_(?P<introducer>[0-9a-z]+)\s*)?(?:
        '(?P<text>[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+)'
        |"(?P<double>[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+)"
        |0x(?P<hex>[0-9a-f]*)
        |x'(?P<quoted_hex>[0-9a-f]*)'
        |(?:0b(?P<bare_bits>[01]+)|b'(?P<bits>[01]*)'))
    |(?P<number>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?)
    )\s*(?:,|\Z)""",
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
_VALUE_NO_ESCAPES = re.compile(
    _VALUE.pattern.replace(
        rb"'(?P<text>[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+)'", rb"'(?P<text>[^']*+(?:''[^']*+)*+)'"
    ).replace(rb'"(?P<double>[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+)"', rb'"(?P<double>[^"]*+(?:""[^"]*+)*+)"'),
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
_EXPRESSION = re.compile(rb"\s*((?:[^,()'\"]++|'[^']*'|\"[^\"]*\"|\((?:[^()']|'[^']*'|\([^()]*\))*\))+)(?:,|\Z)")
_ESCAPABLE = re.compile(rb"([^\\']++)|\\(.)|''?", re.DOTALL)
"""What a string is made of; the third is a quote, doubled but in double quotes."""
_APOSTROPHE = re.compile(rb"\\.|'", re.DOTALL)
_DOUBLED = re.compile(rb"([^']++)|''?", re.DOTALL)
_PLAIN, _ESCAPE = 1, 2
_ESCAPED = {b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a", b"%": b"\\%", b"_": b"\\_"}
"""MySQL manual, "String Literals", table 11.1; any other character stands for itself."""
_COMMON_ESCAPES = tuple((b"\\" + code, _ESCAPED.get(code, code)) for code in (b'"', b"'", b"n", b"r", b"t", b"0", b"Z"))
"""Those that dump tools write, but for the backslash itself."""
_NUMERIC = """
    tinyint smallint mediumint int integer bigint decimal numeric dec fixed float double real year bool boolean serial
"""
_NUMBERS = frozenset(_NUMERIC.split())
BINARY_TYPES = frozenset(
    [
        *("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit", "vector", "geometry", "point"),
        *("linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection"),
        "geomcollection",
    ]
)
TEXT_TYPES = frozenset(("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json"))
_CODECS = {"latin1": "cp1252", "latin2": "iso8859-2", "cp1251": "cp1251", "cp1250": "cp1250", "koi8r": "koi8-r"}
"""Character sets of a script other than UTF-8 that are met in dumps of western and eastern European systems."""
_LATIN1 = "".join(
    bytes((byte,)).decode("latin-1" if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "cp1252") for byte in range(256)
)
"""MySQL's latin1: cp1252, with the five bytes that cp1252 leaves undefined as themselves (manual, 12.10.2)."""
_NUMBER = re.compile(rb"\s*([-+]?)0*([0-9]*)(?:\.([0-9]*))?(?:[eE]([-+]?[0-9]+))?\s*\Z")

_LONG_BYTES = 1 << 20
_SURELY_LONG_BYTES = 2 * _LONG_BYTES + 1
"""As it is written: two bytes of it mean one at least."""

Value = tuple[str, bytes]
"""Kind and content: ("null", b""), ("number", b"-1.5"), ("text", content), ("bits", content), ("expression", raw)."""


@dataclass(frozen=True, slots=True)
class LongText:
    """A long string where it stands in its row: what it means is made of it in parts, or when it is asked for.

    Args:
        row: see `parse_row`.
        begin, end: where it stands in there, between its quotes.
        escapes: whether backslashes escape.
    """

    row: bytes
    begin: int
    end: int
    escapes: bool

    def value(self) -> Value:
        """The same as a value."""
        return "text", _unescape(self.row, self.escapes, self.begin, self.end)

    def marked(self) -> bytes:
        """What `_marked` makes of it."""
        size, digest = 0, blake2b()
        for part in (_ESCAPABLE if self.escapes else _DOUBLED).finditer(self.row, self.begin, self.end):
            meant = _unescaped(part)
            size += len(meant)
            digest.update(meant)
        return b"S%d:" % size + digest.digest()


def _unescaped(part: re.Match[bytes]) -> bytes:
    if part.lastindex == _ESCAPE:
        return _ESCAPED.get(part[_ESCAPE], part[_ESCAPE])
    return part[_PLAIN] or b"'"


def _unescape(text: bytes, escapes: bool, begin: int = 0, end: int | None = None) -> bytes:
    """What a string means; no list of its parts and no copy is made, as it may be long."""
    end = len(text) if end is None else end
    if not escapes or text.find(b"\\", begin, end) < 0:
        return text[begin:end].replace(b"''", b"'")
    if end - begin <= _LONG_BYTES and text.find(b"\\\\", begin, end) < 0 and text.find(b"''", begin, end) < 0:
        # Each backslash begins an escape then, so that each can be replaced wherever it stands.
        content = text[begin:end]
        for escape, meant in _COMMON_ESCAPES:
            content = content.replace(escape, meant)
        if b"\\" not in content:
            return content
    parts = BytesIO()
    for part in _ESCAPABLE.finditer(text, begin, end):
        parts.write(_unescaped(part))
    return parts.getvalue()


def _in_single_quotes(text: bytes, escapes: bool) -> bytes:
    """A string in double quotes as it is written in single ones: an apostrophe stands for itself in it."""
    text = text.replace(b'""', b'"')
    if not escapes:
        return text.replace(b"'", b"''")
    return _APOSTROPHE.sub(lambda found: found[0] if found[0] != b"'" else b"\\'", text)


def _hex_bytes(text: bytes, begin: int, end: int) -> bytes:
    if end - begin & 1:
        return unhexlify(b"0" + text[begin:end])
    return unhexlify(memoryview(text)[begin:end])


def _bit_bytes(digits: bytes) -> bytes:
    return int(digits or b"0", 2).to_bytes((len(digits) + 7) // 8, "big")


def parse_row(row: bytes, *, escapes: bool = True) -> list[Value]:
    """The values of a row.

    Args:
        row: what stands between its parentheses.
        escapes: whether backslashes escape (not under NO_BACKSLASH_ESCAPES).
    """
    return [each.value() if isinstance(each, LongText) else each for each in read_row(row, escapes=escapes)]


def raw_values(row: bytes, *, escapes: bool = True) -> list[bytes]:
    """The values of a row as they are written, each with the comma behind it; `read_row` reads one like a row."""
    pattern = _VALUE if escapes else _VALUE_NO_ESCAPES
    found, position = [], 0
    while position < len(row):
        match = pattern.match(row, position) or _EXPRESSION.match(row, position)
        end = len(row) if match is None else match.end()
        found.append(row[position:end])
        position = end
    return found


def read_row(row: bytes, *, escapes: bool = True) -> list[Value | LongText]:
    """As `parse_row`, with long strings where they stand: for digests, for which no copy of them has to be made."""
    pattern = _VALUE if escapes else _VALUE_NO_ESCAPES
    found: list[Value | LongText] = []
    position = 0
    while position < len(row):
        match = pattern.match(row, position)
        if match is None:
            other = _EXPRESSION.match(row, position)
            end = len(row) if other is None else other.end()
            found.append(("expression", row[position:end].strip(b" \t\r\n,")))
            position = end
            continue
        kind = match.lastgroup
        if kind == "text" and match.end(kind) - match.start(kind) > _SURELY_LONG_BYTES:
            found.append(LongText(row, *match.span(kind), escapes))
        elif kind == "text":
            found.append(("text", _unescape(row, escapes, *match.span(kind))))
        elif kind in ("hex", "quoted_hex"):
            found.append(("text", _hex_bytes(row, *match.span(kind))))
        elif kind == "number":
            found.append(("number", match[kind]))
        elif kind in ("bits", "bare_bits"):
            found.append(("bits", _bit_bytes(match[kind])))
        elif kind == "double":
            found.append(("text", _unescape(_in_single_quotes(match[kind], escapes), escapes)))
        else:
            found.append(("null", b""))
        position = match.end()
    return found


def normal_number(text: bytes) -> bytes:
    """A number without what doesn't change it: `+01.50e1` is `15`, `-0.0` is `0`. What is none comes back as it is."""
    match = _NUMBER.match(text)
    if match is None or not (match.group(2) or match.group(3) or b"0" in text):
        return text
    sign, whole, fraction, exponent = match.groups(default=b"")
    if len(exponent) > _MOST_DIGITS:
        return text
    digits = (whole + fraction).lstrip(b"0")
    scale = int(exponent or b"0") - len(fraction)
    if not digits:
        return b"0"
    stripped = digits.rstrip(b"0")
    scale += len(digits) - len(stripped)
    return (b"-" if sign == b"-" else b"") + stripped + (b"e%d" % scale if scale else b"")


_JSON_PARTS = re.compile(
    rb"""(?P<text>"(?:[^"\\]|\\.)*+")|(?P<number>-?[0-9]++(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)""", re.DOTALL
)
_INTEGERS = range(-(1 << 63), 1 << 64)
_MOST_DIGITS = 21
"""Of an integer or an exponent, sign included: no server has more, and Python converts no more than 4,300."""
_DIGITS_OF_DOUBLE = 15
"""As many decimal digits, a double holds whatever they are (DBL_DIG)."""


def normal_json(text: bytes) -> bytes:
    """JSON as MySQL prints it once it was read from text: a DECIMAL in it has become a DOUBLE (`1.10` is `1.1`)."""
    printed, end = bytearray(), 0
    for part in _JSON_PARTS.finditer(text):
        if part.lastgroup == "number":
            printed += text[end : part.start()]
            printed += _json_number(part.group())
            end = part.end()
    return bytes(printed + text[end:]) if end else text


def _json_number(token: bytes) -> bytes:
    """A number as the double or integer that it is read as; those that a double prints itself stay as they stand."""
    if token.lstrip(b"-").isdigit() and len(token) <= _MOST_DIGITS and int(token) in _INTEGERS:
        return token
    fraction = token.partition(b".")[2]
    if b"e" not in token.lower() and fraction and len(token.lstrip(b"-")) <= _DIGITS_OF_DOUBLE + 1:
        return token.rstrip(b"0") + (b"0" if not fraction.strip(b"0") else b"")
    return re.sub(r"e([-+]?)0*", lambda found: "e" + found[1].strip("+"), repr(float(token))).encode()


def codec_of(charset: str) -> str | None:
    """How to read text of a script whose `SET NAMES` says this; None if its bytes are UTF-8 or it is unknown."""
    return _CODECS.get(charset.lower())


def to_utf8(text: bytes, codec: str) -> bytes:
    """Text of a script in UTF-8; `codec` is what `codec_of` returned."""
    if codec != "cp1252":
        return text.decode(codec, "surrogateescape").encode("utf-8", "surrogateescape")
    return codecs.charmap_decode(text, "strict", _LATIN1)[0].encode()


def canonical_value(value: Value | LongText, column: ColumnInfo | None, codec: str | None = None) -> bytes:
    """The bytes that stand for a value: equal exactly if the values are, as far as a dump can carry them.

    Args:
        value: from `parse_row` or `read_row`.
        column: where it belongs; its type decides what is a number, a bit field or text.
        codec: see `codec_of`; None for UTF-8.
    """
    base = column.base_type if column is not None else ""
    if isinstance(value, LongText):
        converted = base in _NUMBERS or base in ("bit", "json") or (base in TEXT_TYPES and codec is not None)
        if not converted:
            return value.marked()
        value = value.value()
    kind, content = value
    if kind == "null":
        return b"N"
    if base == "bit" and (kind != "number" or (content.isdigit() and len(content) <= _MOST_DIGITS)):
        if kind == "number":
            return b"B%x" % int(content)
        return b"B%x" % int.from_bytes(content, "big")  # Python writes at most 4,300 decimal digits
    if kind == "text" and base in TEXT_TYPES:
        text = content if codec is None else to_utf8(content, codec)
        return _marked(b"S", normal_json(text) if base == "json" else text)
    if base in _NUMBERS or (kind == "number" and not base):
        return b"#" + normal_number(content)
    return _marked(b"X" if kind == "expression" else b"S", content)


def _marked(mark: bytes, content: bytes) -> bytes:
    """A content with what it is; its digest stands for a long one, so that it is not copied."""
    if len(content) > _LONG_BYTES:
        return mark + b"%d:" % len(content) + blake2b(content).digest()
    return mark + content


def columns_of_row(count: int, listed: Sequence[str] | None, defined: Sequence[ColumnInfo]) -> list[ColumnInfo | None]:
    """Which column each of a row's values belongs to; None where nothing says.

    Args:
        count: how many values the row has.
        listed: the INSERT's column list.
        defined: the columns of the CREATE TABLE, if there was one.
    """
    by_name = {column.name.lower(): column for column in defined}
    if listed is not None:
        found = [by_name.get(name.lower(), ColumnInfo(name, "")) for name in listed]
        return [*found, *([None] * (count - len(found)))]
    for candidates in (defined, [column for column in defined if not column.invisible]):
        if len(candidates) == count:
            return list(candidates)
    return [None] * count


def canonical_row(
    values: Sequence[Value | LongText], columns: Sequence[ColumnInfo | None], codec: str | None = None
) -> bytes:
    """The bytes that stand for a row, whatever the order of its columns and however its values are written."""
    parts: list[tuple[str, bytes]] = []
    for position, (value, column) in enumerate(zip(values, columns, strict=False)):
        if column is not None and column.generated:
            continue
        # without a name only the position is left; nothing then matches a script that has names
        name = f"\0{position:06d}" if column is None else column.name.lower()
        parts.append((name, canonical_value(value, column, codec)))
    parts.sort(key=lambda part: part[0])
    pieces: list[bytes] = []
    for name, content in parts:
        encoded = name.encode("utf-8", "surrogateescape")
        pieces += (b"%d:%b%d:" % (len(encoded), encoded, len(content)), content)
    return b"".join(pieces)
