"""`apiary-drill history`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click
from pydantic import TypeAdapter

from harness.base.errors import HarnessError
from harness.base.model import PastDrill, Verdict
from harness.base.origin import origin_here
from harness.cli.context import settings_for
from harness.cli.options.group import DIRECTORY_THERE
from harness.cli.options.help import CommandGroup
from harness.inputs.identity import checked_name
from harness.records.history.amendment import Amendment
from harness.records.history.baseline import good_drills
from harness.records.history.chain import Link
from harness.records.history.database import History
from harness.records.history.entry import Entry
from harness.records.history.recording import check_receipt, record
from harness.reports.history import print_drills, print_trend
from harness.reports.terminal import console_for, print_json, print_line, show_error


@click.group(cls=CommandGroup, invoke_without_command=True)
@click.option("--backup", metavar="NAME", help="Only drills of this backup.")
@click.option(
    "--verdict",
    type=click.Choice([str(verdict) for verdict in Verdict], case_sensitive=False),
    help="Only drills with this verdict.",
)
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=1), default=20, show_default=True, help="Maximum number of entries."
)
@click.option("--json", "as_json", is_flag=True, help="Print the full entries as JSON.")
@click.pass_context
def history(context: click.Context, backup: str | None, verdict: str | None, limit: int, as_json: bool) -> None:
    """List finished drills, the newest first.

    APIARY_DRILL_HISTORY names the file; without it, it is in the state directory.

    \b
    Examples:
      apiary-drill history --backup production --verdict FAIL
      apiary-drill history trend
    """
    if context.invoked_subcommand is not None:
        return
    found = list(_history().links(backup=backup, verdict=verdict, limit=limit))
    if as_json:
        print_json(json.dumps([_as_json(link) for link in found], indent=2, ensure_ascii=False))
    elif found:
        print_drills(console_for(), [link.entry() for link in found])
    else:
        print_line("no drill in the history matches")


@history.command("import")
@click.argument("run_dirs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN_DIR…")
@click.option("--backup", default="", metavar="NAME", help="Backup name for results that have none.")
def import_runs(run_dirs: tuple[Path, ...], backup: str) -> None:
    """Import earlier runs.

    A run that is already recorded stays as it is. An interrupted run has no result and cannot be recorded; the exit
    code is then 2.

    \b
    Example:
      apiary-drill history import ~/.local/state/apiary-drill/runs/*
    """
    name = checked_name(backup, "--backup") if backup else ""
    target, failed = _history(), 0
    for run_dir in run_dirs:
        try:
            link = record(run_dir, target, how="import", backup=name)
        except HarnessError as error:
            failed += 1
            show_error(error, f"{run_dir.name}: ")
            continue
        outcome = "already recorded" if link is None else f"recorded as entry {link.number}"
        print_line(f"{run_dir.name}: {outcome}")
    sys.exit(2 if failed else 0)


_why = click.option("--why", default="", metavar="TEXT", help="Reason, kept in the history.")


@history.command()
@click.argument("name")
@click.argument("new_name")
@_why
def rename(name: str, new_name: str, why: str) -> None:
    """Rename a backup in the history.

    The entries of its drills stay: a new entry records who renamed it, when and why. Drills that are recorded under
    the old name later count under the old name again.

    \b
    Example:
      apiary-drill history rename producton production --why "typo on the command line"
    """
    _amend(name, checked_name(new_name, "NEW_NAME"), why)


@history.command()
@click.argument("name")
@_why
def forget(name: str, why: str) -> None:
    """Exclude the drills of a backup.

    They no longer appear in lists, alarms or exercises. Their entries stay: a new entry records who excluded them,
    when and why, and `history verify` and the exercise document show it.

    \b
    Example:
      apiary-drill history forget "generated data: documented" --why "drilled once, to try it"
    """
    _amend(name, "", why)


def _amend(name: str, renamed_to: str, why: str) -> None:
    origin = origin_here("", settings_for().command_env.get("SUDO_USER", ""))
    amendment = Amendment(name, renamed_to, f"{origin.user} on {origin.host}", why)
    link, about = _history().amend(amendment)
    drills = f"{about:,} drill{'' if about == 1 else 's'}"
    done = f"of {name} now counted as {renamed_to}" if renamed_to else f"of {name} no longer counted"
    print_line(f"{drills} {done}; recorded as entry {link.number}")


@history.command()
@click.argument("run_dirs", nargs=-1, type=DIRECTORY_THERE, metavar="[RUN_DIR]…")
@click.option("--head", metavar="DIGEST", help="Digest that you noted earlier; must be in the chain.")
def verify(run_dirs: tuple[Path, ...], head: str | None) -> None:
    """Detect changed or removed entries.

    Each entry holds the digest of the one before. Whoever can write the file can recompute all digests; a digest
    kept elsewhere (--head) or the runs' own directories (RUN_DIR) reveal that. Exit code 1 when something differs
    from what was recorded.
    """
    kept = _history()
    problems = kept.problems()
    entries, digest = kept.recorded()
    if head is not None and head.lower() not in {link.digest for link in kept.chain()}:
        problems.append(f"no entry has the digest {head}")
    for run_dir in run_dirs:
        problems += check_receipt(run_dir, kept)
    for number, amendment in kept.amendments():
        print_line(f"entry {number}: {amendment}")
    for problem in problems:
        print_line(problem)
    if not problems:
        print_line(f"{entries:,} entries verified: none changed, none removed; the last digest is {digest}")
    sys.exit(1 if problems else 0)


@history.command()
@click.option("--backup", metavar="NAME", help="Only this backup.")
@click.option(
    "--drills",
    metavar="N",
    type=click.IntRange(1, 12),
    default=5,
    show_default=True,
    help="Number of passed drills to compare.",
)
@click.option("--all", "everything", is_flag=True, help="Include figures that did not change.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def trend(backup: str | None, drills: int, everything: bool, as_json: bool) -> None:
    """Compare the last passed drills of a backup.

    Shows seconds per step, sizes, rows, files and documents.
    """
    kept = _history()
    names = [backup] if backup is not None else _backups(link.entry() for link in kept.links())
    found = {name: [entry.past() for entry in good_drills(kept, name, drills)] for name in names}
    if as_json:
        adapter = TypeAdapter(dict[str, list[PastDrill]])
        print_json(adapter.dump_json(found, indent=2).decode())
        return
    for name, past in found.items():
        if past:
            print_trend(console_for(), name, past, everything=everything)
        else:
            print_line(f"the history has no passed drill of {name}")


def _history() -> History:
    return History(settings_for().history_path)


def _backups(entries: Iterable[Entry]) -> list[str]:
    return sorted({entry.backup for entry in entries if entry.good})


def _as_json(link: Link) -> dict[str, object]:
    return {
        "number": link.number,
        "recorded_at": link.recorded_at,
        "how": link.how,
        "previous": link.previous,
        "digest": link.digest,
        "entry": json.loads(link.body),
    }
