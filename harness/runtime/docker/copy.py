"""A copy of the volumes of a stack's servers, made on the engine: nothing of it travels."""

from __future__ import annotations

import os
from pathlib import Path

import docker

from harness.base.errors import ServerFailed
from harness.runtime.docker.container import ContainerPlan, make_volume, started
from harness.runtime.docker.labels import drill_labels
from harness.runtime.services.execution import run
from harness.runtime.spec import StackSpec

SERVICES = ("mysql", "meilisearch")
_COPY = 'for service; do cp -a "/from/$service/." "/to/$service" || exit; done'
_COPY_S = 300.0


def prefix_of(spec: StackSpec) -> str:
    """What the names of everything of a stack begin with."""
    return f"apiary-drill-{spec.drill_id}-{spec.role}"


def copy_volumes(client: docker.DockerClient, spec: StackSpec, image: str) -> None:
    """Make the volumes of a stack's servers as copies of those that its servers begin with.

    Args:
        spec: of the new stack; it is a copy.
        image: one that has `cp`.

    Raises:
        ServerFailed: the engine refused, or there was no room.
    """
    assert spec.copy_of is not None, "it is empty"
    prefix, other = prefix_of(spec), prefix_of(spec.copy_of)
    volumes: dict[str, str] = {}
    for service in SERVICES:
        make_volume(client, f"{prefix}-{service}", drill_labels(spec.drill_id, spec.role, service), service)
        volumes |= {f"/from/{service}": f"{other}-{service}", f"/to/{service}": f"{prefix}-{service}"}
    plan = ContainerPlan(
        title="the container that copies volumes",
        name=f"{prefix}-copy",
        image=image,
        labels=drill_labels(spec.drill_id, spec.role, "copy"),
        log=Path(os.devnull),
        entrypoint=("sleep", "infinity"),
        user="0:0",
        volumes=volumes,
        # Each server's files keep their owner, which is another one in each image.
        capabilities=("CHOWN", "DAC_OVERRIDE", "FOWNER"),
    )
    with started(client, plan) as server:
        copied = run(server.host, ["sh", "-c", _COPY, "copy", *SERVICES], timeout_s=_COPY_S)
        if copied.exit_status != 0:
            raise ServerFailed(f"cannot copy the volumes of {other}", details=copied.stderr)
