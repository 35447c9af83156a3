"""The checks on files: nothing where nothing is wrong, and one finding for each thing that is."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from harness.artifacts.storage.names import coded
from harness.base.errors import HarnessError
from harness.base.model import CheckResult, FileState, Finding, Severity
from harness.checks.files import check_file_references, check_files
from tests.naming import uncoded
from tests.tables import over_table
from tests.unit.checks.builders import finding

ROOT = FileState(b"", "directory", 0, "", 0o755, 33, 33, 1000)
RESUMES = FileState(b"resumes", "directory", 0, "", 0o755, 33, 33, 1000)
PDF = FileState(b"resumes/a.pdf", "file", 5, "aa", 0o644, 33, 33, 1000)
HARD = FileState(b"resumes/b.pdf", "hardlink", 0, "", 0o644, 33, 33, 1000, b"resumes/a.pdf")
SOFT = FileState(b"resumes/c.pdf", "symlink", 0, "", 0o777, 33, 33, 1000, b"a.pdf")
ALL = (ROOT, RESUMES, PDF, HARD, SOFT)
NAMES = ("a.pdf", "b.pdf", "c.pdf", "7", "z", "d", "x")


def check(
    expected: Iterable[FileState], actual: Iterable[FileState], excluded: tuple[str, ...] = (), owners: bool = True
) -> CheckResult:
    return check_files(iter(expected), iter(actual), excluded=excluded, owners_comparable=owners)


def only(result: CheckResult) -> Finding:
    """The one finding without its remedy, with the names of files in place of their codes."""
    (found,) = result.findings
    texts = {
        name: uncoded(text, NAMES)
        for name in ("subject", "message", "expected", "actual")
        if (text := getattr(found, name))
    }
    return replace(found, remedy="", **texts)


def changed(entry: FileState, **fields: object) -> tuple[FileState, ...]:
    return tuple(replace(each, **fields) if each is entry else each for each in ALL)  # type: ignore[arg-type]


def test_equal_directories_have_no_findings_and_are_counted() -> None:
    result = check(ALL, ALL)
    assert result.findings == ()
    assert (result.check, result.compared, result.suppressed, result.unknown) == ("files", 4, 0, "")
    assert result.evidence == (
        ("files", "1"),
        ("directories", "1"),
        ("links", "2"),
        ("bytes", "5"),
        ("owners compared", "yes"),
    )


def test_nothing_on_both_sides_compares_nothing() -> None:
    assert check((ROOT,), (ROOT,)).compared == 0
    assert check((), ()).compared == 0


def test_missing_file_and_extra_file_say_what_they_are() -> None:
    assert only(check(ALL, (ROOT, RESUMES, HARD, SOFT))) == finding(
        "file-missing | resumes/a.pdf | a file of 5 bytes | nothing",
        "resumes/a.pdf (a file of 5 bytes) is missing after the restore.",
    )
    assert only(check((ROOT, RESUMES, PDF, HARD), ALL)) == finding(
        "file-extra | resumes/c.pdf | nothing | a symlink to a.pdf",
        "resumes/c.pdf (a symlink to a.pdf) is present but not in the backup.",
    )


@over_table(
    "entry, now, head, message",
    [
        (PDF, {"size_bytes": 0, "sha256": "bb"}, "file-size | 5 | 0", "had 5 bytes and now has 0."),
        (PDF, {"sha256": "bb"}, "file-checksum | aa | bb", "has the same size of 5 bytes but different content."),
        (ROOT, {"mode": 0o700}, "file-mode | 0755 | 0700", "had mode 0755 and now has 0700."),
        (PDF, {"uid": 0}, "file-owner | 33:33 | 0:33", "belonged to 33:33 and now belongs to 0:33."),
        (
            HARD,
            {"kind": "file", "size_bytes": 5, "sha256": "aa", "target": b""},
            "file-kind | hardlink | file",
            "was a hardlink to resumes/a.pdf and is now a file of 5 bytes.",
        ),
        (SOFT, {"target": b"b.pdf"}, "link-target | a.pdf | b.pdf", "pointed to a.pdf and now points to b.pdf."),
        (
            PDF,
            {"mtime_s": 2000},
            "file-time | 1000 s since 1970 | 2000 s since 1970",
            "has a different modification time.",
        ),
    ],
)
def test_an_entry_that_changed_is_named_by_what_it_had_and_has(
    entry: FileState, now: dict[str, object], head: str, message: str
) -> None:
    """One finding each: of another size without the digest; of another time, a warning."""
    name = entry.path.decode() or "."
    severity = Severity.WARNING if "time" in head else Severity.ERROR
    code, values = head.split(" | ", 1)
    expected = finding(f"{code} | {name} | {values}", f"{name} {message}", severity=severity)
    assert only(check(ALL, changed(entry, **now))) == expected


def test_owners_are_compared_where_they_can_be_and_times_of_files_alone() -> None:
    (owner,) = check(ALL, changed(PDF, uid=0)).findings
    assert owner.remedy == "Restore as root and keep numeric owners (tar --numeric-owner)."
    result = check(ALL, changed(PDF, uid=0), owners=False)
    assert (result.findings, result.evidence[-1]) == ((), ("owners compared", "no, they were not restored"))
    assert check(ALL, changed(RESUMES, mtime_s=2000)).findings == ()


def test_excluded_directory_with_files_is_one_warning_and_is_not_compared() -> None:
    export = FileState(b"nova-exports/e.csv", "file", 7, "ee", 0o644, 33, 33, 1000)
    folder = FileState(b"nova-exports", "directory", 0, "", 0o755, 33, 33, 1000)
    before = (ROOT, folder, export, RESUMES, PDF)
    assert check(before, (ROOT, RESUMES, PDF), ("nova-exports",)).findings == ()
    assert check(before, (ROOT, folder, RESUMES, PDF), ("nova-exports",)).findings == ()
    assert only(check(before, before, ("nova-exports",))) == finding(
        "excluded-present | nova-exports | 0 | 1",
        "nova-exports was excluded from the backup, but contains 1 files of 7 bytes.",
        severity=Severity.WARNING,
    )


def test_exclusion_covers_no_directory_with_a_similar_name() -> None:
    other = FileState(b"nova-exports-2/e.csv", "file", 7, "ee", 0o644, 33, 33, 1000)
    assert only(check((ROOT, other), (ROOT,), ("nova-exports",))).code == "file-missing"


def test_directories_that_an_archive_does_not_list_are_not_extra() -> None:
    deep = FileState(b"docusign/e/Summary.pdf", "file", 7, "ee", 0o644, 33, 33, 1000)
    folders = tuple(replace(RESUMES, path=path) for path in (b"docusign", b"docusign/e"))
    assert check((deep,), (ROOT, *folders, deep)).findings == ()


def test_empty_directories_that_nobody_expected_are_extra() -> None:
    deep = FileState(b"docusign/e/Summary.pdf", "file", 7, "ee", 0o644, 33, 33, 1000)
    folders = tuple(
        replace(RESUMES, path=path) for path in (b"docusign", b"docusign/d", b"docusign/d/x", b"docusign/e", b"z")
    )
    result = check((deep,), (ROOT, *folders[:4], deep, folders[4]))
    assert [(finding.code, uncoded(finding.subject, NAMES)) for finding in result.findings] == [
        ("file-extra", "docusign/d/x"),
        ("file-extra", "docusign/d"),
        ("file-extra", "z"),
    ]


def test_hard_link_to_an_excluded_name_may_come_back_as_the_file() -> None:
    linked = replace(HARD, target=b"dompdf/a.pdf")
    assert check((linked,), (replace(PDF, path=linked.path),), ("dompdf",)).findings == ()


def test_twenty_findings_of_a_code_are_listed_and_the_rest_is_counted() -> None:
    many = [replace(PDF, path=b"resumes/%03d.pdf" % number) for number in range(100)]
    result = check(many, ())
    assert (len(result.findings), result.suppressed, result.compared) == (20, 80, 100)


def test_names_that_look_alike_are_distinguished() -> None:
    composed = replace(PDF, path="resumes/é.pdf".encode())
    decomposed = replace(PDF, path="resumes/e\u0301.pdf".encode())
    result = check((composed,), (decomposed,))
    assert [(finding.code, finding.subject) for finding in result.findings] == [
        ("file-extra", coded(decomposed.path)),
        ("file-missing", coded(composed.path)),
    ]
    assert coded(decomposed.path) != coded(composed.path)


def test_references_that_all_have_their_file() -> None:
    references = [(b"resumes/a.pdf", "resumes id=1"), (b"resumes/a.pdf", "resumes id=2")]
    result = check_file_references(references, (ROOT, RESUMES, PDF))
    assert (result.check, result.findings, result.compared) == ("file-references", (), 2)
    assert result.evidence == (("references", "2"), ("files without a row", "0"))


def test_row_without_a_file() -> None:
    label = "docusign_envelopes id=7 (summary_filename)"
    assert only(check_file_references([(b"docusign/7/Summary.pdf", label)], (ROOT,))) == finding(
        f"file-reference-missing | {label} | docusign/7/Summary.pdf | nothing",
        f"{label} refers to docusign/7/Summary.pdf, but there is no such file.",
    )


def test_row_that_refers_to_a_directory() -> None:
    result = check_file_references([(b"resumes", "signatures id=1 (scanned_agreement)")], (ROOT, RESUMES))
    assert (found := only(result)).message == (
        "signatures id=1 (scanned_agreement) refers to resumes, but that is a directory."
    )
    assert (found.expected, found.actual) == ("resumes", "a directory")


def test_upload_without_a_row_is_a_warning_and_other_files_need_none() -> None:
    other = replace(PDF, path=b"public/logo.png")
    result = check_file_references([], (ROOT, other, RESUMES, PDF))
    assert only(result) == finding(
        "file-unreferenced | resumes/a.pdf | a row | none",
        "No row refers to resumes/a.pdf: the files are newer than the database, or the row is lost.",
        severity=Severity.WARNING,
    )
    assert result.compared == 1


@over_table(
    "reference, dumped_after_s, severity",
    [
        (None, 1, Severity.ERROR),
        (None, -1, Severity.WARNING),
        (None, None, Severity.WARNING),
        (b"docusign/7/Summary.pdf", 1, Severity.WARNING),
        (b"docusign/8/Summary.pdf", 1, Severity.ERROR),
    ],
)
def test_a_document_of_an_envelope_without_a_row(
    reference: bytes | None, dumped_after_s: int | None, severity: Severity
) -> None:
    """The application keeps documents that no column is for, but no envelope without a row."""
    directory, document = replace(RESUMES, path=b"docusign"), replace(PDF, path=b"docusign/7/Other.pdf")
    known = [replace(PDF, path=path) for path in (b"docusign/7/Summary.pdf", b"docusign/8/Summary.pdf")]
    rows = [(reference, "docusign_envelopes id=7 (summary_filename)")] if reference else []
    files = [ROOT, directory, document, *(entry for entry in known if entry.path == reference)]
    dumped_at = None if dumped_after_s is None else datetime.fromtimestamp(PDF.mtime_s + dumped_after_s, UTC)
    result = check_file_references(rows, files, dumped_at)
    assert [(finding.code, finding.subject, finding.severity) for finding in result.findings] == [
        ("file-unreferenced", coded(document.path), severity)
    ]
    assert result.evidence[-1] == ("files without a row", "1")


def test_no_references_and_no_uploads_compare_nothing() -> None:
    assert check_file_references([], (ROOT,)).compared == 0


@over_table("side", ["expected", "actual"])
def test_entries_out_of_order_are_no_evidence(side: str) -> None:
    """A merge of lists that are not in order would find nonsense."""
    sides = {"expected": [ROOT], "actual": [ROOT], side: [PDF, RESUMES]}
    with pytest.raises(HarnessError) as caught:
        check(sides["expected"], sides["actual"])
    assert str(caught.value) == f"the list of {side} files is out of order at resumes"


def test_references_out_of_order_are_no_evidence() -> None:
    with pytest.raises(HarnessError) as caught:
        check_file_references([(b"resumes/b", "x"), (b"resumes/a", "y")], [ROOT])
    assert uncoded(str(caught.value), ["a"]) == "the list of file references is out of order at resumes/a"


def test_bits_that_nobody_vouches_for_are_reported_and_expected_to_be_gone() -> None:
    archived = (*changed(PDF, mode=0o4755)[:3], replace(HARD, mode=0o4755), SOFT)
    restored = (*changed(PDF, mode=0o755)[:3], replace(HARD, mode=0o755), SOFT)
    result = check_files(iter(archived), iter(restored), excluded=(), owners_comparable=True, of_source=False)
    assert only(result) == finding(
        "file-privileged | resumes/a.pdf | 0755 | 4755",
        "resumes/a.pdf is setuid or setgid (mode 4755 in the backup) and was restored with 0755: no evidence shows "
        "that the source had this mode.",
        severity=Severity.WARNING,
    )
    kept = check_files(iter(archived), iter(archived), excluded=(), owners_comparable=True, of_source=False)
    assert {finding.code for finding in kept.findings} == {"file-privileged", "file-mode"}, (
        "they came back all the same"
    )
    assert check(archived, archived).findings == (), "the source had them"
    assert {finding.code for finding in check(archived, restored).findings} == {"file-mode"}
    directory = changed(RESUMES, mode=0o2775)
    result = check_files(iter(directory), iter(directory), excluded=(), owners_comparable=True, of_source=False)
    assert result.findings == ()
