"""Faults of the dump's bytes: cut short, flipped, cut short before they were compressed."""

from __future__ import annotations

from random import Random
from typing import Annotated

from pydantic import Field

from harness.artifacts.dump.source import open_script
from harness.faults.context import FaultContext
from harness.faults.fault import ArtifactOptions, FaultFamily
from harness.faults.injection_points import InjectionPoint
from harness.faults.script_edit import first_bytes, flip, rewrite

FAULTS = FaultFamily("dump", InjectionPoint.ARTIFACT)


class CutOptions(ArtifactOptions):
    """`keep` is the share of the bytes that stay."""

    keep: Annotated[float, Field(ge=0, lt=1, strict=False)] = 0.6


@FAULTS.fault("truncate-dump", "The dump file is truncated, as after an interrupted copy or on a full disk.")
def truncate(context: FaultContext, rng: Random, options: CutOptions) -> None:
    path = context.backup.dump
    size = path.stat().st_size
    kept = int(size * options.keep)
    with path.open("r+b") as file:
        file.truncate(kept)
    context.changed("byte", path.name, f"cut from {size} to {kept} bytes")


@FAULTS.fault(
    "truncate-inside", "The SQL is truncated inside an intact compressed file, as after a failure in a pipe into gzip."
)
def truncate_inside(context: FaultContext, rng: Random, options: CutOptions) -> None:
    """Cut the script, and compress what is left: the file is whole, what is in it is not."""
    path = context.backup.dump
    size = sum(len(chunk) for chunk in open_script(path))
    kept = int(size * options.keep)
    rewrite(path, lambda chunks: first_bytes(chunks, kept))
    context.changed("byte", path.name, f"the script in it cut from {size} to {kept} bytes")


@FAULTS.fault("flip-dump-byte", "One bit of the dump file is flipped, as on a bad disk.")
def flip_byte(context: FaultContext, rng: Random, options: ArtifactOptions) -> None:
    """Flip one bit in the second half of the file."""
    path = context.backup.dump
    size = path.stat().st_size
    offset, mask = rng.randrange(size // 2, size), 1 << rng.randrange(8)
    flip(path, offset, mask)
    context.changed("byte", path.name, f"offset {offset}, bits {mask:#04x} flipped")
