"""The tar format, read strictly: the members of an archive, out of a stream of 512-byte blocks.

Reads what GNU tar, Python and bsdtar write: v7, ustar, PAX (global headers too) and GNU long names; sparse
files in GNU's own form and in the PAX forms 0.0, 0.1 and 1.0. Source: POSIX pax, "ustar Interchange Format",
and the GNU tar manual, "Basic Tar Format".

Why not `tarfile`: it takes a damaged header, or a missing end, for the end of the archive, and it keeps
every member in memory. Here, whatever is not as the format says ends with BrokenArtifact, so that this
reader and the tar that unpacks later can't have different opinions of one archive.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.artifacts.dump.compression import compression
from harness.artifacts.storage import fields, sparse
from harness.artifacts.storage.blocks import ByteReader
from harness.artifacts.storage.fields import BadField
from harness.artifacts.storage.names import coded, printable
from harness.base.errors import BrokenArtifact, UnsafeArtifact, UsageError

BLOCK_BYTES = 512
EXTENDED_HEADER_LIMIT_BYTES = 8 << 20
"""Names end at 4096 bytes; maps of sparse files can be longer, but not by that much."""

CUT_HINT = "The copy is truncated: use an earlier backup, or copy this one again from its origin."
CHANGED_HINT = "Some of its bytes were changed: use an earlier backup, or copy this one again."
NOT_AN_ARCHIVE_HINT = "Supported are a directory, or a tar archive: plain, gzip, zstd, xz or bzip2."
REMAKE_HINT = "Create the archive with GNU tar and its option --format=pax."
MIXED_HINT = (
    "The names that tar -v lists, or messages, were written into the archive (2>&1): remove that from the command, and "
    "take the backup again."
)
_INSERTED_HINT = (
    "Messages (2>&1) or a terminal's line ends (docker exec -t) were written into the archive: remove that from the "
    "command, and take the backup again."
)

_TEXT_BYTES = 1 << 20
"""Where an archive that stands behind text is looked for: a compressor takes some input before its first byte."""

_ZERO_BLOCK = bytes(BLOCK_BYTES)
MAGIC, _MAGIC_AT = b"ustar", 257
_KINDS = {b"1": "hardlink", b"2": "symlink", b"5": "directory"} | dict.fromkeys((b"0", b"\0", b"7", b"S"), "file")
SOCKET = b"s"
"""What zipped.py writes for a socket, which a zip archive can hold and a tar archive cannot."""
_DEVICES = {b"3": "a character device", b"4": "a block device", b"6": "a fifo", SOCKET: "a socket"}


@dataclass(slots=True)
class Member:
    """One member, as its headers say.

    Args:
        name: as it stands in the archive, nothing normalised.
        kind: as in FileState.
        what: the kind in words, for texts.
        size_bytes: logical size, holes included.
        stored_bytes: size of its content in the archive.
        segments: the stored segments of a sparse file (see sparse.py), None for other files.
        target: of a link, as it stands in the archive.
    """

    name: bytes
    kind: str
    what: str
    size_bytes: int
    stored_bytes: int
    segments: array[int] | None
    mode: int
    uid: int
    gid: int
    mtime_s: int
    target: bytes


class TarReader:
    """Reads members one after the other; the content of each is read, or skipped, before the next."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._bytes = ByteReader(chunks)
        self._global: dict[bytes, bytes] = {}
        self._left = 0  # of the content of the last member
        self._padding = 0  # behind it, up to a whole block
        self.members = 0
        self.last_name = b""

    @property
    def offset(self) -> int:
        """Bytes read of the archive, unpacked."""
        return self._bytes.offset

    def next(self) -> Member | None:
        """The next member, or None at the end-of-archive mark (two blocks of zeros).

        Raises:
            UsageError: this is no tar archive.
            BrokenArtifact: it is damaged or cut.
            UnsafeArtifact: it holds a member of an unknown type, or a name with a NUL in it.
        """
        self._skip_content()
        try:
            return self._next()
        except BadField as error:
            raise self.broken(str(error), CHANGED_HINT) from None

    def content(self, member: Member) -> Iterator[memoryview]:
        """The content of the member that was read last, holes as zeros; each view is valid until the next."""
        if member.segments is None:
            yield from self._stored(member.stored_bytes)
            return
        position = 0
        for index in range(0, len(member.segments), 2):
            offset, size = member.segments[index], member.segments[index + 1]
            yield from sparse.holes(offset - position)
            yield from self._stored(size)
            position = offset + size
        yield from sparse.holes(member.size_bytes - position)

    def rest(self) -> Iterator[bytes]:
        """What follows the end-of-archive mark."""
        return self._bytes.rest()

    def broken(self, fact: str, *hints: str) -> BrokenArtifact:
        """An error that says how far the archive could be read."""
        last = f", the last one {coded(self.last_name)}" if self.members else ""
        return BrokenArtifact(
            f"the storage archive is damaged: {fact}, at byte {self.offset} (unpacked) after {self.members} "
            f"members{last}",
            *(hints or (CUT_HINT,)),
        )

    def _stored(self, size: int) -> Iterator[memoryview]:
        for piece in self._bytes.pieces(size):
            self._left -= len(piece)
            size -= len(piece)
            yield piece
        if size:
            raise self.broken("it ends inside the content of a file")

    def _skip_content(self) -> None:
        if self._left:
            for _ in self._stored(self._left):
                pass
        if self._padding:
            if len(self._bytes.take(self._padding)) < self._padding:
                raise self.broken("it ends inside the content of a file")
            self._padding = 0

    def _block(self) -> bytes:
        block = self._bytes.take(BLOCK_BYTES)
        if len(block) == BLOCK_BYTES:
            return block
        self._refuse_text_before(block)
        if not self.offset:
            raise BrokenArtifact("the storage archive is empty: it has no end-of-archive mark", CUT_HINT)
        if not self.members and b"\n" in block and b"\0" not in block:
            raise UsageError("not a tar archive: it contains only text", MIXED_HINT)
        raise self.broken("it ends inside a header" if block else "it ends without an end-of-archive mark")

    def _next(self) -> Member | None:
        pax: dict[bytes, bytes] = {}
        long_name = long_target = b""
        while True:
            header = self._block()
            if header == _ZERO_BLOCK:
                if self._block() != _ZERO_BLOCK:
                    raise self.broken("a header follows half of an end-of-archive mark", CHANGED_HINT)
                return None
            self._verify(header)
            flag = header[156:157]
            if flag == b"x":
                pax |= fields.pax_records(self._extended(header))
            elif flag == b"g":
                self._global |= fields.pax_records(self._extended(header))
            elif flag == b"L":
                long_name = self._extended(header).rstrip(b"\0")
            elif flag == b"K":
                long_target = self._extended(header).rstrip(b"\0")
            elif flag == b"V":  # the label of the volume: tar only shows it
                self._extended(header)
            else:
                return self._member(header, {**self._global, **pax}, long_name, long_target)

    def _verify(self, header: bytes) -> None:
        if fields.checksum_is_right(header):
            return
        self._refuse_text_before(header)
        if (late := header.find(MAGIC) - _MAGIC_AT) > 0:
            raise self.broken(f"a header starts {late} bytes late", _INSERTED_HINT)
        if not self.members and self.offset == BLOCK_BYTES:
            raise UsageError("not a tar archive: its first 512 bytes are not a header", NOT_AN_ARCHIVE_HINT)
        raise self.broken("a header has a wrong checksum", CHANGED_HINT)

    def _refuse_text_before(self, first: bytes) -> None:
        """Name the cause where lines of text stand in front of an archive, packed or not."""
        offset = self.offset
        if offset > BLOCK_BYTES:
            return
        whole = first + self._bytes.take(_TEXT_BYTES)
        lines, at = 0, whole.find(b"\n") + 1
        line = whole[:at]
        while line and b"\0" not in line:
            lines += 1
            if compression(whole[at : at + 16]) or whole.startswith(MAGIC, at + _MAGIC_AT):
                raise BrokenArtifact(
                    f"the storage archive is damaged: it starts with text ({lines} lines, {at} bytes)", MIXED_HINT
                )
            end = whole.find(b"\n", at) + 1
            line, at = whole[at:end], end
        self._bytes = ByteReader([])
        self._bytes.offset = offset  # the caller says that it is no archive, or where it ends

    def _extended(self, header: bytes) -> bytes:
        size = fields.number(header[124:136])
        if not 0 <= size <= EXTENDED_HEADER_LIMIT_BYTES:
            raise UnsafeArtifact(
                f"the storage archive contains an extended header of {size} bytes at byte {self.offset}, more "
                f"than {EXTENDED_HEADER_LIMIT_BYTES}",
                "No tar program writes this: do not trust this archive.",
            )
        padded = size + -size % BLOCK_BYTES
        data = self._bytes.take(padded)
        if len(data) < padded:
            raise self.broken("it ends inside a header")
        return data[:size]

    def _member(self, header: bytes, pax: dict[bytes, bytes], long_name: bytes, long_target: bytes) -> Member:
        flag = header[156:157]
        name = pax.get(b"GNU.sparse.name") or pax.get(b"path") or long_name or fields.header_name(header)
        target = pax.get(b"linkpath") or long_target or header[157:257].split(b"\0", 1)[0]
        for text in (name, target):
            if b"\0" in text:
                raise UnsafeArtifact(
                    f"the storage archive contains the name {coded(text)}, which has a NUL byte in it",
                    "No file can have that name: do not trust this archive.",
                )
        kind = "special" if flag in _DEVICES else _KINDS.get(flag)
        if flag == b"D":
            raise UsageError(
                "this is an incremental archive of GNU tar: what it lacks lies in the archives before it",
                "Make one that holds everything: leave out --listed-incremental (-g) and --incremental (-G).",
            )
        if kind is None:
            raise UnsafeArtifact(
                f"the storage archive contains {coded(name)}, of the unknown type {printable(flag)}", REMAKE_HINT
            )
        if flag == b"\0" and name.endswith(b"/"):
            kind = "directory"  # as tars wrote it before there was a flag for it
        size = fields.decimal(pax[b"size"]) if pax.get(b"size") else fields.number(header[124:136])
        if size < 0 or (kind != "file" and size):
            raise self.broken(f"{coded(name)} is a {kind} but has {size} bytes of content", REMAKE_HINT)
        self.members += 1
        self.last_name = name
        self._left, self._padding = size, -size % BLOCK_BYTES
        real_size, segments = self._sparse(header, pax, size)
        mtime = pax.get(b"mtime")
        return Member(
            name=name,
            kind=kind,
            what=_DEVICES.get(flag, f"a {kind}"),
            size_bytes=real_size,
            stored_bytes=size,
            segments=segments,
            mode=fields.number(header[100:108]) & 0o7777,
            uid=fields.decimal(pax[b"uid"]) if pax.get(b"uid") else fields.number(header[108:116]),
            gid=fields.decimal(pax[b"gid"]) if pax.get(b"gid") else fields.number(header[116:124]),
            mtime_s=fields.seconds(mtime) if mtime else fields.number(header[136:148]),
            target=target if kind in ("symlink", "hardlink") else b"",
        )

    def _sparse(self, header: bytes, pax: dict[bytes, bytes], size: int) -> tuple[int, array[int] | None]:
        """Logical size and map; takes the part of the map that stands before the content."""
        try:
            if header[156:157] == b"S":
                real_size = fields.number(header[483:495])
                segments = sparse.gnu_map(header, self._block)
            elif pax.get(b"GNU.sparse.major") == b"1" and pax.get(b"GNU.sparse.minor") == b"0":
                real_size = fields.decimal(pax.get(b"GNU.sparse.realsize", b""))
                segments = sparse.content_map(self._map_block)
            elif b"GNU.sparse.map" in pax:
                real_size = fields.decimal(pax.get(b"GNU.sparse.size", b""))
                segments = sparse.listed_map(pax[b"GNU.sparse.map"])
            else:
                return size, None
            sparse.check_map(segments, real_size, self._left)
        except BadField as error:
            shown = coded(self.last_name)
            raise BadField(f"the map of the sparse file {shown} is inconsistent: {error}") from None
        return real_size, segments

    def _map_block(self) -> bytes:
        if self._left < BLOCK_BYTES:
            raise BadField("it has no end")
        self._left -= BLOCK_BYTES
        return self._block()
