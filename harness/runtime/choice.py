"""Which runtime a drill takes, and why, in one line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from harness.artifacts.dump.inspect import Inspector
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
    processes = partial(ProcessRuntime, settings, directory, keep=keep, flavours=flavours)
    if settings.runtime == "process":
        say("runtime: local processes, as requested")
        return processes()
    images = settings.images
    if settings.runtime == "auto" and (settings.mysqld or settings.meilisearch):
        say("runtime: local processes, because a program was given")
        return processes()
    containers = partial(
        DockerRuntime, settings, mysql_default=_default_images(dump), keep=keep, flavours=flavours, progress=say
    )
    # A named image must never be left out quietly: the drill would prove something else.
    if settings.runtime == "docker" or images.mysql or images.meilisearch or images.apiary:
        runtime = containers()
        say(f"runtime: Docker, {'as requested' if settings.runtime == 'docker' else 'because an image was given'}")
        return runtime
    try:
        runtime = containers()
    except HarnessError as error:
        say(f"runtime: local processes, because {error.fact}")
        try:
            return processes()
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


def _default_images(dump: Dump | None) -> tuple[str, str]:
    """The default and the local image of the server that the first lines of a script name; MySQL's where they do not.

    That there are none to read is reported later.
    """
    if dump is not None:
        inspector = Inspector(source_name(dump))
        with suppress(HarnessError):
            walk(islice(open_script(dump), 1), inspector)
            info = inspector.info()
            if info.server_version:
                return mysql_image_for(info.server_version, mariadb=info.flavour == "mariadb")
    return mysql_image_for("", mariadb=False)
