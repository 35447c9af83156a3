"""Files that rows refer to and that cannot be opened: by their content, their link, their modes, their place."""

from collections.abc import Iterable
from dataclasses import replace

from harness.artifacts.storage import content
from harness.base.model import CheckResult, FileState, Severity
from harness.checks.files import check_file_references
from harness.checks.openable import broken_links
from tests.naming import uncoded

ROOT = FileState(b"", "directory", 0, "", 0o755, 33, 33, 1000)
RESUMES = replace(ROOT, path=b"resumes", mode=0o700)
PDF = FileState(b"resumes/a.pdf", "file", 5, "aa", 0o644, 33, 33, 1000, content=content.PDF)
HARD = FileState(b"resumes/b.pdf", "hardlink", 0, "", 0o644, 33, 33, 1000, b"resumes/a.pdf")
SOFT = FileState(b"resumes/c.pdf", "symlink", 0, "", 0o777, 33, 33, 1000, b"a.pdf")
ROWS = ((b"resumes/a.pdf", "resumes id=1"),)
NAMES = ("a.pdf", "b.pdf", "c.pdf", "d.pdf")


def check(
    *files: FileState,
    rows: Iterable[tuple[bytes, str]] = ROWS,
    source: Iterable[FileState] | None = None,
    owners_restored: bool = True,
) -> CheckResult:
    return check_file_references(
        rows, files, source=source, owners_restored=owners_restored, broken=broken_links(lambda: files)
    )


def findings_of(result: CheckResult) -> list[tuple[str, Severity, str]]:
    return [(finding.code, finding.severity, uncoded(finding.message, NAMES)) for finding in result.findings]


def test_whole_pdfs_links_to_them_and_private_directories_are_well() -> None:
    rows = (*ROWS, (b"resumes/b.pdf", "resumes id=2"), (b"resumes/c.pdf", "resumes id=3"))
    assert check(ROOT, RESUMES, PDF, HARD, SOFT, rows=rows).findings == ()


def test_each_content_that_is_no_pdf_is_an_error_by_its_name() -> None:
    words = {
        content.EMPTY: "is empty",
        content.ZEROS: "contains only zeros",
        content.HTML: "is an HTML page, not a PDF",
        content.OTHER: "is not a PDF",
        content.PDF_WITHOUT_END: "is a truncated PDF",
    }
    for looks, what in words.items():
        assert findings_of(check(ROOT, RESUMES, replace(PDF, content=looks))) == [
            ("file-content", Severity.ERROR, f"resumes/a.pdf, which resumes id=1 refers to, {what}.")
        ]


def test_other_types_need_content_and_nothing_else_and_unreferenced_files_nothing_at_all() -> None:
    scan = replace(PDF, path=b"agreements/a.jpg", content=content.OTHER)
    folder = replace(ROOT, path=b"agreements")
    rows = ((scan.path, "signatures id=1 (scanned_agreement)"),)
    assert check(ROOT, folder, scan, rows=rows).findings == ()
    empty = replace(scan, content=content.EMPTY)
    assert [finding.code for finding in check(ROOT, folder, empty, rows=rows).findings] == ["file-content"]
    assert check(ROOT, folder, empty, replace(PDF, path=b"public/x.pdf", content=content.HTML), rows=()).findings == ()


def test_a_further_name_of_a_damaged_file_is_damaged() -> None:
    rows = ((HARD.path, "resumes id=2"),)
    found = findings_of(check(ROOT, RESUMES, replace(PDF, content=content.ZEROS), HARD, rows=rows))
    assert (
        "file-content",
        Severity.ERROR,
        "resumes/b.pdf, which resumes id=2 refers to, contains only zeros.",
    ) in found


def test_what_was_so_at_the_source_is_a_warning_and_what_was_not_is_reported_as_a_difference() -> None:
    empty = replace(PDF, content=content.EMPTY, size_bytes=0, sha256="ee")
    assert findings_of(check(ROOT, RESUMES, empty, source=(ROOT, RESUMES, replace(empty, content="")))) == [
        (
            "file-content",
            Severity.WARNING,
            "resumes/a.pdf, which resumes id=1 refers to, is empty; it was already so at the source when the "
            "backup was made.",
        )
    ]
    assert check(ROOT, RESUMES, empty, source=(ROOT, RESUMES, PDF)).findings == ()


def test_a_link_to_nothing_is_an_error_where_a_row_refers_to_it() -> None:
    nowhere = replace(SOFT, target=b"d.pdf")
    text = "is a symbolic link to d.pdf, which does not exist"
    row = ((SOFT.path, "resumes id=3"),)
    assert findings_of(check(ROOT, RESUMES, nowhere, rows=row)) == [
        ("link-broken", Severity.ERROR, f"resumes/c.pdf, which resumes id=3 refers to, {text}.")
    ]
    assert findings_of(check(ROOT, RESUMES, nowhere, rows=row, source=(ROOT, RESUMES, nowhere))) == [
        (
            "link-broken",
            Severity.WARNING,
            f"resumes/c.pdf, which resumes id=3 refers to, {text}; it was already so at the source when the backup "
            "was made.",
        )
    ]
    aside = replace(nowhere, path=b"public/link")
    assert findings_of(check(ROOT, aside, rows=()))[0][:2] == ("link-broken", Severity.WARNING)


def test_links_are_followed_through_directories_and_other_links() -> None:
    def link(path: bytes, target: bytes) -> FileState:
        return replace(SOFT, path=path, target=target)

    well = (link(b"a", b"resumes/./a.pdf"), link(b"b", b"d/a.pdf"), link(b"d", b"resumes"), link(b"e", b"resumes/.."))
    broken = (link(b"f", b"g"), link(b"g", b"f"), link(b"h", b"d/z.pdf"), link(b"i", b"../x"), link(b"j", b"/etc"))
    files = (ROOT, *well, *broken, RESUMES, PDF)
    assert sorted(broken_links(lambda: files)) == [entry.path for entry in broken]


def test_modes_that_the_application_cannot_read_name_the_first_obstacle() -> None:
    root_only = replace(PDF, uid=0, gid=0, mode=0o600)
    (finding,) = check(ROOT, RESUMES, root_only).findings
    assert (finding.code, finding.severity) == ("file-unreadable", Severity.ERROR)
    assert uncoded(finding.message, NAMES) == (
        "resumes/a.pdf, which resumes id=1 refers to, cannot be read by the application's account (www-data, 33):"
        " resumes/a.pdf belongs to 0:0 and has mode 0600."
    )
    closed = replace(RESUMES, uid=1000, gid=1000, mode=0o744)
    (finding,) = check(ROOT, closed, PDF).findings
    assert (finding.subject, finding.actual) == ("resumes", "1000:1000 0744")
    assert "chown -R www-data:www-data" in finding.remedy


def test_modes_that_it_can_read() -> None:
    for uid, gid, mode in ((33, 0, 0o400), (0, 33, 0o040), (1000, 1000, 0o004)):
        assert check(ROOT, RESUMES, replace(PDF, uid=uid, gid=gid, mode=mode)).findings == ()
    unreadable = replace(PDF, uid=0, gid=0, mode=0o600)
    assert check(ROOT, RESUMES, unreadable, owners_restored=False).findings == (), "owners are the harness's own"
    assert check(ROOT, RESUMES, unreadable, source=(ROOT, RESUMES, unreadable)).findings == (), "compared elsewhere"


def test_uploads_that_stand_one_app_too_deep() -> None:
    nested = (
        ROOT,
        replace(ROOT, path=b"app"),
        replace(ROOT, path=b"app/resumes"),
        replace(PDF, path=b"app/" + PDF.path),
    )
    assert findings_of(check(*nested)) == [
        ("file-reference-missing", Severity.ERROR, "resumes id=1 refers to resumes/a.pdf, but there is no such file."),
        (
            "storage-nested",
            Severity.ERROR,
            "1 uploaded files are in app, where the application does not look, and 1 rows lack their file: the "
            "storage directory was copied into itself.",
        ),
    ]
    leftover = check(*nested, RESUMES, PDF)
    assert [(finding.code, finding.severity) for finding in leftover.findings] == [("storage-nested", Severity.WARNING)]
    assert check(ROOT, RESUMES, PDF, replace(PDF, path=b"webapp/resumes/b.pdf")).findings == ()
