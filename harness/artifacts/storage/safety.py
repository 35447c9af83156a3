"""What an archive may not hold: it is untrusted input, and unpacking it must not reach beyond its root.

GNU tar has defences of its own (it strips a leading `/`, skips names with `..`); here an archive that needs
them is refused as a whole, before anything is written, with the name of the member.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace

from harness.artifacts.storage.members import Member
from harness.artifacts.storage.names import coded
from harness.base.errors import HarnessError, UnsafeArtifact


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Limits that stop an archive which unpacks to more than anybody backed up.

    Args:
        total_bytes: sum of the files' logical sizes.
        members: number of members; each costs 16 to 32 bytes of memory while the archive is read.
        ratio: unpacked bytes, holes of sparse files included, for each byte of the archive's file; PDFs stay below
            20. None where somebody set how much it may unpack to.
        ratio_from_bytes: unpacked size from which the ratio counts: a small archive may be all zeros.
        free_bytes: room where the files go; None where nobody can tell.
        place: what has that room, for the message.
    """

    total_bytes: int = 1 << 40
    members: int = 2_000_000
    ratio: int | None = 200
    ratio_from_bytes: int = 1 << 30
    free_bytes: int | None = None
    place: str = ""

    @classmethod
    def of(cls, max_bytes: int | None) -> ArchiveLimits:
        """The defaults, or those for a storage that may have so many bytes, as somebody decided."""
        return cls() if max_bytes is None else cls(total_bytes=max_bytes, ratio=None)

    def within(self, free_bytes: int | None, place: str) -> ArchiveLimits:
        """The same, where there is so much room."""
        return replace(self, free_bytes=free_bytes, place=place)

    def check_total(self, size_bytes: int, what: str, member: str = "") -> None:
        """Refuse a sum of logical sizes before the content that it is about is read.

        Args:
            size_bytes: the sum so far.
            what: which storage, for the message.
            member: the file that it was reached with.

        Raises:
            UnsafeArtifact: it is above the limit.
            HarnessError: there is no room for it: inconclusive.
        """
        reached = f", {size_bytes} with {member}" if member else f", {size_bytes}"
        if size_bytes > self.total_bytes:
            raise _too_much(f"{what} unpacks to more than {self.total_bytes} bytes{reached}")
        if self.free_bytes is not None and size_bytes > self.free_bytes:
            raise HarnessError(
                f"{what} unpacks to more than the {self.free_bytes} bytes that are free in {self.place}{reached}",
                "Free space there, or use another location (docs/docker.md, APIARY_DRILL_STATE_DIR); this "
                "says nothing about the backup.",
            )


DEFAULT_LIMITS = ArchiveLimits()

QUARANTINED = 1000
"""Members that must not be unpacked and are quarantined until it is known whether they are among what is restored."""

Quarantine = list[tuple[bytes, UnsafeArtifact]]
"""Members outside of the storage directory may be what they like (a whole application has links and sockets): path and
what is wrong."""


_SLOTS = 1 << 10


class Hashes:
    """What `hash` gave for each of many names, in 16 to 32 bytes each; a `set` needs 70 to 150 (open addressing)."""

    def __init__(self) -> None:
        self._slots = array("q", bytes(8 * _SLOTS))  # 0 in an empty slot
        self._used = 0

    def __contains__(self, number: int) -> bool:
        return self._slots[self._slot(number)] != 0

    def add(self, number: int) -> None:
        at = self._slot(number)
        if self._slots[at]:
            return
        self._slots[at] = number or 1
        self._used += 1
        if self._used * 2 > len(self._slots):
            before = self._slots
            self._slots = array("q", bytes(16 * len(before)))
            for other in before:
                if other:
                    self._slots[self._slot(other)] = other

    def _slot(self, number: int) -> int:
        number = number or 1
        slots, last = self._slots, len(self._slots) - 1
        at = number & last
        while slots[at] and slots[at] != number:
            at = (at + 1) & last
        return at


class Guard:
    """Looks at every member before its content is read; raises UnsafeArtifact.

    Names are kept as 64-bit hashes (keyed anew in each process, so that nobody can prepare a collision): with
    two million members the chance that one is refused by mistake is one in ten million.

    Args:
        compressed_bytes: size of the archive's file, or None where it is not known; then no ratio is held.
        quarantine: gets links that lead out and devices, in place of an error; None to raise at once.
    """

    def __init__(
        self, limits: ArchiveLimits, compressed_bytes: int | None, quarantine: Quarantine | None = None
    ) -> None:
        self._limits = limits
        self._quarantine = quarantine
        self._hole_bytes = 0
        self._compressed_bytes = compressed_bytes
        self._directories: set[int] = set()
        self._others = Hashes()
        self._known_parent = b""
        self._members = 0
        self._total_bytes = 0

    def admit(self, member: Member, path: bytes, unpacked_bytes: int) -> None:
        """Let a member pass. `path` is its normalised name, `unpacked_bytes` what was read of the archive."""
        if member.name.startswith(b"/"):
            raise _leaves(member.name, "is an absolute path")
        if b".." in member.name.split(b"/"):
            raise _leaves(member.name, "leaves the directory with ..")
        if not path and member.kind != "directory":
            raise _leaves(member.name, f"is {member.what} in place of the root")
        self._count(member, unpacked_bytes)
        self._enter_parents(member, path)
        self._enter(member, path)
        if member.kind == "special":
            self._refuse(path, f"contains {coded(member.name)}, {member.what}", DEVICE_HINT)
        elif member.kind == "symlink" and leads_outside(path, member.target):
            self._refuse(
                path, f"contains {coded(member.name)}, which {LEADS_OUT}, to {coded(member.target)}", LINK_HINT
            )

    def _refuse(self, path: bytes, what: str, hint: str) -> None:
        error = UnsafeArtifact(f"the storage archive {what}", hint)
        if self._quarantine is None or len(self._quarantine) >= QUARANTINED:
            raise error
        self._quarantine.append((path, error))

    def _count(self, member: Member, unpacked_bytes: int) -> None:
        limits = self._limits
        self._members += 1
        self._total_bytes += member.size_bytes
        if member.segments is not None:
            self._hole_bytes += max(0, member.size_bytes - member.stored_bytes)
        if self._members > limits.members:
            raise _too_much(f"the storage archive contains more than {limits.members} members", _AS_ONE_ARCHIVE)
        limits.check_total(self._total_bytes, "the storage archive", coded(member.name))
        self.check_ratio(unpacked_bytes + member.stored_bytes)

    def check_ratio(self, unpacked_bytes: int) -> None:
        """Refuse an archive that unpacks to too much, as far as it was read."""
        limits, unpacked_bytes = self._limits, unpacked_bytes + self._hole_bytes
        if self._compressed_bytes is None or limits.ratio is None or unpacked_bytes <= limits.ratio_from_bytes:
            return
        if unpacked_bytes > limits.ratio * self._compressed_bytes:
            raise _too_much(
                f"the storage archive unpacks {self._compressed_bytes} bytes to {unpacked_bytes} or more, "
                f"above the ratio of {limits.ratio}"
            )

    def _enter_parents(self, member: Member, path: bytes) -> None:
        parent = path.rpartition(b"/")[0]
        if parent == self._known_parent:
            return
        above = parent
        while above and hash(above) not in self._directories:
            if hash(above) in self._others:
                raise UnsafeArtifact(
                    f"the storage archive contains {coded(member.name)} below {coded(above)}, which is a link "
                    "or a file",
                    "Unpacking it could write outside the target: do not trust this archive.",
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
                f"the storage archive contains {coded(member.name)} twice",
                "Which one is extracted depends on the program; create the archive again in one run.",
            )
        if member.kind == "directory":
            self._directories.add(name)
        else:
            self._others.add(name)


def normalised(name: bytes) -> bytes:
    """A member's name as FileState has it: no `./` in it, no `/` at its end; the root's is empty."""
    if name.startswith(b"./") and b"/." not in name[1:] and b"//" not in name and not name.endswith(b"/"):
        return name[2:]  # as GNU tar writes nearly all of them
    return b"/".join(part for part in name.split(b"/") if part not in (b"", b"."))


def _check_hardlink(member: Member, others: Hashes) -> None:
    target = member.target
    if target.startswith(b"/") or b".." in target.split(b"/"):
        raise _leaves(member.name, f"is a hard link that leaves the directory, to {coded(target)}")
    if hash(normalised(target)) not in others:
        raise UnsafeArtifact(
            f"the storage archive contains {coded(member.name)} as a hard link to {coded(target)}, but no "
            "such file before it",
            "Create the archive again, of the whole directory in one run.",
        )


def leads_outside(path: bytes, target: bytes) -> bool:
    """Whether a symbolic link can lead out of the root that its path is relative to.

    Only leading `..`, and not more than the link is deep: then no chain of links can lead out either. A `..` behind a
    name could come after another link, and go up from wherever that one leads.
    """
    parts = [part for part in target.split(b"/") if part not in (b"", b".")]
    up = 0
    while up < len(parts) and parts[up] == b"..":
        up += 1
    return target.startswith(b"/") or up > path.count(b"/") or b".." in parts[up:]


def _leaves(name: bytes, how: str) -> UnsafeArtifact:
    return UnsafeArtifact(
        f"the storage archive contains {coded(name)}, which {how}",
        "Nothing was unpacked; a backup of storage/app contains nothing outside of it.",
    )


def _too_much(fact: str, hint: str = "") -> UnsafeArtifact:
    return UnsafeArtifact(fact, hint or "Nothing was unpacked. If it really is that large, use --max-storage SIZE.")


_AS_ONE_ARCHIVE = "Nothing was unpacked. Use the storage directory alone."
LEADS_OUT = "is a symbolic link that leaves the directory"
DEVICE_HINT = "Apiary stores only files and directories: do not trust this archive."
LINK_HINT = "Nothing was unpacked. Replace the link in storage/app with its file, and take the backup again."
