"""Real drills on real servers. A server that is missing is an error, never a skip."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import docker
import pytest

from harness.base.model import CheckResult, DrillResult, Finding, Severity
from harness.base.settings import Settings, from_environment
from harness.checks.evidence import Evidence
from harness.checks.verdict import decide, findings_of, judge
from harness.drill.flow import back_up, restored
from harness.drill.plan import DrillPlan, new_drill_id
from harness.drill.run import Run
from harness.drill.steps.collect import Restored, collect
from harness.inputs.backup import BackupUnderTest
from harness.records.run_directory import RunDirectory
from harness.runner.batch import Batch
from harness.runtime.docker.runtime import DockerRuntime
from harness.runtime.ownership import workspace
from harness.runtime.process.runtime import ProcessRuntime
from harness.runtime.services.stack import Stack
from harness.runtime.spec import PROBE_USER
from harness.scenario.definition import Scenario, find, load


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with directories of this test session; templates are shared with everybody."""
    root = tmp_path_factory.mktemp("drills")
    return replace(from_environment(os.environ), state_dir=root / "state", runs_dir=root / "runs", fast=True)


@contextmanager
def drill_of(
    settings: Settings,
    name: str,
    *,
    engine: docker.DockerClient | None = None,
    flavours: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Run]:
    """A drill with a run directory and a work directory of its own; in containers where an engine is given."""
    drill_id = new_drill_id(name)
    with workspace(settings.state_dir, drill_id) as directory:
        runtime = (
            ProcessRuntime(settings, directory, flavours=flavours)
            if engine is None
            else DockerRuntime(settings, engine, flavours=flavours)
        )
        yield Run(DrillPlan(drill_id, runtime, settings, RunDirectory(settings.runs_dir / drill_id)))


@dataclass(frozen=True)
class Backed:
    """A backup that a drill made, whose source is gone."""

    backup: BackupUnderTest

    @property
    def app_key(self) -> str:
        """`APP_KEY` of the source."""
        assert self.backup.app_key is not None
        return self.backup.app_key

    @property
    def directory(self) -> Path:
        """Where it is."""
        assert self.backup.directory is not None
        return self.backup.directory


def forget_the_visit(target: Stack, next_user: int) -> None:
    """Remove what the download's login left, so that the next look sees the target as it was restored."""
    with target.mysql.session(database=target.mysql.database) as session:
        session.execute("SET foreign_key_checks = 0")
        session.execute(
            "DELETE FROM model_has_roles WHERE model_id IN (SELECT id FROM users WHERE uid = %s)", (PROBE_USER,)
        )
        session.execute("DELETE FROM users WHERE uid = %s", (PROBE_USER,))
        session.execute(f"ALTER TABLE users AUTO_INCREMENT = {next_user}")


@dataclass(frozen=True)
class Restoration:
    """A restored target, and all that is needed to look at it again and again."""

    drill: Run
    target: Stack
    what: Restored

    def look(self) -> Evidence:
        """Gather the evidence as a drill does."""
        evidence = collect(self.drill, self.target, self.what)
        forget_the_visit(self.target, self.counter("users"))
        return evidence

    def counter(self, table: str) -> int:
        """The next AUTO_INCREMENT value of a table at the source."""
        made = self.what.backup.made
        assert made is not None
        value = next(state.auto_increment for state in made.backup.database.tables if state.name == table)
        assert value is not None
        return value

    def errors(self) -> tuple[str, list[Finding]]:
        """The verdict, and the findings that are errors."""
        results: tuple[CheckResult, ...] = judge(self.look())
        verdict, _ = decide(results)
        return verdict, [finding for finding in findings_of(results) if finding.severity is Severity.ERROR]


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """The documented procedure, at the smallest scale: with every kind of row, file and document."""
    return load(find("documented")).with_data(scale="tiny")


@pytest.fixture(scope="session")
def backed(settings: Settings, scenario: Scenario) -> Backed:
    """One backup by local processes, shared by all tests of a worker; nobody changes it."""
    with drill_of(settings, "source") as drill:
        return Backed(back_up(drill, scenario))


@pytest.fixture(scope="session", params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def restoration(request: pytest.FixtureRequest, settings: Settings, scenario: Scenario) -> Iterator[Restoration]:
    """A backup restored into a target that stays up, on either runtime; whoever changes it puts it back."""
    engine = request.getfixturevalue("engine") if request.param == "docker" else None
    if engine is None:
        backed = request.getfixturevalue("backed")
    else:
        with drill_of(settings, "source", engine=engine) as drill:
            backed = Backed(back_up(drill, scenario))
    with drill_of(settings, "target", engine=engine) as drill, restored(drill, backed.backup) as (target, what):
        yield Restoration(drill, target, what)


@pytest.fixture(scope="session")
def drilled(settings: Settings) -> Iterator[Callable[[Scenario], DrillResult]]:
    """Drills a scenario by local processes; what has the same data and backup shares one backup of this worker."""
    with Batch(replace(settings, runtime="process")) as batch:
        yield batch.drill
