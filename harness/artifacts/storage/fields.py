"""The fields of a tar header: numbers, names, checksums, PAX records."""

from __future__ import annotations

from functools import lru_cache

_REPEATED_KEYS = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")


class BadField(Exception):
    """A header does not hold what the format says; the text says what it holds."""


@lru_cache(maxsize=4096)  # modes, owners and small sizes repeat: half of the time of a header without it
def number(field: bytes) -> int:
    """A number as tar writes it: octal digits, or GNU's binary form for what they can't hold."""
    if field[0] & 0x80:
        bits = 8 * len(field) - 1
        value = int.from_bytes(field, "big") & ((1 << bits) - 1)
        value -= (1 << bits) if field[0] & 0x40 else 0
        if value.bit_length() > 63:
            raise BadField(f"a header contains a number of {value.bit_length()} bits")
        return value
    digits = field.split(b"\0", 1)[0].strip()
    if digits.strip(b"01234567"):
        raise BadField(f"a header contains {len(field)} bytes that are not a number")
    return int(digits or b"0", 8)


def decimal(value: bytes) -> int:
    """A number as PAX records and maps of sparse files have it; 18 digits are more than any file needs."""
    if not value.isdigit() or len(value) > 18:
        raise BadField(f"it contains {len(value)} bytes that are not a number")
    return int(value)


def seconds(value: bytes) -> int:
    """A PAX time such as `1700000000.25` in whole seconds, rounded down."""
    whole, _, fraction = value.partition(b".")
    if not whole.removeprefix(b"-").isdigit() or len(whole) > 18 or (fraction and not fraction.isdigit()):
        raise BadField(f"it contains an invalid time of {len(value)} bytes")
    return int(whole) - (1 if whole.startswith(b"-") and fraction.strip(b"0") else 0)


def checksum_is_right(header: bytes) -> bool:
    """Whether the header's sum is the stated one; some old tars summed signed bytes."""
    stated_field = header[148:156]
    try:
        stated = number(stated_field)
    except BadField:
        return False
    total = sum(header) - sum(stated_field) + 8 * 0x20
    return stated == total or stated == total - 256 * sum(byte > 127 for byte in header[:148] + header[156:])


def header_name(header: bytes) -> bytes:
    """The name in the header: two fields in POSIX's form, one in GNU's (it keeps times in the other)."""
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def pax_records(data: bytes) -> dict[bytes, bytes]:
    """PAX records, `length key=value` and a newline, one after the other.

    The map of a sparse file in form 0.0 repeats its keys: it comes back as `GNU.sparse.map`, as in form 0.1.
    """
    records: dict[bytes, bytes] = {}
    repeated: list[bytes] = []
    position = 0
    while position < len(data):
        digits, space, _ = data[position : position + 20].partition(b" ")
        end = position + int(digits) if digits.isdigit() else 0
        key, equals, value = data[position + len(digits) + 1 : max(end - 1, 0)].partition(b"=")
        if not (space and equals and key and end <= len(data) and data[end - 1 : end] == b"\n"):
            raise BadField("an extended header is malformed")
        if key in _REPEATED_KEYS:
            repeated.append(value)
        else:
            records[key] = value
        position = end
    if repeated:
        records[b"GNU.sparse.map"] = b",".join(repeated)
    return records
