"""Faults of the search that need nothing but a search do what they say."""

import time
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import meilisearch

from harness.base.model import Change
from harness.base.settings import Limits
from harness.drill.steps.collect_search import when_settled
from harness.faults import FAULTS
from harness.faults.context import FaultContext
from harness.faults.injection_points import InjectionPoint
from harness.runtime.services.meilisearch import MeilisearchServer
from harness.runtime.services.stack import Stack
from tests.contract.meilisearch.servers import ServerUnderTest


def test_documents_come_late_and_are_waited_for(server: ServerUnderTest, client: meilisearch.Client, done: Any) -> None:
    """While the fault is held the last documents are missing at first, and a look that waits has all of them."""
    prefix, name = "contract-", "late"
    uid = f"{prefix}{name}"
    search = MeilisearchServer(server.url, server.url, server.key)
    stack = cast("Stack", SimpleNamespace(meilisearch=search, apiary=SimpleNamespace(search_prefix=prefix)))
    done(client.index(uid).add_documents([{"id": number} for number in range(1, 11)], "id"))
    fault = FAULTS["asked-too-early"]
    context = FaultContext(InjectionPoint.COLLECT, Path(), Limits(), _stack=stack)
    options = fault.options.model_validate({"index": name, "documents": 3, "late_s": 1.0})
    try:
        began = time.monotonic()
        with fault.inject(context, Random(1), options):
            assert list(search.ids(uid, "id")) == [*range(1, 8)]
            seen, pending = when_settled(search, lambda: list(search.ids(uid, "id")), drained_s=60)
        assert (seen, pending) == ([*range(1, 11)], 0)
        assert time.monotonic() - began > 1
        assert context.changes == [Change("index", uid, "its last 3 documents come 1 s late, while the import goes on")]
        assert list(search.ids(uid, "id")) == [*range(1, 11)]
    finally:
        done(client.index(uid).delete())
