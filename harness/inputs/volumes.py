"""A storage that is a Docker volume, named as `volume:NAME` or `volume:NAME/DIRECTORY`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness.base.errors import UsageError
from harness.base.settings import Settings
from harness.procedure.backup.scan import HostedDirectory

PREFIX = "volume:"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]+")
"""What Docker takes as the name of a volume (docker volume create, "Names")."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume and a directory in it, which is empty for its root."""

    volume: str
    path: str = ""

    @property
    def name(self) -> str:
        return f"volume {self.volume}" + (f", directory {self.path}" if self.path else "")


def named_volume(text: str) -> Volume | None:
    """The volume that a storage's name means, or None where it means a path.

    A file that is really called so is named `./volume:…`.

    Raises:
        UsageError: it begins as a volume's name, and can't be one.
    """
    if not text.startswith(PREFIX):
        return None
    volume, _, path = text.removeprefix(PREFIX).partition("/")
    path = path.strip("/")
    if not _NAME.fullmatch(volume) or {"..", ".", ""} & set(path.split("/") if path else ()):
        raise UsageError(
            f"{text!r} is not a volume name",
            "Write volume:NAME, or volume:NAME/DIRECTORY for a directory in it; a file of that name is ./volume:….",
        )
    return Volume(volume, path)


@contextmanager
def opened(
    volume: Volume, settings: Settings, drill_id: str, *, progress: Callable[[str], None] = lambda _line: None
) -> Iterator[HostedDirectory]:
    """The volume's directory, readable for the length of the block. Raises what `volume_directory` raises."""
    from harness.runtime.docker.volume import volume_directory  # the SDK takes a third of a second

    with volume_directory(settings, volume.volume, volume.path, drill_id, progress=progress) as (host, root):
        yield HostedDirectory(host, root, volume.name)
