"""Network file systems are known by their mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.records.history.database import History
from harness.records.history.filesystem import kind_of_filesystem
from tests.tables import over_table
from tests.unit.history.builders import entry

MOUNTINFO = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:26 / /home rw shared:2 - nfs4 server:/home rw,vers=4.2
31 30 0:27 / /home/o/local rw shared:3 - xfs /dev/vdb rw
32 22 0:28 / /mnt/two\\040words rw - cifs //server/share rw
33 22 0:29 / /over rw - ext4 /dev/vdc rw
34 22 0:30 / /over rw - fuse.sshfs o@host: rw
not a line of that file
"""


@over_table(
    "path, kind",
    [
        ("/var/lib/history", "ext4"),
        ("/home/o/history", "nfs4"),
        ("/home/o/local/history", "xfs"),
        ("/homes/history", "ext4"),
        ("/mnt/two words/history", "cifs"),
        ("/over/history", "fuse.sshfs"),
    ],
)
def test_the_nearest_and_latest_mount_counts(path: str, kind: str) -> None:
    assert kind_of_filesystem(Path(path), MOUNTINFO) == kind
    assert kind_of_filesystem(Path(path), "") == ""


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTINFO + f"40 22 0:31 / {tmp_path}/net rw - nfs server:/x rw\n")
    monkeypatch.setattr("harness.records.history.filesystem.MOUNTS", mounts)
    path = tmp_path / "net" / "history.sqlite3"
    with pytest.raises(UsageError) as caught:
        History(path).append(entry())
    assert str(caught.value) == (
        f"the history {path} is on a network file system (nfs), where concurrent writes damage it\n"
        "HINT: Set APIARY_DRILL_HISTORY to a file on a local disk."
    )
    assert not path.exists()
    assert History(tmp_path / "history.sqlite3").append(entry()) is not None
