"""Sources for the tests: their state below a temporary directory, the environment of this process."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.base.settings import from_environment
from harness.inputs.sources.fetch import Sources


def sources_of(
    directory: Path, keep_in: Path | None = None, *, limit_s: float | None = None, env: Mapping[str, str] | None = None
) -> Sources:
    """What fetches into `directory/state`, with the variables of `env` besides this process's own.

    Each has an id of its own: what is left over is found by that, also by tests that run at the same time.
    """
    settings = from_environment({**os.environ, **(env or {}), "APIARY_DRILL_STATE_DIR": str(directory / "state")})
    if limit_s is not None:
        settings = replace(settings, limits=settings.limits.with_explicit(step_s=limit_s))
    return Sources(settings, f"20261129T000000Z-fetch-{secrets.token_hex(3)}", lambda _line: None, keep_in)
