"""Backing up a storage directory: whole, listed, without what was left out, and never torn."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.artifacts.storage.inventory import read_inventory
from harness.base.errors import HarnessError, ProcedureFailed, UnsafeArtifact, UsageError
from harness.base.model import ArtifactFile, Exclusion
from harness.procedure.backup.scan import read_artifact, scan
from harness.procedure.backup.storage import FORMS, backup_storage
from harness.runtime.process.host import LocalHost
from tests.contract.storage.conftest import BusyHost, UnprivilegedHost
from tests.naming import uncoded

HOST = LocalHost()
EXCLUDED = ("nova-exports", "dompdf")


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    path = tmp_path / "backup"
    path.mkdir()
    return path


@pytest.mark.parametrize("form", FORMS)
def test_the_artifact_holds_exactly_what_the_directory_held(source: Path, destination: Path, form: str) -> None:
    backup = backup_storage(HOST, str(source), destination, form=form)
    left_out = [name.encode() for name in EXCLUDED]
    expected = [entry for entry in scan(HOST, str(source)) if entry.path.split(b"/")[0] not in left_out]
    assert list(read_artifact(destination / FORMS[form])) == expected
    assert list(read_inventory(backup.inventory)) == expected
    assert (backup.torn, backup.appeared, backup.vanished, backup.attempts) == ((), (), (), 1)
    assert sorted(path.name for path in destination.iterdir()) == sorted([FORMS[form], "files.jsonl"])


def test_the_manifest_gets_sizes_digests_and_sums(source: Path, destination: Path) -> None:
    backup = backup_storage(HOST, str(source), destination)
    assert backup.artifacts == tuple(
        ArtifactFile(role, name, len(content), hashlib.sha256(content).hexdigest())
        for role, name in (("storage", "storage.tar.zst"), ("inventory", "files.jsonl"))
        for content in [(destination / name).read_bytes()]
    )
    totals = backup.totals
    assert (totals.files, totals.directories, totals.links) == (8, 7, 2)
    assert totals.size_bytes == sum(
        path.stat().st_size
        for path in source.rglob("*")
        if path.is_file() and path.name != "b.pdf" and path.relative_to(source).parts[0] not in EXCLUDED
    )
    assert totals.inventory == "files.jsonl"


def test_what_is_left_out_is_exact_and_counted(source: Path, destination: Path) -> None:
    """An exclusion that is a pattern loses files: `nova-exports` is not `nova-exports-2` or `x/nova-exports`."""
    backup = backup_storage(HOST, str(source), destination)
    sizes = [(source / name).stat().st_size for name in ("nova-exports/export.csv", "nova-exports/deep/export.csv")]
    assert backup.exclusions == (
        Exclusion("directory", "nova-exports", 2, sum(sizes)),
        Exclusion("directory", "dompdf", 1, (source / "dompdf" / "font.ttf").stat().st_size),
    )
    paths = {entry.path for entry in read_inventory(backup.inventory)}
    assert {b"nova-exports-2/kept.csv", b"x/nova-exports/kept.csv"} <= paths
    assert not any(path.split(b"/")[0] in (b"nova-exports", b"dompdf") for path in paths)


def test_a_directory_that_looks_like_a_pattern_is_none(source: Path, destination: Path) -> None:
    (source / "[a-z]*").mkdir()
    (source / "[a-z]*" / "gone").touch()
    backup = backup_storage(HOST, str(source), destination, excluded=["[a-z]*"])
    assert backup.exclusions == (Exclusion("directory", "[a-z]*", 1, 0),)
    assert (backup.totals.files, backup.totals.directories) == (11, 10)


def test_the_same_directory_gives_the_same_bytes(source: Path, tmp_path: Path) -> None:
    (source / "sparse").unlink()  # tar writes its process id into the header of a sparse file
    digests = set()
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        digests.add(backup_storage(HOST, str(source), tmp_path / name).artifacts)
    assert len(digests) == 1


def test_an_empty_directory_is_backed_up(tmp_path: Path, destination: Path) -> None:
    (tmp_path / "nothing").mkdir()
    backup = backup_storage(HOST, str(tmp_path / "nothing"), destination)
    assert (backup.totals.files, backup.totals.directories, backup.totals.size_bytes) == (0, 0, 0)
    assert [entry.path for entry in read_inventory(backup.inventory)] == [b""]


def _append(path: Path) -> Callable[[], None]:
    def append() -> None:
        with path.open("ab") as file:
            file.write(b"more")

    return append


def test_a_file_that_grows_after_it_was_copied_is_copied_again(source: Path, destination: Path) -> None:
    grown = source / "resumes" / "a.pdf"
    calls: list[int] = []

    def once() -> None:
        if not calls:
            _append(grown)()
        calls.append(1)

    backup = backup_storage(BusyHost(before_find=once), str(source), destination)
    assert (backup.torn, backup.attempts) == ((b"resumes/a.pdf",), 2)
    entry = next(entry for entry in read_inventory(backup.inventory) if entry.path == b"resumes/a.pdf")
    assert entry.sha256 == hashlib.sha256(grown.read_bytes()).hexdigest()


def test_a_file_that_changes_in_each_attempt_is_a_failed_backup(source: Path, destination: Path) -> None:
    host = BusyHost(before_find=_append(source / "resumes" / "a.pdf"))
    with pytest.raises(ProcedureFailed) as caught:
        backup_storage(host, str(source), destination, attempts=2)
    assert uncoded(str(caught.value), ["a.pdf"]) == (
        "1 files changed while they were being copied, in the last of 2 attempts: resumes/a.pdf\n"
        "HINT: Stop the programs that write to them, or back up with the application stopped."
    )
    assert list(destination.iterdir()) == []


def test_a_file_that_was_rewritten_while_tar_read_it_is_found_though_size_and_time_are_the_same(
    source: Path, destination: Path
) -> None:
    """Only tar itself can see that: by the time of the last change of status, which nobody can set."""
    torn = source / "docusign" / "torn: 100%\n.pdf"
    torn.write_bytes(os.urandom(8 << 20))  # more than the pipe holds
    times = torn.stat().st_mtime_ns, torn.stat().st_mtime_ns

    def rewrite() -> None:
        with torn.open("r+b") as file:
            file.seek(-100, os.SEEK_END)
            file.write(b"y" * 100)
        os.utime(torn, ns=times)

    with pytest.raises(ProcedureFailed) as caught:
        backup_storage(BusyHost(while_tar=rewrite), str(source), destination, attempts=1)
    assert uncoded(caught.value.fact, [torn.name]) == (
        "1 files changed while they were being copied, in the last of 1 attempts: docusign/torn: 100%\\n.pdf"
    )


def test_what_came_and_went_meanwhile_is_reported_and_is_no_failure(source: Path, destination: Path) -> None:
    def come_and_go() -> None:
        (source / "resumes" / "late.pdf").touch()
        (source / "nova-exports-2" / "kept.csv").unlink(missing_ok=True)

    backup = backup_storage(BusyHost(before_find=come_and_go), str(source), destination)
    assert (backup.appeared, backup.vanished) == ((b"resumes/late.pdf",), (b"nova-exports-2/kept.csv",))
    assert (backup.torn, backup.attempts) == ((), 1)


def test_a_scan_of_a_directory_that_moves_is_no_evidence(source: Path) -> None:
    big = source / "resumes" / "big.pdf"
    big.write_bytes(os.urandom(8 << 20))
    with pytest.raises(HarnessError) as caught:
        list(scan(BusyHost(while_tar=_append(big)), str(source)))
    assert uncoded(str(caught.value), ["big.pdf"]) == (
        f"{source} changed while it was being read: resumes/big.pdf\n"
        "HINT: Prevent other access during the backup, and try again."
    )


def test_what_a_restore_would_refuse_is_not_backed_up(source: Path, destination: Path) -> None:
    (source / "out").symlink_to("/etc")
    with pytest.raises(UnsafeArtifact) as caught:
        backup_storage(HOST, str(source), destination)
    assert uncoded(caught.value.fact, ["out", "etc"]) == (
        "the storage archive contains ./out, which is a symbolic link that leaves the directory, to /etc"
    )
    assert list(destination.iterdir()) == []


def test_what_tar_cannot_read_is_a_failed_backup(source: Path, destination: Path) -> None:
    """As another user where the tests run as root, which reads everything."""
    secret = source / "resumes" / "secret.pdf"
    secret.write_bytes(b"x")
    secret.chmod(0)
    open_parents(source)
    source.chmod(0o755)
    (source / "empty").chmod(0o755)
    (source / "resumes" / "a.pdf").chmod(0o644)
    with pytest.raises(ProcedureFailed) as caught:
        backup_storage(UnprivilegedHost(), str(source), destination)
    assert uncoded(caught.value.fact, ["secret.pdf"]) == (
        f"tar could not read all of {source} (exit status 2): tar: resumes/secret.pdf: Cannot open: Permission denied"
    )
    assert list(destination.iterdir()) == []


def open_parents(path: Path) -> None:
    """Let everybody come to a directory of pytest's, which are private."""
    for folder in list(path.parents)[:4]:
        if folder.owner() == path.owner() or os.geteuid() == 0:
            folder.chmod(folder.stat().st_mode | 0o011)


def test_a_directory_that_is_not_there_is_reported_so(tmp_path: Path, destination: Path) -> None:
    with pytest.raises(HarnessError) as caught:
        backup_storage(HOST, str(tmp_path / "gone"), destination)
    assert str(caught.value) == (
        f"directory {tmp_path}/gone does not exist\n"
        "HINT: The application's storage directory must exist, even if it is empty."
    )


def test_an_earlier_backup_is_not_overwritten(source: Path, destination: Path) -> None:
    backup_storage(HOST, str(source), destination)
    with pytest.raises(UsageError) as caught:
        backup_storage(HOST, str(source), destination)
    assert str(caught.value) == (f"{destination}/storage.tar.zst exists\nHINT: Give each backup its own directory.")


def test_a_form_that_is_not_known_is_refused(source: Path, destination: Path) -> None:
    with pytest.raises(UsageError) as caught:
        backup_storage(HOST, str(source), destination, form="zip")
    assert str(caught.value) == "unknown storage form 'zip'\nHINT: Forms: tar.zst, copy."


ON_A_FULL_DISK = """
import sys
from pathlib import Path
from harness.procedure.backup.storage import backup_storage
from harness.base.errors import HarnessError
from harness.runtime.process.host import LocalHost
from tests.naming import uncoded
try:
    backup_storage(LocalHost(), sys.argv[1], Path(sys.argv[2]), form=sys.argv[3])
except HarnessError as error:
    print(error.exit_code, error.fact, error.hints[0], len(list(Path(sys.argv[2]).iterdir())))
"""


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_is_reported_as_such_and_nothing_is_left(tmp_path: Path, destination: Path, form: str) -> None:
    """On a file system of one megabyte, in a mount namespace of its own."""
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "random").write_bytes(os.urandom(3 << 20))
    mounted = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    script = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
    argv = [sys.executable, "-c", ON_A_FULL_DISK, str(tmp_path / "big"), str(destination), form]
    assert shutil.which("unshare") is not None
    output = subprocess.run(
        [*mounted, script, str(destination), *argv], check=True, capture_output=True, text=True
    ).stdout
    assert output.startswith(f"3 no space left on device, writing to {destination}")
    assert "Free up to 3.1 MB there and try again" in output
    assert output.endswith(" 0\n")
