"""What the commands share: settings, a drill with everything around it, and how results are shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from harness.base.errors import UsageError
from harness.base.limits import NAMES
from harness.base.settings import INDEXING_MEMORY, ImageSettings, checked_size, from_environment
from harness.cli.context import EXIT_CODES, configuration, errors_console, is_quiet, settings_for
from harness.cli.options.group import FILE, FILE_THERE, backup_option, output_option, runtime_option, with_options

if TYPE_CHECKING:
    from harness.inputs.backup import BackupUnderTest
    from harness.scenario.definition import LimitChoices

__all__ = ["EXIT_CODES", "errors_console", "settings_for"]


def runtime_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where and on what a drill runs; the command gets them as one `settings`."""

    def with_settings(
        runtime: str,
        mysqld: str | None,
        meilisearch: str | None,
        mysql_image: str | None,
        meilisearch_image: str | None,
        apiary_image: str | None,
        apiary_env: Path | None,
        runs: Path | None,
        limit: tuple[str, ...],
        max_indexing_memory: str | None,
        fast: bool,
        **others: object,
    ) -> None:
        configured, limit_choices = _configured()
        images = ImageSettings(
            mysql_image or configured.mysql,
            meilisearch_image or configured.meilisearch,
            apiary_image or configured.apiary,
            apiary_env or configured.apiary_env,
        )
        settings = from_environment(
            os.environ, runs_dir=runs, mysqld=mysqld, meilisearch=meilisearch, runtime=runtime, images=images
        )
        if max_indexing_memory is not None:
            memory = checked_size(max_indexing_memory, "--max-indexing-memory")
            settings = replace(settings, indexing_memory=memory)
        limits = limit_choices.over(settings.limits).with_options(limit)
        command(settings=replace(settings, fast=fast, limits=limits), **others)

    return with_options(command, with_settings, _RUNTIME_OPTIONS)


def _configured() -> tuple[ImageSettings, LimitChoices]:
    """Images and limits of the configuration, if there is one."""
    from harness.cli import config
    from harness.scenario.definition import LimitChoices

    path = configuration(click.get_current_context().params.get("config_file"))
    if path is None:
        return ImageSettings(), LimitChoices()
    shared = config.load_shared(path)
    return shared.images.settings(path.absolute().parent), shared.limits


_RUNTIME_OPTIONS = (
    runtime_option(
        "--runtime",
        type=click.Choice(["auto", "process", "docker"]),
        default="auto",
        show_default=True,
        help="How servers run. auto: Docker if an engine answers and has the images, else local processes.",
    ),
    runtime_option("--mysqld", metavar="PROGRAM", help="Database server program (process runtime)."),
    runtime_option("--meilisearch", metavar="PROGRAM", help="Search server program (process runtime)."),
    runtime_option("--mysql-image", metavar="REF", help="Database server image (Docker runtime)."),
    runtime_option("--meilisearch-image", metavar="REF", help="Search server image (Docker runtime)."),
    runtime_option(
        "--apiary-image", metavar="REF", help="Image of the real Apiary, used instead of the stand-in (Docker runtime)."
    ),
    runtime_option("--apiary-env", type=FILE_THERE, metavar="FILE", help="Environment file for --apiary-image."),
    output_option(
        "--runs",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Results directory; each drill gets a subdirectory.",
    ),
    runtime_option(
        "--limit",
        multiple=True,
        metavar="NAME=TIME",
        help=f"Time limit, such as command=2m (repeatable). Names: {', '.join(NAMES)}.",
    ),
    runtime_option(
        "--max-indexing-memory",
        metavar="SIZE",
        help=f"Indexing memory of the real Meilisearch.  [default: {INDEXING_MEMORY}]",
    ),
    runtime_option(
        "--fast",
        is_flag=True,
        help="Disable fsync, load a large dump in parallel. Same checks; timings are not representative.",
    ),
    output_option("--json", "as_json", is_flag=True, help="Print the result as JSON; progress goes to stderr."),
)


control_option = backup_option(
    "--no-negative-control", is_flag=True, help="Skip the negative control that follows the verdict."
)
"Options of the commands that run drills."


password_option = backup_option(
    "--password-file", type=FILE, metavar="FILE", help="File with the password of an encrypted zip BACKUP."
)
"Options of the commands that read a backup from elsewhere."


def print_progress(line: str) -> None:
    """Say on stderr what takes its time, unless only what is wrong was asked for."""
    if not is_quiet():
        errors_console.plain(line, style="dim")


def found_backup(path: Path, password: bytes | None) -> BackupUnderTest:
    """As `find_backup`; says which one was chosen of several."""
    from harness.inputs.discover import find_backup

    found = find_backup(path, password)
    if found.chosen:
        print_progress(found.chosen)
    return found


def standard_input() -> BinaryIO:
    """What is piped into the command. Raises UsageError where nothing can be."""
    if sys.stdin is None:
        raise UsageError("standard input is closed", "Pipe the dump into the command, or name its file.")
    return sys.stdin.buffer


def must_exist(name: str, option: str) -> Path:
    """The path of that name, made absolute; an empty one, as of an unset variable, is not the current directory."""
    path = Path(name)
    if not name:
        raise click.BadParameter("the name is empty", param_hint=option)
    if not path.exists():
        raise click.BadParameter(f"not found: {path}", param_hint=option)
    return path.resolve()


def read_secret(path: Path | None, option: str) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"cannot read {path}: {error}", param_hint=option) from error
