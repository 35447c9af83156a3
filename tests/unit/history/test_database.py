"""The history as a file of SQLite: on each kind of file system."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from harness.base.errors import HarnessError, UsageError
from harness.base.model import Verdict
from harness.records.history.database import APPLICATION_ID, History, NoHistory
from harness.records.history.filesystem import kind_of_filesystem
from tests.tables import over_table
from tests.unit.history.builders import NOW, entry

LEFT = "it was not modified"


@pytest.fixture
def history(tmp_path: Path) -> History:
    """A history of three runs."""
    history = History(tmp_path / "state" / "history.sqlite3")
    for number, name in enumerate(("one", "two", "three")):
        history.append(entry(name, days_ago=3 - number), recorded_at=NOW + timedelta(days=number))
    return history


def change(history: History, sql: str, *values: object) -> None:
    """Do what somebody with a database client would do."""
    with closing(sqlite3.connect(history.path)) as connection:
        connection.execute(sql, values)
        connection.commit()


def test_what_was_recorded_comes_back(history: History) -> None:
    assert [found.entry() for found in history.links()] == [
        entry(name, days_ago=age) for name, age in (("three", 1), ("two", 2), ("one", 3))
    ]
    assert history.problems() == []
    newest = next(history.links(limit=1))
    assert (newest.number, newest.how, newest.recorded_at) == (3, "drill", "2026-11-24T12:00:00+00:00")
    assert history.recorded() == (3, newest.digest)
    assert [path.name for path in history.path.parent.iterdir()] == ["history.sqlite3"], "and no other file is left"


def test_the_list_can_be_narrowed(history: History) -> None:
    history.append(entry("other", backup="staging", days_ago=10, verdict=Verdict.FAIL))

    def names(**chosen: object) -> list[str]:
        return [found.entry().drill_id for found in history.links(**chosen)]  # type: ignore[arg-type]

    assert names() == ["three", "two", "one", "other"], "by the start of the drill, not by recording"
    assert names(limit=2) == ["three", "two"]
    assert names(backup="staging") == names(verdict="FAIL") == ["other"]
    assert names(until=NOW - timedelta(days=2)) == ["one", "other"], "a start at that moment is not in it"
    assert names(backup="' OR 1 --") == []


def test_a_run_is_recorded_once_and_one_with_another_result_is_refused(history: History) -> None:
    before = history.path.read_bytes()
    assert history.append(entry("two", days_ago=2), "import") is None
    with pytest.raises(UsageError) as caught:
        history.append(replace(entry("two", days_ago=2), result_sha256="ef" * 32))
    assert str(caught.value) == (
        "two is entry 2 of the history with a different result: it was changed after recording\n"
        "HINT: Entries are never replaced; `apiary-drill history verify` checks the history itself."
    )
    assert history.path.read_bytes() == before


def test_the_order_of_import_does_not_matter(tmp_path: Path) -> None:
    """The chain is the order of recording; lists are by time."""
    names = [("a", 3.0), ("b", 2.0), ("c", 1.0)]
    histories = []
    for place, order in (("x", names), ("y", names[::-1])):
        histories.append(History(tmp_path / place))
        for name, age in order:
            histories[-1].append(entry(name, days_ago=age), "import")
    first, second = ([found.entry() for found in history.links()] for history in histories)
    assert first == second
    assert [history.problems() for history in histories] == [[], []]


def test_nothing_is_made_by_reading(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    for read in (lambda: list(history.links()), history.problems, history.recorded):
        with pytest.raises(NoHistory) as caught:
            read()
        assert str(caught.value) == (
            f"there is no history at {history.path}\n"
            "HINT: The first finished drill creates it; APIARY_DRILL_HISTORY sets the location."
        )
    assert list(tmp_path.iterdir()) == []


WRITER = """
import sys
from pathlib import Path
from harness.records.history.database import History
from tests.unit.history.builders import entry
for number in range(8):
    History(Path(sys.argv[1])).append(entry(f"{sys.argv[2]}-{number}"))
"""


def test_several_writers_at_once_make_one_chain(tmp_path: Path) -> None:
    """Nobody's entry is lost, also where all of them find no file at first."""
    path = tmp_path / "history.sqlite3"
    root = Path(__file__).parents[3]
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], cwd=root) for name in "abcd"]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    history = History(path)
    assert history.problems() == []
    assert {found.entry().drill_id for found in history.links()} == {f"{w}-{n}" for w in "abcd" for n in range(8)}
    assert history.recorded()[0] == 32
    assert [each.name for each in tmp_path.iterdir()] == ["history.sqlite3"]


def test_a_writer_that_is_killed_leaves_whole_entries(history: History) -> None:
    """A transaction that did not end is as if it had never begun."""
    program = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA cache_spill = 1'); c.execute('BEGIN IMMEDIATE')\n"
        "c.execute('DELETE FROM entries'); c.execute('UPDATE head SET entries = 0')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(history.path)], check=False)
    assert history.problems() == []
    assert history.recorded()[0] == 3


IMPORT_AGAIN = (
    "Restore a copy of it, or move it away and import the runs again: `apiary-drill history import RUN_DIR…`."
)
ANOTHER = "Set APIARY_DRILL_HISTORY to another file."
NEWER = "Use the version of apiary-drill that wrote it, or a newer one."


def unusable() -> Iterator[tuple[bytes | str, str, str]]:
    """What stands in the file, as bytes or as what a database client would do, with the fact and the remedy."""
    yield b"", "the history {path} is damaged (it has 0 bytes)", IMPORT_AGAIN
    yield b"SQLite format 3\0", "the history {path} is damaged (it has 16 bytes)", IMPORT_AGAIN
    yield b"drill,verdict\n" * 20, "{path} is not a history of apiary-drill", ANOTHER
    yield "CREATE TABLE entries (number)", "{path} is not a history of apiary-drill", ANOTHER
    gone = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1"
    yield gone, "the history {path} is damaged (no such table: entries)", IMPORT_AGAIN
    newer = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 3; CREATE TABLE entries (number)"
    yield newer, "the history {path} has format 3, but this version reads up to 2", NEWER


@over_table("content, message, remedy", unusable())
def test_what_is_no_history_is_refused_and_left(
    tmp_path: Path, content: bytes | str, message: str, remedy: str
) -> None:
    history = History(tmp_path / "history.sqlite3")
    if isinstance(content, bytes):
        history.path.write_bytes(content)
    else:
        with closing(sqlite3.connect(history.path)) as connection:
            connection.executescript(content)
    before = history.path.read_bytes()
    for use in (lambda: history.append(entry()), lambda: list(history.links()), history.problems):
        with pytest.raises(UsageError) as caught:
            use()
        assert (caught.value.fact, caught.value.hints) == (f"{message.format(path=history.path)}; {LEFT}", (remedy,))
    assert history.path.read_bytes() == before


def test_a_damaged_history_is_refused_and_left(history: History) -> None:
    for number in range(20):
        history.append(entry(f"more-{number}"))
    content = history.path.read_bytes()
    for damaged in (content[: len(content) // 2], content[:4096] + bytes(4096 * 2) + content[4096 * 3 :]):
        history.path.write_bytes(damaged)
        for use in (lambda: history.append(entry("four")), history.problems):
            with pytest.raises(UsageError) as caught:
                use()
            assert caught.value.fact.startswith(f"the history {history.path} is damaged (")
            assert caught.value.fact.endswith(f"); {LEFT}")
            assert caught.value.hints == (IMPORT_AGAIN,)
        assert history.path.read_bytes() == damaged


def test_a_place_that_can_not_be_written_is_reported_and_a_pipe_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "history.sqlite3"
    with pytest.raises(HarnessError) as full:
        History(below).append(entry())
    assert str(full.value) == f"cannot write the history {below}: Not a directory"
    with pytest.raises(UsageError) as caught:
        list(History(tmp_path).links())
    assert str(caught.value) == f"cannot read the history {tmp_path}: Is a directory"
    pipe = tmp_path / "history.sqlite3"
    os.mkfifo(pipe)
    for use in (lambda: list(History(pipe).links()), lambda: History(pipe).append(entry("one"))):
        with pytest.raises(UsageError) as caught:
            use()
        assert str(caught.value) == f"the history {pipe} is a pipe\nHINT: Set APIARY_DRILL_HISTORY to a regular file."


def test_a_lock_that_nobody_gives_back_is_reported(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.records.history.database.LOCK_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(history.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HarnessError) as caught:
            history.append(entry("four"))
        assert str(caught.value) == f"cannot write the history {history.path}: database is locked"
        other.execute("ROLLBACK")
    assert history.append(entry("four")) is not None


def test_a_copy_of_the_file_alone_is_complete(history: History, tmp_path: Path) -> None:
    copy = History(tmp_path / "copy.sqlite3")
    shutil.copy(history.path, copy.path)
    os.chmod(copy.path, 0o444)  # noqa: PTH101
    assert copy.problems() == []
    assert len(list(copy.links())) == 3


def test_a_changed_or_removed_entry_is_found_wherever_it_stood(history: History) -> None:
    whole = history.path.read_bytes()
    body = "UPDATE entries SET body = replace(body, '\"users\":1000', '\"users\":1001')"
    for statement, message in (
        (f"{body} WHERE number = 2", "entry 2 was changed after it was recorded"),
        ("UPDATE entries SET recorded_at = 'x' WHERE number = 1", "entry 1 was changed after it was recorded"),
        ("UPDATE entries SET how = 'x' WHERE number = 1", "entry 1 was changed after it was recorded"),
        ("DELETE FROM entries WHERE number = 1", "entry 1 is missing: removed after being recorded"),
        ("DELETE FROM entries WHERE number = 2", "entry 2 is missing: removed after being recorded"),
        ("DELETE FROM entries WHERE number = 3", "entry 3 is missing: removed after being recorded"),
        ("DELETE FROM entries WHERE number < 3", "entries 1 to 2 are missing: removed after being recorded"),
        ("DELETE FROM entries", "entries 1 to 3 are missing: removed after being recorded"),
    ):
        history.path.write_bytes(whole)
        change(history, statement)
        assert history.problems() == [message]


def test_entries_that_moved_up_after_a_removal_are_found(history: History) -> None:
    change(history, "DELETE FROM entries WHERE number = 2")
    change(history, "UPDATE entries SET number = 2 WHERE number = 3")
    assert history.problems() == [
        "entry 2 does not follow entry 1: one of them was replaced",
        "entry 2 was changed after it was recorded",
        "entry 3 is missing: removed after being recorded",
    ]


def test_an_entry_with_a_fitting_digest_of_its_own_is_found(history: History, tmp_path: Path) -> None:
    """Whoever computes the digest anew breaks the link to the next entry."""
    other = History(tmp_path / "other.sqlite3")
    other.append(entry("one", days_ago=3), recorded_at=NOW)
    forged = other.append(entry("two", days_ago=2, users=5), recorded_at=NOW + timedelta(days=1))
    assert forged is not None
    change(history, "UPDATE entries SET body = ?, digest = ? WHERE number = 2", forged.body.decode(), forged.digest)
    assert history.problems() == ["entry 3 does not follow entry 2: one of them was replaced"]


def test_an_entry_that_was_put_in_by_hand_is_found(history: History) -> None:
    change(
        history,
        "INSERT INTO entries (number, recorded_at, how, body, previous, digest)"
        " SELECT 4, recorded_at, how, replace(body, '\"three\"', '\"four\"'), digest, 'x' FROM entries"
        " WHERE number = 3",
    )
    assert history.problems() == [
        "entry 4 was changed after it was recorded",
        "the history ends with entry 4, but another entry was recorded last",
    ]


def test_a_damaged_entry_is_reported_with_its_number(history: History) -> None:
    change(history, "UPDATE entries SET body = replace(body, '\"PASS\"', '\"GOOD\"') WHERE number = 2")
    with pytest.raises(UsageError) as caught:
        [found.entry() for found in history.links()]
    assert str(caught.value) == "entry 2 of the history cannot be read at verdict"


def test_recording_goes_on_after_a_broken_link(history: History) -> None:
    """Not to record would hide later drills; the break stays visible."""
    change(history, "DELETE FROM entries WHERE number = 3")
    history.append(entry("four"))
    assert history.problems() == ["entry 3 is missing: removed after being recorded"]
    assert history.recorded()[0] == 4


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
