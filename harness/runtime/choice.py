"""Which runtime a drill takes, and why, in one line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from harness.artifacts.dump.inspect import Inspector
from harness.artifacts.dump.model import DumpInfo
from harness.artifacts.dump.source import Dump, open_script, source_name
from harness.artifacts.dump.walk import walk
from harness.base.errors import HarnessError, NoSuchProgram
from harness.base.settings import Settings
from harness.runtime.docker.images import mysql_image_for
from harness.runtime.docker.runtime import DockerRuntime
from harness.runtime.process.runtime import ProcessRuntime
from harness.runtime.spec import Runtime


def choose_runtime(
    settings: Settings,
    directory: Path,
    say: Callable[[str], None],
    *,
    dump: Dump | None = None,
    keep: Collection[str] = (),
    flavours: Mapping[str, str] = MappingProxyType({}),
) -> Runtime:
    """Docker where it is asked for, or where an engine answers and the images can be had; else processes.

    Args:
        directory: work directory of the drill, for processes.
        say: gets which runtime it is and why, in one line.
        dump: an existing script: an image of its server's version is the default then.
        keep: roles whose stacks are left running when their block ends without an error.
        flavours: the database server that a role needs, `MySQL` or `MariaDB`.

    Raises:
        HarnessError: the runtime that was asked for cannot be had.
        NoSuchProgram: no engine and no programs: there is nothing to drill with.
    """
    if settings.runtime == "process":
        say("runtime: local processes, as requested")
        return ProcessRuntime(settings, directory, keep=keep, flavours=flavours)
    images = settings.images
    if settings.runtime == "auto" and (settings.mysqld or settings.meilisearch):
        say("runtime: local processes, because a program was given")
        return ProcessRuntime(settings, directory, keep=keep, flavours=flavours)
    # A named image must never be left out quietly: the drill would prove something else.
    if settings.runtime == "docker" or images.mysql or images.meilisearch or images.apiary:
        runtime = _docker(settings, say, dump, keep, flavours)
        say(
            "runtime: Docker, as requested"
            if settings.runtime == "docker"
            else "runtime: Docker, because an image was given"
        )
        return runtime
    try:
        runtime = _docker(settings, say, dump, keep, flavours)
    except HarnessError as error:
        say(f"runtime: local processes, because {error.fact}")
        try:
            return ProcessRuntime(settings, directory, keep=keep, flavours=flavours)
        except NoSuchProgram as missing:
            raise NoSuchProgram(f"{missing.fact}; and {error.fact}", *missing.hints, *error.hints[:1]) from error
    say("runtime: Docker, because an engine answers and has the images")
    return runtime


def settled(settings: Settings, say: Callable[[str], None]) -> str:
    """What the runtime of the settings is, chosen once for many drills: `process` or `docker`.

    Chosen anew for each, one of them could quietly run on something else than the others, because its engine
    was busy for a moment.

    Args:
        say: gets which runtime it is and why, in one line.

    Raises:
        HarnessError: neither can be had.
    """
    return settings.runtime if settings.runtime != "auto" else choose_runtime(settings, settings.state_dir, say).name


def _docker(
    settings: Settings,
    say: Callable[[str], None],
    dump: Dump | None,
    keep: Collection[str],
    flavours: Mapping[str, str],
) -> DockerRuntime:
    info = _beginning(dump) if dump is not None else None
    if info is None or not info.server_version:
        return DockerRuntime(settings, keep=keep, flavours=flavours, progress=say)
    default = mysql_image_for(info.server_version, mariadb=info.flavour == "mariadb")
    return DockerRuntime(settings, mysql_default=default, keep=keep, flavours=flavours, progress=say)


def _beginning(dump: Dump) -> DumpInfo | None:
    """What the first lines of a script say; None where there are none to read, which is reported later."""
    inspector = Inspector(source_name(dump))
    try:
        walk(islice(open_script(dump), 1), inspector)
    except HarnessError:
        return None
    return inspector.info()
