"""Starting stacks of either runtime, and what a test needs around one."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import docker
import psutil
import pytest

from harness.base.settings import Settings
from harness.runtime.docker.runtime import DockerRuntime
from harness.runtime.ownership import DRILL_ID_VARIABLE, workspace
from harness.runtime.process.runtime import ProcessRuntime
from harness.runtime.services.stack import Stack
from harness.runtime.spec import Runtime, StackSpec, new_app_key


@dataclass(frozen=True)
class Running:
    """A stack that runs, and what a test needs around it."""

    kind: str
    stack: Stack
    spec: StackSpec
    kill: Callable[[str], None]


@contextmanager
def runtime(kind: str, settings: Settings, request: pytest.FixtureRequest, drill_id: str) -> Iterator[Runtime]:
    """A runtime of either kind, in a work directory of its own where it needs one."""
    if kind == "docker":
        yield DockerRuntime(settings, request.getfixturevalue("engine"))
    else:
        with workspace(settings.state_dir, drill_id) as directory:
            yield ProcessRuntime(settings, directory)


def a_spec(logs: Path, role: str = "target", **changes: object) -> StackSpec:
    """A stack's names and secrets, for a drill of its own."""
    spec = StackSpec(role=role, drill_id=secrets.token_hex(4), logs=logs, app_key=new_app_key())
    return replace(spec, **changes)  # type: ignore[arg-type]


def killer(kind: str, spec: StackSpec, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Ends a service (`mysql`, `meilisearch`, `app`) of a stack as a power cut would."""
    if kind == "docker":
        client: docker.DockerClient = request.getfixturevalue("engine")
        return lambda service: client.api.kill(f"apiary-drill-{spec.drill_id}-{spec.role}-{service}")
    words = {"mysql": "--datadir", "meilisearch": "--db-path", "app": "serve"}

    def kill(service: str) -> None:
        for process in psutil.process_iter():
            try:
                mine = process.environ().get(DRILL_ID_VARIABLE) == spec.drill_id
                if mine and any(word.split("=")[0] == words[service] for word in process.cmdline()):
                    process.kill()
            except psutil.Error:
                continue

    return kill
