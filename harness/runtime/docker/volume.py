"""Reading a Docker volume that somebody else's containers use: through the engine, from a container that can only read.

Nothing of this machine is mounted, so the engine may be anywhere. The helper container has the volume read-only,
no network, a root file system that nobody can write to, and of root's rights only the one to read every file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker.errors

from harness.base.errors import UsageError
from harness.base.settings import Settings
from harness.runtime.docker.client import EngineUnavailable, connect, engine_errors
from harness.runtime.docker.container import ContainerPlan, started, use_reaper
from harness.runtime.docker.host import ContainerHost
from harness.runtime.docker.images import helper_image
from harness.runtime.docker.labels import drill_labels

_MOUNT = "/volume"
_MEMORY_BYTES = 512 << 20


@contextmanager
def volume_directory(
    settings: Settings, volume: str, path: str, drill_id: str, *, progress: Callable[[str], None] = lambda _line: None
) -> Iterator[tuple[ContainerHost, str]]:
    """Where the commands run that read a volume, and the absolute path of the directory there.

    Args:
        path: directory below its root, or empty.
        drill_id: for the labels, by which `apiary-drill cleanup` finds what a killed harness left.
        progress: gets a line before an image is pulled.

    Raises:
        UsageError: there is no such volume, or no such directory in it.
        EngineUnavailable, ImageUnavailable: there is no engine, or no image to read it with.
    """
    try:
        client = connect(settings.docker)
    except EngineUnavailable as error:
        raise EngineUnavailable(
            f"cannot read the volume {volume}: {error.fact}",
            "Start the engine, or choose another one with DOCKER_HOST or `docker context use`.",
            "A directory or an archive of the files needs no engine.",
        ) from error
    with engine_errors(f"looking for volume {volume}"):
        try:
            # Mounting a name that does not exist would make an empty volume of that name.
            client.api.inspect_volume(volume)
        except docker.errors.NotFound:
            raise UsageError(
                f"the Docker engine has no volume {volume}", "`docker volume ls` lists the volumes."
            ) from None
        image = helper_image(client, settings.images.apiary, progress=progress)
    use_reaper(client, keep=False)
    plan = ContainerPlan(
        title="the container that reads the volume",
        name=f"apiary-drill-{drill_id}-reader",
        image=image.id,
        labels=drill_labels(drill_id, "artifact", "reader"),
        log=Path(os.devnull),
        entrypoint=("sleep", "infinity"),
        user="0:0",
        volumes={_MOUNT: volume},
        capabilities=("DAC_READ_SEARCH",),
        memory_bytes=_MEMORY_BYTES,
        read_only=True,
    )
    with started(client, plan) as server:
        root = f"{_MOUNT}/{path}".rstrip("/")
        with server.host.start(("test", "-d", root)) as command:
            if command.wait(60).exit_status:
                raise UsageError(f"the volume {volume} has no directory {path}")
        yield server.host, root
