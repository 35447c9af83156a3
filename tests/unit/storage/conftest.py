"""Archives to read: written by Python's tarfile, which writes whatever it is given, or by the real GNU tar."""

import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

MakeTar = Callable[..., bytes]


def make_tar(*members: tuple[str, bytes, str, bytes], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    """An archive of members (name, type, target, content), with the mark at its end."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format, errors="surrogateescape") as archive:
        for name, kind, target, content in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = target
            info.size = len(content)
            info.mtime = 1_700_000_000
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def tar_of() -> MakeTar:
    return make_tar


@pytest.fixture
def gnu_tar() -> Callable[..., bytes]:
    """Call the real GNU tar on a directory; what it wrote."""

    def call(directory: Path, *options: str) -> bytes:
        argv = ["tar", "-c", "-f", "-", *options, "-C", str(directory), "."]
        return subprocess.run(argv, check=True, capture_output=True).stdout

    return call
