"""A fault of the search that is a matter of time: an import that goes on while somebody looks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from threading import Event, Thread
from typing import Annotated, Any

from pydantic import Field

from harness.base.errors import HarnessError
from harness.faults.context import FaultContext
from harness.faults.fault import FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint

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
    uid = f"{context.stack.apiary.search_prefix}{options.index}"
    client = context.stack.meilisearch.client()
    everything = client.http.get(f"indexes/{uid}/documents?limit={_PAGE}")["results"]
    everything.sort(key=lambda document: int(document["id"]))
    early, late = everything[: -options.documents], everything[-options.documents :]
    if not early:
        raise HarnessError(f"index {uid} has {len(everything)} documents, and {options.documents} are to come late")
    for document in late:
        client.index(uid).delete_document(document["id"])
    context.settle_search()
    context.changed(
        "index", uid, f"its last {len(late)} documents come {options.late_s:g} s late, while the import goes on"
    )
    sender = _Sender(client.index(uid), early, late, options.late_s)
    sender.start()
    try:
        yield
    finally:
        sender.end()


class _Sender(Thread):
    """Sends one document after the other until its time is over, and then the late ones; an end comes before that."""

    def __init__(self, index: Any, early: list[dict[str, Any]], late: list[dict[str, Any]], late_s: float) -> None:
        super().__init__(daemon=True)
        self._index, self._early, self._late, self._late_s = index, early, late, late_s
        self._ended = Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            deadline, number = time.monotonic() + self._late_s, 0
            while time.monotonic() < deadline:
                self._index.add_documents([self._early[number % len(self._early)]], "id")
                number += 1
                if self._ended.wait(_PAUSE_S):
                    return
            self._index.add_documents(self._late, "id")
        except BaseException as error:  # raised again in the drill's own thread
            self._error = error

    def end(self) -> None:
        """Stop it; its error is raised here."""
        self._ended.set()
        self.join()
        if self._error is not None:
            raise HarnessError(f"the import could not go on: {type(self._error).__name__}") from self._error
