"""Restoring a storage directory: as it was, into an empty target, or not at all."""

import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.artifacts.storage.disk import DiskFull
from harness.artifacts.storage.inventory import read_inventory
from harness.artifacts.storage.safety import ArchiveLimits
from harness.base.errors import BrokenArtifact, HarnessError, ProcedureFailed, UnsafeArtifact, UsageError
from harness.base.model import FileState
from harness.procedure.backup.scan import scan
from harness.procedure.backup.storage import FORMS, backup_storage
from harness.procedure.backup.unpack import Unpacker
from harness.procedure.restore.storage import CheckedStorage, StorageRestore, check_storage, restore_storage
from harness.runtime.process.host import LocalCommand, LocalHost
from harness.runtime.services.execution import Host
from tests.contract.storage.conftest import UnprivilegedHost
from tests.unit.storage.tars import file, tar_of

HOST = LocalHost()
AS_ROOT = os.geteuid() == 0


def tar(source: Path, artifact: Path, *options: str) -> Path:
    """What an operator's cron job would write."""
    subprocess.run(["tar", "-c", "-f", artifact, *options, "-C", source, "."], check=True)
    return artifact


def restore(
    root: Path | str, artifact: Path | CheckedStorage, *, inventory: Path | None = None, host: Host = HOST
) -> StorageRestore:
    """Check and restore, as the drill does."""
    checked = artifact if isinstance(artifact, CheckedStorage) else check_storage(artifact, inventory)
    return restore_storage(host, str(root), checked)


def entries(root: Path) -> list[FileState]:
    """What is in a directory now."""
    return list(scan(HOST, str(root)))


@pytest.mark.parametrize("form", FORMS)
def test_everything_comes_back_as_it_was(source: Path, target: Path, tmp_path: Path, form: str) -> None:
    """Content, modes, owners, times, links, sparse files, names of any bytes."""
    backup = backup_storage(HOST, str(source), tmp_path, form=form)
    restored = restore(target, tmp_path / FORMS[form])
    assert entries(target) == list(read_inventory(backup.inventory))
    assert restored == StorageRestore(
        totals=type(backup.totals)(8, 7, 2, backup.totals.size_bytes), owners_restored=AS_ROOT
    )
    assert (target / "sparse").stat().st_blocks * 512 < 1 << 20, "the hole was filled"
    assert (target / "resumes" / "a.pdf").samefile(target / "resumes" / "b.pdf")


def test_bits_that_only_the_archive_has_are_not_restored(source: Path, target: Path, tmp_path: Path) -> None:
    """A file that runs as its owner comes back so only where the source's own list has it; a directory's bit stays."""
    known = backup_storage(HOST, str(source), tmp_path).inventory
    (source / "sparse").chmod(0o6755)
    artifact, listed = tar(source, tmp_path / "evil"), tmp_path / "listed.jsonl"
    checked = check_storage(artifact, listed)
    for lists, count, modes in (
        (None, 0, (0o4640, 0o6755)),
        ((listed, None), 2, (0o640, 0o755)),
        ((listed, known), 1, (0o4640, 0o755)),
    ):
        restored = restore(target, replace(checked, lists=lists))
        assert restored.unprivileged == count
        found = tuple((target / name).stat().st_mode & 0o7777 for name in ("resumes/a.pdf", "sparse"))
        assert found == modes
        assert (target / "docusign").stat().st_mode & 0o7777 == 0o2755


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--gzip",),
        ("--xz",),
        ("--bzip2",),
        ("--sort=name",),
        ("--format=ustar", "--exclude=./sparse"),
        ("--sparse",),
    ],
    ids=" ".join,
)
def test_archives_of_operators_are_restored(
    source: Path, target: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    artifact = tar(source, tmp_path / "backup", *options)
    listed = tmp_path / "files.jsonl"
    restored = restore(target, artifact, inventory=listed)
    found = entries(target)
    assert found == list(read_inventory(listed))
    assert found == [entry for entry in entries(source) if entry.path != b"sparse" or len(options) != 2]
    assert restored.totals.inventory == "files.jsonl"


def test_an_archive_in_any_order_gives_a_list_in_order(source: Path, target: Path, tmp_path: Path) -> None:
    """The name that comes first in the archive is the file; in the list it is the first by name."""
    artifact = tmp_path / "reversed.tar"
    names = ["./resumes/b.pdf", "./resumes/a.pdf", "./docusign", "./é", "."]
    subprocess.run(["tar", "-c", "-f", artifact, "--no-recursion", "-C", source, *names], check=True)
    restore(target, artifact, inventory=tmp_path / "files.jsonl")
    listed = list(read_inventory(tmp_path / "files.jsonl"))
    assert [(entry.path, entry.kind, entry.target) for entry in listed] == [
        (b"", "directory", b""),
        (b"docusign", "directory", b""),
        (b"resumes/a.pdf", "file", b""),
        (b"resumes/b.pdf", "hardlink", b"resumes/a.pdf"),
        ("é".encode(), "file", b""),
    ]
    assert [entry for entry in entries(target) if entry.path != b"resumes"] == listed


def test_an_empty_directory_is_restored_as_nothing(target: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    assert restore(target, tmp_path / "nothing").totals.files == 0
    assert list(target.iterdir()) == []


def test_a_target_is_cleared_and_nothing_beside_it(source: Path, target: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (target / "folder").mkdir()
    (target / "folder" / "leftover").touch()
    (target / "link").symlink_to(outside)
    inode = target.stat().st_ino
    restore(target, source)
    assert entries(target) == entries(source)
    assert (outside / "kept").exists()
    assert target.stat().st_ino == inode, "the root itself is a volume's mount point"


def test_only_a_directory_with_an_absolute_path_is_written_to(source: Path) -> None:
    for root in ("/", "//", "/.", "/tmp/..", "storage", ""):
        with pytest.raises(UsageError) as caught:
            restore(root, source)
        assert str(caught.value) == (
            f"cannot restore into {root!r}\nHINT: Give the storage directory by its absolute path."
        )


def test_nothing_is_written_or_cleared_for_a_bad_archive(target: Path, tmp_path: Path) -> None:
    """GNU tar is the second line of defence, with the options that are used: it refuses itself, and says so."""
    bad, cut = tmp_path / "bad.tar", tmp_path / "cut.tar"
    bad.write_bytes(tar_of(file("good"), file("../evil")))
    cut.write_bytes(bad.read_bytes()[:1024])
    (target / "before").touch()
    for artifact, error in ((bad, UnsafeArtifact), (cut, BrokenArtifact)):
        with pytest.raises(error):
            restore(target, artifact)
        assert [path.name for path in target.iterdir()] == ["before"]
    with Unpacker(HOST, str(target)) as unpacker:
        unpacker.write(bad.read_bytes())
        with pytest.raises(ProcedureFailed) as caught:
            unpacker.finish()
    assert "Member name contains .." in caught.value.details
    assert not (tmp_path / "evil").exists()


def test_an_artifact_or_a_target_that_does_not_exist_is_reported_so(source: Path, target: Path, tmp_path: Path) -> None:
    for what in ("gone", "gone/deeper"):
        with pytest.raises(UsageError) as caught:
            restore(target, tmp_path / what)
        assert str(caught.value) == (
            f"the storage artifact {tmp_path}/{what} does not exist\n"
            "HINT: Give the directory or the archive that contains the files of storage/app."
        )
    with pytest.raises(HarnessError) as gone:
        restore(tmp_path / "gone", source)
    assert gone.value.fact == f"directory {tmp_path}/gone does not exist"


def test_owners_are_not_restored_without_root_and_that_is_reported(target: Path, tmp_path: Path) -> None:
    for folder in list(target.parents)[:4]:
        folder.chmod(folder.stat().st_mode | 0o011)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").touch()
    host = UnprivilegedHost()
    os.chown(target, int(host.user), -1)
    restored = restore(target, tmp_path / "source", host=host)
    assert restored.owners_restored is False
    assert (target / "a").stat().st_uid == int(host.user)


@dataclass(frozen=True)
class SmallHost:
    """This machine, where every command sees one megabyte of disk at the target."""

    target: Path

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: bool = False, user: str | None = None
    ) -> LocalCommand:
        script = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
        inside = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(self.target)]
        return LocalHost().start([*inside, *argv], env=env, stdin=stdin, user=user)


def test_a_full_disk_is_reported_as_such_and_not_as_a_bad_backup(target: Path, tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "random").write_bytes(os.urandom(3 << 20))
    with pytest.raises(HarnessError) as caught:
        restore(target, tmp_path / "big", host=SmallHost(target))
    assert isinstance(caught.value, DiskFull)
    assert caught.value.exit_code == 3
    assert caught.value.fact == f"no space left on device, writing to {target}"
    assert caught.value.hints[0].startswith("Free up to 3.1 MB there and try again")


def test_what_tar_cannot_write_is_a_failed_restore(target: Path, tmp_path: Path) -> None:
    """A name too long for any file system: tar alone can say that."""
    (tmp_path / "long.tar").write_bytes(tar_of(file("x" * 300, b"")))
    with pytest.raises(ProcedureFailed) as caught:
        restore(target, tmp_path / "long.tar")
    assert caught.value.fact == f"tar could not extract everything into {target} (exit status 2)"
    assert "File name too long" in caught.value.details


@pytest.mark.parametrize("prefix", ["app/storage/app", "storage/app", "./storage/app", "backup of/files"])
@pytest.mark.parametrize("form", ["tar", "directory"])
def test_what_was_copied_with_its_path_is_restored_without_it(
    source: Path, target: Path, tmp_path: Path, prefix: str, form: str
) -> None:
    """As operators archive it: modes, links and odd names come back, and nothing from beside it."""
    tree = tmp_path / "tree"
    (tree / prefix).parent.mkdir(parents=True)
    subprocess.run(["cp", "-a", source, tree / prefix], check=True)
    laravel = "storage/app" in prefix
    if laravel:
        (tree / prefix).with_name("logs").mkdir()
        ((tree / prefix).with_name("logs") / "laravel.log").touch()
    artifact = tree
    if form == "tar":
        artifact = tmp_path / "backup.tar"
        first = "./storage" if prefix.startswith("./") else prefix.split("/")[0]
        subprocess.run(["tar", "-cSf", artifact, "-C", tree, first], check=True)
    listed = tmp_path / "files.jsonl"
    restored = restore(target, artifact, inventory=listed)
    assert (restored.inside, restored.left) == (prefix.removeprefix("./"), 2 if laravel else 0)
    found = [entry for entry in entries(target) if entry.path]
    assert found == list(read_inventory(listed))
    assert found == [entry for entry in entries(source) if entry.path]


def test_two_storage_directories_and_names_that_are_written_in_two_ways_are_refused(
    source: Path, target: Path, tmp_path: Path
) -> None:
    artifact, listed = tmp_path / "backup.tar", tmp_path / "files.jsonl"
    (tmp_path / "storage").mkdir()
    subprocess.run(["cp", "-a", source, tmp_path / "storage" / "app"], check=True)
    argv = ["tar", "-cf", artifact, "-C", tmp_path, "storage/app/resumes", "./storage/app/docusign"]
    subprocess.run(argv, check=True)
    for name in ("new", "old"):
        (tmp_path / "tree" / name / "storage" / "app" / "resumes").mkdir(parents=True)
    for path, message in (
        (artifact, "backup.tar: the prefix storage/app is spelled in 2 ways, such as ./storage/app and storage/app\n"
         "HINT: Create the archive again, from the storage directory alone."),
        (tmp_path / "tree", "tree: it contains more than one storage directory: new/storage/app, old/storage/app\n"),
    ):  # fmt: skip
        with pytest.raises(UsageError) as refused:
            restore(target, path, inventory=listed)
        assert str(refused.value).startswith(message)
    assert list(target.iterdir()) == []


def laravel(tree: Path, source: Path) -> Path:
    """A whole Laravel application as a container has it: the link of `storage:link`, a fifo and a socket."""
    app = tree / "html" / "storage" / "app"
    app.parent.mkdir(parents=True)
    subprocess.run(["cp", "-a", source, app], check=True)
    (tree / "html" / "public").mkdir()
    (tree / "html" / "public" / "storage").symlink_to("/var/www/html/storage/app/public")
    (tree / "html" / "storage" / "logs").mkdir()
    os.mkfifo(tree / "html" / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tree / "html" / "php.sock"))
    return app


@pytest.mark.parametrize("form", ["tar", "directory"])
def test_what_stands_outside_of_the_storage_directory_cannot_make_it_unsafe(
    source: Path, target: Path, tmp_path: Path, form: str
) -> None:
    tree, listed = tmp_path / "tree", tmp_path / "files.jsonl"
    app = laravel(tree, source)
    artifact = tree
    if form == "tar":
        artifact = tmp_path / "app.tar.gz"
        subprocess.run(["tar", "-czf", artifact, "-C", tree, "html"], check=True, stderr=subprocess.DEVNULL)
    restored = restore(target, artifact, inventory=listed)
    assert (restored.inside, restored.left) == ("html/storage/app", 4)
    found = [entry for entry in entries(target) if entry.path]
    assert found == list(read_inventory(listed)) == [entry for entry in entries(source) if entry.path]
    # The same things inside of it are refused as ever.
    (app / "resumes" / "link").symlink_to("/etc")
    if form == "tar":
        subprocess.run(["tar", "-czf", artifact, "-C", tree, "html"], check=True, stderr=subprocess.DEVNULL)
    with pytest.raises(UnsafeArtifact, match="which is a symbolic link that leaves the directory") as refused:
        restore(target, artifact, inventory=listed)
    assert "take the backup again" in refused.value.hints[0]
    assert (target / "resumes" / "a.pdf").exists(), "nothing was cleared"


def test_a_link_that_leads_out_of_the_storage_directory_but_not_of_the_archive_is_refused(
    source: Path, target: Path, tmp_path: Path
) -> None:
    app = laravel(tmp_path / "tree", source)
    (app / "up").symlink_to("../../public")
    with pytest.raises(UnsafeArtifact, match=r"html/storage/app contains .* symbolic link that leaves the directory"):
        restore(target, tmp_path / "tree", inventory=tmp_path / "files.jsonl")
    assert list(target.iterdir()) == []


def test_an_archive_is_checked_before_and_restored_later_unless_it_was_changed(
    source: Path, target: Path, tmp_path: Path
) -> None:
    artifact, listed = tar(source, tmp_path / "backup.tar"), tmp_path / "files.jsonl"
    checked = check_storage(artifact, listed)
    assert restore(target, checked).totals == checked.totals
    assert entries(target) == list(read_inventory(listed))
    with artifact.open("ab") as file:
        file.write(bytes(512))
    with pytest.raises(BrokenArtifact) as changed:
        restore(target, checked)
    assert changed.value.fact == ("backup.tar changed during this drill: it differs from what was read at the start")
    assert (target / "resumes").exists(), "nothing was cleared"


def test_a_directory_that_there_is_no_room_for_is_reported_before_it_is_read(tmp_path: Path) -> None:
    """900 GiB in one file with a hole: reading it would take an hour."""
    (tmp_path / "source" / "resumes").mkdir(parents=True)
    with (tmp_path / "source" / "resumes" / "a.pdf").open("wb") as file:
        file.truncate(900 << 30)
    with pytest.raises(HarnessError) as caught:
        check_storage(tmp_path / "source", limits=ArchiveLimits().within(5 << 30, "/srv"))
    assert caught.value.exit_code == 3
    assert caught.value.fact == ("source unpacks to more than the 5368709120 bytes that are free in /srv, 966367641600")
    with pytest.raises(UnsafeArtifact, match="source unpacks to more than 1048576 bytes"):
        check_storage(tmp_path / "source", limits=ArchiveLimits.of(1 << 20))


@pytest.mark.parametrize(("name", "inside"), [("app", ""), ("storage", "app")])
def test_a_directory_that_was_copied_into_itself_is_not_mended(
    target: Path, tmp_path: Path, name: str, inside: str
) -> None:
    """`app/app/resumes` restores as `storage/app/app/resumes`, which a check tells; `storage/app` is what it seems."""
    (tmp_path / name / "app" / "resumes").mkdir(parents=True)
    restored = restore(target, tmp_path / name, inventory=tmp_path / "files.jsonl")
    assert restored.inside == inside
    assert (target / "app" / "resumes").is_dir() == (not inside)
