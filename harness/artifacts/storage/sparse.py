"""Maps of sparse files: which parts of a file an archive stores, the rest being holes.

A map is a flat array of pairs (offset, size in bytes), ascending. Source: the GNU tar manual, "Storing
Sparse Files".
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator

from harness.artifacts.storage.fields import BadField, decimal, number

SEGMENTS_LIMIT = 500_000
"""More segments than a file that was not made on purpose has; each costs 16 bytes of memory."""

_BLOCK_BYTES = 512
_ZEROS = memoryview(bytes(1 << 20))


def gnu_map(header: bytes, next_block: Callable[[], bytes]) -> array[int]:
    """GNU's own form: four entries in the header, then blocks of 21 entries as long as a flag says so."""
    segments: array[int] = array("q")
    block, start, entries, more = header, 386, 4, header[482]
    while True:
        for at in range(start, start + 24 * entries, 24):
            if block[at] == 0:
                break
            segments.append(number(block[at : at + 12]))
            segments.append(number(block[at + 12 : at + 24]))
        if not more:
            return segments
        _check_length(len(segments) // 2)
        block = next_block()
        start, entries, more = 0, 21, block[504]


def content_map(next_block: Callable[[], bytes]) -> array[int]:
    """PAX form 1.0: before the content, how many entries and the entries, one decimal number per line."""
    text = bytearray(next_block())
    first, newline, _ = bytes(text).partition(b"\n")
    if not newline:
        raise BadField("it has no length")
    count = decimal(first)
    _check_length(count)
    missing_lines = 1 + 2 * count - text.count(b"\n")
    while missing_lines > 0:
        block = next_block()
        missing_lines -= block.count(b"\n")
        text += block
    return array("q", (decimal(line) for line in bytes(text).split(b"\n")[1 : 1 + 2 * count]))


def listed_map(value: bytes) -> array[int]:
    """PAX forms 0.0 and 0.1: decimal numbers with commas between them."""
    return array("q", (decimal(text) for text in value.split(b",")))


def check_map(segments: array[int], real_size: int, stored_bytes: int) -> None:
    """Refuse a map that does not fit the file or its stored content.

    Between segments GNU tar fills up to whole blocks and other readers don't: only the last size may be odd.
    (An empty segment may follow: it marks the end of the file.)
    """
    position = 0
    stored = 0
    if len(segments) % 2:
        raise BadField("it has an offset without a size")
    for index in range(0, len(segments), 2):
        offset, size = segments[index], segments[index + 1]
        if offset < position or size < 0 or (size and stored % _BLOCK_BYTES):
            raise BadField(f"its segment {index // 2 + 1} is out of order")
        position = offset + size
        stored += size
    if position > real_size:
        raise BadField(f"it reaches to byte {position} of a file of {real_size}")
    if stored != stored_bytes:
        raise BadField(f"it speaks of {stored} bytes, and {stored_bytes} are stored")


def holes(size: int) -> Iterator[memoryview]:
    """Zeros, `size` bytes of them, in views of one block that is never copied."""
    for _ in range(size // len(_ZEROS)):
        yield _ZEROS
    if size % len(_ZEROS):
        yield _ZEROS[: size % len(_ZEROS)]


def _check_length(segments: int) -> None:
    if segments > SEGMENTS_LIMIT:
        raise BadField(f"it has more than {SEGMENTS_LIMIT} segments")
