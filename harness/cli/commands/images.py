"""`apiary-drill images`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from harness.base.sizes import size
from harness.cli.common import settings_for
from harness.cli.context import VALID, exit_codes
from harness.cli.options.help import CommandGroup
from harness.reports.terminal import console_for

if TYPE_CHECKING:
    from rich.table import Table

    from harness.runtime.images.build import ImageInfo


@click.group(cls=CommandGroup)
def images() -> None:
    """Build the images of the Docker runtime without a registry, and list them."""


@images.command(epilog=exit_codes("the images are up to date", "", VALID, "an image could not be built"))
@click.argument("names", nargs=-1, metavar="[IMAGE]…")
@click.option("--fresh", is_flag=True, help="Download all packages again and rebuild every image.")
def build(names: tuple[str, ...], fresh: bool) -> None:
    """Build missing and outdated images.

    They are made from Debian packages alone; this takes a second when nothing changed.

    \b
    Examples:
      apiary-drill images build
      apiary-drill images build mysql
    """
    from harness.runtime.docker.client import connect
    from harness.runtime.images.build import build_images

    settings = settings_for()
    console = console_for()
    made = build_images(connect(settings.docker), settings, names or None, fresh=fresh, progress=console.plain)
    console.print(_table(made))


@images.command("list")
def list_command() -> None:
    """List the images and their age.

    \b
    Example:
      apiary-drill images list
    """
    from harness.runtime.docker.client import connect
    from harness.runtime.images.build import list_images

    settings = settings_for()
    console_for().print(_table(list_images(connect(settings.docker))))


def _table(infos: list[ImageInfo]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("Image", "Reference", "Age", "Size", ""):
        table.add_column(heading)
    for info in infos:
        age = datetime.now(UTC) - info.created_at
        state = "built now" if info.built else "" if info.up_to_date is None else "" if info.up_to_date else "outdated"
        table.add_row(info.name, info.reference, f"{age.days} d {age.seconds // 3600} h", size(info.size_bytes), state)
    return table
