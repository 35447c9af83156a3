"""A fault of the search that is a matter of time: an import that goes on while somebody looks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle
from random import Random
from threading import Event
from typing import Annotated

from pydantic import Field

from harness.base.errors import HarnessError
from harness.faults.context import FaultContext
from harness.faults.fault import FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.faults.meanwhile import meanwhile

FAULTS = FaultFamily("search", InjectionPoint.COLLECT)

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

    index: Annotated[str, Field(pattern=r"^[a-z_]+$")] = "events"
    documents: Annotated[int, Field(gt=0)] = 5
    late_s: Annotated[float, Field(gt=0)] = 5.0


@FAULTS.fault("asked-too-early", "The application still sends documents when evidence is collected.")
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
