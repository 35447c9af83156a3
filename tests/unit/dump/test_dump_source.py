"""Opening scripts, plain and compressed."""

import base64
import bz2
import gzip
import io
import lzma
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from harness.artifacts.dump.compression import MOST_WINDOW_BYTES, allow_window
from harness.artifacts.dump.source import open_script
from harness.base.errors import BrokenArtifact, UsageError
from tests.tables import over_table

SCRIPT = b"".join(b"INSERT INTO t VALUES (%d,'x');\n" % number for number in range(20_000))


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


@pytest.mark.parametrize("kind", ["plain", *COMPRESSIONS])
@pytest.mark.parametrize("read_bytes", [7, 1 << 18])
def test_a_script_is_read_whatever_its_compression_and_its_name(kind: str, read_bytes: int, tmp_path: Path) -> None:
    compress = COMPRESSIONS.get(kind, bytes)
    path = tmp_path / "backup.wrong"
    path.write_bytes(compress(SCRIPT))
    assert b"".join(open_script(path, read_bytes=read_bytes)) == SCRIPT
    assert b"".join(open_script(io.BytesIO(compress(SCRIPT)), read_bytes=read_bytes)) == SCRIPT


@over_table("kind", COMPRESSIONS)
def test_several_members_are_one_script(kind: str) -> None:
    compress = COMPRESSIONS[kind]
    data = compress(SCRIPT[:1000]) + compress(b"") + compress(SCRIPT[1000:])
    assert b"".join(open_script(io.BytesIO(data))) == SCRIPT
    assert b"".join(open_script(io.BytesIO(data + bytes(512)))) == SCRIPT  # padded, as a tape is


@over_table("kind", COMPRESSIONS)
def test_a_compressed_file_that_was_cut_is_a_broken_artifact(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    data = COMPRESSIONS[kind](SCRIPT)
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(BrokenArtifact) as caught:
        list(open_script(path))
    assert str(caught.value) == (
        f"{path}: the {kind} data is truncated after {len(data) * 2 // 3} bytes, inside member 1\n"
        "HINT: The file was truncated, or the program that wrote it was stopped: take another backup."
    )


@over_table("kind", COMPRESSIONS)
def test_a_compressed_file_that_was_changed_is_a_broken_artifact(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    data = bytearray(
        zstandard.ZstdCompressor(write_checksum=True).compress(SCRIPT) if kind == "zstd" else COMPRESSIONS[kind](SCRIPT)
    )
    middle = len(data) // 2
    data[middle : middle + 8] = b"\xff\x00" * 4
    path.write_bytes(data)
    with pytest.raises(BrokenArtifact, match=f"the {kind} data (is damaged at or after byte|ends too early)"):
        list(open_script(path))


def test_garbage_behind_a_member_is_reported_as_such(tmp_path: Path) -> None:
    path = tmp_path / "a.sql.gz"
    path.write_bytes(gzip.compress(SCRIPT) + b"mysqldump: Got error")
    with pytest.raises(BrokenArtifact) as caught:
        list(open_script(path))
    assert caught.value.hints == (
        "1 complete member(s) precede it; what follows them is not gzip data.",
        "Take another backup.",
    )


def test_what_is_no_script_is_reported_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" + bytes(30))
    with pytest.raises(UsageError, match=r"a\.zip is a zip archive, not an SQL dump"):
        list(open_script(tmp_path / "a.zip"))
    with pytest.raises(UsageError, match=r"file not found: .*/missing\.sql"):
        list(open_script(tmp_path / "missing.sql"))
    with pytest.raises(UsageError, match="is a directory, not an SQL dump"):
        list(open_script(tmp_path))


@over_table("kind", COMPRESSIONS)
def test_memory_does_not_grow_with_what_comes_out(kind: str) -> None:
    """256 MiB of zeros are a few KiB compressed; a reader that believes its input takes them all at once."""
    size, most = (256 << 20, 40 << 20) if kind == "zstd" else (24 << 20, 12 << 20)
    data = COMPRESSIONS[kind](bytes(size))
    tracemalloc.start()
    try:
        assert sum(len(chunk) for chunk in open_script(io.BytesIO(data))) == size
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def test_a_pipe_that_gives_little_at_once_is_read_to_its_end() -> None:
    class Slow(io.RawIOBase):
        def __init__(self, content: bytes) -> None:
            self._content = io.BytesIO(content)

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            return self._content.read(min(size, random.Random(size).randint(1, 100)))

    assert b"".join(open_script(Slow(gzip.compress(SCRIPT)))) == SCRIPT  # type: ignore[arg-type]


def test_a_file_that_asks_for_much_memory_is_not_unpacked() -> None:
    """A few hundred bytes can ask for gigabytes; what `zstd --long` and `xz -9` write is read."""
    script = b"CREATE TABLE t (a int);\n" * 1000
    small = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    large = zstandard.ZstdCompressionParameters(window_log=28)
    for data, kind in (
        (_streamed(script, small), ""),
        (lzma.compress(script, preset=9), ""),
        (_streamed(script, large), "zstd"),
        (lzma.compress(script, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 28}]), "xz"),
    ):
        if not kind:
            assert b"".join(open_script(io.BytesIO(data))) == script
            continue
        with pytest.raises(UsageError) as refused:
            list(open_script(io.BytesIO(data)))
        assert refused.value.fact == f"standard input: its {kind} data takes more than 128 MiB of memory to be unpacked"
        assert "--max-window 2G" in refused.value.hints[0]
        try:
            allow_window(MOST_WINDOW_BYTES)
            assert b"".join(open_script(io.BytesIO(data))) == script
        finally:
            allow_window(None)


def _streamed(data: bytes, parameters: zstandard.ZstdCompressionParameters) -> bytes:
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(data) + compressor.flush()


@over_table(
    "data, message",
    [
        (b"Salted__" + b"\x80" * 100, "is encrypted with openssl"),
        (b"age-encryption.org/v1\n-> X25519 x\n", "is encrypted (age)"),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\n", "is encrypted (age)"),
        (b"-----BEGIN PGP MESSAGE-----\n\nhQ\n", "is encrypted (gpg)"),
        (b"\x8c\x0d\x04\x09\x03\x02" + b"\x90" * 50, "is encrypted (gpg)"),
        (b"\x85\x01\x0c\x03" + b"\x90" * 50, "is encrypted (gpg)"),
        (b"\x04\x22\x4d\x18" + b"\x90" * 50, "is compressed with lz4"),
        (b"\x78\x9c" + b"\x90" * 50, "is bare zlib data (pigz -z, a PHP gzcompress)"),
        (base64.encodebytes(gzip.compress(b"SELECT" * 500, mtime=0)), "is base64 of gzip data"),
        (base64.b64encode(b"-- MySQL dump 10.13\n" * 40), "is base64 of SQL"),
        ("-- MySQL dump\n".encode("utf-16"), "is in UTF-16: the shell that wrote it"),
        ("-- MySQL dump\n".encode("utf-16-le"), "is in UTF-16: the shell that wrote it"),
        ("-- MySQL dump\n".encode("utf-16-be"), "is in UTF-16: the shell that wrote it"),
        (
            b"XBSTCK01" + b"\0" * 20,
            ("is a physical backup (a stream of XtraBackup or mariadb-backup), not an SQL dump"),
        ),
        (bytes(range(256)) * 4, "is binary data of an unknown kind, not an SQL dump"),
        (gzip.compress(b"Salted__" + b"\x80" * 100, mtime=0), "is encrypted with openssl"),
    ],
)
def test_other_formats_are_bad_usage_and_named(data: bytes, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        list(open_script(io.BytesIO(data)))
    assert refused.value.fact.startswith(f"standard input {message}")
    assert refused.value.hints


RAW = b"INSERT INTO `t` VALUES (1,_binary '" + bytes(range(1, 32)) * 20 + b"');\n"


@over_table("data", [b"", b"\0" * 600, b"\xef\xbb\xbf-- x\n", "-- Größe €\n".encode() * 40, b"BEGIN\n", RAW])
def test_what_may_be_a_script_is_read(data: bytes) -> None:
    assert b"".join(open_script(io.BytesIO(data))) == data
