"""The pytest plugin: one test item for each *.drill.toml, and fixtures for tests of one's own (docs/pytest.md).

pytest loads it wherever this distribution is installed, so nothing of the harness is imported before it is needed.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from harness.base.errors import HarnessError, UsageError
from harness.base.interruption import terminable
from harness.base.limits import Limits
from harness.base.printable import printable_lines

if TYPE_CHECKING:
    from harness.base.model import DrillResult
    from harness.base.settings import Settings
    from harness.runner.batch import Batch
    from harness.runtime.services.stack import Stack
    from harness.scenario.definition import Scenario

_SUFFIX = ".drill.toml"
_MARKERS = (
    "drill: a drill of a scenario file",
    "fault: injects a fault",
    "docker: needs a Docker engine",
    "tiny, small, medium, large: the scale of its data",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; those of the command that are called alike mean the same."""
    group = parser.getgroup("apiary-drill", "restore drills (apiary-drill)")
    option = group.addoption
    option("--drill-runtime", choices=["auto", "process", "docker"], help="How servers run (auto).")
    option(
        "--drill-engine",
        action="append",
        default=[],
        metavar="HOST",
        help="Docker engine, as in DOCKER_HOST; several are distributed over the pytest-xdist workers.",
    )
    option("--drill-mysql-image", metavar="REF", help="Database server image.")
    option("--drill-meilisearch-image", metavar="REF", help="Search server image.")
    option("--drill-apiary-image", metavar="REF", help="Image of the real Apiary, used instead of the stand-in.")
    option("--drill-apiary-env", metavar="FILE", type=Path, help="Environment file for that image.")
    option("--drill-mysqld", metavar="PROGRAM", help="Database server program (process runtime).")
    option("--drill-meilisearch", metavar="PROGRAM", help="Search server program (process runtime).")
    option("--drill-scale", choices=["tiny", "small", "medium", "large"], help="Overrides each scenario.")
    option("--drill-rng-seed", type=int, metavar="N", help="Overrides each scenario.")
    option("--drill-runs", type=Path, metavar="DIR", help="Results directory; each drill gets a subdirectory.")
    option(
        "--drill-limit",
        action="append",
        default=[],
        metavar="NAME=TIME",
        help="Time limit, as --limit of apiary-drill.",
    )
    option("--drill-durable", action="store_true", help="Keep fsync on, as in production.")
    option("--drill-skip-missing", action="store_true", help="Skip a drill whose servers are not available.")


def pytest_configure(config: pytest.Config) -> None:
    """The markers that every drill has; those of a file are checked when it is collected."""
    for line in _MARKERS:
        names, _, meaning = line.partition(": ")
        for name in names.split(", "):
            config.addinivalue_line("markers", f"{name}: {meaning}")
    if config.getoption("drill_engine") and config.getoption("drill_runtime") == "process":
        raise pytest.UsageError("--drill-engine gives a Docker engine, but --drill-runtime is process")
    try:
        Limits().with_options(config.getoption("drill_limit"))
    except UsageError as error:
        raise pytest.UsageError(str(error).replace("--limit", "--drill-limit")) from None


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Which engines there are, where they were named."""
    engines = config.getoption("drill_engine")
    if not engines:
        return []
    workers = getattr(config.option, "numprocesses", None) or 1
    spread = f"distributed over {workers} workers" if workers > 1 else "only the first one is used: add -n to use more"
    return [f"apiary-drill: {', '.join(engines)}{f' ({spread})' if len(engines) > 1 else ''}"]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> DrillFile | None:
    """Every *.drill.toml is one drill."""
    return DrillFile.from_parent(parent, path=file_path) if file_path.name.endswith(_SUFFIX) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out drills that need another runtime than the one that was asked for; pytest counts them."""
    drills = [item for item in items if isinstance(item, DrillItem)]
    if not drills:
        return
    from harness.runner.batch import runs_on

    runtime = _runtime(config)
    others: list[pytest.Item] = [item for item in drills if not runs_on(item.scenario, runtime)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


class DrillFile(pytest.File):
    """A scenario file; one that is wrong is an error of the collection, so that nothing starts."""

    def collect(self) -> Iterable[pytest.Item]:
        """The drill, with its markers."""
        from harness.scenario.definition import load

        try:
            scenario = _as_asked(load(self.path), self.config)
        except UsageError as error:
            raise self.CollectError(str(error)) from None
        item = DrillItem.from_parent(self, name=scenario.name)
        item.scenario = scenario
        for name in scenario.markers:
            self.config.addinivalue_line("markers", f"{name}: from a scenario file")
        chosen = ["drill", scenario.data.scale, *scenario.markers]
        chosen += ["fault"] if scenario.fault else []
        chosen += ["docker"] if scenario.runtime.kind == "docker" else []
        for name in chosen:
            item.add_marker(name)
        yield item


class NotAsExpected(AssertionError):
    """A drill came to something else than its scenario expects; its text says all of it."""


class DrillItem(pytest.Item):
    """One drill. It is green when everything came as the file expects it, a FAIL as well as a PASS."""

    scenario: Scenario

    def setup(self) -> None:
        """A server that is not available is an error, unless it may be skipped."""
        with _missing_is_reported(self.config):
            _batch(self.config).must_have(self.scenario)

    def runtest(self) -> None:
        """Drill, and compare with what is expected."""
        result, run_dir = _drilled(self.config, self.scenario)
        self.user_properties.extend(_properties(result, run_dir))
        if self.config.getoption("drill_engine"):
            self.user_properties.append(("engine", str(_batch(self.config).settings.docker.host)))
        _must_be_as_expected(self.scenario, result, run_dir)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> str:
        """What came and where it is; a traceback only where the harness itself is broken."""
        if isinstance(excinfo.value, NotAsExpected | HarnessError):
            return printable_lines(str(excinfo.value))
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands, for the lines of a report."""
        return self.path, None, f"drill: {self.name}"


class Drilling(Protocol):
    """What the fixture `drill` is."""

    def __call__(self, scenario: str | Path | Scenario, *, judge: bool = True) -> DrillResult:
        """Drill a scenario.

        Args:
            scenario: its name, its path, or itself.
            judge: False: return whatever came; else it has to be what the scenario expects.

        Raises:
            NotAsExpected: something else came.
        """


@pytest.fixture(scope="session")
def drill_settings(pytestconfig: pytest.Config) -> Settings:
    """The settings of this session's drills, from the options and the environment."""
    return _batch(pytestconfig).settings


@pytest.fixture
def drill_scenario(pytestconfig: pytest.Config) -> Scenario:
    """Whose data `apiary_source` and `apiary_target` have: the documented procedure, at the smallest scale.

    Overridden in a conftest.py or a test file for other data.
    """
    from harness.scenario.definition import DEFAULT, find, load

    return _as_asked(load(find(DEFAULT)).with_data(scale="tiny"), pytestconfig)


@pytest.fixture
def drill(pytestconfig: pytest.Config) -> Drilling:
    """Drills a scenario, and returns its result: `drill("documented")`."""

    def run(scenario: str | Path | Scenario, *, judge: bool = True) -> DrillResult:
        from harness.scenario.definition import Scenario, find, load

        if not isinstance(scenario, Scenario):
            scenario = _as_asked(load(find(str(scenario))), pytestconfig)
        with _missing_is_reported(pytestconfig):
            _batch(pytestconfig).must_have(scenario)
        result, run_dir = _drilled(pytestconfig, scenario)
        if judge:
            _must_be_as_expected(scenario, result, run_dir)
        return result

    return run


@pytest.fixture
def apiary_stack(pytestconfig: pytest.Config) -> Iterator[Stack]:
    """An Apiary of this test alone: migrated and running, without data. Gone after the test."""
    with _missing_is_reported(pytestconfig), _ended_in_order(), _batch(pytestconfig).empty() as stack:
        yield stack


@pytest.fixture
def apiary_source(pytestconfig: pytest.Config, drill_scenario: Scenario) -> Iterator[Stack]:
    """An Apiary of this test alone with generated data, indexed and running. Gone after the test."""
    with _missing_is_reported(pytestconfig), _ended_in_order(), _batch(pytestconfig).source(drill_scenario) as stack:
        yield stack


@pytest.fixture
def apiary_target(pytestconfig: pytest.Config, drill_scenario: Scenario) -> Iterator[Stack]:
    """An Apiary of this test alone into which a backup was restored; the source is gone. Gone after the test."""
    with _missing_is_reported(pytestconfig), _ended_in_order(), _batch(pytestconfig).target(drill_scenario) as stack:
        yield stack


_BATCH = pytest.StashKey["Batch"]()


def _batch(config: pytest.Config) -> Batch:
    """The drills of this process: with pytest-xdist each worker has its own, and its own engine."""
    from harness.runner.batch import Batch
    from harness.runtime.ownership import sweep

    if _BATCH not in config.stash:
        settings = _settings(config)
        if _worker() == 0:
            sweep(settings.state_dir)
        config.stash[_BATCH] = Batch(settings)
        config.add_cleanup(config.stash[_BATCH].close)
    return config.stash[_BATCH]


def _settings(config: pytest.Config) -> Settings:
    from harness.base.settings import ImageSettings, from_environment

    def option(name: str) -> str | None:
        value: str | None = config.getoption(f"drill_{name}")
        return value

    settings = from_environment(
        os.environ,
        runs_dir=config.getoption("drill_runs"),
        mysqld=option("mysqld"),
        meilisearch=option("meilisearch"),
        runtime=_runtime(config),
        images=ImageSettings(
            option("mysql_image"),
            option("meilisearch_image"),
            option("apiary_image"),
            config.getoption("drill_apiary_env"),
        ),
    )
    limits = settings.limits.with_options(config.getoption("drill_limit"))
    settings = replace(settings, fast=not config.getoption("drill_durable"), limits=limits)
    engines: list[str] = config.getoption("drill_engine")
    if engines:
        mine = engines[_worker() % len(engines)]
        settings = replace(settings, docker=replace(settings.docker, host=mine, context=None))
    return settings


def _runtime(config: pytest.Config) -> str:
    asked: str | None = config.getoption("drill_runtime")
    return asked or ("docker" if config.getoption("drill_engine") else "auto")


def _worker() -> int:
    """Number of this worker of pytest-xdist; 0 without it."""
    found = re.fullmatch(r"gw(\d+)", os.environ.get("PYTEST_XDIST_WORKER", ""))
    return int(found[1]) if found else 0


def _as_asked(scenario: Scenario, config: pytest.Config) -> Scenario:
    """A scenario with the data that the options ask for."""
    return scenario.with_data(scale=config.getoption("drill_scale"), rng_seed=config.getoption("drill_rng_seed"))


def _drilled(config: pytest.Config, scenario: Scenario) -> tuple[DrillResult, Path]:
    """What came of a drill, and its run directory."""
    batch = _batch(config)
    with _ended_in_order():
        result = batch.drill(scenario)
    return result, batch.settings.runs_dir / result.drill_id


def _must_be_as_expected(scenario: Scenario, result: DrillResult, run_dir: Path) -> None:
    if scenario.expected.unmet(result):
        from harness.reports.failure import failure_text

        raise NotAsExpected(failure_text(result, scenario.expected, run_dir))


def _properties(result: DrillResult, run_dir: Path) -> Iterator[tuple[str, str]]:
    """What JUnit XML keeps of a drill, as texts: workers send them."""
    yield "verdict", str(result.verdict)
    yield "expected_verdict", str(result.expected_verdict)
    yield "duration_s", f"{result.duration_s:.3f}"
    if result.recovery_time_s is not None:
        yield "recovery_time_s", f"{result.recovery_time_s:.3f}"
    for part in result.components:
        yield "component", f"{part.role}: {part.name} {part.version}"
    for fault in result.faults:
        yield "fault", f"{fault.name} at {fault.at}"
    for finding in result.findings:
        yield "finding", f"{finding.severity} {finding.code} {finding.subject}"
    yield "run_directory", str(run_dir)


@contextmanager
def _missing_is_reported(config: pytest.Config) -> Iterator[None]:
    """Say in words what is not available: an error, or a skip where that was allowed."""
    from harness.base.errors import MissingProgram
    from harness.runtime.docker.client import EngineUnavailable
    from harness.runtime.docker.pull import ImageUnavailable

    try:
        yield
    except (MissingProgram, EngineUnavailable, ImageUnavailable) as error:
        if config.getoption("drill_skip_missing"):
            pytest.skip(error.fact)
        pytest.fail(str(error), pytrace=False)


def _ended_in_order() -> AbstractContextManager[None]:
    """SIGTERM and SIGHUP end the servers as Ctrl-C does; only the main thread gets signals."""

    return terminable() if threading.current_thread() is threading.main_thread() else nullcontext()
