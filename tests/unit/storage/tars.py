"""Archives to read: written by Python's tarfile, which writes whatever it is given, or by the real GNU tar."""

import io
import subprocess
import tarfile
from pathlib import Path

Member = tuple[str, bytes, str, bytes]
"""Name, type, target, content."""


def file(name: str, content: bytes = b"x") -> Member:
    return name, tarfile.REGTYPE, "", content


def folder(name: str) -> Member:
    return name, tarfile.DIRTYPE, "", b""


def soft(name: str, target: str) -> Member:
    return name, tarfile.SYMTYPE, target, b""


def hard(name: str, target: str) -> Member:
    return name, tarfile.LNKTYPE, target, b""


def tar_of(*members: Member, tar_format: int = tarfile.PAX_FORMAT, **headers: str) -> bytes:
    """An archive of members, each with these extended headers, and with the mark at its end."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format, errors="surrogateescape") as archive:
        for name, kind, target, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, target, len(content)
            info.mtime, info.pax_headers = 1_700_000_000, headers
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def gnu_tar(directory: Path, *options: str) -> bytes:
    """What the real GNU tar makes of a directory."""
    argv = ["tar", "-c", "-f", "-", *options, "-C", str(directory), "."]
    return subprocess.run(argv, check=True, capture_output=True).stdout
