"""Recording a finished run, and leaving a receipt in its directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.base.model import DrillResult, Verdict
from harness.records.history.baseline import drills_before
from harness.records.history.chain import Link
from harness.records.history.database import History
from harness.records.history.entry import entry_of_run

RECEIPT = "history"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `history.json` in a run's directory says: where the run stands in the history, for a later comparison.

    Args:
        number: of the entry.
        recorded_at: when, UTC.
        previous: digest of the entry before, hexadecimal.
        digest: of this entry.
    """

    number: int
    recorded_at: str
    previous: str
    digest: str


def record(run_dir: Path, history: History, *, how: str = "drill", backup: str = "") -> Link | None:
    """Record a run; None when it is there already.

    Args:
        how: `drill` or `import`.
        backup: the name for a backup of which the result does not say one.

    Raises:
        HarnessError: see `entry_of_run` and `History.append`.
    """
    from harness.records.run_directory import RunDirectory

    link = history.append(entry_of_run(run_dir, backup), how)
    if link is not None and how == "drill":
        receipt = Receipt(link.number, link.recorded_at, link.previous, link.digest)
        RunDirectory(run_dir).save(RECEIPT, Receipt, receipt)
    return link


def verdict_before(history: History, result: DrillResult) -> Verdict | None:
    """The verdict of the drill of the same backup before this one; None when there was none.

    Raises:
        UsageError: there is no history, or it can't be read.
    """
    return next((entry.verdict for entry in drills_before(history, result)), None)


def check_receipt(run_dir: Path, history: History) -> list[str]:
    """Compare what a run's directory says of its entry with the history; one sentence for each difference.

    Raises:
        UsageError: the directory has no result, or is damaged.
    """
    from harness.records.run_directory import RunDirectory

    entry = entry_of_run(run_dir)
    found = next((link for link in history.links() if link.entry().drill_id == entry.drill_id), None)
    if found is None:
        return [f"{entry.drill_id} has a directory but no entry"]
    problems = []
    if found.entry().result_sha256 != entry.result_sha256:
        problems.append(
            f"{entry.drill_id} has another result.json than the one that entry {found.number} was made from"
        )
    if RunDirectory(run_dir).path(f"{RECEIPT}.json").exists():
        receipt = RunDirectory(run_dir).load(RECEIPT, Receipt)
        if (receipt.number, receipt.digest) != (found.number, found.digest):
            problems.append(f"{entry.drill_id} was recorded as entry {receipt.number} with the digest {receipt.digest}")
    return problems
