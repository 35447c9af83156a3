"""The options that say who is told of a run that has ended; a command gets them as part of its `settings`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from harness.commands.edge import errors_console, settings_for
from harness.model import DrillResult
from harness.settings import Settings, TellingSettings


def signing_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--sign`, for a command that has `settings`, or gets them here; the key is opened before anything begins."""

    @functools.wraps(command)
    def with_key(
        sign_key: Path | None,
        sign_passphrase_file: Path | None,
        settings: Settings | None = None,
        **others: object,
    ) -> None:
        settings = settings or settings_for()
        if sign_passphrase_file is not None and sign_key is None:
            raise click.UsageError("--sign-passphrase-file opens the key of --sign, which is not given")
        passphrase = settings.telling.sign_passphrase
        if sign_key is not None:
            from harness.attestation.keys import load_private, read_passphrase

            passphrase = read_passphrase(sign_passphrase_file) if sign_passphrase_file else passphrase
            sign_key = sign_key.absolute()
            load_private(sign_key, passphrase)
        telling = replace(settings.telling, sign_key=sign_key, sign_passphrase=passphrase)
        command(settings=replace(settings, telling=telling), **others)

    for option in reversed(_SIGNING_OPTIONS):
        with_key = option(with_key)
    return with_key


_SIGNING_OPTIONS = (
    click.option(
        "--sign",
        "sign_key",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="KEY",
        help="Sign the result, the reports and the artifacts with this private key (evidence keygen).",
    ),
    click.option(
        "--sign-passphrase-file",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="File with the key's passphrase; or set APIARY_DRILL_SIGN_PASSPHRASE.",
    ),
)


def sign(run_dir: Path, result: DrillResult, telling: TellingSettings, reports: tuple[Path, ...] = ()) -> None:
    """Sign what a run left, if there is a key, and say where the evidence is.

    Args:
        reports: reports that were written to another place than the run directory.
    """
    if telling.sign_key is None:
        return
    from harness.attestation.envelope import sign_run
    from harness.attestation.keys import load_private

    key = load_private(telling.sign_key, telling.sign_passphrase)
    path = sign_run(run_dir, result, key, reports)
    errors_console.print(f"signed by {key.key_id}: {path}", markup=False, highlight=False, soft_wrap=True)
