"""The server under test: a real one named by MEILISEARCH_URL, else the embedded one, started for the session."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import meilisearch
import pytest
from meilisearch.index import Index
from meilisearch.models.task import Task, TaskInfo

from tests.contract.meilisearch.servers import EmbeddedServer, ServerUnderTest

WAIT_MS = 60_000


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    url = os.environ.get("MEILISEARCH_URL")
    if url:
        yield ServerUnderTest(url.rstrip("/"), os.environ.get("MEILISEARCH_KEY", ""))
        return
    started = EmbeddedServer(tmp_path_factory.mktemp("meilisearch"))
    started.start()
    yield started.server
    started.stop()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """An embedded server for this test alone, not started yet."""
    own = EmbeddedServer(tmp_path)
    yield own
    if own.process is not None and own.process.poll() is None:
        own.kill()


@pytest.fixture(scope="session")
def client(server: ServerUnderTest) -> meilisearch.Client:
    return server.client()


@pytest.fixture
def done(client: meilisearch.Client) -> Callable[[TaskInfo], Task]:
    """Wait for a task to end, however it ends."""
    return lambda task: client.wait_for_task(task.task_uid, timeout_in_ms=WAIT_MS, interval_in_ms=10)


@pytest.fixture
def uid(client: meilisearch.Client, done: Callable[[TaskInfo], Task]) -> Iterator[str]:
    """A name for an index that nobody else uses; the index is deleted afterwards."""
    name = f"contract-{uuid.uuid4()}"
    yield name
    done(client.index(name).delete())


@pytest.fixture
def index(client: meilisearch.Client, uid: str) -> Index:
    """An index that does not exist yet."""
    return client.index(uid)
