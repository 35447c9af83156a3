"""What a drill needs of this machine: what is there, what is missing, and how to get it."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from harness.base.errors import MissingProgram, UsageError
from harness.base.settings import Settings
from harness.cli import config
from harness.inputs.backup import BackupUnderTest
from harness.inputs.room import expected_space
from harness.reports.pdf import PACKAGES as PDF_PACKAGES
from harness.reports.pdf import require_pdf
from harness.runtime.docker.client import EngineUnavailable, connect
from harness.runtime.docker.images import (
    DEFAULT_MEILISEARCH,
    DEFAULT_MYSQL,
    LOCAL_MEILISEARCH,
    LOCAL_MYSQL,
    LOCAL_STANDIN,
    present,
)
from harness.runtime.images.mysql_root import install_mysql, installed
from harness.runtime.images.search_engine import install_engine
from harness.runtime.ownership import leftovers
from harness.runtime.process.host import LocalHost
from harness.runtime.process.programs import (
    EMBEDDED_BEFORE,
    EMBEDDED_COMMAND,
    meilisearch_command,
    meilisearch_version,
    mysql_programs,
)
from harness.runtime.services.execution import run

MARIADB_PACKAGES = ("mariadb-server-core", "mariadb-client")
ROOM_BYTES = 2_000_000_000
"Disk space that a small drill needs, with some reserve: two data directories of 190 MB, dump, files, logs."


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was looked at; `optional` ones don't keep a drill from running."""

    name: str
    fine: bool
    fact: str
    hints: tuple[str, ...] = ()
    optional: bool = False


def examine(settings: Settings) -> list[Item]:
    """Look at everything that a drill needs."""
    containers = _containers(settings)
    programs = [_mysql(settings), _meilisearch(settings)]
    # Where containers can be drilled in, nobody needs the programs.
    items = [containers, *(replace(item, optional=containers.fine) for item in programs)]
    for program in ("tar", "cp"):
        found = settings.which(program)
        items.append(
            Item(program, found is not None, str(found or "missing"), () if found else (f"Install {program}.",))
        )
    hint = "A small drill needs 2 GB; set APIARY_DRILL_STATE_DIR to another location."
    items.append(_room(settings, "disk space", ROOM_BYTES, "", hint))
    items.append(_pdf())
    left = leftovers(settings.state_dir)
    items.append(
        Item(
            "leftovers",
            not left,
            f"{len(left)} interrupted drills left files or processes behind" if left else "none",
            ("`apiary-drill cleanup` removes them.",) if left else (),
            optional=True,
        )
    )
    return items


def _containers(settings: Settings) -> Item:
    name = "containers"
    try:
        client = connect(settings.docker)
    except EngineUnavailable as error:
        return Item(name, False, error.fact, error.hints, optional=True)
    images, version = settings.images, client.version()["Version"]
    wanted = (
        (images.mysql, DEFAULT_MYSQL, LOCAL_MYSQL),
        (images.meilisearch, DEFAULT_MEILISEARCH, LOCAL_MEILISEARCH),
        (images.apiary, LOCAL_STANDIN, LOCAL_STANDIN),
    )
    missing = [
        named or default
        for named, default, local in wanted
        if not any(present(client, each) for each in ((named,) if named else (default, local)))
    ]
    if missing:
        hints = ("`apiary-drill images build` makes what no registry gives; else they are pulled when a drill starts.",)
        return Item(name, False, f"Docker {version}, without {', '.join(missing)}", hints, optional=True)
    return Item(name, True, f"Docker {version}, with every image")


def room_for_backup(settings: Settings, found: BackupUnderTest) -> Item:
    """Whether the target of a backup has room, as far as its files show."""
    needed = ROOM_BYTES + expected_space(found)
    wanted = f"about {needed / 1e9:.1f} GB for {found.dump.name} and its files, "
    hint = "Make room there, or name another place with APIARY_DRILL_STATE_DIR."
    return _room(settings, "room for the backup", needed, wanted, hint)


def room_for_configured(settings: Settings, path: Path) -> Item:
    """The same of the backup that a configuration names."""
    configured = config.load(path)
    try:
        return room_for_backup(settings, config.locate(configured, path.absolute().parent, None))
    except UsageError as error:
        return Item("room for the backup", False, f"not known: {error.fact}", error.hints, optional=True)


def _mysql(settings: Settings) -> Item:
    try:
        programs = mysql_programs(settings)
    except MissingProgram as error:
        return Item("database server", False, error.fact, error.hints)
    fact = f"{programs.flavour} {programs.version} ({programs.server})"
    if programs.flavour == "MySQL":
        return Item("database server", True, fact)
    return Item(
        "database server",
        True,
        f"{fact}, in place of MySQL",
        ("Production runs MySQL: drills prove more with a mysqld on the path, or given with --mysqld.",),
    )


def _meilisearch(settings: Settings) -> Item:
    try:
        command = meilisearch_command(settings)
    except MissingProgram as error:
        return Item("search server", False, error.fact, error.hints)
    version = meilisearch_version(settings, command)
    if version is not None:
        return Item("search server", True, f"Meilisearch {version} ({command[0]})")
    what = "embedded server (Meilisearch's own engine)"
    if command[: len(EMBEDDED_COMMAND)] != EMBEDDED_COMMAND:
        what = f"{command[0]}, which does not identify itself as Meilisearch"
    return Item(
        "search server",
        True,
        f"{what}, in place of Meilisearch",
        ("Put the `meilisearch` program on the path, or give it with --meilisearch, to drill with the real server.",),
    )


def _pdf() -> Item:
    try:
        require_pdf()
    except MissingProgram as error:
        return Item("reports as PDF", False, error.fact, error.hints, optional=True)
    return Item("reports as PDF", True, "Pango is installed")


def _room(settings: Settings, name: str, needed_bytes: int, wanted: str, hint: str) -> Item:
    place = settings.state_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    fine = free >= needed_bytes
    return Item(name, fine, f"{wanted}{free / 1e9:.1f} GB free for {settings.state_dir}", () if fine else (hint,))


def install(settings: Settings, say: Callable[[str], None]) -> None:
    """Fetch what is missing: MySQL beside the system, then MariaDB and what sets PDFs as system packages, from Debian.

    Only the last two need root; where MySQL is there, a drill does without them.

    Raises:
        UsageError: this is not Debian, or neither root nor sudo is there; names what is missing and the commands.
    """
    install_mysql(settings, say)
    if not _search_server_or_none(settings):
        if sys.version_info < EMBEDDED_BEFORE:
            _install_extra(settings, "embedded", say)
        else:
            install_engine(settings, say)
    if find_spec("weasyprint") is None:
        _install_extra(settings, "pdf", say)
    mariadb = "MariaDB is not installed, which only tests and drills under it need"
    for packages, needed, otherwise in (
        (_missing_packages(settings), installed(settings) is None, mariadb),
        (() if _pdf().fine else PDF_PACKAGES, False, "PDF reports are not available"),
    ):
        try:
            if packages:
                _install_packages(settings, packages, say)
        except UsageError as error:
            if needed:
                raise
            say(f"{otherwise}: {error.fact}")
            for hint in error.hints:
                say(f"  {hint}")


def _search_server_or_none(settings: Settings) -> tuple[str, ...]:
    try:
        return meilisearch_command(settings)
    except MissingProgram:
        return ()


def _install_extra(settings: Settings, extra: str, say: Callable[[str], None]) -> None:
    """Add an extra to the installed distribution, in the environment that this program runs in."""
    wanted = f"apiary-restore-drill[{extra}]"
    say(f"installing the Python packages of {wanted}")
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted]
    if run(LocalHost({**settings.base_env, **settings.fetch_env}), argv, timeout_s=1800).exit_status != 0:
        say(f"they could not be installed: {shlex.join(argv)}")


def _install_packages(settings: Settings, packages: Sequence[str], say: Callable[[str], None]) -> None:
    install = ["install", "--yes", "--no-install-recommends", *packages]
    once = f"As root, once: apt-get update && apt-get {' '.join(install)}"
    _apt(settings, ["update"], once)
    say(f"installing system packages: {', '.join(packages)}")
    _apt(settings, install, once)


def _missing_packages(settings: Settings) -> list[str]:
    wanted = []
    if settings.which("mariadbd") is None or settings.which("mariadb-install-db") is None:
        wanted.append(MARIADB_PACKAGES[0])
    if settings.which("mariadb-dump") is None:
        wanted.append(MARIADB_PACKAGES[1])
    return wanted


def as_root(settings: Settings, argv: list[str], purpose: str, *hints: str) -> list[str]:
    """The command as root runs it. Raises UsageError where nobody here may."""
    if os.geteuid() == 0:
        return argv
    sudo = settings.which("sudo")
    if sudo is not None and run(LocalHost(settings.base_env), [str(sudo), "-n", "true"]).exit_status == 0:
        return [str(sudo), "-n", *argv]
    raise UsageError(f"cannot {purpose}: not running as root, and sudo is missing or asks for a password", *hints)


def _apt(settings: Settings, arguments: list[str], once: str) -> None:
    apt = settings.which("apt-get")
    if apt is None or not Path("/etc/debian_version").exists():
        raise UsageError(
            "cannot install packages: this is not a Debian system",
            f"Install the equivalents of {', '.join(MARIADB_PACKAGES)} with the system's package manager.",
        )
    argv = as_root(settings, [str(apt), *arguments], "install packages", once)
    environment = {
        **settings.base_env,
        "DEBIAN_FRONTEND": "noninteractive",
        "DEBCONF_NOWARNINGS": "yes",
        **settings.fetch_env,
    }
    completed = run(LocalHost(environment), argv, timeout_s=1800)
    if completed.exit_status != 0:
        raise UsageError(
            f"apt-get {arguments[0]} failed with exit status {completed.exit_status}", details=completed.stderr[-4000:]
        )
