"""The reindex: settings first, then the import, then waiting until every queue has drained."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from harness.base.errors import ProcedureFailed
from harness.base.expressions import QUEUE_SIZE
from harness.base.private import private_log
from harness.base.wait import wait_until
from harness.checks.evidence import UNREACHABLE
from harness.runtime.services.execution import Completed
from harness.runtime.services.stack import Stack

_REFUSAL = re.compile(r"Http Status: \d+ - .* - Code: ([a-z_]+)\b")


def reindex(stack: Stack, *, drained_s: float, progress: Callable[[str], None] = lambda text: None) -> tuple[str, ...]:
    """Run `scout:sync-index-settings` and `scout:import-all`, and wait until all of it has been indexed.

    `scout:import-all` ends with 0 whatever happens, and only enqueues: so its output is read, and the app's
    queue and the search server's tasks are waited for, in this order.

    Args:
        drained_s: limit for each of the two queues.

    Returns:
        The lines that the import wrote to stderr: the only place where it names what it could not import.

    Raises:
        ProcedureFailed: an artisan command failed, or the app's queue has no worker.
        WaitTimeout: a queue did not drain.
    """
    app = stack.apiary
    progress("index settings")
    app.must_artisan("scout:sync-index-settings")
    progress("import")
    imported = app.must_artisan("scout:import-all")
    _keep(stack, imported)
    progress("the app's queue")
    waiting = queued_jobs(stack)
    if waiting:
        wait_until(
            lambda: queued_jobs(stack) == 0,
            what=f"the app's queue to drain ({waiting} jobs at first: is a worker running?)",
            timeout_s=drained_s,
            interval_s=1.0,
        )
    progress("search tasks")
    wait_until(
        lambda: stack.meilisearch.pending_tasks() == 0,
        what="Meilisearch to finish its tasks",
        timeout_s=drained_s,
        interval_s=0.1,
    )
    return tuple(line for line in imported.stderr.splitlines() if line.strip())


def refusals(complaints: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Error codes of Meilisearch in what an import complained of, each with how often it came.

    The text is that of the official PHP client (`Http Status: 403 - Message: … - Code: invalid_api_key - …`); of
    all of it only the code is taken. `unreachable` is no code of Meilisearch: that client's CommunicationException.
    """
    found = Counter[str]()
    for line in complaints:
        found.update(_REFUSAL.findall(line))
        found.update([UNREACHABLE] * ("CommunicationException" in line))
    return tuple(sorted(found.items()))


def _keep(stack: Stack, imported: Completed) -> None:
    """Keep the import's output in the logs of the run."""
    with private_log(stack.logs / "import.log") as log:
        log.write(imported.stdout + imported.stderr.encode())


def queued_jobs(stack: Stack) -> int:
    """Jobs that wait in the app's queue for search, as the app itself counts them."""
    completed = stack.apiary.must_artisan("tinker", f"--execute={QUEUE_SIZE}")
    text = completed.stdout.decode("utf-8", "replace").strip()
    if not text.isdecimal():
        raise ProcedureFailed(f"the application did not report how many jobs wait in its queue: {text[:80]!r}")
    return int(text)
