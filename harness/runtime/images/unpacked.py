"""Debian's own packages beside the system: unpacked with all their libraries into the cache directory, without root.

Their programs run with the dynamic loader that came along, whatever the system has. apt gets lists, cache and status of
its own: nothing of the system is changed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.base.errors import HarnessError, MissingProgram
from harness.base.settings import Settings
from harness.runtime.images.mirror import debian_mirror
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run

_LIMIT_S = 1800.0
# Below usr since Debian 13.
_LIBRARIES = ("lib/*-linux-gnu*", "usr/lib/*-linux-gnu*")
_LOADER = "ld-linux*.so.*"
_UNUSED = ("usr/share/doc", "usr/share/man", "usr/share/locale")

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@contextmanager
def unpacked(settings: Settings, suite: str, packages: Sequence[str]) -> Iterator[Path]:
    """A temporary directory with the packages and all that they depend on; to be renamed to its place in the cache.

    Raises:
        HarnessError: they could not be fetched or unpacked.
    """
    host = LocalHost({**settings.base_env, **settings.fetch_env})
    settings.cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.cache_dir, prefix=".unpacked-") as directory:
        root = Path(directory) / "root"
        for package in _fetch(settings, host, Path(directory) / "apt", suite, packages):
            must(host, ["dpkg-deb", "--extract", str(package), str(root)])
        for name in _UNUSED:
            shutil.rmtree(root / name, ignore_errors=True)
        yield root


def _fetch(settings: Settings, host: LocalHost, own: Path, suite: str, packages: Sequence[str]) -> list[Path]:
    """The packages, and all that they depend on: an apt with a status of its own takes nothing for installed."""
    for name in ("state/lists/partial", "cache/archives/partial"):
        (own / name).mkdir(parents=True)
    (own / "status").touch()
    options = [
        f"--option=Dir::State={own}/state",
        f"--option=Dir::State::status={own}/status",
        f"--option=Dir::Cache={own}/cache",
        f"--option=APT::Sandbox::User={pwd.getpwuid(os.geteuid()).pw_name}",
        "--option=Acquire::Check-Valid-Until=false",
    ]
    apt = ["apt-get", "--quiet=2", *options]
    try:
        mirror = debian_mirror(settings)
    except MissingProgram:  # a new machine has no lists, and only root may fetch the system's own
        must(host, [*apt, "update"])
        mirror = debian_mirror(settings, options)
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (own / "sources.list").write_text(f"deb {signed}{mirror} {suite} main\n")
    apt += [f"--option=Dir::Etc::SourceList={own}/sources.list", "--option=Dir::Etc::SourceParts=/dev/null"]
    must(host, [*apt, "update"])
    must(host, [*apt, "--yes", "--no-install-recommends", "--download-only", "install", *packages])
    return sorted((own / "cache/archives").glob("*.deb"))


def loader(root: Path, *further: str, final: Path | None = None) -> list[str]:
    """The dynamic loader that came along, with where it finds libraries: the beginning of a command.

    Args:
        further: directories with libraries, below the root.
        final: where the root will be when the command runs, if not where it is.
    """
    directories = [each for pattern in _LIBRARIES for each in sorted(root.glob(pattern))]
    found = next((each for directory in directories for each in sorted(directory.glob(_LOADER))), None)
    if found is None:
        raise HarnessError(f"the unpacked packages contain no dynamic loader ({_LOADER})")
    final = final or root
    places = [*(final / each.relative_to(root) for each in directories), *(final / name for name in further)]
    return [str(final / found.relative_to(root)), "--library-path", ":".join(map(str, places))]


def must(host: LocalHost, argv: list[str]) -> None:
    """Run a command. Raises HarnessError where it fails."""
    completed = run(host, argv, timeout_s=_LIMIT_S)
    if completed.exit_status != 0:
        raise HarnessError(
            f"{argv[0]} failed with exit status {completed.exit_status}", details=completed.stderr[-2000:]
        )
