"""One scenario in words: what `scenarios show` prints."""

from __future__ import annotations

from pathlib import Path

from harness.faults import FAULTS
from harness.reports.terminal import Terminal
from harness.scenario.definition import Scenario


def show_scenario(console: Terminal, path: Path, shown: Scenario) -> None:
    """What is done, which faults are injected, which result is expected."""

    def say(text: str) -> None:
        console.plain(text)

    def listed(title: str, values: tuple[str, ...]) -> None:
        say(f"{title}: {', '.join(values) or 'nothing'}")

    console.print(f"[bold]{shown.name}[/]  {path}", soft_wrap=True)
    say(" ".join(shown.why.split()))
    say("")
    say(f"Data: {shown.data.scale}, random seed {shown.data.rng_seed}")
    say(f"Backup: {shown.backup.mode}, storage as {shown.backup.storage_form}")
    listed("  Excluded tables", shown.backup.excluded_tables)
    listed("  Excluded directories", shown.backup.excluded_directories)
    if shown.backup.further_databases:
        listed("  Other databases in the dump", shown.backup.further_databases)
    if shown.backup.dump_options:
        listed("  Extra dump options", shown.backup.dump_options)
    say(f"Restore: {', '.join(shown.restore.steps)}")
    if shown.restore.as_it_stands:
        say("  The dump is loaded unmodified")
    if shown.restore.evidence == "artifact":
        say("  No evidence of the source, as for a backup from elsewhere")
    if shown.restore.release:
        say(f"  The target is stand-in release {shown.restore.release!r}, and its migrations run")
    needs = [f"{key} {value}" for key, value in shown.runtime.model_dump().items() if value != "any"]
    say(f"Runs on: {', '.join(needs) or 'anything'}")
    for key, value in {**shown.limits.model_dump(), **shown.objectives.model_dump()}.items():
        if value is not None:
            say(f"Limit: {key} = {value:g}")
    for choice in shown.fault:
        options = ", ".join(f"{key} = {value}" for key, value in choice.options.items())
        say(f"Fault at {choice.planned().at}: {choice.name}{(f' ({options})' if options else '')}")
        say(f"  {FAULTS[choice.name].summary}")
    if shown.markers:
        listed("pytest markers", shown.markers)
    say(f"Expected: {shown.expected.verdict}")
    for line in shown.expected.change:
        say(f"  required change: {line}")
    for wanted in shown.expected.finding:
        say(f"  required finding: {wanted}")
    for wanted in shown.expected.also:
        say(f"  allowed finding: {wanted}")
