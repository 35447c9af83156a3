"""Files and bytes by directory of the first level."""

from __future__ import annotations

from harness.artifacts.storage.directories import LISTED, OTHERS, directories_of
from harness.artifacts.storage.names import coded
from harness.base.model import DirectoryTotals, FileState


def entry(path: bytes, size_bytes: int = 0, kind: str = "file") -> FileState:
    return FileState(path, kind, size_bytes, "", 0o644, 33, 33, 1000)


def test_files_at_any_depth_count_for_the_directory_of_the_first_level() -> None:
    found = directories_of(
        [
            entry(b"", kind="directory"),
            entry(b"a.txt", 1),
            entry(b"link", kind="symlink"),
            entry(b"dompdf", kind="directory"),
            entry(b"resumes", kind="directory"),
            entry(b"resumes/2026/b.pdf", 10),
            entry(b"resumes/c.pdf", 5),
            entry(b"resumes/d", kind="symlink"),
        ]
    )
    assert found == {".": DirectoryTotals(1, 1), "dompdf": DirectoryTotals(0, 0), "resumes": DirectoryTotals(2, 15)}
    assert list(found) == sorted(found)


def test_names_that_a_person_chose_are_codes() -> None:
    assert directories_of([entry("Zoë".encode() + b"/a", 2)]) == {coded("Zoë".encode()): DirectoryTotals(1, 2)}
    assert coded("Zoë".encode()).startswith("~")


def test_of_very_many_directories_the_largest_are_distinguished() -> None:
    found = directories_of(entry(b"%05d/a" % number, number) for number in range(LISTED + 50))
    assert len(found) == LISTED + 1
    assert found[coded(b"00249")] == DirectoryTotals(1, 249)
    assert found[OTHERS] == DirectoryTotals(50, sum(range(50)))
