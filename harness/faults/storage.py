"""Faults of the storage artifact: its files, and the archive that they are in.

An archive is unpacked, changed and packed again by GNU tar, so that the same faults serve archives and plain
copies. Faults of the archive's own form write its bytes themselves.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from itertools import chain
from pathlib import Path
from random import Random
from typing import Annotated, Any

import zstandard
from pydantic import Field

from harness.artifacts.storage.archive import open_archive
from harness.artifacts.storage.members import BLOCK_BYTES, TarReader
from harness.artifacts.storage.names import coded
from harness.base.errors import HarnessError
from harness.faults.context import FaultContext
from harness.faults.fault import ArtifactOptions, Damage, FaultFamily
from harness.faults.injection_points import InjectionPoint
from harness.faults.script_edit import first_bytes, flip, picked
from harness.procedure.backup.scan import DirectoryReader
from harness.procedure.backup.unpack import Unpacker
from harness.runtime.process.host import LocalHost

FAULTS = FaultFamily("storage", InjectionPoint.ARTIFACT)

MARK_BYTES = 2 * BLOCK_BYTES
"""The end-of-archive mark."""

_CHUNK_BYTES = 1 << 16

OTHER_OWNER = 12345
"""A number that is no account of Apiary's image, where files belong to www-data (33)."""


class StoredFileOptions(ArtifactOptions):
    """Which file.

    Args:
        below: directory below the storage root to choose from; the whole tree by default.
    """

    below: str = ""


class ArchiveCutOptions(ArtifactOptions):
    """Where an archive is cut: this share of its bytes stays."""

    share: Annotated[float, Field(ge=0, lt=1)] = 0.6


class ModeOptions(StoredFileOptions):
    """The mode to set, in octal."""

    mode: Annotated[str, Field(pattern=r"^[0-7]{3,4}$")] = "0400"


@contextmanager
def unpacked(artifact: Path, scratch: Path) -> Iterator[Path]:
    """The files of a storage artifact as a directory to change; an archive is packed again afterwards.

    Args:
        artifact: an archive, or a plain copy (which is given as it is).
    """
    if artifact.is_dir():
        yield artifact
        return
    with tempfile.TemporaryDirectory(prefix="fault-", dir=scratch) as folder:
        with Unpacker(LocalHost(), folder) as unpacker:
            for chunk in open_archive(artifact):
                unpacker.write(chunk)
            unpacker.finish()
        yield Path(folder)
        pack(DirectoryReader(LocalHost(), folder).settled_chunks(), artifact)


def pack(chunks: Iterable[bytes], artifact: Path) -> None:
    """Compress an archive into `artifact`, which it replaces when it is whole."""
    partial = artifact.with_name(artifact.name + ".partial")
    compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
    with partial.open("wb") as stream, compressor.stream_writer(stream, closefd=False) as compressed:
        for chunk in chunks:
            compressed.write(chunk)
    partial.replace(artifact)


def files_below(root: Path, below: str) -> Iterator[Path]:
    """Every file with content, in the order of the names' bytes, directory by directory."""
    for folder, directories, names in os.walk(os.fsencode(root / below)):
        directories.sort()
        for name in sorted(names):
            path = Path(os.fsdecode(os.path.join(folder, name)))  # noqa: PTH118 (bytes)
            if path.is_file() and not path.is_symlink() and path.stat().st_size:
                yield path


def choose(root: Path, below: str, rng: Random) -> Path:
    """One file at random, each as likely as any other."""
    chosen = picked(files_below(root, below), rng)
    if chosen is None:
        raise HarnessError(f"there is no file with content below {below or 'the storage root'}")
    return chosen


def _on_a_file(change: Callable[[Path, Random, Any], str]) -> Damage:
    """A fault that does something to one file, and describes it in a sentence without its content; empty: nothing."""

    @wraps(change)
    def inject(context: FaultContext, rng: Random, options: StoredFileOptions) -> None:
        with unpacked(context.backup.storage, context.run_dir) as root:
            path = choose(root, options.below, rng)
            if detail := change(path, rng, options):
                context.changed("file", coded(os.fsencode(path.relative_to(root))), detail)

    return inject


@contextmanager
def same_times(path: Path) -> Iterator[None]:
    """Keep a file's times over a change, as a disk that loses bits does."""
    before = path.stat()
    yield
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@FAULTS.fault("file-missing", "One file is missing.")
@_on_a_file
def remove(path: Path, rng: Random, options: StoredFileOptions) -> str:
    size = path.stat().st_size
    path.unlink()
    return f"{size} bytes, removed"


@FAULTS.fault("file-truncated", "One file is truncated.")
@_on_a_file
def truncate(path: Path, rng: Random, options: StoredFileOptions) -> str:
    size = path.stat().st_size
    with same_times(path):
        os.truncate(path, size // 2)
    return f"truncated from {size} to {size // 2} bytes"


@FAULTS.fault("file-emptied", "One file is empty.")
@_on_a_file
def empty(path: Path, rng: Random, options: StoredFileOptions) -> str:
    size = path.stat().st_size
    with same_times(path):
        os.truncate(path, 0)
    return f"truncated from {size} to 0 bytes"


@FAULTS.fault("file-zeroed", "One file contains zeros instead of its content, with unchanged size and time.")
@_on_a_file
def zero(path: Path, rng: Random, options: StoredFileOptions) -> str:
    size = path.stat().st_size
    with same_times(path), path.open("r+b") as file:
        for at in range(0, size, _CHUNK_BYTES):
            file.write(bytes(min(_CHUNK_BYTES, size - at)))
    return f"all of its {size} bytes set to zero"


@FAULTS.fault("file-flipped", "One bit of one file is flipped, with unchanged size and time.")
@_on_a_file
def flip_bit(path: Path, rng: Random, options: StoredFileOptions) -> str:
    offset, bit = rng.randrange(path.stat().st_size), 1 << rng.randrange(8)
    with same_times(path):
        flip(path, offset, bit)
    return f"byte {offset} changed by {bit:#04x}, size and time unchanged"


@FAULTS.fault("file-mode", "One file has another mode, so that the application cannot write it.")
@_on_a_file
def chmod(path: Path, rng: Random, options: ModeOptions) -> str:
    before, wanted = path.stat().st_mode & 0o7777, int(options.mode, 8)
    path.chmod(wanted)
    return f"mode {before:04o} set to {wanted:04o}" if before != wanted else ""


@FAULTS.fault("file-owner", "One file belongs to another user.")
@_on_a_file
def chown(path: Path, rng: Random, options: StoredFileOptions) -> str:
    before = path.stat()
    os.chown(path, OTHER_OWNER, OTHER_OWNER)
    return f"owner {before.st_uid}:{before.st_gid} set to {OTHER_OWNER}:{OTHER_OWNER}"


@FAULTS.fault("file-renamed", "One file has another name.")
@_on_a_file
def rename(path: Path, rng: Random, options: StoredFileOptions) -> str:
    path.rename(path.with_name(path.name + ".1"))
    return "renamed, with .1 appended"


@FAULTS.fault("files-swapped", "Two files of one directory have swapped content.")
def swap(context: FaultContext, rng: Random, options: StoredFileOptions) -> None:
    with unpacked(context.backup.storage, context.run_dir) as root:
        first = choose(root, options.below, rng)
        others = [path for path in first.parent.iterdir() if path.is_file() and path != first]
        if not others:
            raise HarnessError(f"{coded(os.fsencode(first.relative_to(root)))} is alone in its directory")
        second = rng.choice(sorted(others))
        aside = first.with_name(first.name + ".aside")
        first.rename(aside)
        second.rename(first)
        aside.rename(second)
        names = [coded(os.fsencode(path.relative_to(root))) for path in (first, second)]
        context.changed("file", names[0], f"swapped with {names[1]}")


@FAULTS.fault("file-extra", "One extra file is present.")
def add(context: FaultContext, rng: Random, options: StoredFileOptions) -> None:
    """Put in a file that was never there, as a leftover of another instance is."""
    with unpacked(context.backup.storage, context.run_dir) as root:
        path = root / options.below / f"leftover-{rng.randrange(1 << 32):08x}.pdf"
        path.write_bytes(rng.randbytes(512))
        context.changed("file", coded(os.fsencode(path.relative_to(root))), "512 bytes, added")


@FAULTS.fault("directory-missing", "A directory is missing, with everything in it.")
def drop_directory(context: FaultContext, rng: Random, options: StoredFileOptions) -> None:
    with unpacked(context.backup.storage, context.run_dir) as root:
        name = options.below or rng.choice(sorted(path.name for path in root.iterdir() if path.is_dir()))
        count = sum(len(names) for _, _, names in os.walk(root / name))
        shutil.rmtree(root / name)
        context.changed("directory", coded(os.fsencode(name)), f"removed with {count} files")


@FAULTS.fault("link-copied", "Links are replaced with copies of their targets.")
def replace_links(context: FaultContext, rng: Random, options: ArtifactOptions) -> None:
    """Turn every symbolic link to a file into a copy of what it points at, as `cp -L` does."""
    with unpacked(context.backup.storage, context.run_dir) as root:
        for folder, _, names in os.walk(root):
            for path in sorted(Path(folder) / name for name in names):
                if path.is_symlink() and path.is_file():
                    content = path.read_bytes()
                    path.unlink()
                    path.write_bytes(content)
                    context.changed("link", coded(os.fsencode(path.relative_to(root))), "turned into a copy")


@FAULTS.fault("link-leads-out", "A link leads out of the storage directory.")
def link_outside(context: FaultContext, rng: Random, options: ArtifactOptions) -> None:
    with unpacked(context.backup.storage, context.run_dir) as root:
        (root / "public-link").symlink_to("../../../../etc/passwd")
        context.changed("link", "public-link", "added, leads to ../../../../etc/passwd")


@FAULTS.fault("wrong-root", "Everything is one directory too deep.")
def wrong_root(context: FaultContext, rng: Random, options: ArtifactOptions) -> None:
    """Move everything one directory deeper, as an archive made from the wrong place has it."""
    with unpacked(context.backup.storage, context.run_dir) as root:
        names = sorted(path.name for path in root.iterdir())
        deeper = root / "old"
        deeper.mkdir()
        for name in names:
            (root / name).rename(deeper / name)
        context.changed("directory", "old", f"{len(names)} entries of the root moved below it")


@FAULTS.fault("excluded-directory-included", "A directory that was excluded is present.")
def include_excluded(context: FaultContext, rng: Random, options: StoredFileOptions) -> None:
    """Put a file into a directory that was left out on purpose: the first of those that the manifest names."""
    left_out = [left.name for left in context.backup.manifest.exclusions if left.kind == "directory"]
    if not (left_out or options.below):
        raise HarnessError("this backup left out no directory")
    with unpacked(context.backup.storage, context.run_dir) as root:
        name = options.below or left_out[0]
        path = root / name / "20200101-000000000.dump"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.randbytes(1024))
        context.changed("file", coded(os.fsencode(path.relative_to(root))), "1024 bytes, added")


def _with_member(make: Callable[[tarfile.TarInfo, str], str], *, last: bool = False) -> Damage:
    """A fault that puts a member of its own into the archive, in front of all others or behind them."""

    def inject(context: FaultContext, rng: Random, options: ArtifactOptions) -> None:
        artifact = context.backup.storage
        if artifact.is_dir():
            raise HarnessError("this backup has a plain copy, and no archive")
        end, known = _end_of_members(artifact)
        member = tarfile.TarInfo()
        change = make(member, known)
        header = member.tobuf(tarfile.PAX_FORMAT)
        if last:
            pack(chain(first_bytes(open_archive(artifact), end), [header + bytes(MARK_BYTES)]), artifact)
        else:
            pack(chain([header], open_archive(artifact)), artifact)
        context.changed("member", coded(os.fsencode(member.name)), change)

    return inject


def _end_of_members(artifact: Path) -> tuple[int, str]:
    """Where the archive's last member ends, in bytes of the archive, and the name of one of its files."""
    reader, known = TarReader(open_archive(artifact)), ""
    while (found := reader.next()) is not None:
        if found.kind == "file" and found.name.isascii():
            known = found.name.decode("ascii")
    return reader.offset - MARK_BYTES, known


@FAULTS.fault("archive-leaves-target", "The archive contains a name that leads out of the directory.")
@_with_member
def leave(member: tarfile.TarInfo, known: str) -> str:
    member.name = "../../outside.txt"
    return "added, leads out of the target"


@FAULTS.fault("archive-absolute-name", "The archive contains an absolute name.")
@_with_member
def absolute(member: tarfile.TarInfo, known: str) -> str:
    member.name = "/etc/cron.d/outside"
    return "added, with an absolute name"


@FAULTS.fault("archive-device", "The archive contains a device.")
@_with_member
def device(member: tarfile.TarInfo, known: str) -> str:
    member.name, member.type, member.devmajor, member.devminor = "./disk", tarfile.BLKTYPE, 8, 0
    return "added, a block device"


@FAULTS.fault("archive-name-twice", "The archive contains one name twice.")
@partial(_with_member, last=True)
def twice(member: tarfile.TarInfo, known: str) -> str:
    member.name = known
    return "added, a second time under the same name"


@FAULTS.fault("archive-torn", "The compressed archive is truncated.")
def truncate_archive(context: FaultContext, rng: Random, options: ArchiveCutOptions) -> None:
    artifact = context.backup.storage
    size = artifact.stat().st_size
    os.truncate(artifact, int(size * options.share))
    context.changed("file", artifact.name, f"truncated from {size} to {int(size * options.share)} bytes")


@FAULTS.fault("archive-torn-inside", "The archive was truncated before compression.")
def truncate_contents(context: FaultContext, rng: Random, options: ArchiveCutOptions) -> None:
    """Cut the archive before it was compressed: the file is sound, what it holds is not."""
    artifact = context.backup.storage
    size, _ = _end_of_members(artifact)
    kept = int(size * options.share)
    pack(first_bytes(open_archive(artifact), kept), artifact)
    context.changed("file", artifact.name, f"truncated from {size} to {kept} bytes, and compressed again")
