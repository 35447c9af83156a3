"""Meilisearch as a container: the real image, or the embedded server in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import docker

from harness.runtime.docker.container import ContainerPlan, ServerContainer, make_volume, started
from harness.runtime.docker.images import ChosenImage
from harness.runtime.docker.labels import drill_labels
from harness.runtime.docker.reach import Reach
from harness.runtime.services.meilisearch import MeilisearchServer
from harness.runtime.services.stack import ServerFiles
from harness.runtime.spec import StackSpec

PORT = 7700
_DATA = "/meili_data"
_DATABASE, _DUMPS = f"{_DATA}/data.ms", f"{_DATA}/dumps"
_MEMORY_BYTES = 4 << 30
"""The engine takes 620 MB for 600,000 documents (docs/embedded.md)."""


@contextmanager
def search_container(
    client: docker.DockerClient,
    image: ChosenImage,
    spec: StackSpec,
    reach: Reach,
    *,
    indexing_memory: str,
    keep: bool = False,
) -> Iterator[tuple[MeilisearchServer, ServerContainer, Callable[[], None]]]:
    """An empty server with the master key of `spec`.

    Args:
        indexing_memory: how much of it the real server may take to index; the embedded one takes no notice.

    Returns:
        The server, its container, and what waits until it is ready: others can start meanwhile.
    """
    name = f"{reach.prefix}-meilisearch"
    labels = drill_labels(spec.drill_id, spec.role, "meilisearch")
    make_volume(client, name, labels, "Meilisearch")
    plan = ContainerPlan(
        title="Meilisearch",
        name=name,
        image=image.id,
        labels=labels,
        log=spec.logs / "meilisearch.log",
        env={
            "MEILI_MASTER_KEY": spec.search_key,
            "MEILI_ENV": "production",
            "MEILI_NO_ANALYTICS": "true",
            "MEILI_HTTP_ADDR": f"0.0.0.0:{PORT}",
            "MEILI_DB_PATH": _DATABASE,
            "MEILI_DUMP_DIR": _DUMPS,
            "MEILI_MAX_INDEXING_MEMORY": indexing_memory,
        },
        network=reach.network,
        volumes={_DATA: name},
        memory_bytes=_MEMORY_BYTES,
    )
    with started(client, plan, stop_s=spec.limits.stop_s, keep=keep) as server:
        host, port = reach.to(PORT)
        search = MeilisearchServer(
            url=f"http://{host}:{port}", inner_url=f"http://{reach.address}:{PORT}", key=spec.search_key
        )
        yield (search, server, lambda: server.wait_ready(search.healthy, timeout_s=spec.limits.search_ready_s))


def files_of(server: ServerContainer) -> ServerFiles:
    """Its files, in the container."""
    return ServerFiles(server.host, _DATABASE, _DUMPS)
