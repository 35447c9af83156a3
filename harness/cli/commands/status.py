"""`apiary-drill status`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from harness.base.errors import HarnessError
from harness.base.limits import duration_s
from harness.base.settings import NotificationSettings
from harness.cli.context import configuration, settings_for
from harness.cli.options.group import config_option
from harness.cli.options.help import GroupedHelp
from harness.records.history.database import History
from harness.records.history.entry import Entry
from harness.records.history.status import BackupStatus, status_of
from harness.reports.terminal import print_json, print_line


@click.command(
    cls=GroupedHelp,
    epilog="\n\b\nExit codes:\n  0  every backup has a recent passed drill\n  1  a backup has none, or the history "
    "is missing or cannot be read\n  2  bad usage\n",
)
@click.option("--max-age", default="100d", show_default=True, metavar="AGE", help="36h, 100d, 14w.")
@click.option("--backup", "backups", multiple=True, metavar="NAME", help="Only this backup (repeatable).")
@click.option("--exclude-generated", is_flag=True, help="Only backups given to verify; no drills with generated data.")
@config_option("Configuration whose backup is watched", there=True)
@click.option("--all", "-v", "everything", is_flag=True, help="Also list the backups that are fine.")
@click.option("--notify", is_flag=True, help="Also send an alarm to the services under [notify].")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def status(
    max_age: str,
    backups: tuple[str, ...],
    exclude_generated: bool,
    config_file: Path | None,
    everything: bool,
    notify: bool,
    as_json: bool,
) -> None:
    """Show the age of each backup's last passed drill; exit code 1 when one is too old.

    For cron and monitoring: prints nothing while all is well, and one line for each backup that needs attention. It
    watches the backups that --backup or the configuration names; without either, every backup that was ever
    drilled. A drill is good when it ended with PASS; negative controls do not count.

    \b
    Examples:
      apiary-drill status --max-age 100d --all
      apiary-drill status --max-age 36h --backup production --json
    """
    max_age_s = duration_s(max_age, "--max-age")
    notifications = _notifications(config_file) if notify else None
    history = History(settings_for().history_path)
    now, watched = datetime.now(UTC), backups or _configured(config_file)
    problem = ""
    found: tuple[BackupStatus, ...] = ()
    try:
        entries = [link.entry() for link in history.links()]
        chosen = [entry for entry in entries if not (exclude_generated and entry.generated)]
        found = status_of(chosen, now, max_age_s, watched)
        if not found:
            problem = f"the history {history.path} has no drill of a backup"
        elif broken := history.problems():
            problem = f"the history {history.path} was modified: {broken[0]}"
    except HarnessError as error:  # whatever it is, nobody can say that all is well
        problem = str(error)
    ok = not problem and all(each.ok for each in found)
    if as_json:
        print_json(json.dumps(_as_json(ok, problem, now, max_age_s, history, found), indent=2))
    else:
        for each in found if everything else (each for each in found if not each.ok):
            what = "generated data" if each.generated else "backup"
            name = each.backup.removeprefix("generated data: ")
            print_line(f"{'OK   ' if each.ok else 'ALARM'}  {what} {name}: {each.message}")
        if problem:
            for line in f"ALARM  {problem}".splitlines():
                print_line(line)
    if notifications is not None:
        alarms = [f"{each.backup}: {each.message}" for each in found if not each.ok]
        _notify([*alarms, *([problem] if problem else [])], notifications)
    sys.exit(0 if ok else 1)


def _notifications(config_file: Path | None) -> NotificationSettings:
    """Whom to notify, looked at before anything else: an alarm that reaches nobody is none."""
    from harness.cli.options.notifications import configured_notifications
    from harness.monitoring.notify import check_urls

    notifications = configured_notifications(config_file)
    if not notifications.notify_urls:
        raise click.UsageError("--notify requires [notify] with urls or urls_file in apiary-drill.toml")
    check_urls(notifications.notify_urls)
    return notifications


def _notify(alarms: list[str], notifications: NotificationSettings) -> None:
    from harness.cli.options.notifications import try_to_notify
    from harness.monitoring.notify import notify_overdue

    try_to_notify("notifications", lambda: notify_overdue(alarms, notifications))


def _configured(config_file: Path | None) -> tuple[str, ...]:
    """The backup of the configuration, when there is one."""
    path = configuration(config_file)
    if path is None:
        return ()
    from harness.cli import config  # only here: it knows how to read a backup, which takes a moment to import

    return (config.load(path).backup_name(path.absolute().parent),)


def _as_json(
    ok: bool, problem: str, now: datetime, max_age_s: float, history: History, found: tuple[BackupStatus, ...]
) -> dict[str, object]:
    return {
        "ok": ok,
        "problem": problem,
        "checked_at": now.isoformat(timespec="seconds"),
        "max_age_s": max_age_s,
        "history": str(history.path),
        "backups": [
            {
                "backup": each.backup,
                "generated": each.generated,
                "ok": each.ok,
                "message": each.message,
                "age_s": None if each.age_s is None else round(each.age_s),
                "last_good": _drill(each.good),
                "last": _drill(each.latest),
                "not_good_since": each.since,
            }
            for each in found
        ],
    }


def _drill(entry: Entry | None) -> dict[str, object] | None:
    if entry is None:
        return None
    return {
        "drill_id": entry.drill_id,
        "started_at": entry.started_at.isoformat(),
        "verdict": str(entry.verdict),
        "recovery_time_s": entry.recovery_time_s,
        "recovery_time_objective_s": entry.recovery_time_objective_s,
    }
