"""What one drill is to do, on what, and what is expected of it: nothing in it changes while the drill runs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.base.clock import Listener, Silent
from harness.base.model import Acceptance, Origin, Provenance, Verdict
from harness.base.origin import origin_here
from harness.base.settings import Settings
from harness.drill.steps.empty_target import EmptyTarget
from harness.faults.injector import Planned
from harness.inputs.backup import BackupUnderTest
from harness.inputs.identity import backup_of_scenario
from harness.records.run_directory import RunDirectory
from harness.runtime.spec import Runtime, StackSpec
from harness.scenario.definition import Objectives, RestoreChoices, Scenario


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """One drill before it begins.

    Args:
        settings: limits, durability, negative control and the target's release among them.
        keep: the restored target stays for people to look at.
        begin_with: per role, a proven empty target whose files the servers begin with.
        scenario: its name; `verify` for a backup that was made elsewhere.
        purpose: why it is drilled, in a sentence.
        backup_name: what the backup is called in the history.
        provenance: where its files came from, where they were fetched or chosen.
        acceptances: who accepts that tables are left out.
        configuration: the file that says which backup it is.
        objectives: what the times are judged by.
        expected: the verdict that it should come to.
        choices: which steps of the documented procedure are taken, and with which evidence.
        faults: what is put in, with the seed of their random numbers.
    """

    drill_id: str
    runtime: Runtime
    settings: Settings
    store: RunDirectory
    listener: Listener = field(default_factory=Silent)
    keep: bool = False
    begin_with: Mapping[str, EmptyTarget] = field(default_factory=dict)
    scenario: str = ""
    purpose: str = ""
    backup_name: str = ""
    provenance: tuple[Provenance, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()
    configuration: Path | None = None
    objectives: Objectives = field(default_factory=Objectives)
    expected: Verdict = Verdict.PASS
    choices: RestoreChoices = field(default_factory=RestoreChoices)
    faults: tuple[Planned, ...] = ()
    rng_seed: int = 0

    def of_scenario(self, scenario: Scenario) -> DrillPlan:
        """The same, to do what a scenario says."""
        release = scenario.restore.release or self.settings.standin_release
        limits = scenario.limits.over(self.settings.limits)
        return replace(
            self,
            settings=replace(self.settings, limits=limits, standin_release=release),
            scenario=scenario.name,
            purpose=scenario.why,
            backup_name=backup_of_scenario(scenario.name),
            objectives=scenario.objectives,
            expected=scenario.expected.verdict,
            choices=scenario.restore,
            faults=scenario.planned(),
            rng_seed=scenario.data.rng_seed,
        )

    def of_backup(self, backup: BackupUnderTest, objectives: Objectives, purpose: str) -> DrillPlan:
        """The same, to restore a backup that was made elsewhere."""
        return replace(
            self,
            scenario="verify",
            purpose=purpose,
            backup_name=backup.name,
            provenance=backup.provenance,
            acceptances=backup.acceptances,
            configuration=backup.configuration,
            objectives=objectives,
        )

    def stack(self, role: str, app_key: str, previous_keys: str = "") -> StackSpec:
        release = self.settings.standin_release if role == "target" else None
        return StackSpec(
            role=role,
            drill_id=self.drill_id,
            logs=self.store.logs / role,
            app_key=app_key,
            app_env={
                **({"STANDIN_RELEASE": release} if release else {}),
                **({"APP_PREVIOUS_KEYS": previous_keys} if previous_keys else {}),
            },
            durable=role == "target" and not self.settings.fast,
            limits=self.settings.limits,
            migrated=True,
        )

    def origin(self) -> Origin:
        sudo_user = self.settings.command_env.get("SUDO_USER", "")
        return origin_here(self.configuration or f"scenario {self.scenario}", sudo_user)


def new_drill_id(name: str) -> str:
    """A name for a run that sorts by time and is nobody else's."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}-{secrets.token_hex(3)}"
