"""A drill with everything around it: signals, leftovers, a work directory, what follows its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from harness.artifacts.dump.source import Dump
from harness.base.interruption import terminable
from harness.base.model import DrillResult
from harness.base.settings import Settings
from harness.cli.context import is_quiet, say, show_result
from harness.cli.kept_target import how_to_reach
from harness.cli.post_run import Finished, run_hooks
from harness.drill.plan import DrillPlan, new_drill_id
from harness.drill.run import Run
from harness.records.run_directory import RunDirectory
from harness.reports.console import ConsoleProgress
from harness.reports.terminal import console_for
from harness.runtime.choice import choose_runtime
from harness.runtime.ownership import sweep, workspace


@contextmanager
def drilling(
    settings: Settings,
    name: str,
    *,
    as_json: bool,
    dump: Dump | None = None,
    keep: bool = False,
    flavours: Mapping[str, str] = MappingProxyType({}),
    quiet: bool = False,
) -> Iterator[tuple[DrillPlan, Callable[[Run, DrillResult], None]]]:
    """What a drill needs around it: signals, leftovers of killed ones, a work directory, and the summary of its result.

    Args:
        dump: an existing script; an image of its server's version is taken unless one is named.
        keep: leave the restored target running, and say how to reach and how to remove it.
        flavours: the database server that a role needs, `MySQL` or `MariaDB`.
        quiet: don't print the result: it is one of several.
    """
    drill_id = new_drill_id(name)
    console = console_for(stderr=as_json, quiet=is_quiet())
    with terminable():
        for leftover in sweep(settings.state_dir):
            console.plain(f"removed leftovers of an interrupted drill: {leftover.drill_id}")
        store = RunDirectory(settings.runs_dir / drill_id)
        with workspace(settings.state_dir, drill_id, keep=keep) as directory:
            runtime = choose_runtime(
                settings,
                directory,
                lambda line: console.print(line, style="dim"),
                dump=dump,
                keep=("target",) if keep else (),
                flavours=flavours,
            )

            def finish(run: Run, result: DrillResult) -> None:
                if not quiet:
                    show_result(result, store.directory, as_json=as_json)
                run_hooks(Finished(result, store.directory, settings), say)
                report = store.path("report.html")
                if report.exists():
                    console.whole(f"  Report: {report}")
                if keep and run.target is not None:
                    # A command that is to be copied stays on one line.
                    for line in ("", *how_to_reach(run.target, directory).splitlines()):
                        console.whole(line)

            yield DrillPlan(drill_id, runtime, settings, store, ConsoleProgress(console), keep=keep), finish
