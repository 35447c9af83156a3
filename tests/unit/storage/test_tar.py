"""What GNU tar says is understood, with the names as they are; and names are shown so that none look alike."""

import pytest

from harness.artifacts.storage.names import code_of, coded, is_below, printable
from harness.artifacts.storage.tar import Complaints, create_command, excluded_path, read_complaints, with_codes
from harness.base.errors import UsageError
from tests.tables import over_table


def test_complaints_are_sorted_by_what_they_mean() -> None:
    """Texts of GNU tar 1.34 in the C locale."""
    stderr = (
        "tar: ./resumes/a.pdf: file changed as we read it\n"
        "tar: .: file changed as we read it\n"
        r"tar: ./new\nline \303\251 \\ and\: more: File shrank by 10 bytes; padding with zeros" + "\n"
        "tar: ./gone.pdf: File removed before we read it\n"
        "tar: ./socket: socket ignored\n"
        "tar: ./secret: Cannot open: Permission denied\n"
        "tar: Exiting with failure status due to previous errors\n"
    )
    assert read_complaints(stderr) == Complaints(
        changed=(b"resumes/a.pdf", b"", b"new\nline \xc3\xa9 \\ and: more"),
        vanished=(b"gone.pdf",),
        others=("tar: ./socket: socket ignored", "tar: ./secret: Cannot open: Permission denied"),
    )


def test_exclusions_are_anchored_at_the_root() -> None:
    command = create_command("/data", ["nova-exports", "./dompdf/", "a/b"])
    assert [option for option in command if "exclude" in option] == [
        "--exclude=./nova-exports",
        "--exclude=./dompdf",
        "--exclude=./a/b",
    ]
    assert command.index("--anchored") < command.index("--exclude=./nova-exports")
    assert command.index("--no-wildcards") < command.index("--exclude=./nova-exports")


@over_table("name", ["", ".", "./", "/etc", "..", "a/../..", "/"])
def test_what_is_no_directory_below_the_root_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        excluded_path(name)
    assert str(caught.value) == (
        f"cannot exclude {name!r}: not a directory below the storage directory\n"
        "HINT: Give it relative to the storage directory, such as nova-exports."
    )


@over_table(
    "name, shown",
    [
        (b"resumes/a b.pdf", "resumes/a b.pdf"),
        (b"", "."),
        ("é \U0001f41d".encode(), "é \U0001f41d"),
        ("e\u0301".encode(), "e\\u0301"),
        (b"\xff", "\\xff"),
        (b"\\xff", "\\\\xff"),
        (b"a\nb\t\x1b[0m", "a\\nb\\t\\x1b[0m"),
        ("\u202egpj.exe".encode(), "\\u202egpj.exe"),
    ],
)
def test_names_are_shown_so_that_none_look_alike(name: bytes, shown: str) -> None:
    assert printable(name) == shown


def test_below_means_below() -> None:
    assert is_below(b"nova-exports", b"nova-exports")
    assert is_below(b"nova-exports/a", b"nova-exports")
    assert is_below(b"anything", b"")
    assert not is_below(b"nova-exports-2", b"nova-exports")
    assert not is_below(b"x/nova-exports", b"nova-exports")


ENVELOPE = "docusign/0b1c2d3e-0000-4111-8222-333344445555"


@over_table(
    "path, shown",
    [
        ("resumes/gburdell3.pdf", "resumes/~c12b084247.pdf"),
        (f"{ENVELOPE}/Travel Information Form.pdf", f"{ENVELOPE}/Travel Information Form.pdf"),
        (f"{ENVELOPE}/George Burdell.pdf", f"{ENVELOPE}/~code.pdf"),
        ("", "."),
        (".", "."),
        ("./../etc", "./../~code"),
        ("nova-exports/Burdell.George", "nova-exports/~code"),
        (".pdf", "~code"),
        ("Summary.exe", "~code"),
    ],
)
def test_names_that_people_gave_are_codes_and_the_applications_own_are_not(path: str, shown: str) -> None:
    """A resume is called like its owner's account; an envelope's id and its usual documents name nobody."""
    assert coded(path.encode()) == shown.replace("~code", code_of(path.split("/")[-1].encode()))


def test_codes_are_the_same_everywhere_and_differ_for_names_that_differ() -> None:
    names = [b"%d.pdf" % number for number in range(10_000)]
    assert len({coded(name) for name in names}) == len(names)
    assert coded(b"resumes/1.pdf").removeprefix("resumes/") == coded(b"1.pdf")


@over_table(
    "line, shown",
    [
        (
            "tar: ./resumes/ann: b.pdf: Cannot open: Permission denied",
            "tar: resumes/~1.pdf: Cannot open: Permission denied",
        ),
        (
            "tar: ann\\n.pdf: Cannot hard link to ‘bob’: No such file",
            "tar: ~2.pdf: Cannot hard link to ~3: No such file",
        ),
        ("tar: Exiting with failure status due to previous errors", None),
        ("tar: Unexpected EOF in archive", None),
        ("tar: something new about ann", "tar: … (28 characters that may hold names)"),
    ],
)
def test_what_tar_says_is_reported_without_names(line: str, shown: str | None) -> None:
    names = {"~1": b"ann: b.pdf", "~2": b"ann\n.pdf", "~3": b"bob"}
    for mark, name in names.items():
        shown = shown.replace(mark, code_of(name)) if shown else shown
    assert with_codes(line) == (shown or line)
