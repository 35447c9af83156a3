"""What an archive may not hold: it is untrusted input, and unpacking it must not reach beyond its root.

GNU tar has defences of its own (it strips a leading `/`, skips names with `..`); here an archive that needs
them is refused as a whole, before anything is written, with the name of the member.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import UnsafeArtifact
from harness.storage.members import Member
from harness.storage.names import coded


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Limits that stop an archive which unpacks to more than anybody backed up.

    Args:
        total_bytes: sum of the files' logical sizes.
        members: number of members; each costs about 80 bytes of memory while the archive is read.
        ratio: unpacked bytes of the archive for each byte of the compressed file; PDFs stay below 20.
        ratio_from_bytes: unpacked size from which the ratio counts: a small archive may be all zeros.
    """

    total_bytes: int = 1 << 40
    members: int = 2_000_000
    ratio: int = 200
    ratio_from_bytes: int = 1 << 30


DEFAULT_LIMITS = ArchiveLimits()


class Guard:
    """Looks at every member before its content is read; raises UnsafeArtifact.

    Names are kept as 64-bit hashes (keyed anew in each process, so that nobody can prepare a collision): with
    two million members the chance that one is refused by mistake is one in ten million.

    Args:
        limits: see ArchiveLimits.
        compressed_bytes: size of the compressed file, or None where it is not known; then no ratio is held.
    """

    def __init__(self, limits: ArchiveLimits, compressed_bytes: int | None) -> None:
        self._limits = limits
        self._compressed_bytes = compressed_bytes
        self._directories: set[int] = set()
        self._others: set[int] = set()
        self._known_parent = b""
        self._members = 0
        self._total_bytes = 0

    def admit(self, member: Member, path: bytes, unpacked_bytes: int) -> None:
        """Let a member pass. `path` is its normalised name, `unpacked_bytes` what was read of the archive."""
        if member.name.startswith(b"/"):
            raise _leaves(member.name, "is an absolute name")
        if b".." in member.name.split(b"/"):
            raise _leaves(member.name, "leads out with ..")
        if member.kind == "special":
            raise UnsafeArtifact(
                f"the storage archive holds {coded(member.name)}, {member.what}",
                "Apiary keeps only files and directories: don't trust this archive.",
            )
        if not path and member.kind != "directory":
            raise _leaves(member.name, f"is {member.what} in place of the root")
        self._count(member, unpacked_bytes)
        self._enter_parents(member, path)
        self._enter(member, path)
        if member.kind == "symlink":
            _check_symlink(member, path)

    def _count(self, member: Member, unpacked_bytes: int) -> None:
        limits = self._limits
        self._members += 1
        self._total_bytes += member.size_bytes
        if self._members > limits.members:
            raise _too_much(f"holds more than {limits.members} members")
        if self._total_bytes > limits.total_bytes:
            raise _too_much(
                f"unpacks to more than {limits.total_bytes} bytes, to {self._total_bytes} with {coded(member.name)}"
            )
        self.check_ratio(unpacked_bytes + member.stored_bytes)

    def check_ratio(self, unpacked_bytes: int) -> None:
        """Refuse an archive that unpacks to too much, as far as it was read."""
        if self._compressed_bytes is None or unpacked_bytes <= self._limits.ratio_from_bytes:
            return
        if unpacked_bytes > self._limits.ratio * self._compressed_bytes:
            raise _too_much(
                f"unpacks {self._compressed_bytes} bytes to {unpacked_bytes} and more, "
                f"above the ratio of {self._limits.ratio}"
            )

    def _enter_parents(self, member: Member, path: bytes) -> None:
        parent = path.rpartition(b"/")[0]
        if parent == self._known_parent:
            return
        above = parent
        while above and hash(above) not in self._directories:
            if hash(above) in self._others:
                raise UnsafeArtifact(
                    f"the storage archive holds {coded(member.name)} below {coded(above)}, which is a link or a file",
                    "Unpacking it could write outside the target: don't trust this archive.",
                )
            self._directories.add(hash(above))
            above = above.rpartition(b"/")[0]
        self._known_parent = parent

    def _enter(self, member: Member, path: bytes) -> None:
        name = hash(path)
        if member.kind == "hardlink":
            _check_hardlink(member, self._others)
        if name in self._others or (member.kind != "directory" and name in self._directories):
            raise UnsafeArtifact(
                f"the storage archive holds {coded(member.name)} twice",
                "Which one counts depends on the program that unpacks it; make the archive anew, in one go.",
            )
        (self._directories if member.kind == "directory" else self._others).add(name)


def normalised(name: bytes) -> bytes:
    """A member's name as FileState has it: no `./` in it, no `/` at its end; the root's is empty."""
    if name.startswith(b"./") and b"/." not in name[1:] and b"//" not in name and not name.endswith(b"/"):
        return name[2:]  # as GNU tar writes nearly all of them
    return b"/".join(part for part in name.split(b"/") if part not in (b"", b"."))


def _check_hardlink(member: Member, others: set[int]) -> None:
    target = member.target
    if target.startswith(b"/") or b".." in target.split(b"/"):
        raise _leaves(member.name, f"is a hard link that leads out, to {coded(target)}")
    if hash(normalised(target)) not in others:
        raise UnsafeArtifact(
            f"the storage archive holds {coded(member.name)} as a hard link to {coded(target)}, "
            "and no such file before it",
            "Make the archive anew, of the whole directory in one go.",
        )


def _check_symlink(member: Member, path: bytes) -> None:
    """Only leading `..`, and not more than the link is deep: then no chain of links can lead out either.

    A `..` behind a name could come after another link, and go up from wherever that one leads.
    """
    parts = [part for part in member.target.split(b"/") if part not in (b"", b".")]
    up = 0
    while up < len(parts) and parts[up] == b"..":
        up += 1
    if member.target.startswith(b"/") or up > path.count(b"/") or b".." in parts[up:]:
        raise _leaves(member.name, f"is a symbolic link that leads out, to {coded(member.target)}")


def _leaves(name: bytes, how: str) -> UnsafeArtifact:
    return UnsafeArtifact(
        f"the storage archive holds {coded(name)}, which {how}",
        "Nothing was unpacked; a backup of storage/app holds nothing outside of it.",
    )


def _too_much(what: str) -> UnsafeArtifact:
    return UnsafeArtifact(
        f"the storage archive {what}",
        "Nothing was unpacked; raise the limit if the archive is known to be that large.",
    )
