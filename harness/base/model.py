"""The values that the drill passes around: frozen, comparable, and nothing but the standard library.

Sizes are in bytes, durations in seconds, times are UTC. Reports are made from these values, so none of them
may hold the content of a row or a file: names, counts, sizes, digests, primary keys and times only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What a drill says; the worst wins, and no evidence is never a pass."""

    PASS = "PASS"  # noqa: S105 (a verdict, not a password)
    INCONCLUSIVE = "INCONCLUSIVE"
    FAIL = "FAIL"


class Severity(StrEnum):
    """How much a finding weighs: only an error turns a verdict to FAIL."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, told so that a tired operator understands it at 3 a.m.

    Args:
        code: stable name, such as `row-count`; pipelines match on it.
        severity: see Severity.
        subject: what it is about: a table, a path, an index.
        message: one sentence with the values in it.
        expected: what should have been there, as a count, a size, a digest or a name.
        actual: what was there.
        remedy: what to do about it, one sentence; empty when the message says it all.
    """

    code: str
    severity: Severity
    subject: str
    message: str
    expected: str | None = None
    actual: str | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check saw.

    Args:
        check: name of the check in the table of checks.
        title: what it proves, for people.
        compared: how many things were compared; with 0 the check proves nothing.
        findings: the first of what it found; `suppressed` counts those that are not listed.
        unknown: why the check could not tell, or empty. A check that could not tell is never a pass.
        evidence: a few measured figures for the report, in reading order.
        duration_s: how long the check took.
    """

    check: str
    title: str
    compared: int
    findings: tuple[Finding, ...] = ()
    suppressed: int = 0
    unknown: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that the drill ran, and what running this one leaves unproven.

    `reference` is a binary's path, or an image with its digest.
    """

    role: str
    name: str
    version: str
    reference: str
    real: bool
    unproven: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the procedure with its measured time; `detail` holds counts and sizes in words."""

    name: str
    title: str
    started_at: datetime
    duration_s: float
    detail: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class SchemaObject:
    """A part of a schema: column, index, foreign-key, check, table, view, trigger, routine, event, database.

    `owner` is the table that it belongs to (empty for objects of the database itself). `attributes` is what
    is compared: sorted pairs of attribute and text, already normalised for what differs between server
    versions without a meaning.
    """

    kind: str
    owner: str
    name: str
    attributes: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        """Name for people, such as `users.gt_email`."""
        return f"{self.owner}.{self.name}" if self.owner and self.owner != self.name else self.name


@dataclass(frozen=True, slots=True)
class TableState:
    """One table's content.

    Args:
        name: table.
        rows: exact count.
        digest: order-independent digest of all rows that duplicates cannot cancel, hexadecimal; empty when it
            was not taken.
        auto_increment: next value, or None.
        newest_at: newest of the row's own times (`created_at`, `updated_at`) as a session in UTC reads it, or None.
    """

    name: str
    rows: int
    digest: str
    auto_increment: int | None = None
    newest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Orphans:
    """Rows of `table` whose foreign key `constraint` points at no row of `referenced`."""

    table: str
    constraint: str
    columns: tuple[str, ...]
    referenced: str
    rows: int


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """One database, as the server tells it."""

    name: str
    tables: tuple[TableState, ...]
    objects: tuple[SchemaObject, ...]
    variables: Mapping[str, str]
    orphans: tuple[Orphans, ...] = ()
    definers_missing: tuple[tuple[str, str], ...] = ()


PRIVILEGES = 0o6000
"""The setuid and the setgid bit of a file's mode."""


@dataclass(frozen=True, slots=True)
class FileState:
    """One entry below the storage directory.

    Args:
        path: relative, as bytes, `/` between its parts, without a leading `./`.
        kind: `file`, `directory`, `symlink`, `hardlink`, or `special` for what a backup should not hold.
        size_bytes: logical size of a file (holes count), 0 for all else.
        sha256: hexadecimal digest of a file's content, empty for all else.
        mode: permission bits, such as 0o644.
        uid: numeric owner.
        gid: numeric group.
        mtime_s: modification time in whole seconds since 1970.
        target: what a link points at, as bytes; empty for all else.
        content: what a file's content looks like, a word of `harness.artifacts.storage.content`; empty where nobody
            looked. It follows from the content, and two entries that differ in it alone are equal.
    """

    path: bytes
    kind: str
    size_bytes: int
    sha256: str
    mode: int
    uid: int
    gid: int
    mtime_s: int
    target: bytes = b""
    content: str = field(default="", compare=False)

    @property
    def privileged(self) -> bool:
        """Whether it is a file that runs as its owner or group (setuid, setgid), whoever starts it."""
        return self.kind in ("file", "hardlink") and bool(self.mode & PRIVILEGES)


@dataclass(frozen=True, slots=True)
class FileTotals:
    """Sums over a storage directory; the entries themselves stand in a sidecar, one JSON object per line."""

    files: int = 0
    directories: int = 0
    links: int = 0
    size_bytes: int = 0
    inventory: str = ""


@dataclass(frozen=True, slots=True)
class DirectoryTotals:
    """Files below one directory of the first level, at any depth, and their bytes."""

    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class IdSet:
    """A set of document ids, small enough to keep: ranges of integers, and the texts that are none.

    `ranges` holds pairs (first, last), sorted and apart from each other.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, ids: Iterable[int | str]) -> IdSet:
        """Collect ids; integers that come in ascending order cost only their ranges."""
        ranges: list[tuple[int, int]] = []
        texts: set[str] = set()
        for value in ids:
            if isinstance(value, str):
                texts.add(value)
            elif ranges and value == ranges[-1][1] + 1:
                ranges[-1] = (ranges[-1][0], value)
            else:
                ranges.append((value, value))
        return cls(_merged(ranges), tuple(sorted(texts)))

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges) + len(self.texts)

    def __iter__(self) -> Iterator[int | str]:
        for first, last in self.ranges:
            yield from range(first, last + 1)
        yield from self.texts

    def minus(self, other: IdSet) -> IdSet:
        """The ids that `other` does not have."""
        left: list[tuple[int, int]] = []
        theirs = iter(other.ranges)
        gap = next(theirs, None)
        for start, last in self.ranges:
            first = start
            while gap is not None and gap[1] < first:
                gap = next(theirs, None)
            while gap is not None and gap[0] <= last:
                if gap[0] > first:
                    left.append((first, gap[0] - 1))
                first = gap[1] + 1
                if gap[1] > last:
                    break
                gap = next(theirs, None)
            if first <= last:
                left.append((first, last))
        return IdSet(tuple(left), tuple(sorted(set(self.texts) - set(other.texts))))


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


@dataclass(frozen=True, slots=True)
class IndexState:
    """One search index: its documents' ids and its settings as sorted pairs of setting and JSON text."""

    name: str
    primary_key: str | None
    documents: int
    ids: IdSet
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SearchTask:
    """A task of Meilisearch that did not succeed; `error` is its code."""

    uid: int
    index: str
    status: str
    kind: str
    error: str


@dataclass(frozen=True, slots=True)
class Probe:
    """A question with a known answer: searching for a row, decrypting a value, fetching a file.

    `expected` and `actual` are ids or digests, never content.
    """

    name: str
    subject: str
    expected: str
    actual: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class EgressAttempt:
    """One attempt to get out of the network that a restored application is in.

    Args:
        kind: `lookup` or `connection`.
        target: what was tried: a name, or address and port.
        reached: True when it worked, which it must not.
        unknown: why the attempt proves nothing, or empty.
        detail: what came back, such as the exit status.
    """

    kind: str
    target: str
    reached: bool
    unknown: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SearchState:
    """All of Meilisearch that a restore has to bring back.

    `pending` tasks were enqueued or being processed while it was looked at, or came meanwhile.
    """

    indexes: tuple[IndexState, ...]
    bad_tasks: tuple[SearchTask, ...]
    tasks: int
    not_applied: tuple[str, ...] = ()
    pending: int = 0


@dataclass(frozen=True, slots=True)
class AppState:
    """What the application says of itself.

    Args:
        ping: whether `/ping` answers.
        health: one probe for each health check that gave a status (`OK`), by the check's name.
        migrations_ran, migrations_pending: as `migrate:status` lists them.
        decrypt: whether encrypted values can be read.
        downloads: files fetched through the application; empty where the login failed.
        configuration: whether it uses what its environment says.
        no_report: why `/health` gave no report, or empty; the checks in `health` were then run one by one.
        no_login: why the login failed, or empty.
        completed: variables of the login that the environment file lacked.
        not_decrypted: columns with encrypted values that were not tried, because no `APP_KEY` was given.
    """

    ping: Probe
    health: tuple[Probe, ...]
    migrations_ran: tuple[str, ...]
    migrations_pending: tuple[str, ...]
    decrypt: tuple[Probe, ...] = ()
    downloads: tuple[Probe, ...] = ()
    configuration: tuple[Probe, ...] = ()
    not_decrypted: tuple[str, ...] = ()
    no_report: str = ""
    no_login: str = ""
    completed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchableRows:
    """The rows of a table that a complete index holds; `imported` is False where import-all leaves it out."""

    index: str
    ids: IdSet
    imported: bool = True


@dataclass(frozen=True, slots=True)
class TrendLimits:
    """How far a table, a directory or an index may be from what it usually was.

    Args:
        drills: how many of the last good drills are looked at; the median of them is what is usual.
        shrank_share: the share of the usual that may be missing, 0 to 1.
        jumped_share: the share of the usual that may have come on top; 1 is twice as much.
        minimum_rows, minimum_files, minimum_bytes, minimum_documents: what has less, then and now, is not judged.
    """

    drills: int = 5
    shrank_share: float = 0.2
    jumped_share: float = 1.0
    minimum_rows: int = 100
    minimum_files: int = 20
    minimum_bytes: int = 1_000_000
    minimum_documents: int = 100


@dataclass(frozen=True, slots=True)
class PastDrill:
    """One good drill of the same backup, as the history tells it.

    Args:
        drill_id: name of the run.
        started_at: its beginning.
        recovery_time_s: steps two to six of the guide.
        steps: seconds by name of the step.
        tables: rows by table.
        directories: files and bytes by directory of the first level.
        documents: documents by index.
        artifacts: bytes by role of the artifact.
    """

    drill_id: str
    started_at: datetime
    recovery_time_s: float | None
    steps: Mapping[str, float]
    tables: Mapping[str, int]
    directories: Mapping[str, DirectoryTotals]
    documents: Mapping[str, int]
    artifacts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrendEvidence:
    """The last good drills of the same backup, newest first, and how far from them is too far."""

    limits: TrendLimits
    past: tuple[PastDrill, ...]


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """One file of a backup: name below the backup's directory, size and SHA-256 (hexadecimal)."""

    role: str
    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a file, or a directory of files, of a backup came from: what the store said, and what was read.

    Args:
        role: `database`, `storage`, or `backup` for both.
        location: path, URL without user, password and query, or `dump_command (restic)`; no secret is in it.
        version: the store's own: version of the object, ETag, or snapshot.
        modified_at: time of the object in its store, or of the snapshot.
        size_bytes, sha256: of what was read; empty for a directory, whose files have their own.
        checked: the digest files and the metadata that agreed with it.
        matched: how many a pattern matched; 0 where there was no pattern.
        among: the newest of these, the one that was taken first.
    """

    role: str
    location: str
    version: str = ""
    modified_at: datetime | None = None
    size_bytes: int | None = None
    sha256: str = ""
    checked: tuple[str, ...] = ()
    matched: int = 0
    among: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What a backup left out on purpose: a `table` with its rows, or a `directory` with its files."""

    kind: str
    name: str
    count: int
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Between:
    """What changed between the dump and the copy of the files, and was still so after the last attempt.

    Args:
        attempts: how often dump or files were taken, the last being the one that was kept.
        rows_of_deleted_files: rows of the dump that were gone, or referred to something else, when the files
            were copied: their files are not in the copy.
        rows_of_late_files: rows of the dump whose file came after its directory was copied.
        rows_without_file: rows whose file is not there at the source either.
        files_of_later_rows: files in the copy whose row came after the dump.
        named: the first rows and paths of each kind, in this order.
    """

    attempts: int
    rows_of_deleted_files: int = 0
    rows_of_late_files: int = 0
    rows_without_file: int = 0
    files_of_later_rows: int = 0
    named: tuple[str, ...] = ()

    @property
    def dump_is_older(self) -> bool:
        """Whether another dump, and another copy after it, could agree."""
        return bool(self.rows_of_deleted_files or self.files_of_later_rows)

    @property
    def settled(self) -> bool:
        """Whether nothing is left that taking it again could mend."""
        return not self.dump_is_older and not self.rows_of_late_files


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the backup tool wrote, said by the backup tool (`manifest.json`; docs/manifest.md explains it).

    Args:
        format_version: 1; a reader refuses a higher one.
        created_at: when the backup was complete.
        started_at: when it began.
        mode: `hot` (the app kept running) or `quiesced` (it was stopped).
        nonce: random text of this backup.
        database: name of the database.
        artifacts: the files, with size and digest.
        components: tools and servers that took part.
        variables: server variables that change what the script means.
        same_snapshot: True when `tables` were digested in the same consistent snapshot as the dump.
        lock_held_s: how long the global read lock was held for that, 0 when it was not taken.
        snapshot_note: in words, how the two were brought together, or why not.
        tables: rows and digest of each dumped table.
        objects: every schema object of the dumped tables and of the database.
        files: totals of the storage artifact; `files.inventory` names the artifact that lists every entry.
        searchable: rows that belong into each index.
        exclusions: what was left out, with counts.
        between: what dump and files disagree about; None where nobody looked.
        orphans: rows of the source that pointed nowhere already, for every foreign key.
    """

    format_version: int
    created_at: datetime
    started_at: datetime
    mode: str
    nonce: str
    database: str
    artifacts: tuple[ArtifactFile, ...]
    components: tuple[Component, ...]
    variables: Mapping[str, str]
    same_snapshot: bool
    lock_held_s: float
    snapshot_note: str
    tables: tuple[TableState, ...]
    objects: tuple[SchemaObject, ...]
    files: FileTotals
    searchable: tuple[SearchableRows, ...]
    exclusions: tuple[Exclusion, ...]
    steps: tuple[Step, ...] = ()
    between: Between | None = None
    orphans: tuple[Orphans, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a fault did, told so that it can be done again by hand; never content.

    Args:
        kind: what was changed: `byte`, `row`, `statement`, `table`, `file`, `document`, `process`, `manifest`, …
        subject: which one: a file's name, a table with its key, a process.
        detail: how: offset, line, digest, count, what it became.
    """

    kind: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.detail}"


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """A fault that a scenario asked for, and what it did; without a change it proves nothing.

    Args:
        name: in the table of faults.
        stage: where it was put in.
        changes: in the order in which they were made.
    """

    name: str
    stage: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One drill of a matrix.

    Args:
        values: pairs of axis and value, as they were asked for.
        servers: what really ran, such as `MySQL 9.7.4`.
        drill_id: name of the run, also of its directory; empty where it could not begin.
        verdict: what came out.
        exit_code: of this drill alone.
        duration_s: all of it.
        recovery_time_s: steps two to six of the guide; None when the restore did not end.
        errors: findings of severity error.
        reasons: one sentence for each thing that decided the verdict.
    """

    values: tuple[tuple[str, str], ...]
    servers: tuple[str, ...]
    drill_id: str
    verdict: Verdict
    exit_code: int
    duration_s: float
    recovery_time_s: float | None
    errors: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixResult:
    """The same backup under several servers; written anew after each drill.

    Args:
        format_version: 1.
        matrix_id: name of the run of all of them, also of its directory.
        purpose: what was drilled.
        started_at: beginning of the first drill.
        combinations: how many there are to be; fewer cells mean that it was interrupted.
        cells: one for each that was drilled, in order.
    """

    format_version: int
    matrix_id: str
    purpose: str
    started_at: datetime
    combinations: int
    cells: tuple[MatrixCell, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of all; a combination that was not drilled could not tell."""
        verdicts = {cell.verdict for cell in self.cells}
        if Verdict.FAIL in verdicts:
            return Verdict.FAIL
        whole = len(self.cells) == self.combinations and verdicts == {Verdict.PASS}
        return Verdict.PASS if whole else Verdict.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class NegativeControl:
    """What was broken in the restored target after the verdict, and whether the checks found it.

    Args:
        name: of what was done, such as `row-removed`; empty when none was made.
        subject: table, path or index.
        detail: what was done; a key, an offset or an id, never content.
        check: the check that had to find it.
        found_as: code of the finding; empty when it was not found.
        rng_seed: the random number that the choice followed from.
        duration_s: how long it took.
        note: why there was none, or why it failed.
    """

    name: str = ""
    subject: str = ""
    detail: str = ""
    check: str = ""
    found_as: str = ""
    rng_seed: int = 0
    duration_s: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class DrillResult:
    """Everything that a drill found out: what the reports are made from.

    Args:
        format_version: 1.
        drill_id: name of the run, also of its directory.
        scenario: name of the scenario, or `verify`.
        purpose: why this drill is run, one paragraph.
        mode: `faithful` or `fast` (DESIGN.md).
        started_at: beginning of the drill.
        duration_s: all of it.
        verdict: what came out.
        reasons: one sentence for each thing that decided the verdict.
        components: what was run.
        steps: backup and restore steps with their times.
        checks: what each check saw.
        findings: of all checks and stages, worst first.
        recovery_time_s: steps two to six of the guide, measured; None when the restore did not end.
        recovery_point_at: newest row that came back, UTC.
        recovery_point_local: the same in the application's time zone, with its name: what stands in the row.
        unproven: what this drill did not prove, in words.
        recovery_time_objective_s: the most that recovery may take; None where no objective was set.
        recovery_point_objective_s: the most that the newest row may be old; None where no objective was set.
        recovery_point_s: age of the newest row when the backup was taken, or now, where nothing says when that was.
        backup_at: when the backup was taken, or None.
        backup: name of the backup from one drill to the next (docs/history.md); empty in results of older versions.
        expected_verdict: the verdict that makes the drill green; another one than PASS for a negative control.
        peak_memory_bytes: the most memory that the harness itself had, its servers and tools not counted.
        error: the error that ended the drill early, or empty.
        hints: what to do about that error.
        faults: what the scenario had done on purpose, to see whether the drill notices.
        negative_control: what was broken after the verdict, to see whether the checks find it; None where none
            was asked for (a scenario with faults is one itself).
        provenance: where the files of the backup came from, when they were fetched or chosen by a pattern.
    """

    format_version: int
    drill_id: str
    scenario: str
    purpose: str
    mode: str
    started_at: datetime
    duration_s: float
    verdict: Verdict
    reasons: tuple[str, ...]
    components: tuple[Component, ...]
    steps: tuple[Step, ...]
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    recovery_time_s: float | None = None
    recovery_point_at: datetime | None = None
    unproven: tuple[str, ...] = ()
    error: str = ""
    hints: tuple[str, ...] = ()
    artifacts: tuple[ArtifactFile, ...] = field(default=())
    peak_memory_bytes: int | None = None
    recovery_time_objective_s: float | None = None
    recovery_point_objective_s: float | None = None
    recovery_point_s: float | None = None
    recovery_point_local: str = ""
    backup_at: datetime | None = None
    backup: str = ""
    faults: tuple[InjectedFault, ...] = ()
    expected_verdict: Verdict = Verdict.PASS
    negative_control: NegativeControl | None = None
    provenance: tuple[Provenance, ...] = ()
