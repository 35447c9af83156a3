"""Which script is meant: a file, the two halves of a pair, a directory that `--tab` wrote, or standard input."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from harness.artifacts.dump.source import Dump, Parts
from harness.artifacts.dump.tab import TabDirectory
from harness.base.errors import HarnessError, UsageError
from harness.inputs.directories import check_directory

STANDARD_INPUT = "-"


def named_dump(names: Sequence[str | Path]) -> Dump:
    """The script that is made of these files, in this order.

    Raises:
        UsageError: one of them is not there, or is no kind of script.
    """
    paths = [Path(name) for name in names]
    for path in paths:
        if not path.exists():
            raise UsageError(f"file not found: {path}")
    for path in paths:
        check_directory(path)
    if len(paths) == 1:
        return TabDirectory(paths[0]) if paths[0].is_dir() else paths[0]
    if directory := next((path for path in paths if path.is_dir()), None):
        raise UsageError(f"{directory} is a directory: a pair consists of two dump files")
    if len({path.resolve() for path in paths}) < len(paths):
        raise UsageError(f"{paths[0].name} was given twice", "A pair is the structure first, then the rows.")
    return Parts(tuple(paths))


def spool(stream: BinaryIO, directory: Path) -> Path:
    """Write a stream into a file that nobody else can read: a drill reads a script more than once.

    Raises:
        HarnessError: the disk is full.
    """
    path = directory / "standard-input"
    try:
        path.touch(mode=0o600)
        with path.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
    except OSError as error:
        raise HarnessError(
            f"cannot store standard input in {directory}: {error.strerror}",
            "Free space there for all of the dump, or give its FILE: that is not copied.",
        ) from error
    return path
