"""Where storage/app begins in what an operator names: taken where there is no doubt, refused where there is."""

from __future__ import annotations

import pytest

from harness.artifacts.storage.inside import root_inside, without_prefix
from harness.artifacts.storage.names import coded
from harness.base.errors import BrokenArtifact, UnsafeArtifact, UsageError
from harness.base.model import FileState
from tests.tables import over_table


def entry(path: str, target: str = "") -> FileState:
    """A directory if its name ends in a slash, a hard link if it has a target, else a file."""
    kind = "directory" if path.endswith("/") else "hardlink" if target else "file"
    return FileState(path.rstrip("/").encode(), kind, 0, "", 0o644, 33, 33, 0, target.encode())


def root(*paths: str) -> str:
    return root_inside(entry(path) for path in ("", *paths)).decode()


@over_table(
    "paths, expected",
    [
        ((), ""),
        (("resumes/a.pdf",), ""),
        (("agreements/a.pdf", "other/"), ""),
        (("app/x", "resumes/a.pdf"), ""),
        (("app/storage/app/resumes/a.pdf", "resumes/a.pdf"), ""),
        (("storage/app/", "storage/app/agreements/a.pdf", "storage/logs/laravel.log"), "storage/app"),
        (("app/storage/app/resumes/a.pdf", "app/public/index.php"), "app/storage/app"),
        (("srv/www/apiary/storage/app/x",), "srv/www/apiary/storage/app"),
        (("app/resumes/a.pdf", "app/docusign/e/f.pdf"), "app"),
        (("app/app/resumes/a.pdf", "app/app/docusign/e/f.pdf"), "app"),
        (("backup/app/app/resumes/a.pdf",), "backup/app"),
        (("storage/app/app/resumes/a.pdf",), "storage/app"),
        (("html/public/x", "html/storage/app/resumes/a.pdf", "html/storage/logs/"), "html/storage/app"),
        (("backup/files/docusign/e/f.pdf",), "backup/files"),
        (("app/resumes/a.pdf", "notes.txt"), ""),
        (("storage/application/resumes", "x"), ""),
        (("public",), ""),
        (("public/x", "agreements/y"), ""),
        (("app/agreements/x", "framework/cache/y", "logs/laravel.log"), "app"),
        (("app/x", "logs/"), "app"),
        (("app/x", "logs"), ""),
        (("app/Models/User.php", "public/index.php", "storage/app/resumes/x", "storage/logs/y"), "storage/app"),
    ],
)
def test_the_directory_that_is_meant(paths: tuple[str, ...], expected: str) -> None:
    assert root(*paths) == expected


def test_two_that_are_equally_good_are_refused() -> None:
    with pytest.raises(UsageError) as both:
        root("old/storage/app/x", "new/storage/app/x")
    assert str(both.value) == (
        "it contains more than one storage directory: new/storage/app, old/storage/app\n"
        "HINT: Use the intended one: a directory, or an archive of its content."
    )
    with pytest.raises(UsageError, match="more than one storage directory: all/new, all/old"):
        root("all/new/resumes/x", "all/old/resumes/x")


def test_names_begin_anew_below_it() -> None:
    entries = [
        entry("storage/app/"), entry("storage/app/a"), entry("storage/app/b", "storage/app/a"),
        entry("storage/application"), entry("storage/logs/x"),
    ]  # fmt: skip
    assert [(e.path, e.target) for e in without_prefix(entries, b"storage/app")] == [(b"a", b""), (b"b", b"a")]


def test_a_hard_link_to_something_outside_is_refused() -> None:
    with pytest.raises(BrokenArtifact) as refused:
        list(without_prefix([entry("storage/app/b", "storage/x")], b"storage/app"))
    assert refused.value.fact == f"{coded(b'b')} in storage/app is a hard link to {coded(b'storage/x')}, outside of it"


def test_a_link_that_stays_in_the_archive_may_still_lead_out_of_the_storage_directory() -> None:
    """Its path is shorter once it is unpacked, so that fewer steps upwards are left."""

    def link(path: str, target: str) -> FileState:
        return FileState(path.encode(), "symlink", 0, "", 0o777, 33, 33, 0, target.encode())

    well = [link("html/storage/app/a/l", "../b"), link("html/public/storage", "/var/www")]
    assert [each.path for each in without_prefix(well, b"html/storage/app")] == [b"a/l"]
    for target in ("../x", "../../../etc", "/etc"):
        with pytest.raises(UnsafeArtifact) as caught:
            list(without_prefix([link("html/storage/app/l", target)], b"html/storage/app"))
        assert caught.value.fact == (
            f"html/storage/app contains {coded(b'l')}, which is a symbolic link that leaves the directory, to "
            f"{coded(target.encode())}"
        )
