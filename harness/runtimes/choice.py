"""Which runtime a drill takes, and why, in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.errors import HarnessError
from harness.runtimes.docker import DockerRuntime
from harness.runtimes.process import ProcessRuntime
from harness.runtimes.spec import Runtime
from harness.settings import Settings


def choose_runtime(settings: Settings, directory: Path, say: Callable[[str], None]) -> Runtime:
    """Docker where it is asked for, or where an engine answers and the images can be had; else processes.

    Args:
        directory: work directory of the drill, for processes.
        say: told which runtime it is and why, in one line.

    Raises:
        HarnessError: the runtime that was asked for cannot be had.
    """
    if settings.runtime == "process":
        say("runtime: local processes, as asked")
        return ProcessRuntime(settings, directory)
    if settings.runtime == "docker":
        runtime = DockerRuntime(settings, progress=say)
        say("runtime: Docker, as asked")
        return runtime
    try:
        runtime = DockerRuntime(settings, progress=say)
    except HarnessError as error:
        say(f"runtime: local processes, because {error.fact}")
        return ProcessRuntime(settings, directory)
    say("runtime: Docker, because an engine answers and has the images")
    return runtime
