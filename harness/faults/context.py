"""What a fault gets to see and to touch at its injection point, and how it says what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TypeVar

from harness.base.errors import HarnessError
from harness.base.model import Change, Manifest, PastDrill
from harness.base.settings import Limits
from harness.base.wait import wait_until
from harness.faults.injection_points import InjectionPoint
from harness.procedure.backup.manifest import MANIFEST_NAME, read_manifest, write_manifest
from harness.procedure.backup.measure import measure_all
from harness.runtime.services.mysql import Session, quote_name
from harness.runtime.services.stack import Stack

T = TypeVar("T")


class BackupCopy:
    """A complete backup on this machine; what a fault does to it is what the restore gets.

    Args:
        directory: of this run alone.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def manifest(self) -> Manifest:
        """The manifest as it stands on disk."""
        return read_manifest(self.directory)

    @property
    def dump(self) -> Path:
        return self.file("database")

    @property
    def storage(self) -> Path:
        """The storage artifact: an archive, or a directory (`storage_form = "copy"`)."""
        return self.file("storage")

    def file(self, role: str) -> Path:
        """The artifact of that role in the manifest (`database`, `storage`, `inventory`)."""
        return self.directory / next(file.name for file in self.manifest.artifacts if file.role == role)

    def rewrite_manifest(self) -> None:
        """Write the manifest again with the sizes and digests of the files as they are now.

        The backup then looks as if its tool had written it like that: only the comparison with what the source
        held can tell. What the manifest says of rows and files stays.
        """
        manifest = self.manifest
        files = tuple((file.role, self.directory / file.name) for file in manifest.artifacts)
        measured = {file.name: file for file in measure_all(files, {role for role, _ in files}, self.directory)}
        artifacts = tuple(measured.get(file.name, file) for file in manifest.artifacts)
        write_manifest(replace(manifest, artifacts=artifacts), self.directory)


class ScriptStream:
    """The script on its way to the server; a fault can have something done when so much of it was sent."""

    def __init__(self) -> None:
        self._actions: list[tuple[int, Callable[[], None]]] = []
        self._at_progress: dict[str, Callable[[], None]] = {}
        self.sent_bytes = 0

    def when_sent(self, size_bytes: int, action: Callable[[], None]) -> None:
        """Call `action` when exactly so many bytes of the script were sent; the rest waits until it returns.

        It is called in the thread that sends, once, and not at all when the script is shorter. The client may
        not have worked off all of it yet: wait for what you need (`wait_until`).
        """
        self._actions.append((size_bytes, action))
        self._actions.sort(key=lambda entry: entry[0])

    def when_at(self, progress: str, action: Callable[[], None]) -> None:
        """Call `action` when the reindex says that it comes to `progress`, such as `search tasks`; it waits."""
        self._at_progress[progress] = action

    def reached(self, progress: str) -> None:
        """The reindex comes to this."""
        if action := self._at_progress.pop(progress, None):
            action()

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same bytes, with the actions in their places."""
        for chunk in chunks:
            rest = chunk
            while self._actions and self._actions[0][0] <= self.sent_bytes + len(rest):
                size_bytes, action = self._actions.pop(0)
                first = rest[: max(0, size_bytes - self.sent_bytes)]
                rest = rest[len(first) :]
                if first:
                    yield first
                    self.sent_bytes += len(first)
                action()
            if rest:
                yield rest
                self.sent_bytes += len(rest)


@dataclass(slots=True)
class FaultContext:
    """One fault at its injection point.

    What an injection point does not have raises an error that names the point: `docs/faults.md` has the table.

    Args:
        run_dir: directory of the run; scratch files of a fault go below it.
        limits: how long the harness waits for things.
        times: how often the injection point was entered, including now: a backup copies the files up to three times
            until they agree with the dump.
        past: what earlier drills of this backup found, as far as a fault says so, newest first.
    """

    at: InjectionPoint
    run_dir: Path
    limits: Limits
    changes: list[Change] = field(default_factory=list)
    times: int = 1
    past: list[PastDrill] = field(default_factory=list)
    _stack: Stack | None = None
    _directory: Path | None = None
    _script: ScriptStream | None = None
    _checks: list[str] | None = None

    def changed(self, kind: str, subject: str, detail: str) -> None:
        """Say what was done: enough to repeat it; names, keys, offsets and digests, never content."""
        self.changes.append(Change(kind, subject, detail))

    @property
    def stack(self) -> Stack:
        """The running source or target."""
        return self._has(self._stack, "running stack")

    def session(self) -> AbstractContextManager[Session]:
        """A session of the administrator in the application's database."""
        return self.stack.mysql.session(database=self.stack.mysql.database)

    def give_app(self, **variables: str) -> None:
        """Give the application's commands these variables in place of its own, from now on."""
        apiary = self.stack.apiary
        apiary.overrides.update(variables)
        # What was cached when it started would win over them.
        apiary.must_artisan("config:clear")

    def index_uid(self, name: str) -> str:
        """The index of a model, named without the application's prefix."""
        return f"{self.stack.apiary.search_prefix}{name}"

    def add_strangers(self, uid: str, table: str, count: int, rng: Random) -> range:
        """Add documents to an index whose rows are not in the table; their ids."""
        with self.session() as session:
            highest = int(session.value(f"SELECT COALESCE(MAX(id), 0) FROM {quote_name(table)}"))
        first = highest + rng.randrange(1, 1000)
        ids = range(first, first + count)
        self.stack.meilisearch.client().index(uid).add_documents([{"id": number} for number in ids], "id")
        self.settle_search()
        return ids

    def settle_search(self) -> None:
        """Wait until the search has done what it was asked to."""
        wait_until(
            lambda: self.stack.meilisearch.pending_tasks() == 0,
            what="the search server to finish its tasks",
            timeout_s=self.limits.search_drained_s,
        )

    @property
    def directory(self) -> Path:
        """Directory of the backup while it is being made (`backup`, `dump-and-files`) and afterwards."""
        return self._has(self._directory, "backup directory")

    @property
    def backup(self) -> BackupCopy:
        """The complete backup; while a fault of `source` or `backup` is left, it is there already."""
        if self._directory is None or not (self._directory / MANIFEST_NAME).is_file():
            self._has(None, "complete backup")
        return BackupCopy(self.directory)

    @property
    def script(self) -> ScriptStream:
        """The script on its way to the server."""
        return self._has(self._script, "dump stream")

    @property
    def checks(self) -> list[str]:
        """Names of the checks that will run, in their order; what is taken out does not run."""
        return self._has(self._checks, "list of checks")

    def _has(self, value: T | None, what: str) -> T:
        if value is None:
            raise HarnessError(f"injection point {self.at} has no {what}")
        return value
