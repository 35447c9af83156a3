"""What a drill has on an engine and on this machine, and drills in processes of their own that a test can end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker
import psutil

from harness.runtime.docker.labels import DRILL
from harness.runtime.ownership import DRILL_ID_VARIABLE
from tests.commands import called


@dataclass(frozen=True)
class Place:
    """Directories of one test: nobody else's drill is in them; and variables besides those of this process."""

    root: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.variables,
            "APIARY_DRILL_STATE_DIR": str(self.root / "state"),
            "APIARY_DRILL_RUNS_DIR": str(self.root / "runs"),
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def runs(self) -> list[Path]:
        """Run directories, oldest first."""
        return sorted((self.root / "runs").glob("*"))

    @property
    def drills(self) -> list[str]:
        """Drills that have a work directory."""
        return sorted(path.name for path in (self.root / "state" / "drills").glob("*"))

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end; what is kept outlives the process that kept it."""
        return called(*arguments, env=self.environment, alone=arguments[0] == "restore")

    @contextmanager
    def until(self, line: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that has just written a line that holds `line`; it is gone after the block."""
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.cli.main", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        lines = []
        try:
            for text in process.stdout:
                lines.append(text)
                if line in text:
                    break
            else:
                raise AssertionError(f"it never wrote {line!r}:\n{''.join(lines)}")
            yield process
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def processes_of(ids: Collection[str]) -> list[psutil.Process]:
    """Processes of this machine that drills with these ids started."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(DRILL_ID_VARIABLE) in ids:
                found.append(process)
        except psutil.Error:
            continue
    return found


def things(client: docker.DockerClient, drill_id: str) -> list[str]:
    """Containers, networks and volumes of a drill."""
    wanted = {"label": f"{DRILL}={drill_id}"}
    found = [str(thing["Names"][0]) for thing in client.api.containers(all=True, filters=wanted)]
    found += [f"network {thing['Name']}" for thing in client.api.networks(filters=wanted)]
    return sorted(found + [f"volume {thing['Name']}" for thing in client.api.volumes(filters=wanted)["Volumes"] or []])
