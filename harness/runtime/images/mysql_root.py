"""The real MySQL server beside the system, without root.

Debian 12 and 13 have no MySQL, only MariaDB under its names. Debian's unstable distribution has it; its packages need
newer libraries, so they run with their own.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from harness.base.errors import HarnessError
from harness.base.settings import Settings
from harness.runtime.images.unpacked import loader, unpacked
from harness.runtime.process.host import LocalHost
from harness.runtime.process.programs import write_program
from harness.runtime.services.execution import run

SUITE = "sid"
PACKAGES = ("mysql-server", "mysql-client")
_PROGRAMS = {"mysqld": "usr/sbin", "mysql": "usr/bin", "mysqldump": "usr/bin"}
_PRIVATE = "usr/lib/mysql/private"
_UNUSED = ("usr/lib/mysql-test", "usr/share/mysql-test")


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
        root = _install(settings)
        say(f"MySQL is in {root}")
    except HarnessError as error:
        say(f"MySQL is not available, using MariaDB instead: {error.fact}")


def _install(settings: Settings) -> Path:
    with unpacked(settings, SUITE, PACKAGES) as root:
        for name in _UNUSED:
            shutil.rmtree(root / name, ignore_errors=True)
        final = settings.cache_dir / f"mysql-{_version(settings, root)}"
        command = shlex.join(loader(root, _PRIVATE, final=final))
        for name, directory in _PROGRAMS.items():
            further = ""
            if name == "mysqld":
                share = f"{final}/usr/share/mysql"
                further = (
                    f' --basedir="{final}/usr" --lc-messages-dir="{share}" --character-sets-dir="{share}/charsets"'
                    f' --plugin-dir="{final}/usr/lib/mysql/plugin"'
                )
            write_program(root / "bin" / name, f'{command} "{final}/{directory}/{name}" "$@"{further}')
        shutil.rmtree(final, ignore_errors=True)
        root.rename(final)
    return final


def _version(settings: Settings, root: Path) -> str:
    asked = [*loader(root, _PRIVATE), str(root / "usr/sbin/mysqld"), "--no-defaults", "--version"]
    completed = run(LocalHost(settings.base_env), asked, timeout_s=60)
    match = re.search(r"Ver (\d+\.\d+\.\d+)", completed.stdout.decode("utf-8", "replace"))
    if completed.exit_status != 0 or match is None:
        raise HarnessError("the unpacked mysqld does not run here", details=completed.stderr)
    return match.group(1)
