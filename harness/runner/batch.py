"""Many scenarios, one after the other, in one process: what has the same data and backup shares one backup.

A fault of the artifact, the restore, the target or the checks needs no source of its own: the second half of a
drill begins with a copy of a backup that was made once. What breaks the source, and every scenario that breaks
nothing, is drilled whole.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import MappingProxyType

from harness.base.clock import Clock, Silent
from harness.base.errors import HarnessError, ServerFailed, UsageError
from harness.base.model import DrillResult
from harness.base.settings import Settings
from harness.drill.flow import back_up, prove_empty_target, restored, run_on, run_scenario
from harness.drill.plan import DrillPlan, new_drill_id
from harness.drill.run import Run
from harness.drill.steps.empty_target import EmptyTarget
from harness.drill.steps.source import no_generator, prepare_source
from harness.inputs.backup import BackupUnderTest
from harness.records.run_directory import RunDirectory
from harness.runtime.choice import choose_runtime, settled
from harness.runtime.ownership import workspace
from harness.runtime.services.stack import Stack
from harness.runtime.spec import new_app_key
from harness.scenario.definition import LimitChoices, RestoreChoices, Scenario


class Batch:
    """Drills scenarios on the runtime of its settings, or on the one that a scenario needs.

    Args:
        settings: runtime, engine, images, and where the run directories go.
        auto: what `auto` comes to, from `settled`; None: that is looked for once, by the first drill.
        say: gets which runtime each drill has, in one line.
    """

    def __init__(
        self, settings: Settings, *, auto: str | None = None, say: Callable[[str], None] = lambda _line: None
    ) -> None:
        self.settings = settings
        self._auto = auto
        self._say = say
        self._backups: dict[str, BackupUnderTest | None] = {}
        self._empty: dict[str, EmptyTarget | None] = {}
        self._had: set[str] = set()
        self._running = ExitStack()

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what its drills shared; who never does so leaves it to the sweep of the next start."""
        self._running.close()
        self._empty.clear()

    def drill(self, scenario: Scenario) -> DrillResult:
        """Drill one scenario; its run directory is `settings.runs_dir / result.drill_id`.

        Raises:
            MissingProgram, EngineUnavailable, ImageUnavailable: what it has to run on is not available.
            UsageError: it needs another runtime than the settings ask for.
        """
        settings = self._with_needed_runtime(scenario)
        try:
            backed = self.backed(scenario) if _second_half_shows(scenario) else None
            with self._run(settings, scenario, scenario.name) as run:
                return run_scenario(run, scenario) if backed is None else run_on(run, backed)
        except KeyboardInterrupt:
            self.close()  # a process that a signal ends, such as a worker of pytest-xdist, may not come to it later
            raise

    def backed(self, scenario: Scenario) -> BackupUnderTest | None:
        """The backup of a source with the data of a scenario, made once; nobody changes it.

        Returns:
            None where it cannot be made: then a whole drill says why.
        """
        flavours = scenario.runtime.flavours
        chosen = scenario.model_dump_json(include={"data", "backup"})
        key = f"{chosen} {flavours.get('source')} {scenario.runtime.kind}"
        if key not in self._backups:
            settings = self._with_needed_runtime(scenario)
            plain = scenario.model_copy(update={"fault": (), "limits": LimitChoices()})
            with self._run(settings, plain, "source") as run:
                try:
                    self._backups[key] = back_up(run, plain)
                except HarnessError:
                    self._backups[key] = None
        return self._backups[key]

    @contextmanager
    def _run(self, settings: Settings, scenario: Scenario, name: str) -> Iterator[Run]:
        """A run of a scenario; in fast mode its servers begin with the files of an empty target proven for all."""
        flavours, release = scenario.runtime.flavours, scenario.restore.release
        with new_plan(settings, name, self._say, flavours) as plan:
            begin_with: dict[str, EmptyTarget] = {}
            if settings.fast:
                wanted = {"source": (flavours.get("source"), None), "target": (flavours.get("target"), release)}
                made = {role: self._empty_target(settings, *each) for role, each in wanted.items()}
                begin_with = {role: empty for role, empty in made.items() if empty is not None}
            yield Run(replace(plan, begin_with=begin_with).of_scenario(scenario))

    def _empty_target(self, settings: Settings, flavour: str | None, release: str | None) -> EmptyTarget | None:
        """Made once; None where it cannot be made: then the drill's own says why."""
        key = f"{settings.runtime} {flavour} {release}"
        if key not in self._empty:
            with ExitStack() as running:
                flavours = {"target": flavour} if flavour else {}
                released = replace(settings, standin_release=release or settings.standin_release)
                plan = running.enter_context(new_plan(released, "empty", self._say, flavours))
                try:
                    made = self._empty[key] = prove_empty_target(plan)
                except HarnessError:
                    self._empty[key] = None
                else:
                    running.callback(plan.runtime.forget, made.spec)
                    self._running.push(running.pop_all())
        return self._empty[key]

    def must_have(self, scenario: Scenario) -> None:
        """Raise what `drill` would raise for want of a server or an image, without starting anything."""
        settings = self._with_needed_runtime(scenario)
        key = f"{settings.runtime} {scenario.runtime.flavours}"
        if key not in self._had:
            with workspace(settings.state_dir, new_drill_id("probe")) as directory:
                choose_runtime(settings, directory, self._say, flavours=scenario.runtime.flavours)
            self._had.add(key)

    @contextmanager
    def empty(self) -> Iterator[Stack]:
        """A running, migrated instance without data; all of it is gone after the block."""
        with new_plan(self._settled(self.settings), "empty", self._say) as plan, _stack(plan, "target") as stack:
            stack.migrate()
            stack.apiary.lifecycle.start()
            yield stack

    @contextmanager
    def source(self, scenario: Scenario) -> Iterator[Stack]:
        """A running instance with the data of a scenario, indexed; all of it is gone after the block."""
        settings = self._with_needed_runtime(scenario)
        with (
            new_plan(settings, "source", self._say, scenario.runtime.flavours) as plan,
            _stack(plan, "source") as stack,
        ):
            prepare_source(stack, scenario, secrets.token_hex(8), settings.limits, Clock(Silent()))
            yield stack

    @contextmanager
    def target(self, scenario: Scenario) -> Iterator[Stack]:
        """A running instance into which a backup of the scenario's data was restored; gone after the block."""
        settings = self._with_needed_runtime(scenario)
        backed = self.backed(scenario)
        if backed is None:
            raise ServerFailed("the backup to restore could not be made", "Use `apiary-drill run` to see why.")
        with self._run(settings, scenario, "restored") as run:
            copy = backed.copied_to(run.plan.store.path("backup"))
            with restored(run, copy) as (stack, what):
                if what.failed is not None:
                    raise what.failed
                yield stack

    def _with_needed_runtime(self, scenario: Scenario) -> Settings:
        return self._settled(with_needed_runtime(self.settings, scenario))

    def _settled(self, settings: Settings) -> Settings:
        """The settings with a runtime that is the same for every drill that may have any."""
        if settings.runtime != "auto":
            return settings
        if self._auto is None:
            self._auto = settled(settings, self._say)
        return replace(settings, runtime=self._auto)


@contextmanager
def _stack(plan: DrillPlan, role: str) -> Iterator[Stack]:
    spec = replace(plan.stack(role, new_app_key()), durable=not plan.settings.fast, app_env={})
    with plan.runtime.stack(spec) as stack:
        yield stack


@contextmanager
def new_plan(
    settings: Settings,
    name: str,
    say: Callable[[str], None] = lambda _line: None,
    flavours: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[DrillPlan]:
    """A plan with a run directory and a work directory of its own, whose drill shows no progress.

    Raises:
        MissingProgram, EngineUnavailable, ImageUnavailable: what it has to run on is not available.
    """
    drill_id = new_drill_id(name)
    with workspace(settings.state_dir, drill_id) as directory:
        runtime = choose_runtime(settings, directory, say, flavours=flavours)
        yield DrillPlan(drill_id, runtime, settings, RunDirectory(settings.runs_dir / drill_id))


def with_needed_runtime(settings: Settings, wanted: Scenario) -> Settings:
    """The settings with the runtime that a scenario needs.

    Raises:
        UsageError: another one was asked for, or an Apiary that has no data.
    """
    if settings.images.apiary:
        raise no_generator()
    kind = wanted.runtime.kind
    if not runs_on(wanted, settings.runtime):
        raise UsageError(
            f"scenario {wanted.name} needs the runtime {kind}, but --runtime is {settings.runtime}",
            "Omit the option, or run another scenario.",
        )
    return settings if kind == "any" else replace(settings, runtime=kind)


def runs_on(scenario: Scenario, runtime: str) -> bool:
    """Whether a scenario can be drilled where this runtime was asked for; on `auto`, each can."""
    return runtime == "auto" or scenario.runtime.kind in ("any", runtime)


def _second_half_shows(scenario: Scenario) -> bool:
    """Whether a backup that is there already will do: something is broken, and not at the source."""
    return not scenario.needs_source and bool(scenario.fault or scenario.restore != RestoreChoices())
