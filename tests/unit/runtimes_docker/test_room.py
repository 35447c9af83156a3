"""How much room there is for files: reported where the engine is on this machine, and not guessed elsewhere."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any

from harness.runtime.docker.runtime import DockerRuntime
from harness.runtime.process.runtime import ProcessRuntime


class Engine:
    def __init__(self, **info: Any) -> None:
        self._info = info

    def info(self) -> dict[str, Any]:
        return self._info


def room(**info: Any) -> tuple[int | None, str]:
    runtime = object.__new__(DockerRuntime)
    runtime.client = Engine(**info)  # type: ignore[assignment]
    return runtime.room()


def test_an_engine_on_this_machine_and_others(tmp_path: Path) -> None:
    here, total = socket.gethostname(), shutil.disk_usage(tmp_path).total
    free, place = room(Name=here, DockerRootDir=str(tmp_path))
    assert free is not None
    assert 0 < free <= total
    assert place == str(tmp_path)
    assert room(Name="elsewhere", DockerRootDir=str(tmp_path)) == (None, str(tmp_path))
    assert room(Name=here, DockerRootDir=str(tmp_path / "gone"))[0] is None
    assert room(Name=here)[0] is None


def test_local_processes(tmp_path: Path) -> None:
    runtime = object.__new__(ProcessRuntime)
    runtime._directory = tmp_path / "drill"
    runtime._directory.mkdir()
    free, place = runtime.room()
    assert (free is not None and free > 0, place) == (True, str(tmp_path))
