"""`--max-storage`: a size with a unit, or one sentence."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from harness.artifacts.storage.safety import ArchiveLimits
from harness.cli.options.backup import backup_options, read_size
from harness.inputs.backup import BackupUnderTest

OPTION = click.Option(["--max-storage"])


def size(text: str | None) -> int | None:
    return read_size(click.Context(click.Command("verify")), OPTION, text)


def test_sizes() -> None:
    sizes = {"1": 1, "512K": 512 << 10, "3m": 3 << 20, "20GB": 20 << 30, "3TiB": 3 << 40}
    assert {text: size(text) for text in sizes} == sizes
    assert size(None) is None
    for text in ("", "0", "-1", "1.5T", "much", "1P"):
        with pytest.raises(click.BadParameter, match="is not a valid size, such as 500G"):
            size(text)


def test_it_reaches_the_limits() -> None:
    limits = ArchiveLimits.of(
        BackupUnderTest(Path("d.sql"), Path("s.tar"), max_storage_bytes=3 << 40).max_storage_bytes
    )
    assert (limits.total_bytes, limits.ratio) == (3 << 40, None)
    assert ArchiveLimits.of(None) == ArchiveLimits()
    command = click.command()(backup_options(lambda **options: click.echo(options["asked"].max_storage)))
    assert CliRunner().invoke(command, ["--max-storage", "2K"]).output == "2048\n"
