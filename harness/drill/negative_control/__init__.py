"""The negative control of every ordinary drill: after the verdict, something small is broken and has to be found.

A drill whose checks have gone blind says PASS every night. So one small thing in the restored target is broken at
random, that thing alone is read again through the services' own clients, and the same check judges it again. If it
finds nothing, the drill could not have noticed, whatever it reported before.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from random import Random

from harness.base.errors import HarnessError, WaitTimeout
from harness.base.model import CheckResult, NegativeControl, Severity
from harness.checks import CHECKS, Check
from harness.checks.evidence import Evidence
from harness.checks.verdict import judge
from harness.drill.negative_control.broken import Break, Target
from harness.drill.negative_control.documents import DOCUMENTS
from harness.drill.negative_control.files import FILES
from harness.drill.negative_control.rows import ROWS
from harness.drill.result import NOT_WANTED
from harness.drill.run import Run
from harness.drill.steps.collect import Restored
from harness.runtime.services.stack import Stack

CONTROLS: dict[str, Break] = {**ROWS, **FILES, **DOCUMENTS}
"The possible changes; one of them is chosen at random."


def run_negative_control(run: Run, stack: Stack, what: Restored, evidence: Evidence) -> NegativeControl:
    """Break something small after the verdict, and see whether the checks find it."""
    if not run.plan.settings.negative_control:
        return NegativeControl(note=NOT_WANTED)
    with run.clock.step("control", "Run the negative control", decides=False) as note:
        target = Target(stack, what, evidence, run.plan.store.directory, run.limits, run.plan.keep)
        made = control(target, run.outcome.results, CHECKS, secrets.randbits(32))
        note.detail = f"{made.name} in {made.subject}: {made.found_as or 'not found'}" if made.name else made.note
    return made


def control(
    target: Target, results: Sequence[CheckResult], checks: Sequence[Check], rng_seed: int, names: Sequence[str] = ()
) -> NegativeControl:
    """Break one thing, look again, and say whether it was found.

    Args:
        target: the restored target, and what was found in it.
        results: of the drill's own checks.
        checks: those that judged: the very same have to find it.
        rng_seed: what is chosen follows from it.
        names: controls to choose from, instead of all.
    """
    rng = Random(rng_seed)  # noqa: S311 - reproducible, not secret
    began = time.monotonic()
    wanted = sorted(names or CONTROLS)
    rng.shuffle(wanted)
    note = "the target has nothing to change"
    for name in wanted:
        try:
            with CONTROLS[name](target, rng) as broken:
                if broken is None:
                    continue
                before = {(finding.code, finding.subject) for result in results for finding in result.findings}
                again = judge(broken.evidence, [check for check in checks if check.name == broken.check])
                found = next(
                    (
                        finding.code
                        for result in again
                        for finding in result.findings
                        if finding.severity is Severity.ERROR
                        and finding.subject == broken.subject
                        and (finding.code, finding.subject) not in before
                    ),
                    "",
                )
                return NegativeControl(
                    name=name,
                    subject=broken.subject,
                    detail=broken.detail,
                    check=broken.check,
                    found_as=found,
                    rng_seed=rng_seed,
                    duration_s=time.monotonic() - began,
                )
        except WaitTimeout as error:
            note = f"{name} failed: {error.fact}"  # a trigger that waits: something else can be broken all the same
        except HarnessError as error:
            return NegativeControl(
                name=name, note=f"it failed: {error.fact}", rng_seed=rng_seed, duration_s=time.monotonic() - began
            )
    return NegativeControl(note=note, rng_seed=rng_seed)
