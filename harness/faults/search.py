"""Faults of the search: the server away, slow or refusing, an import that goes elsewhere, leftovers and gaps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Annotated, Any

from pydantic import Field

from harness.base.errors import HarnessError
from harness.faults.fault import Fault, Inject, Options, table
from harness.faults.scene import Scene
from harness.faults.search_dump import DumpOptions, old_dump
from harness.faults.search_late import LateOptions, send_late
from harness.faults.stages import Stage
from harness.runtime.services.mysql import quote_name

_IMPORTED = "search tasks"
"""What the reindex comes to when the import has sent everything and the server works it off."""

_NOBODY = "http://127.0.0.1:9"

_Table = Annotated[str, Field(pattern=r"^[a-z_]+$")]


class StallOptions(Options):
    """`stall_s`: how long the server stands still."""

    stall_s: Annotated[float, Field(gt=0)] = 5.0


class LimitOptions(Options):
    """`size_bytes`: the largest request that the server still takes (real default: 100 MiB)."""

    size_bytes: Annotated[int, Field(gt=0)] = 1000


class QueueOptions(Options):
    """`connection`: where the application then puts its jobs."""

    connection: str = "database"


class PrefixOptions(Options):
    """`prefix`: what the application then puts before the names of its indexes."""

    prefix: Annotated[str, Field(pattern=r"^[a-z_]+$")] = "elsewhere_"


class StaleOptions(Options):
    """`index` without its prefix; `documents`: how many that have no row."""

    index: _Table = "events"
    documents: Annotated[int, Field(gt=0)] = 3


class IndexOptions(Options):
    """`index` without its prefix."""

    index: _Table = "events"


@contextmanager
def take_down(scene: Scene, rng: Random, options: Options) -> Iterator[None]:
    """Kill the server before the reindex."""
    scene.stack.controls["meilisearch"].kill()
    scene.changed("process", "meilisearch", "killed before the reindex")
    yield


@contextmanager
def stall(scene: Scene, rng: Random, options: StallOptions) -> Iterator[None]:
    """Let the server stand still at the beginning of the reindex, with its connections open."""
    control = scene.stack.controls["meilisearch"]
    control.pause()
    scene.changed("process", "meilisearch", f"stood still for {options.stall_s:g} s at the beginning of the reindex")
    later = threading.Timer(options.stall_s, control.resume)
    later.start()
    try:
        yield
    finally:
        later.cancel()
        later.join()
        control.resume()


def _when_imported(do: Callable[[Scene], None]) -> Inject:
    """A fault that happens when the import has sent everything and the server has not said that it is done."""

    @contextmanager
    def inject(scene: Scene, rng: Random, options: Options) -> Iterator[None]:
        scene.script.when_told(_IMPORTED, lambda: do(scene))
        yield

    return inject


def _kill(scene: Scene) -> None:
    scene.stack.controls["meilisearch"].kill()
    scene.changed("process", "meilisearch", "killed when the import had sent everything")


def _restart(scene: Scene) -> None:
    control = scene.stack.controls["meilisearch"]
    control.kill()
    control.restart()
    scene.changed("process", "meilisearch", "killed and started again when the import had sent everything")


@contextmanager
def limit_payload(scene: Scene, rng: Random, options: LimitOptions) -> Iterator[None]:
    """Start the server again with a limit that the import's chunks do not keep to: it answers 413."""
    control = scene.stack.controls["meilisearch"]
    control.kill()
    control.restart({"MEILI_HTTP_PAYLOAD_SIZE_LIMIT": str(options.size_bytes)})
    scene.changed("process", "meilisearch", f"started again with a payload limit of {options.size_bytes} bytes")
    yield


@contextmanager
def wrong_key(scene: Scene, rng: Random, options: Options) -> Iterator[None]:
    """Give the application a key that the server does not know."""
    scene.stack.apiary.overrides["MEILISEARCH_KEY"] = f"{rng.getrandbits(128):032x}"
    scene.changed("variable", "MEILISEARCH_KEY", "another one for the application's commands, from the reindex on")
    yield


@contextmanager
def wrong_host(scene: Scene, rng: Random, options: Options) -> Iterator[None]:
    """Give the application an address where nobody listens (RFC 863's port, which no server here has)."""
    scene.stack.apiary.overrides["MEILISEARCH_HOST"] = _NOBODY
    scene.changed("variable", "MEILISEARCH_HOST", f"{_NOBODY} for the application's commands, from the reindex on")
    yield


@contextmanager
def no_worker(scene: Scene, rng: Random, options: QueueOptions) -> Iterator[None]:
    """Let the application put its jobs into a queue from which nobody takes them."""
    scene.stack.apiary.overrides["QUEUE_CONNECTION"] = options.connection
    scene.changed("variable", "QUEUE_CONNECTION", f"{options.connection}, from the reindex on; no worker runs")
    yield


@contextmanager
def other_prefix(scene: Scene, rng: Random, options: PrefixOptions) -> Iterator[None]:
    """Let the application index under other names."""
    scene.stack.apiary.overrides["SCOUT_PREFIX"] = options.prefix
    scene.changed("variable", "SCOUT_PREFIX", f"{options.prefix}, from the reindex on")
    yield


@contextmanager
def leave_documents(scene: Scene, rng: Random, options: StaleOptions) -> Iterator[None]:
    """Put documents without a row into an index, as an older state leaves them: an import never removes any."""
    mysql, uid = scene.stack.mysql, _uid(scene, options.index)
    with mysql.session(database=mysql.database) as session:
        highest = int(session.value(f"SELECT COALESCE(MAX(id), 0) FROM {quote_name(options.index)}"))
    first = highest + rng.randrange(1, 1000)
    ids = range(first, first + options.documents)
    scene.stack.meilisearch.client().index(uid).add_documents([{"id": number} for number in ids], "id")
    scene.settle_search()
    scene.changed("document", uid, f"ids {ids[0]} to {ids[-1]} added, which have no row")
    yield


@contextmanager
def fail_task(scene: Scene, rng: Random, options: IndexOptions) -> Iterator[None]:
    """Send a document whose id no server takes: its task fails, and everything else goes on."""
    uid = _uid(scene, options.index)
    task = scene.stack.meilisearch.client().index(uid).add_documents([{"id": "not an id!"}], "id")
    scene.settle_search()
    scene.changed("task", uid, f"task {task.task_uid} adds a document with an id that is none")
    yield


@contextmanager
def reset_settings(scene: Scene, rng: Random, options: IndexOptions) -> Iterator[None]:
    """Give an index the settings that it has when nobody synchronized any."""
    uid = _uid(scene, options.index)
    scene.stack.meilisearch.client().index(uid).reset_settings()
    scene.settle_search()
    scene.changed("index", uid, "settings as of an index that none were ever sent to")
    yield


@contextmanager
def leave_out(scene: Scene, rng: Random, options: IndexOptions) -> Iterator[None]:
    """Delete an index, as if the import had left its model out of an empty search."""
    uid = _uid(scene, options.index)
    client = scene.stack.meilisearch.client()
    if not client.index(uid).get_documents({"limit": 1}).total:
        raise HarnessError(f"index {uid} is empty")
    client.delete_index(uid)
    scene.settle_search()
    scene.changed("index", uid, "deleted after the reindex, as if its model were not imported")
    yield


def _uid(scene: Scene, name: str) -> str:
    return f"{scene.stack.apiary.search_prefix}{name}"


def _reindex(name: str, summary: str, inject: Any, options: type[Options] = Options) -> Fault:
    return Fault(name, "search", (Stage.REINDEX,), summary, inject, options)


def _restored(name: str, summary: str, inject: Any, options: type[Options] = Options) -> Fault:
    return Fault(name, "search", (Stage.RESTORED,), summary, inject, options)


FAULTS: dict[str, Fault] = table(
    _reindex("meilisearch-down", "Meilisearch is gone when the reindex begins.", take_down),
    _reindex("meilisearch-slow", "Meilisearch stands still for some seconds; that is healthy.", stall, StallOptions),
    _reindex("meilisearch-killed", "Meilisearch is killed while it indexes.", _when_imported(_kill)),
    _reindex("meilisearch-restarted", "Meilisearch is killed while it indexes, and comes back.",
             _when_imported(_restart)),
    _reindex("search-payload-limit", "Meilisearch refuses what is larger than a limit that is too small.",
             limit_payload, LimitOptions),
    _reindex("wrong-search-key", "The application has a key that Meilisearch does not know.", wrong_key),
    _reindex("wrong-search-host", "The application looks for Meilisearch where nobody is.", wrong_host),
    _reindex("no-queue-worker", "The import only puts jobs into a queue, and nobody works them off.",
             no_worker, QueueOptions),
    _reindex("other-search-prefix", "The application indexes under another prefix than it should.",
             other_prefix, PrefixOptions),
    _reindex("stale-documents", "The search holds documents of rows that are gone.", leave_documents, StaleOptions),
    _reindex("search-task-failed", "One task of Meilisearch fails.", fail_task, IndexOptions),
    Fault("asked-too-early", "search", (Stage.LOOKING,),
          "The application still sends documents when the restored instance is looked at.", send_late, LateOptions),
    Fault("old-search-dump", "search", (Stage.SOURCE, Stage.START),
          "The files hold an old dump of the search, and the search starts from it, as in production.", old_dump,
          DumpOptions),
    _restored("search-settings-not-synced", "An index has settings as if none had been sent.",
              reset_settings, IndexOptions),
    _restored("model-not-imported", "A model is left out of the import.", leave_out, IndexOptions),
)  # fmt: skip
