"""Each fault of the storage artifact does what its name says, to archives and to plain copies, and nothing else."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.base.errors import BrokenArtifact, FaultFailed, UnsafeArtifact
from harness.base.model import Change, FileState
from harness.base.settings import Limits
from harness.faults import FAULTS
from harness.faults.injection_points import InjectionPoint
from harness.faults.injector import Injector, Planned
from harness.procedure.backup.manifest import measure, read_manifest
from harness.procedure.backup.measure import measure_all
from harness.procedure.backup.scan import read_artifact
from harness.procedure.backup.storage import backup_storage
from harness.runtime.process.host import LocalHost
from tests.unit.faults.backups import with_manifest

Break = Callable[..., tuple[Change, ...]]


@pytest.fixture(params=["tar.zst", "copy"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def backup(tmp_path: Path, form: str) -> Path:
    """A backup of four files, a link and an empty directory, with its manifest."""
    source = tmp_path / "source"
    for name in ("a/one.pdf", "a/two.pdf", "b/three.pdf", "four.pdf"):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(hashlib.sha256(name.encode()).digest() * (len(name) + 3))
        os.utime(path, ns=(10**18, 10**18 + 7))
    (source / "empty").mkdir()
    (source / "a/link").symlink_to("one.pdf")
    directory = tmp_path / "backup"
    directory.mkdir()
    stored = backup_storage(LocalHost(), str(source), directory, form=form, excluded=())
    (directory / "database.sql.zst").write_bytes(b"a script")
    with_manifest(directory, measure(directory / "database.sql.zst", "database"), *stored.artifacts)
    return directory


@pytest.fixture
def break_(backup: Path, tmp_path: Path) -> Break:
    """Puts one fault in, as a drill does, and returns the changes that it reports."""

    def broken(name: str, **options: object) -> tuple[Change, ...]:
        fault = FAULTS[name]
        planned = Planned(fault, fault.options.model_validate(options), InjectionPoint.ARTIFACT)
        injector = Injector([planned], 7, tmp_path, Limits())
        with injector.around(InjectionPoint.ARTIFACT, directory=backup):
            pass
        return injector.injected[0].changes

    return broken


def entries(backup: Path) -> dict[str, FileState]:
    storage = next(path for path in (backup / "storage", backup / "storage.tar.zst") if path.exists())
    return {os.fsdecode(entry.path): entry for entry in read_artifact(storage)}


def differing(before: dict[str, FileState], after: dict[str, FileState]) -> set[str]:
    """Names whose entry is not the same; directories count only as there or not."""
    return {
        name
        for name in before.keys() | after.keys()
        if (before.get(name) != after.get(name))
        and not (name in before and name in after and before[name].kind == after[name].kind == "directory")
    }


@pytest.mark.parametrize("name", ["file-missing", "file-truncated", "file-emptied", "file-zeroed", "file-flipped"])
def test_one_file_is_damaged_and_no_other(backup: Path, break_: Break, name: str) -> None:
    before = entries(backup)
    (change,) = break_(name)
    assert len(differing(before, entries(backup))) == 1
    assert change.kind == "file"


def test_a_truncated_file_keeps_its_first_half_a_zeroed_one_its_size_and_both_their_time(
    backup: Path, break_: Break
) -> None:
    (change,) = break_("file-truncated", below="b")
    after = entries(backup)["b/three.pdf"]
    assert (after.size_bytes, after.mtime_s) == (224, 10**9)
    assert change.detail == "truncated from 448 to 224 bytes"
    break_("file-zeroed", below="b")
    after = entries(backup)["b/three.pdf"]
    assert (after.size_bytes, after.mtime_s, after.sha256) == (224, 10**9, hashlib.sha256(bytes(224)).hexdigest())
    (change,) = break_("file-missing", below="b")
    assert "b/three.pdf" not in entries(backup)
    assert change.detail == "224 bytes, removed"


def test_a_flipped_bit_can_be_flipped_back(backup: Path, break_: Break) -> None:
    """The same numbers do the same again: what was reported is enough to repeat it."""
    before = entries(backup)
    (first,) = break_("file-flipped")
    broken = entries(backup)
    (second,) = break_("file-flipped")
    assert first == second
    assert differing(before, broken)
    assert entries(backup) == before


def test_swapped_files_are_the_same_two_contents(backup: Path, break_: Break) -> None:
    before = entries(backup)
    break_("files-swapped", below="a")
    after = entries(backup)
    assert differing(before, after) == {"a/one.pdf", "a/two.pdf"}
    assert [after[name].sha256 for name in ("a/one.pdf", "a/two.pdf")] == [
        before[name].sha256 for name in ("a/two.pdf", "a/one.pdf")
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives files away")
def test_mode_owner_name(backup: Path, break_: Break) -> None:
    break_("file-mode", below="b", mode="0400")
    break_("file-owner", below="b")
    after = entries(backup)["b/three.pdf"]
    assert (after.mode, after.uid, after.gid) == (0o400, 12345, 12345)
    break_("file-renamed", below="b")
    assert {"b/three.pdf.1"} == {name for name in entries(backup) if name.startswith("b/")}


def test_a_directory_goes_with_all_that_is_in_it_and_what_was_left_out_comes_back(backup: Path, break_: Break) -> None:
    before = entries(backup)
    break_("file-extra", below="b")
    (extra,) = differing(before, entries(backup))
    assert extra.startswith("b/leftover-")
    before = entries(backup)
    (change,) = break_("excluded-directory-included", below="dompdf")
    assert differing(before, entries(backup)) == {"dompdf", "dompdf/20200101-000000000.dump"}
    assert change.detail == "1024 bytes, added"
    before = entries(backup)
    (change,) = break_("directory-missing", below="a")
    assert differing(before, entries(backup)) == {"a", "a/one.pdf", "a/two.pdf", "a/link"}
    assert change.detail == "removed with 3 files"


def test_links_become_copies_and_one_that_leads_out_is_refused(backup: Path, break_: Break) -> None:
    before = entries(backup)
    break_("link-copied")
    after = entries(backup)
    assert differing(before, after) == {"a/link"}
    assert after["a/link"].sha256 == before["a/one.pdf"].sha256
    break_("link-leads-out")
    with pytest.raises(UnsafeArtifact, match="which is a symbolic link that leaves the directory"):
        entries(backup)


def test_everything_is_one_directory_deeper(backup: Path, break_: Break) -> None:
    before = entries(backup)
    (change,) = break_("wrong-root")
    assert {f"old/{name}".rstrip("/") for name in before} | {""} == set(entries(backup))
    assert change.detail == "4 entries of the root moved below it"


@pytest.mark.parametrize("form", ["tar.zst"], indirect=True)
@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("archive-leaves-target", UnsafeArtifact, "which leaves the directory with .."),
        ("archive-absolute-name", UnsafeArtifact, "which is an absolute path"),
        ("archive-device", UnsafeArtifact, "a block device"),
        ("archive-name-twice", UnsafeArtifact, "twice"),
        ("archive-torn", BrokenArtifact, "the zstd data is truncated after"),
        ("archive-torn-inside", BrokenArtifact, "the storage archive is damaged"),
    ],
)
def test_the_archive_itself_is_refused(
    backup: Path, break_: Break, name: str, error: type[Exception], message: str
) -> None:
    assert len(break_(name)) == 1
    with pytest.raises(error, match=message):
        entries(backup)


def test_damage_with_a_rewritten_manifest_agrees_and_later_damage_does_not(backup: Path, break_: Break) -> None:
    def agrees() -> bool:
        listed = read_manifest(backup).artifacts
        files = tuple((file.role, backup / file.name) for file in listed)
        return measure_all(files, {file.role for file in listed}, backup) == listed

    assert agrees()
    break_("file-flipped")
    assert not agrees()
    changes = break_("file-missing", rewrite_manifest=True)
    assert agrees()
    assert changes[-1].detail == "rewritten with the current sizes and digests of the files"


def test_what_is_not_there_is_the_faults_own_failure_and_what_is_so_already_no_change(break_: Break) -> None:
    """Then nothing was broken, and the drill says that it proves nothing."""
    for name, options, message in (
        ("file-missing", {"below": "empty"}, "there is no file with content below empty"),
        ("excluded-directory-included", {}, "this backup left out no directory"),
    ):
        with pytest.raises(FaultFailed, match=message):
            break_(name, **options)
    assert break_("file-mode", mode="0644", below="b") == ()
