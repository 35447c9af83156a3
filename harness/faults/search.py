"""Faults of the search: the server away, slow or refusing, an import that goes elsewhere, leftovers and gaps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from random import Random
from threading import Event
from typing import Annotated

from pydantic import Field

from harness.base.errors import HarnessError
from harness.faults.context import FaultContext
from harness.faults.fault import Damage, FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.faults.meanwhile import meanwhile

FAULTS = FaultFamily("search", InjectionPoint.REINDEX)

_IMPORTED = "search tasks"
"""What the reindex comes to when the import has sent everything and the server works it off."""

_NOBODY = "http://127.0.0.1:9"

_Table = Annotated[str, Field(pattern=r"^[a-z_]+$")]


class StallOptions(FaultOptions):
    """`stall_s`: how long the server stands still."""

    stall_s: Annotated[float, Field(gt=0)] = 5.0


class LimitOptions(FaultOptions):
    """`size_bytes`: the largest request that the server still takes (real default: 100 MiB)."""

    size_bytes: Annotated[int, Field(gt=0)] = 1000


class QueueOptions(FaultOptions):
    """`connection`: where the application then puts its jobs."""

    connection: str = "database"


class PrefixOptions(FaultOptions):
    """`prefix`: what the application then puts before the names of its indexes."""

    prefix: Annotated[str, Field(pattern=r"^[a-z_]+$")] = "elsewhere_"


class StaleDocumentOptions(FaultOptions):
    """`index` without its prefix; `documents`: how many that have no row."""

    index: _Table = "events"
    documents: Annotated[int, Field(gt=0)] = 3


class IndexOptions(FaultOptions):
    """`index` without its prefix."""

    index: _Table = "events"


@FAULTS.fault("meilisearch-down", "Meilisearch is gone when the reindex starts.")
def take_down(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    context.stack.server_controls["meilisearch"].kill()
    context.changed("process", "meilisearch", "killed before the reindex")


@FAULTS.fault("meilisearch-slow", "Meilisearch hangs for a few seconds (harmless).")
def stall(context: FaultContext, rng: Random, options: StallOptions) -> Iterator[None]:
    """Let the server stand still at the beginning of the reindex, with its connections open."""
    control = context.stack.server_controls["meilisearch"]
    control.pause()
    context.changed("process", "meilisearch", f"hung for {options.stall_s:g} s at the start of the reindex")
    later = threading.Timer(options.stall_s, control.resume)
    later.start()
    try:
        yield
    finally:
        later.cancel()
        later.join()
        control.resume()


def _when_imported(do: Callable[[FaultContext], None]) -> Damage:
    """A fault that happens when the import has sent everything and the server has not reported that it is done."""

    def inject(context: FaultContext, rng: Random, options: FaultOptions) -> None:
        context.script.when_at(_IMPORTED, lambda: do(context))

    return inject


@FAULTS.fault("meilisearch-killed", "Meilisearch is killed during indexing.")
@_when_imported
def kill(context: FaultContext) -> None:
    context.stack.server_controls["meilisearch"].kill()
    context.changed("process", "meilisearch", "killed after the import had sent everything")


@FAULTS.fault("meilisearch-restarted", "Meilisearch is killed during indexing, and comes back.")
@_when_imported
def restart(context: FaultContext) -> None:
    control = context.stack.server_controls["meilisearch"]
    control.kill()
    control.restart()
    context.changed("process", "meilisearch", "killed and restarted after the import had sent everything")


@FAULTS.fault("search-payload-limit", "Meilisearch rejects documents above a payload limit that is too small.")
def limit_payload(context: FaultContext, rng: Random, options: LimitOptions) -> None:
    """Start the server again with a limit that the import's chunks do not keep to: it answers 413."""
    control = context.stack.server_controls["meilisearch"]
    control.kill()
    control.restart({"MEILI_HTTP_PAYLOAD_SIZE_LIMIT": str(options.size_bytes)})
    context.changed("process", "meilisearch", f"restarted with a payload limit of {options.size_bytes} bytes")


@FAULTS.fault("wrong-search-key", "The application has a key that Meilisearch does not accept.")
def wrong_key(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    context.give_app(MEILISEARCH_KEY=f"{rng.getrandbits(128):032x}")
    context.changed("variable", "MEILISEARCH_KEY", "another one for the application's commands, from the reindex on")


@FAULTS.fault("wrong-search-host", "The application looks for Meilisearch at an unused address.")
def wrong_host(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    """Give the application an address where nobody listens (RFC 863's port, which no server here has)."""
    context.give_app(MEILISEARCH_HOST=_NOBODY)
    context.changed("variable", "MEILISEARCH_HOST", f"{_NOBODY} for the application's commands, from the reindex on")


@FAULTS.fault("no-queue-worker", "The import only queues jobs, and no worker runs.")
def no_worker(context: FaultContext, rng: Random, options: QueueOptions) -> None:
    """Let the application put its jobs into a queue from which nobody takes them."""
    context.give_app(QUEUE_CONNECTION=options.connection)
    context.changed("variable", "QUEUE_CONNECTION", f"{options.connection}, from the reindex on; no worker runs")


@FAULTS.fault("other-search-prefix", "The application indexes under a different prefix than it should.")
def other_prefix(context: FaultContext, rng: Random, options: PrefixOptions) -> None:
    context.give_app(SCOUT_PREFIX=options.prefix)
    context.changed("variable", "SCOUT_PREFIX", f"{options.prefix}, from the reindex on")


@FAULTS.fault("stale-documents", "The search contains documents of deleted rows.")
def leave_documents(context: FaultContext, rng: Random, options: StaleDocumentOptions) -> None:
    """Put documents without a row into an index, as an older state leaves them: an import never removes any."""
    uid = context.index_uid(options.index)
    ids = context.add_strangers(uid, options.index, options.documents, rng)
    context.changed("document", uid, f"ids {ids[0]} to {ids[-1]} added, which have no row")


@FAULTS.fault("search-task-failed", "One task of Meilisearch fails.")
def fail_task(context: FaultContext, rng: Random, options: IndexOptions) -> None:
    """Send a document whose id no server takes: its task fails, and everything else goes on."""
    uid = context.index_uid(options.index)
    task = context.stack.meilisearch.client().index(uid).add_documents([{"id": "not an id!"}], "id")
    context.settle_search()
    context.changed("task", uid, f"task {task.task_uid} adds a document with an invalid id")


@FAULTS.fault(
    "search-settings-not-synced", "An index has default settings, as if none had been sent.", InjectionPoint.RESTORED
)
def reset_settings(context: FaultContext, rng: Random, options: IndexOptions) -> None:
    """Give an index the settings that it has when nobody synchronized any."""
    uid = context.index_uid(options.index)
    context.stack.meilisearch.client().index(uid).reset_settings()
    context.settle_search()
    context.changed("index", uid, "settings as of an index that none were ever sent to")


@FAULTS.fault("model-not-imported", "A model is missing from the import.", InjectionPoint.RESTORED)
def leave_out(context: FaultContext, rng: Random, options: IndexOptions) -> None:
    """Delete an index, as if the import had left its model out of an empty search."""
    uid = context.index_uid(options.index)
    client = context.stack.meilisearch.client()
    if not client.index(uid).get_documents({"limit": 1}).total:
        raise HarnessError(f"index {uid} is empty")
    client.delete_index(uid)
    context.settle_search()
    context.changed("index", uid, "deleted after the reindex, as if its model were not imported")


_PAUSE_S = 0.02
"""Between two documents: far shorter than the quiet that a look asks for, so that each look sees that one came."""

_PAGE = 10_000


class LateOptions(FaultOptions):
    """Options of `send_late`.

    Args:
        index: without its prefix; its newest documents come last.
        documents: how many of them.
        late_s: how long the import goes on, in seconds, before it comes to them.
    """

    index: _Table = "events"
    documents: Annotated[int, Field(gt=0)] = 5
    late_s: Annotated[float, Field(gt=0)] = 5.0


@FAULTS.fault(
    "asked-too-early", "The application still sends documents when evidence is collected.", InjectionPoint.COLLECT
)
def send_late(context: FaultContext, rng: Random, options: LateOptions) -> Iterator[None]:
    """Let the import go on while the search is looked at: other documents first, and last those that were missing.

    The server's own worker cannot be made to wait. So the last documents are taken away, as if the import had not come
    to them, and a thread sends what it would have sent.
    """
    uid = context.index_uid(options.index)
    client = context.stack.meilisearch.client()
    index = client.index(uid)
    everything = client.http.get(f"indexes/{uid}/documents?limit={_PAGE}")["results"]
    everything.sort(key=lambda document: int(document["id"]))
    early, late = everything[: -options.documents], everything[-options.documents :]
    if not early:
        raise HarnessError(f"index {uid} has {len(everything)} documents, and {options.documents} are to come late")
    for document in late:
        index.delete_document(document["id"])
    context.settle_search()
    context.changed(
        "index", uid, f"its last {len(late)} documents come {options.late_s:g} s late, while the import goes on"
    )

    def send(ended: Event) -> None:
        deadline = time.monotonic() + options.late_s
        for document in cycle(early):
            if time.monotonic() >= deadline:
                break
            index.add_documents([document], "id")
            if ended.wait(_PAUSE_S):
                return
        index.add_documents(late, "id")

    with meanwhile(send, "the import could not go on"):
        yield
