"""A fault of the search that comes with the files: an old dump of it among them, which production starts from."""

from __future__ import annotations

from random import Random
from typing import Annotated, Any

from pydantic import Field

from harness.base import guide
from harness.base.errors import HarnessError
from harness.faults.context import FaultContext
from harness.faults.fault import FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.runtime.services.execution import Host, must_succeed, run
from harness.runtime.services.stack import ServerFiles

FAULTS = FaultFamily("search", InjectionPoint.SOURCE, InjectionPoint.START)


class SearchDumpOptions(FaultOptions):
    """`index` without its prefix; the old dump has so many `documents` of it that have no row any more."""

    index: Annotated[str, Field(pattern=r"^[a-z_]+$")] = "events"
    documents: Annotated[int, Field(gt=0)] = 3


@FAULTS.fault(
    "old-search-dump",
    "The files contain an old Meilisearch dump, and Meilisearch imports it at start, as in production.",
)
def old_dump(context: FaultContext, rng: Random, options: SearchDumpOptions) -> None:
    """At the source: leave an old dump of the search. At the start of the target: start the search from it.

    The second is what production's start script does where the search's database directory is empty. A scenario that
    wants both names the fault twice. The dump is the server's own, and so is its import.
    """
    if context.at is InjectionPoint.SOURCE:
        _leave(context, rng, options)
    else:
        _start_from_newest(context)


def _leave(context: FaultContext, rng: Random, options: SearchDumpOptions) -> None:
    """Have the search dump itself while it holds documents whose rows are gone, and keep that among the files."""
    apiary, server = context.stack.apiary, context.stack.meilisearch
    client, uid = server.client(), context.index_uid(options.index)
    ids = context.add_strangers(uid, options.index, options.documents, rng)
    task = client.create_dump()
    context.settle_search()
    details: Any = client.get_task(task.task_uid).details
    for number in ids:
        client.index(uid).delete_document(number)
    context.settle_search()
    name, files = f"{details['dumpUid']}.dump", _files(context)
    directory = f"{apiary.storage_root}/{guide.MEILISEARCH_DUMPS_DIRECTORY}"
    must_succeed(run(apiary.storage_host, ["mkdir", "-p", directory], user=apiary.user))
    _copy(files.host, f"{files.dumps}/{name}", apiary.storage_host, f"{directory}/{name}", user=apiary.user)
    context.changed("document", uid, f"ids {ids[0]} to {ids[-1]} are in an old dump of the search, and in nothing else")


def _start_from_newest(context: FaultContext) -> None:
    """Start the search with an empty database directory and the newest dump of the restored files."""
    apiary, files = context.stack.apiary, _files(context)
    directory = f"{apiary.storage_root}/{guide.MEILISEARCH_DUMPS_DIRECTORY}"
    # Their names are times: the last one is the newest.
    listed = must_succeed(run(apiary.storage_host, ["sh", "-c", 'ls "$1" | grep "[.]dump$"', "sh", directory]))
    names = sorted(listed.stdout.decode().split())
    imported = f"{files.dumps}/imported.dump"
    must_succeed(run(files.host, ["mkdir", "-p", files.dumps]))
    _copy(apiary.storage_host, f"{directory}/{names[-1]}", files.host, imported)
    # It is killed at once, and has no time to miss what is taken away here.
    must_succeed(run(files.host, ["sh", "-c", 'rm -rf "$1"', "sh", files.data]))
    control = context.stack.server_controls["meilisearch"]
    control.kill()
    control.restart({"MEILI_IMPORT_DUMP": imported, "MEILI_IGNORE_DUMP_IF_DB_EXISTS": "true"})
    context.settle_search()
    context.changed("process", "meilisearch", f"started empty, from the newest of {len(names)} dumps in the files")


def _copy(source: Host, path: str, target: Host, to: str, *, user: str | None = None) -> None:
    """Copy a file from one place to another, as a stream."""
    with source.start(["cat", path]) as reading:
        must_succeed(run(target, ["sh", "-c", 'cat >"$1"', "sh", to], stdin=reading.chunks(), user=user))
        must_succeed(reading.wait(60))


def _files(context: FaultContext) -> ServerFiles:
    files = context.stack.server_controls["meilisearch"].files
    if files is None:
        raise HarnessError("the files of the search are not known")
    return files
