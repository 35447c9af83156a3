"""On which file system a path is: locks of network file systems are not to be relied on."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    ("9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "glusterfs", "lustre", "ncpfs", "nfs",
     "nfs4", "ocfs2", "smb3", "smbfs")
)  # fmt: skip
"""SQLite needs locks that work between all writers; https://www.sqlite.org/faq.html#q5 warns of NFS."""


def kind_of_filesystem(path: Path, mountinfo: str) -> str:
    """The type of the file system that a path is on, or an empty text where that is not known.

    Args:
        path: absolute; it need not exist yet.
        mountinfo: content of `/proc/self/mountinfo` (proc(5)); of mounts at the same place the last one counts.
    """
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        left, separator, right = line.partition(" - ")
        fields = left.split()
        if not separator or len(fields) < 5 or not right.split():
            continue
        # proc(5): space, tab, newline and backslash stand as octal numbers.
        point = Path(fields[4].encode("ascii", "surrogateescape").decode("unicode_escape"))
        if (path == point or point in path.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), right.split()[0]
    return kind


def network_filesystem(path: Path) -> str:
    """The type of the network file system that a path is on; empty for a local one, or where nothing tells."""
    try:
        mountinfo = MOUNTS.read_text(encoding="ascii", errors="surrogateescape")
    except OSError:
        return ""
    kind = kind_of_filesystem(path.resolve(), mountinfo)
    return kind if kind in NETWORK else ""
