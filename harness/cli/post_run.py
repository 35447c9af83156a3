"""What is done with the result of every finished run: reports, history, metrics, notifications.

One line in the table for each. None of them may change the verdict: what fails is reported on stderr and left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import HarnessError
from harness.base.model import DrillResult
from harness.base.settings import Settings
from harness.records.history.baseline import keep_recent
from harness.records.history.database import History
from harness.records.history.recording import record, verdict_before


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has ended, and its result is on disk."""

    result: DrillResult
    run_dir: Path
    settings: Settings


PostRunHook = Callable[[Finished], None]


def _write_reports(finished: Finished) -> None:
    from harness.reports.files import REPORT, document_of, write_reports

    document = document_of(finished.result, finished.run_dir)
    asked_for = finished.settings.reports.files().items()
    write_reports(document, finished.result, [("html", finished.run_dir / REPORT), *asked_for])


def _annotate_github(finished: Finished) -> None:
    from harness.reports.files import document_of
    from harness.reports.github import summary_part, workflow_commands
    from harness.reports.markdown import render_markdown
    from harness.reports.terminal import workflow_command

    wanted = finished.settings.reports
    if wanted.annotate:
        for line in workflow_commands(finished.result):
            # The runner reads both streams; what the command was asked for is on the first.
            workflow_command(line)
    if wanted.step_summary is not None:
        with wanted.step_summary.open("a", encoding="utf-8") as file:
            file.write(summary_part(render_markdown(document_of(finished.result, finished.run_dir))))


def _sign(finished: Finished) -> None:
    from harness.cli.options.notifications import sign

    sign(
        finished.run_dir,
        finished.result,
        finished.settings.notifications,
        tuple(finished.settings.reports.files().values()),
    )


def _metrics(finished: Finished) -> None:
    if finished.settings.notifications.metrics is not None:
        from harness.monitoring.metrics import write_metrics

        write_metrics(finished.settings.notifications.metrics, finished.result)


def _notify(finished: Finished) -> None:
    if finished.settings.notifications.notify_urls:
        from harness.monitoring.notify import notify_result

        try:
            before = verdict_before(History(finished.settings.history_path), finished.result)
        except HarnessError:  # without a history it is sent all the same, only not as a recovery
            before = None
        notify_result(finished.result, before, finished.settings.notifications)


def _ping(finished: Finished) -> None:
    if finished.settings.notifications.ping is not None:
        from harness.monitoring.ping import ping_ended

        good = finished.result.verdict is finished.result.expected_verdict
        ping_ended(finished.settings.notifications, good=good)


def _history(finished: Finished) -> None:
    record(finished.run_dir, History(finished.settings.history_path))


def _earlier_drills(finished: Finished) -> None:
    keep_recent(finished.run_dir, History(finished.settings.history_path), finished.result)


POST_RUN_HOOKS: tuple[tuple[str, PostRunHook], ...] = (
    ("earlier drills", _earlier_drills),  # the reports draw them
    ("write the reports", _write_reports),
    ("annotate the GitHub Actions run", _annotate_github),
    ("sign the evidence", _sign),  # the reports as well
    ("metrics", _metrics),
    ("notifications", _notify),
    ("history", _history),
    ("dead man's switch", _ping),
)
"""What it is, for people, and how it is done; in this order."""


def run_hooks(
    finished: Finished, say: Callable[[str], None], table: tuple[tuple[str, PostRunHook], ...] = POST_RUN_HOOKS
) -> None:
    """Do everything in the table; what cannot be done is reported in one line and changes nothing else."""
    for what, do in table:
        try:
            do(finished)
        except HarnessError as error:
            say(" ".join([f"{what}: {error.fact}", *(f"HINT: {hint}" for hint in error.hints)]))
        except Exception as error:  # the drill is over: nothing that comes after it may take its verdict away
            reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            say(f"{what}: {reason}")
