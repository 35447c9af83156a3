"""Sources for the tests: their state below a temporary directory, the environment of this process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.base.settings import from_environment
from harness.inputs.sources.fetch import Sources


def sources_of(
    directory: Path, keep_in: Path | None = None, *, limit_s: float | None = None, env: Mapping[str, str] | None = None
) -> Sources:
    """What fetches into `directory/state`, with the variables of `env` besides this process's own."""
    settings = from_environment({**os.environ, **(env or {}), "APIARY_DRILL_STATE_DIR": str(directory / "state")})
    if limit_s is not None:
        settings = replace(settings, limits=settings.limits.saying(stage_s=limit_s))
    return Sources(settings, "20261129T000000Z-fetch-abcdef", lambda _line: None, keep_in)
