"""The options that say who is notified of a run that has ended; a command gets them as part of its `settings`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from harness.base.errors import HarnessError, harness_error
from harness.base.model import DrillResult
from harness.base.settings import NotificationSettings, Settings
from harness.cli.context import configuration, errors_console, is_quiet, say, settings_for
from harness.cli.options.group import FILE, output_option, with_options
from harness.monitoring.config import checked_ping, read_table, settings_of
from harness.monitoring.notify import notify_not_started
from harness.monitoring.ping import ping_ended, ping_started
from harness.reports.terminal import as_called


def signing_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--sign`, for a command that has `settings`, or gets them here; the key is opened before anything begins."""

    def with_key(
        sign_key: Path | None, sign_passphrase_file: Path | None, settings: Settings | None = None, **others: object
    ) -> None:
        settings = settings or settings_for()
        if sign_passphrase_file is not None and sign_key is None:
            raise click.UsageError("--sign-passphrase-file requires --sign")
        passphrase = settings.notifications.sign_passphrase
        if sign_key is not None:
            from harness.records.attestation.keys import load_private, read_passphrase

            passphrase = read_passphrase(sign_passphrase_file) if sign_passphrase_file else passphrase
            sign_key = sign_key.absolute()
            load_private(sign_key, passphrase)
        notifications = replace(settings.notifications, sign_key=sign_key, sign_passphrase=passphrase)
        command(settings=replace(settings, notifications=notifications), **others)

    return with_options(command, with_key, _SIGNING_OPTIONS)


_SIGNING_OPTIONS = (
    output_option(
        "--sign",
        "sign_key",
        type=FILE,
        metavar="KEY",
        help="Sign the result, reports and artifacts with this private key (see `evidence keygen`).",
    ),
    output_option(
        "--sign-passphrase-file",
        type=FILE,
        metavar="FILE",
        help="File with the key's passphrase.  [default: APIARY_DRILL_SIGN_PASSPHRASE]",
    ),
)


def notification_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--metrics`, `--ping` and what `[notify]` says, for a command with `settings` that drills.

    Everything is checked before anything begins. The start of a drill is reported, and one that could not begin.
    """

    def with_notifications(
        settings: Settings,
        metrics: Path | None,
        ping: str | None,
        ping_style: str | None,
        config_file: Path | None = None,
        **others: object,
    ) -> None:
        asked = others.get("asked")
        configured = configured_notifications(config_file or getattr(asked, "config_file", None))
        if metrics is not None:
            from harness.monitoring.metrics import check_file

            metrics = metrics.absolute()
            check_file(metrics)
        notifications = replace(
            settings.notifications,
            metrics=metrics,
            notify_urls=configured.notify_urls,
            notify_on=configured.notify_on,
            ping=checked_ping(ping, "--ping") if ping is not None else configured.ping,
            ping_style=ping_style or configured.ping_style,
            timeout_s=configured.timeout_s,
        )
        if notifications.notify_urls:
            from harness.monitoring.notify import check_urls

            check_urls(notifications.notify_urls)
        try_to_notify("dead man's switch", lambda: ping_started(notifications))
        try:
            command(settings=replace(settings, notifications=notifications), **others)
        except (click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            fact = error.format_message() if isinstance(error, click.ClickException) else harness_error(error).fact
            try_to_notify("notifications", lambda: notify_not_started(command.__name__, fact, notifications))
            try_to_notify("dead man's switch", lambda: ping_ended(notifications, good=False))
            raise

    return with_options(command, with_notifications, _NOTIFICATION_OPTIONS)


_NOTIFICATION_OPTIONS = (
    output_option(
        "--metrics", type=FILE, metavar="FILE", help="Write the result as a Prometheus textfile for node_exporter."
    ),
    output_option(
        "--ping",
        metavar="URL",
        help="Dead man's switch URL, requested after each passed drill. Prefer ping_file in apiary-drill.toml.",
    ),
    output_option(
        "--ping-style",
        type=click.Choice(["plain", "healthchecks"]),
        help="healthchecks: also report the start (/start) and failures (/fail).  [default: plain]",
    ),
)


def configured_notifications(path: Path | None) -> NotificationSettings:
    """What `[notify]` says, in the file that was named or in ./apiary-drill.toml.

    Raises:
        UsageError: the file, or one that it names, cannot be used.
    """
    path = configuration(path)
    return NotificationSettings() if path is None else settings_of(read_table(path), path.absolute().parent)


def try_to_notify(what: str, send: Callable[[], None]) -> None:
    """Notify somebody; what cannot be sent is one line on stderr."""
    try:
        send()
    except HarnessError as error:
        errors_console.whole(f"{what}: {error.fact}")


def sign(
    run_dir: Path, result: DrillResult, notifications: NotificationSettings, reports: tuple[Path, ...] = ()
) -> None:
    """Sign what a run left, if there is a key, and say where the evidence is.

    Args:
        reports: reports that were written to another place than the run directory.
    """
    if notifications.sign_key is None:
        return
    from harness.records.attestation.envelope import sign_run
    from harness.records.attestation.keys import load_private

    key = load_private(notifications.sign_key, notifications.sign_passphrase)
    path = sign_run(run_dir, result, key, reports)
    if not is_quiet():
        say(f"signed by {key.key_id}: {path}")
        say(as_called(f"verify it: {_verification(run_dir, path, notifications.sign_key)}"))


def _verification(run_dir: Path, evidence: Path, key: Path) -> str:
    """The command that verifies what was signed; it gets the path of the backup's files."""
    from harness.inputs.backup import LOCATION, Location
    from harness.records.attestation.keys import PUBLIC_SUFFIX
    from harness.records.run_directory import RunDirectory

    words = ["apiary-drill", "evidence", "verify", str(evidence), "--key", f"{key}{PUBLIC_SUFFIX}"]
    run = RunDirectory(run_dir)
    if run.path(f"{LOCATION}.json").exists():
        where = run.load(LOCATION, Location)
        files = [Path(each) for each in (where.dump, where.storage) if Path(each).is_absolute()]
        together = {file.parent for file in files}
        for place in together if len(together) == 1 else files:
            words += ["--artifact", str(place)]
    return shlex.join(words)
