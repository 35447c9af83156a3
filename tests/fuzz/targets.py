"""What is fuzzed: each target reads bytes as the harness does, and may end with an error of the harness only."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from harness.artifacts.dump.definitions import Definitions
from harness.artifacts.dump.inspect import Inspector
from harness.artifacts.dump.keyed_rows import rows_of, value_digests
from harness.artifacts.dump.safety import Safety
from harness.artifacts.dump.statements import Kind, Piece, scan
from harness.artifacts.dump.walk import walk
from harness.artifacts.storage.archive import read_archive
from harness.artifacts.storage.safety import ArchiveLimits
from harness.artifacts.storage.zipped import ZipArchive
from harness.base.errors import HarnessError
from harness.cli.config import load
from harness.procedure.backup.manifest import MANIFEST_NAME, read_manifest

TABLE = b"CREATE TABLE `t` (`a` int, `b` text, `c` json, `d` bit(9));\nINSERT INTO `t` VALUES "
SMALL = ArchiveLimits(total_bytes=1 << 22, members=1000, ratio=None)

_kept = tempfile.TemporaryDirectory(prefix="apiary-drill-fuzz-")
_directory = Path(_kept.name)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """The same bytes in pieces."""
    return (data[at : at + size] for at in range(0, len(data), size))


def begins(pieces: Iterable[Piece]) -> list[object]:
    """Where statements begin; INSERTs come in series, and blanks and comments in parts, as the cuts have it."""
    read_whole = (Kind.STATEMENT, Kind.CLIENT)
    return [
        (piece.kind, piece.offset, piece.line, piece.delimiter, piece.mode)
        for piece in pieces
        if piece.first and not piece.head and piece.kind in read_whole
    ]


def found_by(safety: Safety) -> list[tuple[str, int]]:
    """Findings, but for \\' and \\\\ outside of a string: no commands, and only the careful reader notes them."""
    return [(each.code, each.line) for each in safety.findings if not each.message.startswith(("\\'", "\\\\"))]


def statements(data: bytes) -> None:
    """Pieces are the script again, wherever it is cut; what is found in it does not depend on the cuts either."""
    whole, in_parts = list(scan([data])), list(scan(cut(data, 7)))
    assert b"".join(piece.data for piece in whole) == data
    assert b"".join(piece.data for piece in in_parts) == data
    assert begins(whole) == begins(in_parts)
    safety, definitions = Safety(), Definitions()
    walk([data], Inspector("fuzz"), safety, definitions)
    again = Safety()
    walk(cut(data, 5), again)
    assert found_by(safety) == found_by(again)


def rows(data: bytes) -> None:
    """Rows of a known table are read, however the script is cut.

    What is not SQL has no right count: for what is, tests/unit/dump/test_dump_differential.py compares the cuts.
    """
    for size in (len(TABLE + data), 11):
        inspector = Inspector("fuzz")
        walk(cut(TABLE + data, size), inspector)
        inspector.info()
        value_digests(rows_of(cut(TABLE + data, size), "fuzz", ("t",)))


def tar(data: bytes) -> None:
    """A tar archive, and what compressed ones unpack to."""
    for _ in read_archive(cut(data, 4096), limits=SMALL, quarantine=[]):
        pass


def zipped(data: bytes) -> None:
    """A zip archive, its list first, then read as a tar archive."""
    path = _directory / "fuzz.zip"
    path.write_bytes(data)
    for password in (None, b"secret"):
        archive = ZipArchive(path, password)
        with suppress(HarnessError):
            archive.check_password()
        with suppress(HarnessError):
            archive.entries()
        with suppress(HarnessError):
            for _ in read_archive(archive.chunks(), limits=SMALL, quarantine=[]):
                pass


def manifest(data: bytes) -> None:
    """`manifest.json`."""
    (_directory / MANIFEST_NAME).write_bytes(data)
    read_manifest(_directory)


def configuration(data: bytes) -> None:
    """`apiary-drill.toml`."""
    path = _directory / "apiary-drill.toml"
    path.write_bytes(data)
    load(path)


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (statements, rows, tar, zipped, manifest, configuration)
}


def read(target: Callable[[bytes], None], data: bytes) -> None:
    """Read once; an error of the harness is how bad input is to end."""
    with suppress(HarnessError):
        target(data)
