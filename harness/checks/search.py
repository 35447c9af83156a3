"""Search: the indexes, their documents, their settings, their tasks, and known rows found by searching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from harness.artifacts.storage.names import code_of
from harness.base import guide
from harness.base.model import CheckResult, FileState, IdSet, Probe, SearchableRows, SearchState, Severity
from harness.checks.collector import Collector, shortened
from harness.checks.evidence import UNREACHABLE, DocumentDifference

KEYS_LISTED = 5


def check_indexes(
    searchable: Sequence[SearchableRows], actual: SearchState, expected: SearchState, prefix: str
) -> CheckResult:
    """Every imported table has its index under the right name, and there is no other."""
    found = Collector("search-indexes", "Every searchable table has its search index")
    there = {index.name for index in actual.indexes}
    wanted = {prefix + model.table for model in guide.IMPORTED_MODELS}
    # A database that lacks a searchable table (an older Apiary) has nothing to index for it.
    known = {rows.index for rows in searchable}
    wanted &= known | {prefix + model.table for model in guide.IMPORTED_MODELS if not model.from_database}
    found.compared = len(wanted | there)
    for name in sorted(wanted - there):
        found.add(
            "index-missing",
            name,
            f"The search has no index {name}: rows of that table cannot be found.",
            expected="present",
            actual="missing",
            remedy="Check SCOUT_PREFIX, the queue worker, and the output of scout:import-all.",
        )
    expected_names = {index.name for index in expected.indexes}
    for name in sorted(there - wanted - expected_names):
        found.add(
            "index-extra",
            name,
            f"The search has an index {name} that belongs to no searchable table.",
            expected="absent",
            actual="present",
            remedy="An old Meilisearch dump may have been imported, or SCOUT_PREFIX changed.",
        )
    for rows in searchable:
        if not rows.imported and len(rows.ids) and rows.index not in there:
            found.add(
                "index-not-imported",
                rows.index,
                f"{len(rows.ids)} rows are searchable in the application's code, but scout:import-all skips their "
                f"model: after the documented restore there is no index {rows.index}.",
                severity=Severity.WARNING,
                expected=len(rows.ids),
                actual=0,
                remedy=f"Run `php artisan scout:import` for the model of {rows.index.removeprefix(prefix)}.",
            )
    return found.result()


def check_documents(
    searchable: Sequence[SearchableRows],
    actual: SearchState,
    documents: Sequence[DocumentDifference] = (),
    dumps: Sequence[FileState] = (),
) -> CheckResult:
    """The ids of an index's documents are the ids of the rows that belong into it, both ways, and they say the same.

    Args:
        searchable: the rows.
        actual: the restored search.
        documents: what the documents say, against their rows.
        dumps: the search's own dumps in the restored directory.
    """
    found = Collector("search-documents", "Search index matches the database")
    indexes = {index.name: index for index in actual.indexes}
    for rows in searchable:
        if not rows.imported:
            continue
        index = indexes.get(rows.index)
        ids = index.ids if index is not None else IdSet()
        found.compared += len(rows.ids)
        missing, extra = rows.ids.minus(ids), ids.minus(rows.ids)
        if len(missing):
            found.add(
                "index-document-missing",
                rows.index,
                f"{len(missing)} of {len(rows.ids)} rows are not in the index {rows.index}: ids {_first(missing)}.",
                expected=len(rows.ids),
                actual=len(ids),
                remedy="Check for failed tasks, then run scout:import-all again.",
            )
        if len(extra):
            found.add(
                "index-document-extra",
                rows.index,
                f"The index {rows.index} contains {len(extra)} documents without a row: ids {_first(extra)}.",
                expected=len(rows.ids),
                actual=len(ids),
                remedy="scout:import-all never deletes documents: flush the index, then import.",
            )
        found.evidence(rows.index, f"{len(ids)} of {len(rows.ids)}")
    for each in documents:
        found.compared += each.compared
        if each.differing:
            found.add(
                "index-document-differs",
                each.index,
                f"{each.differing} of {each.compared} texts in the index {each.index} differ from their rows: ids "
                f"{_first(each.ids)}, fields {', '.join(each.fields)}.",
                expected=0,
                actual=each.differing,
                remedy="Run scout:import-all again: it rewrites every document.",
            )
    if dumps:
        found.evidence("Meilisearch dumps among the files", len(dumps))
        # Production leaves one at each start; only what came of it is worth a word.
        if any(finding.code == "index-document-extra" for finding in found.result().findings):
            _name_dumps(found, dumps)
    if documents:
        found.evidence("texts compared with their rows", sum(each.compared for each in documents))
    return found.result()


def _name_dumps(found: Collector, dumps: Sequence[FileState]) -> None:
    newest = datetime.fromtimestamp(max(dump.mtime_s for dump in dumps), UTC)
    found.add(
        "old-search-dump",
        guide.MEILISEARCH_DUMPS_DIRECTORY,
        f"The documents without a row may come from an old dump: the restored directory contains {len(dumps)} "
        f"Meilisearch dumps, the newest of {newest:%Y-%m-%d %H:%M} UTC. In production, a Meilisearch with an empty "
        "database directory imports it at start.",
        severity=Severity.WARNING,
        actual=len(dumps),
        remedy="Delete the dumps before Meilisearch starts, or flush the indexes before scout:import-all.",
    )


def check_packaged_documents(expected: SearchState, actual: SearchState, prefix: str) -> CheckResult:
    """Documents that come from the app's own data file are as many as in a proper search."""
    found = Collector("search-packaged", "Documents from the application's own data file are indexed")
    before = {index.name: index for index in expected.indexes}
    now = {index.name: index for index in actual.indexes}
    for model in guide.IMPORTED_MODELS:
        name = prefix + model.table
        if model.from_database:
            continue
        wanted = before[name].ids if name in before else IdSet()
        there = now[name].ids if name in now else IdSet()
        found.compared += len(wanted)
        if wanted != there:
            found.add(
                "index-document-missing" if len(wanted.minus(there)) else "index-document-extra",
                name,
                f"The index {name} contains {len(there)} documents; {len(wanted)} are expected.",
                expected=len(wanted),
                actual=len(there),
            )
    return found.result()


def _first(ids: IdSet) -> str:
    # A document's id that is a text is nothing that the application made: it may be anything.
    listed = [
        str(value) if isinstance(value, int) else code_of(value.encode("utf-8", "surrogateescape"))
        for _, value in zip(range(KEYS_LISTED), ids, strict=False)
    ]
    return ", ".join(listed) + (" …" if len(ids) > KEYS_LISTED else "")


_IN_EVERY_VERSION = {
    *("displayedAttributes", "searchableAttributes", "filterableAttributes", "sortableAttributes", "rankingRules"),
    *("stopWords", "synonyms", "distinctAttribute", "typoTolerance", "faceting", "pagination"),
}
"""Settings that every Meilisearch since 1.0 has: where one is missing, something is wrong."""


def check_settings(expected: SearchState, actual: SearchState) -> CheckResult:
    """The settings of each index are those of a search that was set up properly."""
    found = Collector("search-settings", "Index settings match the application's configuration")
    now = {index.name: dict(index.settings) for index in actual.indexes}
    one_sided: set[str] = set()
    for index in expected.indexes:
        if index.name not in now:
            continue
        settings, there = dict(index.settings), now[index.name]
        # Each release brings settings that the ones before do not have: that is the server, and not the backup.
        new = (settings.keys() ^ there.keys()) - _IN_EVERY_VERSION
        one_sided |= new
        for name in sorted(settings.keys() - new):
            found.compared += 1
            if there.get(name) != settings[name]:
                found.add(
                    "index-settings",
                    f"{index.name} {name}",
                    f"The setting {name} of the index {index.name} differs from the expected one.",
                    expected=shortened(settings[name]),
                    actual=shortened(there.get(name, "none")),
                    remedy="Run `php artisan scout:sync-index-settings`: without it, filters fail with status 400.",
                )
    if one_sided:
        found.evidence("settings of only one of the two servers", ", ".join(sorted(one_sided)))
    if expected.not_applied or actual.not_applied:
        found.evidence("stored but not applied", ", ".join(sorted({*expected.not_applied, *actual.not_applied})))
    return found.result()


_REFUSED = {
    "invalid_api_key": "Compare MEILISEARCH_KEY with the keys of the server.",
    "missing_authorization_header": "Set MEILISEARCH_KEY to a key of the server.",
    "payload_too_large": "Raise the server's --http-payload-size-limit, or import in smaller chunks.",
}
"""What to do about an error code of Meilisearch (its documentation, "Error codes")."""


def check_tasks(actual: SearchState, import_complaints: int, refusals: Sequence[tuple[str, int]] = ()) -> CheckResult:
    """No task of the search server failed or was canceled or is pending, and the import had nothing to complain of.

    `scout:import-all` ends with 0 whatever happens, and `meilisearch:dump` never looks at failed tasks.

    Args:
        actual: the restored search.
        import_complaints: lines that the import wrote to stderr.
        refusals: error codes of Meilisearch in them, each with how often it came.
    """
    found = Collector("search-tasks", "Every task of the search server succeeded")
    found.compared = actual.tasks
    if import_complaints:
        found.add(
            "import-complained",
            "scout:import-all",
            f"scout:import-all exited with 0 but printed {import_complaints} lines of errors.",
            severity=Severity.WARNING,
            expected=0,
            actual=import_complaints,
            remedy="See logs/target/import.log in the run directory.",
        )
    for code, times in refusals:
        if code == UNREACHABLE:
            found.add(
                "search-unreachable",
                "MEILISEARCH_HOST",
                f"{times} requests of scout:import-all got no answer at the address that the application uses.",
                severity=Severity.WARNING,
                expected=0,
                actual=times,
                remedy="Compare MEILISEARCH_HOST with the address of the server.",
            )
            continue
        found.add(
            "search-refused",
            code,
            f"Meilisearch refused {times} requests of scout:import-all: {code}.",
            severity=Severity.WARNING,
            expected=0,
            actual=times,
            remedy=_REFUSED.get(code, "See Meilisearch's documentation of error codes."),
        )
    if actual.pending:
        found.unknown = _pending(actual)
        found.add(
            "search-task-pending",
            "meilisearch",
            f"The search was still working when it was checked: {actual.pending} tasks were pending or new.",
            severity=Severity.WARNING,
            expected=0,
            actual=actual.pending,
            remedy="Wait until the application's queue and Meilisearch's tasks are finished, then drill again.",
        )
    for task in actual.bad_tasks:
        found.add(
            f"task-{task.status}",
            task.index or f"task {task.uid}",
            f"Task {task.uid} ({task.kind}) on {task.index or 'no index'} is {task.status}: {task.error or 'no code'}.",
            expected="succeeded",
            actual=task.status,
            remedy="The documents of that task are not in the search: fix the cause, then import again.",
        )
    return found.result()


def unless_pending(result: CheckResult, actual: SearchState) -> CheckResult:
    """What a check of the search found, unless tasks were pending: then an error may be gone a moment later."""
    kept = tuple(finding for finding in result.findings if finding.severity is not Severity.ERROR)
    if not actual.pending or kept == result.findings:
        return result
    return replace(result, findings=kept, suppressed=0, unknown=_pending(actual))


def _pending(actual: SearchState) -> str:
    return f"{actual.pending} tasks of the search server were pending or new when it was checked"


def check_probes(name: str, title: str, code: str, probes: Sequence[Probe], sentence: str) -> CheckResult:
    """Questions with known answers.

    Args:
        probes: what was asked, expected and answered.
        sentence: what went wrong, for people; `{subject}` stands for what was asked about.
    """
    found = Collector(name, title)
    found.compared = len(probes)
    for probe in probes:
        if not probe.answered:
            found.add(
                code,
                probe.subject,
                sentence.format(subject=probe.subject) + (f" ({probe.error})" if probe.error else ""),
                expected=probe.expected,
                actual=probe.actual or "nothing",
            )
    found.evidence("asked", len(probes))
    found.evidence("as expected", sum(probe.answered for probe in probes))
    return found.result()
