"""Many scenarios, counted: what `score` does."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from harness.base.errors import EXIT_INCONCLUSIVE, EXIT_NOT_AS_EXPECTED, UsageError
from harness.base.interruption import terminable
from harness.base.model import DrillResult
from harness.base.settings import ReportSettings, Settings
from harness.cli.common import print_progress
from harness.drill.plan import new_drill_id
from harness.records.run_directory import RunDirectory
from harness.reports.files import check_files, write_whole
from harness.reports.scorecard import drill_line, print_scorecard, render_markdown
from harness.reports.terminal import console_for, print_json, say
from harness.runner.batch import runs_on, with_needed_runtime
from harness.runner.covering import covering, read_card
from harness.runner.scorecard import (
    FAULT_FREE,
    FORMAT_VERSION,
    Outcome,
    Scorecard,
    ScoredDrill,
    family_of,
    not_drilled,
    scored,
    sole_detectors,
)
from harness.runner.workers import Refused, drill_all
from harness.runtime.choice import settled
from harness.runtime.ownership import sweep
from harness.scenario import definition as scenario
from harness.scenario.definition import Scenario
from harness.scenario.fault_free import fault_free_scenarios

SCORECARD = "scorecard"
"Schema name, without `.json`."


def score_scenarios(
    scenarios: Sequence[str],
    families: Sequence[str],
    settings: Settings,
    *,
    earlier: Path | None,
    checks_as_processes: bool,
    fault_free: int,
    first_fault_free: int,
    jobs: int,
    markdown: Path | None,
    as_json: bool,
) -> int:
    """Choose, drill, count and print them.

    Returns:
        The exit code.
    """
    chosen = _chosen(scenarios, families)
    whole = not scenarios and not families
    if earlier is not None:
        if not whole:
            raise UsageError("--covering chooses among all scenarios", "Use it without SCENARIO and --family.")
        chosen = covering(chosen, read_card(earlier), checks_as_processes=checks_as_processes)
    elif checks_as_processes:
        raise UsageError(
            "--checks-as-processes says where what --covering chooses is drilled", "Use it with --covering."
        )
    wanted = (
        [*chosen, *fault_free_scenarios(fault_free, first_fault_free)] if whole or FAULT_FREE in families else chosen
    )
    for name, times in Counter(each.name for each in wanted).items():
        if times > 1:
            raise UsageError(f"{times} scenarios have the name {name}", "Give each scenario once.")
    check_files(ReportSettings(markdown=markdown))
    fit = [each for each in wanted if runs_on(each, settings.runtime)]
    if not fit:
        raise UsageError("no scenario to run", "`apiary-drill scenarios` lists the scenarios.")
    for each in fit:
        with_needed_runtime(settings, each)
    score_id = new_drill_id("score")
    store = RunDirectory(settings.runs_dir / score_id)
    with terminable():
        sweep(settings.state_dir)
        apart = replace(settings, runs_dir=store.directory, negative_control=False, fast=True)
        card = _drill(fit, apart, jobs, whole=whole)
    card = replace(card, left_out=tuple(each.name for each in wanted if each not in fit))
    store.save(SCORECARD, Scorecard, card)
    if as_json:
        print_json(TypeAdapter(Scorecard).dump_json(card, indent=2).decode())
    else:
        print_scorecard(console_for(), card, str(store.directory))
    if markdown is not None:
        _write(markdown, render_markdown(card))
    if card.as_expected:
        return 0
    only_not_drilled = all(drill.outcome is Outcome.NOT_DRILLED for drill in card.wrong) and card.wrong
    return EXIT_INCONCLUSIVE if only_not_drilled else EXIT_NOT_AS_EXPECTED


def _chosen(names: Sequence[str], families: Sequence[str]) -> list[Scenario]:
    paths = [scenario.find(name) for name in names] or list(scenario.shipped().values())
    smallest = [each.with_data(scale="tiny") for each in scenario.load_all(paths)]
    return [each for each in smallest if not families or family_of(each) in families]


def _drill(wanted: Sequence[Scenario], settings: Settings, jobs: int, *, whole: bool) -> Scorecard:
    """Drill all of them, showing each one as it ends, and count."""
    began = time.monotonic()
    lines: dict[str, ScoredDrill] = {}
    results: list[tuple[Scenario, DrillResult]] = []
    anywhere = any(each.runtime.kind == "any" for each in wanted)
    auto = settled(settings, say) if anywhere else settings.runtime
    print_progress(f"{len(wanted)} drills, {jobs} in parallel")
    # Containers first: the quick ones fill up the end.
    ordered = sorted(wanted, key=lambda each: each.runtime.kind == "process")
    for each, answer in drill_all(ordered, settings, jobs, auto=auto):
        if isinstance(answer, Refused):
            line = not_drilled(each, answer.fact)
        else:
            line = scored(each, answer)
            results.append((each, answer))
        lines[each.name] = line
        say(f"{len(lines):4} of {len(wanted)}  {drill_line(line)}")
    return Scorecard(
        format_version=FORMAT_VERSION,
        made_at=datetime.now(UTC),
        duration_s=time.monotonic() - began,
        runtime=auto if auto == settings.runtime else f"{settings.runtime} ({auto})",
        servers=_servers(results),
        jobs=jobs,
        whole=whole,
        drills=tuple(lines[each.name] for each in wanted),
        checks=sole_detectors(results),
    )


def _servers(results: Sequence[tuple[Scenario, DrillResult]]) -> tuple[str, ...]:
    """What ran, each once, in the order in which it was seen."""
    found = (f"{part.name} {part.version}" for _, result in results for part in result.components)
    return tuple(dict.fromkeys(found))


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
