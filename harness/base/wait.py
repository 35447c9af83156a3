"""Waiting for something to become true: the only sleep in the package."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from harness.base.errors import WaitTimeout

T = TypeVar("T")

_PATIENCE = 0.005


def wait_until(
    probe: Callable[[], T | None],
    *,
    what: str,
    timeout_s: float,
    interval_s: float = 0.05,
    details: Callable[[], str] = lambda: "",
) -> T:
    """Call `probe` until it answers with something other than None or False.

    Args:
        probe: asked again and again; what it raises ends the wait at once.
        what: what is waited for, for the error's text.
        timeout_s: limit in seconds on the monotonic clock; a clock that is set does not change it.
        interval_s: pause between two probes, in seconds. A long wait is asked less often, so that asking takes little
            from what is waited for: it ends at most half a percent late.
        details: called when the limit is reached, for the evidence (the end of a log).

    Returns:
        What the probe answered.

    Raises:
        WaitTimeout: the limit was reached.
    """
    began = time.monotonic()
    deadline = began + timeout_s
    while True:
        answer = probe()
        if answer is not None and answer is not False:
            return answer
        now = time.monotonic()
        if now >= deadline:
            raise WaitTimeout(f"timed out after {timeout_s:g} s waiting for {what}", details=details())
        time.sleep(max(interval_s, (now - began) * _PATIENCE))
