"""The checks on search: nothing where nothing is wrong, and one finding for each thing that is."""

from dataclasses import replace

from harness.base.guide import IMPORTED_MODELS
from harness.base.model import FileState, IdSet, Probe, SearchTask, Severity
from harness.checks.evidence import DocumentDifference
from harness.checks.search import (
    check_documents,
    check_indexes,
    check_packaged_documents,
    check_probes,
    check_settings,
    check_tasks,
    unless_pending,
)
from tests.tables import over_table
from tests.unit.checks.builders import PREFIX, finding, index, only, search, searchable

ROWS = tuple(searchable(model.table, (1, 2)) for model in IMPORTED_MODELS if model.from_database)
PROPER = search(*(index(model.table, (1, 2)) for model in IMPORTED_MODELS))
WITHOUT_TEAMS = replace(PROPER, indexes=tuple(each for each in PROPER.indexes if each.name != "apiary_teams"))


def test_a_complete_set_of_indexes() -> None:
    result = check_indexes(ROWS, PROPER, PROPER, PREFIX)
    assert (result.check, result.findings, result.compared) == ("search-indexes", (), 11)
    rows = tuple(each for each in ROWS if each.index != "apiary_teams")
    result = check_indexes(rows, WITHOUT_TEAMS, WITHOUT_TEAMS, PREFIX)
    assert (result.findings, result.compared) == ((), 10), "a table that the database does not have needs none"
    own = replace(PROPER, indexes=(*PROPER.indexes, index("own", (1,))))
    assert check_indexes(ROWS, own, own, PREFIX).findings == (), "one that the source had too is nobody's fault"
    rows = (*ROWS, searchable("resumes", (), imported=False))
    assert check_indexes(rows, PROPER, PROPER, PREFIX).findings == (), "a table without rows"


def test_an_index_that_is_gone() -> None:
    assert only(check_indexes(ROWS, WITHOUT_TEAMS, PROPER, PREFIX)) == finding(
        "index-missing | apiary_teams | present | missing",
        "The search has no index apiary_teams: rows of that table cannot be found.",
        "Check SCOUT_PREFIX, the queue worker, and the output of scout:import-all.",
    )


def test_an_index_of_another_prefix() -> None:
    actual = replace(PROPER, indexes=(*PROPER.indexes, replace(index("users", ()), name="old_users")))
    assert only(check_indexes(ROWS, actual, PROPER, PREFIX)) == finding(
        "index-extra | old_users | absent | present",
        "The search has an index old_users that belongs to no searchable table.",
        "An old Meilisearch dump may have been imported, or SCOUT_PREFIX changed.",
    )


def test_a_searchable_table_that_import_all_leaves_out() -> None:
    rows = (*ROWS, searchable("resumes", range(1, 8), imported=False))
    assert only(check_indexes(rows, PROPER, PROPER, PREFIX)) == finding(
        "index-not-imported | apiary_resumes | 7 | 0",
        "7 rows are searchable in the application's code, but scout:import-all skips their model: after the "
        "documented restore there is no index apiary_resumes.",
        "Run `php artisan scout:import` for the model of resumes.",
        Severity.WARNING,
    )


def test_documents_that_are_the_rows() -> None:
    rows = (searchable("users", (1, 2, 3)), searchable("resumes", (1,), imported=False))
    result = check_documents(rows, search(index("users", (3, 2, 1))))
    assert (result.check, result.findings, result.compared) == ("search-documents", (), 3)
    assert result.evidence == (("apiary_users", "3 of 3"),)
    texts = (replace(searchable("users", ()), ids=IdSet.of(["a", 1])),)
    assert check_documents(texts, search(index("users", (1, "a")))).findings == ()


def test_a_document_less_and_one_without_a_row_are_named_although_the_counts_are_equal() -> None:
    """An index that is gone lacks every document, and the first are listed."""
    rows = (searchable("users", (1, 2)),)
    assert check_documents(rows, search(index("users", (2, 3)))).findings == (
        finding(
            "index-document-missing | apiary_users | 2 | 2",
            "1 of 2 rows are not in the index apiary_users: ids 1.",
            "Check for failed tasks, then run scout:import-all again.",
        ),
        finding(
            "index-document-extra | apiary_users | 2 | 2",
            "The index apiary_users contains 1 documents without a row: ids 3.",
            "scout:import-all never deletes documents: flush the index, then import.",
        ),
    )
    assert only(check_documents((searchable("users", range(1, 1001)),), search())).message == (
        "1000 of 1000 rows are not in the index apiary_users: ids 1, 2, 3, 4, 5 …."
    )


def test_documents_without_a_row_beside_an_old_dump_of_the_search() -> None:
    """The dump is named as what they may come from; by itself it is nothing to complain of."""
    rows = (searchable("users", (1, 2)),)
    dumps = [
        FileState(b"meilisearch/dumps/%d.dump" % day, "file", 5, "cc" * 32, 0o644, 33, 33, day * 86_400)
        for day in (20_000, 20_001)
    ]
    quiet = check_documents(rows, search(index("users", (1, 2))), dumps=dumps)
    assert quiet.findings == ()
    assert ("Meilisearch dumps among the files", "2") in quiet.evidence
    assert check_documents(rows, search(index("users", (1, 2, 3))), dumps=dumps).findings[1] == finding(
        "old-search-dump | meilisearch/dumps | None | 2",
        "The documents without a row may come from an old dump: the restored directory contains 2 Meilisearch "
        "dumps, the newest of 2024-10-05 00:00 UTC. In production, a Meilisearch with an empty database directory "
        "imports it at start.",
        "Delete the dumps before Meilisearch starts, or flush the indexes before scout:import-all.",
        Severity.WARNING,
    )


def test_documents_that_say_something_else_than_their_rows_are_named() -> None:
    rows, there = (searchable("users", (1, 2)),), search(index("users", (1, 2)))
    differing = DocumentDifference("apiary_users", 20, 2, ("name", "uid"), IdSet.of((1, 2)))
    result = check_documents(rows, there, (differing,))
    assert only(result) == finding(
        "index-document-differs | apiary_users | 0 | 2",
        "2 of 20 texts in the index apiary_users differ from their rows: ids 1, 2, fields name, uid.",
        "Run scout:import-all again: it rewrites every document.",
    )
    assert result.compared == 22
    assert check_documents(rows, there, (DocumentDifference("apiary_users", 20),)).findings == ()


def test_packaged_documents_that_are_as_in_a_proper_search() -> None:
    state = search(index("airports", ("ATL", "BOS")), index("users", (1,)))
    result = check_packaged_documents(state, state, PREFIX)
    assert (result.check, result.findings, result.compared) == ("search-packaged", (), 2)


@over_table("ids, code", [(("ATL",), "index-document-missing"), (("ATL", "BOS", "CDG"), "index-document-extra")])
def test_packaged_documents_that_differ(ids: tuple[str, ...], code: str) -> None:
    proper = search(index("airports", ("ATL", "BOS")))
    assert only(check_packaged_documents(proper, search(index("airports", ids)), PREFIX)) == finding(
        f"{code} | apiary_airports | 2 | {len(ids)}",
        f"The index apiary_airports contains {len(ids)} documents; 2 are expected.",
    )


def test_equal_settings_have_no_findings() -> None:
    state = search(index("users", (1,), displayedAttributes='["id"]', rankingRules="[]"), not_applied=("synonyms",))
    result = check_settings(state, state)
    assert (result.check, result.findings, result.compared) == ("search-settings", (), 2)
    assert result.evidence == (("stored but not applied", "synonyms"),)
    gone = check_settings(search(index("users", (1,), a="1")), search())
    assert (gone.findings, gone.compared) == ((), 0), "another check's matter"


def test_a_setting_that_only_one_of_the_servers_knows_is_no_difference() -> None:
    """Each release of Meilisearch brings new ones; what both have is compared all the same."""
    older = search(index("users", (1,), rankingRules="[]"))
    newer = search(index("users", (1,), rankingRules="[]", novelty='{"a": 1}'))
    for expected, actual in ((older, newer), (newer, older)):
        result = check_settings(expected, actual)
        assert (result.findings, result.compared) == ((), 1)
        assert result.evidence == (("settings of only one of the two servers", "novelty"),)
    other = search(index("users", (1,), rankingRules='["x"]', novelty="1"))
    assert only(check_settings(older, other)).subject == "apiary_users rankingRules"
    both = search(index("users", (1,), rankingRules="[]", novelty="2"))
    assert only(check_settings(newer, both)).subject == "apiary_users novelty"


def test_settings_that_were_not_synced() -> None:
    proper = search(index("users", (1,), displayedAttributes='["id"]', synonyms="{" + "x" * 300 + "}"))
    result = check_settings(proper, search(index("users", (1,), displayedAttributes='["*"]')))
    remedy = "Run `php artisan scout:sync-index-settings`: without it, filters fail with status 400."
    assert result.findings == (
        finding(
            'index-settings | apiary_users displayedAttributes | ["id"] | ["*"]',
            "The setting displayedAttributes of the index apiary_users differs from the expected one.",
            remedy,
        ),
        finding(
            f"index-settings | apiary_users synonyms | {{{'x' * 199}… (302 characters) | none",
            "The setting synonyms of the index apiary_users differs from the expected one.",
            remedy,
        ),
    )


def test_tasks_that_all_succeeded() -> None:
    result = check_tasks(search(tasks=11), 0)
    assert (result.check, result.findings, result.compared) == ("search-tasks", (), 11)


@over_table("status", ["failed", "canceled"])
def test_a_task_that_did_not_succeed(status: str) -> None:
    task = SearchTask(7, "apiary_users", status, "documentAdditionOrUpdate", "invalid_document_id")
    assert only(check_tasks(search(bad_tasks=(task,)), 0)) == finding(
        f"task-{status} | apiary_users | succeeded | {status}",
        f"Task 7 (documentAdditionOrUpdate) on apiary_users is {status}: invalid_document_id.",
        "The documents of that task are not in the search: fix the cause, then import again.",
    )


def test_an_import_that_complained_and_ended_with_0() -> None:
    assert only(check_tasks(search(), 3)) == finding(
        "import-complained | scout:import-all | 0 | 3",
        "scout:import-all exited with 0 but printed 3 lines of errors.",
        "See logs/target/import.log in the run directory.",
        Severity.WARNING,
    )


@over_table(
    "reason, head, message, remedy",
    [
        *(
            (code, f"search-refused | {code}", f"Meilisearch refused 11 requests of scout:import-all: {code}.", remedy)
            for code, remedy in (
                ("invalid_api_key", "Compare MEILISEARCH_KEY with the keys of the server."),
                ("payload_too_large", "Raise the server's --http-payload-size-limit, or import in smaller chunks."),
                ("internal", "See Meilisearch's documentation of error codes."),
            )
        ),
        (
            "unreachable",
            "search-unreachable | MEILISEARCH_HOST",
            "11 requests of scout:import-all got no answer at the address that the application uses.",
            "Compare MEILISEARCH_HOST with the address of the server.",
        ),
    ],
)
def test_an_import_that_was_refused_or_reached_nobody(reason: str, head: str, message: str, remedy: str) -> None:
    """The cause is named: without it, only documents would be missing."""
    assert check_tasks(search(), 11, ((reason, 11),)).findings[1:] == (
        finding(f"{head} | 0 | 11", message, remedy, Severity.WARNING),
    )


def test_tasks_that_are_pending() -> None:
    """What the search will hold is not known: neither good nor broken. A task that failed has failed all the same."""
    result = check_tasks(search(pending=3), 0)
    assert result.unknown == "3 tasks of the search server were pending or new when it was checked"
    pending = finding(
        "search-task-pending | meilisearch | 0 | 3",
        "The search was still working when it was checked: 3 tasks were pending or new.",
        "Wait until the application's queue and Meilisearch's tasks are finished, then drill again.",
        Severity.WARNING,
    )
    assert only(result) == pending
    result = check_tasks(search(pending=3, bad_tasks=(SearchTask(9, "", "failed", "dumpCreation", ""),)), 0)
    assert result.findings[0] == pending
    failed = result.findings[1]
    assert (failed.code, failed.severity, failed.subject) == ("task-failed", Severity.ERROR, "task 9")
    assert failed.message == "Task 9 (dumpCreation) on no index is failed: no code."


def test_what_is_missing_while_tasks_are_pending_may_come() -> None:
    busy = replace(WITHOUT_TEAMS, pending=2)
    missing = check_documents(ROWS, busy)
    assert [each.code for each in missing.findings] == ["index-document-missing"]
    result = unless_pending(missing, busy)
    assert result == replace(
        missing, findings=(), unknown="2 tasks of the search server were pending or new when it was checked"
    )
    assert unless_pending(missing, WITHOUT_TEAMS) == missing


def test_what_is_complete_while_tasks_are_pending_is_reported_as_it_was() -> None:
    """Warnings stay, too: the one of the tasks says that it was too early."""
    busy = replace(PROPER, pending=2)
    rows = (*ROWS, searchable("resumes", (1,), imported=False))
    for complete in (check_documents(ROWS, busy), check_indexes(rows, busy, busy, PREFIX)):
        assert unless_pending(complete, busy) == complete


def test_probes_that_find_what_they_should() -> None:
    result = check_probes("search-probes", "T", "search-probe", (Probe("search", "apiary_users id=1", "1", "1"),), "")
    assert (result.check, result.title, result.findings, result.compared) == ("search-probes", "T", (), 1)
    assert result.evidence == (("asked", "1"), ("as expected", "1"))


@over_table("code", ["search-probe", "decrypt", "download"])
def test_a_probe_with_another_answer_with_none_and_with_an_error(code: str) -> None:
    probes = (
        Probe("search", "users id=1", "1", "3 other hits"),
        Probe("search", "users id=2", "2", ""),
        Probe("search", "users id=3", "3", "3", "it answered with 500"),
    )
    result = check_probes("name", "Title", code, probes, "Asking for {subject} fails.")
    assert result.findings == (
        finding(f"{code} | users id=1 | 1 | 3 other hits", "Asking for users id=1 fails."),
        finding(f"{code} | users id=2 | 2 | nothing", "Asking for users id=2 fails."),
        finding(f"{code} | users id=3 | 3 | 3", "Asking for users id=3 fails. (it answered with 500)"),
    )
    assert result.evidence == (("asked", "3"), ("as expected", "0"))
