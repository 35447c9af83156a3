"""Meilisearch, or the embedded search, as a local process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from harness.base.settings import Settings
from harness.runtime.process.child import Child, free_port
from harness.runtime.process.host import LocalHost
from harness.runtime.process.server_user import server_user
from harness.runtime.services.meilisearch import MeilisearchServer
from harness.runtime.services.stack import ServerControl, ServerFiles
from harness.runtime.spec import StackSpec


@contextmanager
def meilisearch_server(
    settings: Settings, command: Sequence[str], spec: StackSpec, directory: Path, env: Mapping[str, str]
) -> Iterator[tuple[MeilisearchServer, Child, ServerControl]]:
    """A running server with what `directory` holds already.

    Args:
        command: its program.
        directory: of this server alone: its data, its dumps, its temporary files.
        env: environment of the process, which carries the drill's id.
    """
    directory.mkdir(mode=0o700, exist_ok=spec.copy_of is not None)
    # Root's own may be closed to the user of the server (libpam-tmpdir), who could then index nothing.
    temporary = directory / "tmp"
    temporary.mkdir(exist_ok=True)
    port = free_port()
    argv = [
        *command,
        f"--http-addr=127.0.0.1:{port}",
        f"--db-path={directory / 'data'}",
        f"--dump-dir={directory / 'dumps'}",
        "--env=production",
        "--no-analytics",
    ]
    user = server_user(settings, spec.drill_id, f"{spec.role}/meilisearch", env)
    child = Child(
        "Meilisearch",
        user.command(argv) if user else argv,
        # As a variable, because the embedded server would refuse an option that it does not know.
        env={
            **env,
            "TMPDIR": str(temporary),
            "MEILI_MASTER_KEY": spec.search_key,
            "MEILI_MAX_INDEXING_MEMORY": settings.indexing_memory,
        },
        log=spec.logs / "meilisearch.log",
        cwd=directory,
        stop_s=spec.limits.stop_s,
    )
    url = f"http://127.0.0.1:{port}"
    server = MeilisearchServer(url=url, inner_url=url, key=spec.search_key)
    ready = partial(child.wait_ready, server.healthy, timeout_s=spec.limits.search_ready_s)

    def prepare() -> None:
        if user:  # what was copied, or put there since, is root's
            user.hand_over(directory)

    try:
        prepare()
        child.start()
        ready()
        files = ServerFiles(LocalHost(env=env), str(directory / "data"), str(directory / "dumps"))
        yield server, child, ServerControl(child, ready, prepare, files)
    finally:
        child.stop()
