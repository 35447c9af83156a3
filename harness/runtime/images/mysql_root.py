"""The real MySQL server beside the system: Debian's own packages, unpacked into the cache directory, without root.

Debian 12 has no MySQL, only MariaDB under its names. Debian's unstable distribution has it; its packages need
newer libraries than Debian 12 has, so they are unpacked with theirs into a directory of their own and run with
the dynamic loader that came along. apt gets lists, cache and status of its own: nothing of the system is changed.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness.base.errors import HarnessError, MissingProgram
from harness.base.settings import Settings
from harness.runtime.images.mirror import debian_mirror
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run

SUITE = "sid"
PACKAGES = ("mysql-server", "mysql-client")
_PROGRAMS = {"mysqld": "usr/sbin", "mysql": "usr/bin", "mysqldump": "usr/bin"}
_UNPACK_LIMIT_S = 1800.0
_LOADERS = "usr/lib*/ld-linux-*.so.*"
_UNUSED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/lib/mysql-test", "usr/share/mysql-test")

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def installed(settings: Settings) -> Path | None:
    """The server program of the newest MySQL in the cache directory, or None."""
    return max(settings.cache_dir.glob("mysql-*/bin/mysqld"), default=None)


def install_mysql(settings: Settings, say: Callable[[str], None]) -> None:
    """Unpack MySQL into the cache directory, unless a MySQL is there already.

    MariaDB stands in where that fails, so a failure is reported and not raised.
    """
    if installed(settings) is not None:
        return
    try:
        say(f"unpacking MySQL from Debian {SUITE} into {settings.cache_dir} (the system is not changed)")
        root = _unpack(settings)
        say(f"MySQL is in {root}")
    except HarnessError as error:
        say(f"MySQL is not available, using MariaDB instead: {error.fact}")


def _unpack(settings: Settings) -> Path:
    host = LocalHost({**settings.base_env, **settings.fetch_env})
    settings.cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.cache_dir, prefix=".mysql-") as directory:
        root = Path(directory) / "root"
        for package in _fetch(settings, host, Path(directory) / "apt"):
            _must(host, ["dpkg-deb", "--extract", str(package), str(root)])
        for name in _UNUSED:
            shutil.rmtree(root / name, ignore_errors=True)
        version = _version(host, root)
        final = settings.cache_dir / f"mysql-{version}"
        _wrap(root, final)
        shutil.rmtree(final, ignore_errors=True)
        root.rename(final)
    return final


def _fetch(settings: Settings, host: LocalHost, own: Path) -> list[Path]:
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
        _must(host, [*apt, "update"])
        mirror = debian_mirror(settings, options)
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (own / "sources.list").write_text(f"deb {signed}{mirror} {SUITE} main\n")
    apt += [f"--option=Dir::Etc::SourceList={own}/sources.list", "--option=Dir::Etc::SourceParts=/dev/null"]
    _must(host, [*apt, "update"])
    _must(host, [*apt, "--yes", "--no-install-recommends", "--download-only", "install", *PACKAGES])
    return sorted((own / "cache/archives").glob("*.deb"))


def _version(host: LocalHost, root: Path) -> str:
    loader = [str(_loader(root)), "--library-path", _libraries(root)]
    completed = run(host, [*loader, str(root / "usr/sbin/mysqld"), "--no-defaults", "--version"], timeout_s=60)
    match = re.search(r"Ver (\d+\.\d+\.\d+)", completed.stdout.decode("utf-8", "replace"))
    if completed.exit_status != 0 or match is None:
        raise HarnessError("the unpacked mysqld does not run here", details=completed.stderr)
    return match.group(1)


def _loader(root: Path) -> Path:
    """The dynamic loader that came along, whatever the processor."""
    found = next(iter(sorted(root.glob(_LOADERS))), None)
    if found is None:
        raise HarnessError(f"the unpacked packages contain no dynamic loader ({_LOADERS})")
    return found


def _libraries(root: Path) -> str:
    """The loader's search path, in the multiarch directory of whatever processor this is."""
    directories = [*sorted(root.glob("usr/lib/*-linux-gnu*")), root / "usr/lib/mysql/private"]
    return ":".join(str(directory) for directory in directories)


def _wrap(root: Path, final: Path) -> None:
    """Programs in `bin/` that run with the libraries that came along, wherever `final` is."""
    (root / "bin").mkdir()
    loader = final / _loader(root).relative_to(root)
    libraries = _libraries(root).replace(str(root), str(final))
    for name, directory in _PROGRAMS.items():
        further = ""
        if name == "mysqld":
            share = f"{final}/usr/share/mysql"
            further = (
                f' --basedir="{final}/usr" --lc-messages-dir="{share}" --character-sets-dir="{share}/charsets"'
                f' --plugin-dir="{final}/usr/lib/mysql/plugin"'
            )
        program = root / "bin" / name
        program.write_text(
            f'#!/bin/sh\nexec "{loader}" --library-path "{libraries}" "{final}/{directory}/{name}" "$@"{further}\n'
        )
        program.chmod(0o755)


def _must(host: LocalHost, argv: list[str]) -> None:
    completed = run(host, argv, timeout_s=_UNPACK_LIMIT_S)
    if completed.exit_status != 0:
        raise HarnessError(
            f"{argv[0]} failed with exit status {completed.exit_status}", details=completed.stderr[-2000:]
        )
