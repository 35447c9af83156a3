"""Whose a container, network or volume is: labels, and sweeping what belongs to nobody any more.

Labels cannot be changed after creation, so that a stack was kept on purpose is marked by a volume of its own,
made when the drill ends well (`mark_kept`). An engine may serve several machines: an owner is judged only
where it can be seen, on the same machine and in the same process namespace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors

from harness.base.errors import ServerFailed, WaitTimeout
from harness.base.wait import wait_until
from harness.runtime.docker.client import engine_errors
from harness.runtime.ownership import Owner, boot_id, held, lock_of

PREFIX = "apiary-drill."
DRILL = PREFIX + "drill"
ROLE = PREFIX + "role"
SERVICE = PREFIX + "service"
_PID = PREFIX + "owner-pid"
_STARTED = PREFIX + "owner-started"
_BOOT = PREFIX + "owner-boot"
_SCOPE = PREFIX + "owner-scope"
_CREATED = PREFIX + "created-at"
_TICKS = PREFIX + "owner-ticks"
_LOCK = PREFIX + "owner-lock"
_KEPT = PREFIX + "kept"

_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))

_GONE_S = 20.0
"How long the removal of something by another process may take."

_BUSY = ("already in progress", "active endpoints", "volume is in use")
"""What the engine says of a container that is being removed, and of what belongs to it."""


@dataclass(frozen=True, slots=True)
class DockerLeftover:
    """One thing of a drill on an engine.

    Args:
        kind: `container`, `network` or `volume`.
        created_at: when, UTC, ISO 8601.
        kept: True when it was left running on purpose.
    """

    kind: str
    name: str
    drill_id: str
    created_at: str
    kept: bool


def drill_labels(drill_id: str, role: str, service: str) -> dict[str, str]:
    """The labels of everything that this process makes for a drill."""
    owner, lock = Owner.current(), lock_of(drill_id)
    return {
        DRILL: drill_id,
        ROLE: role,
        SERVICE: service,
        _PID: str(owner.pid),
        _STARTED: str(owner.started),
        _BOOT: owner.boot_id,
        _SCOPE: _scope(),
        _CREATED: owner.created_at,
        _TICKS: str(owner.ticks),
        **({_LOCK: str(lock.absolute())} if lock else {}),
    }


def no_labels() -> dict[str, str]:
    """Empty values for all of them: for an image that is committed from a labelled container.

    A container inherits its image's labels, and must not look like a leftover because of them.
    """
    return dict.fromkeys((DRILL, ROLE, SERVICE, _PID, _STARTED, _BOOT, _SCOPE, _CREATED, _TICKS, _LOCK, _KEPT), "")


def mark_kept(client: docker.DockerClient, drill_id: str, role: str) -> None:
    """Say that what is left of this drill was left on purpose."""
    with engine_errors("labelling what is kept"):
        client.volumes.create(
            name=f"apiary-drill-{drill_id}-{role}-kept", labels={**drill_labels(drill_id, role, "kept"), _KEPT: "true"}
        )


def docker_leftovers(client: docker.DockerClient, *, kept_too: bool = False) -> list[DockerLeftover]:
    """What drills without a living owner left on the engine, in the order in which it can be removed.

    Args:
        kept_too: also what was kept on purpose.
    """
    with engine_errors("looking for leftovers"):
        things = list(_things(client))
    kept_drills = {labels[DRILL] for _, _, labels in things if labels.get(_KEPT)}
    found = []
    for kind, name, labels in things:
        owner, foreign = _owner(labels)
        kept = labels[DRILL] in kept_drills
        if foreign or (kept and not kept_too):
            continue  # nobody here can say whether the owner on another machine lives
        if not kept and ((owner is not None and owner.alive()) or held(Path(labels.get(_LOCK, "")))):
            continue
        found.append(DockerLeftover(kind, name, labels[DRILL], labels.get(_CREATED, ""), kept))
    return found


def sweep_docker(client: docker.DockerClient) -> list[DockerLeftover]:
    """Remove what drills without a living owner left on the engine.

    Returns:
        What there was.

    Raises:
        ServerFailed: the engine refused.
    """
    found = docker_leftovers(client)
    for leftover in found:
        remove(client, leftover.kind, leftover.name)
    return found


def remove_drill(client: docker.DockerClient, drill_id: str) -> list[tuple[str, str]]:
    """Remove everything of one drill, kept or not, whoever owns it; returns kinds and names."""
    with engine_errors(f"looking for drill {drill_id}"):
        found = [(kind, name) for kind, name, labels in _things(client) if labels[DRILL] == drill_id]
    for kind, name in found:
        remove(client, kind, name)
    return found


def remove(client: docker.DockerClient, kind: str, name: str) -> None:
    """Remove one thing; that it is gone already, or that somebody else is removing it at this moment, is fine.

    Raises:
        ServerFailed: the engine refused, or what still uses it was not gone after some seconds.
    """
    refusal = ""

    def gone() -> bool:
        nonlocal refusal
        try:
            if kind == "container":
                client.api.remove_container(name, v=True, force=True)
            elif kind == "network":
                client.api.remove_network(name)
            else:
                client.api.remove_volume(name, force=True)
        except docker.errors.NotFound:
            return True
        except docker.errors.APIError as error:
            # testcontainers' reaper, or another start, is at work on it or on the container that uses it.
            refusal = str(error.explanation)
            if not any(busy in refusal for busy in _BUSY):
                raise
            return False
        return True

    with engine_errors(f"removing {kind} {name}"):
        try:
            wait_until(gone, what=f"{kind} {name} to be gone", timeout_s=_GONE_S)
        except WaitTimeout as error:
            raise ServerFailed(
                f"the Docker engine refused to remove {kind} {name} for {_GONE_S:g} s: {refusal}"
            ) from error


def _things(client: docker.DockerClient) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Kind, name and labels of everything that carries a drill's label; containers first, volumes last."""
    wanted = {"label": DRILL}
    containers: list[dict[str, Any]] = client.api.containers(all=True, filters=wanted)
    networks: list[dict[str, Any]] = client.api.networks(filters=wanted)
    volumes: list[dict[str, Any]] = client.api.volumes(filters=wanted)["Volumes"] or []
    for kind, things in (("container", containers), ("network", networks), ("volume", volumes)):
        for thing in things:
            labels = thing["Labels"] or {}
            if labels.get(DRILL):
                yield kind, thing["Names"][0].lstrip("/") if kind == "container" else thing["Name"], labels


def _owner(labels: Mapping[str, str]) -> tuple[Owner | None, bool]:
    """The owner as far as it can be judged here, and whether it is another machine's."""
    if labels.get(_SCOPE) != _scope():
        return None, True
    try:
        return (
            Owner(
                int(labels[_PID]),
                float(labels[_STARTED]),
                labels[_BOOT],
                labels.get(_CREATED, ""),
                ticks=int(labels[_TICKS]) if _TICKS in labels else None,
            ),
            False,
        )
    except (KeyError, ValueError):
        return None, False


def _scope() -> str:
    """Identity of this machine and of the namespace in which a process id means something.

    An image has no identity of its own, and that of a process namespace is only a number, which many machines have:
    there the boot takes the machine's place.
    """
    known = [path.read_text().strip() for path in _MACHINE_IDS if path.is_file()]
    parts = [next(filter(None, known), boot_id())]
    try:
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        parts.append("no process namespaces")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
