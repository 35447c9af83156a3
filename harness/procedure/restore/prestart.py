"""Step 5 as production takes it: what the job's prestart task runs before the application."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.base import guide
from harness.base.model import Prestart
from harness.runtime.services.apiary import Apiary, artisan_failed

MIGRATE = ("migrate", "--force")

_MAY_FAIL = frozenset({"config:validate", "cache:clear", "responsecache:clear"})
"""The first judges settings, of which a disposable target has its own (cache, login); the script goes on after the
others."""

_UNKNOWN = re.compile(r"Command \"[^\"]*\" is not defined|no commands defined in the \"[^\"]*\" namespace")
"""How Symfony's console says that it lacks a command."""


def prestart(apiary: Apiary, *, migrate: bool, commands: Sequence[str] = guide.PRESTART_COMMANDS) -> Prestart:
    """Run the commands where the application is about to run.

    Args:
        migrate: run `migrate --force` after them.

    Raises:
        ProcedureFailed: one failed on which production's start ends as well.
    """
    ran, unknown, failed = [], [], []
    for command in commands:
        completed = apiary.artisan(command, "--no-interaction")
        if completed.exit_status == 0:
            ran.append(command)
        elif _UNKNOWN.search(completed.stderr) or _UNKNOWN.search(completed.stdout.decode("utf-8", "replace")):
            unknown.append(command)
        elif command in _MAY_FAIL:
            failed.append(command)
        else:
            raise artisan_failed((command,), completed)
    if migrate:
        apiary.must_artisan(*MIGRATE)
        ran.append(" ".join(MIGRATE))
    return Prestart(tuple(ran), tuple(unknown), tuple(failed))
