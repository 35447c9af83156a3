"""take_backup while people upload and delete: what changed between dump and files is found, and taken again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.artifacts.dump.source import open_script
from harness.artifacts.storage.inventory import read_inventory
from harness.artifacts.storage.names import coded
from harness.base.clock import Clock, Silent
from harness.base.model import Consistency
from harness.procedure.backup.plan import BackupPlan, BackupSource
from harness.procedure.backup.take import TakenBackup, take_backup
from harness.runtime.process.host import LocalHost
from tests.contract.mysql.places import Place

FILES, BETWEEN = "Back up the files", "Check what changed between dump and files"


class Meddler(Silent):
    """Does something in the moment in which a step begins; once, or each time."""

    def __init__(self, title: str, meddle: Callable[[int], None], times: int = 1) -> None:
        self.title, self.meddle, self.times = title, meddle, times

    def started(self, title: str) -> None:
        if title.startswith(self.title) and self.times:
            self.times -= 1
            self.meddle(self.times)


@pytest.fixture
def app(place: Place, tmp_path: Path) -> App:
    """Two users with a resume each, and an envelope with its paper."""
    place.run(
        "CREATE TABLE users (id INT PRIMARY KEY, uid VARCHAR(20))",
        "CREATE TABLE resumes (id INT PRIMARY KEY, user_id INT)",
        "CREATE TABLE docusign_envelopes (id INT PRIMARY KEY, summary_filename VARCHAR(255))",
    )
    made = App(place, tmp_path / "app", tmp_path / "backup")
    for number in (1, 2):
        made.upload(number)
    made.file("docusign/e 1/Summary.pdf")
    place.run("INSERT INTO docusign_envelopes VALUES (1, 'docusign/e 1/Summary.pdf')")
    return made


class App:
    """What people do to an Apiary."""

    def __init__(self, place: Place, storage: Path, backup: Path) -> None:
        self.place, self.storage, self.directory = place, storage, backup
        storage.mkdir()

    def file(self, name: str) -> Path:
        path = self.storage / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
        return path

    def row(self, number: int) -> None:
        self.place.run(f"INSERT INTO users VALUES ({number}, 'u{number}')")
        self.place.run(f"INSERT INTO resumes VALUES ({number}, {number})")

    def upload(self, number: int) -> None:
        self.row(number)
        self.file(f"resumes/u{number}.pdf")

    def delete(self, number: int) -> None:
        self.place.run(f"DELETE FROM resumes WHERE id = {number}")
        (self.storage / f"resumes/u{number}.pdf").unlink()

    def back_up(self, listener: Silent) -> tuple[TakenBackup, Consistency, list[str]]:
        clock = Clock(listener)
        source = BackupSource(self.place.server, LocalHost(), str(self.storage), "", ())
        backup = take_backup(source, BackupPlan(excluded_tables=()), self.directory, clock)
        assert backup.manifest.consistency is not None
        return backup, backup.manifest.consistency, [step.title for step in clock.steps]

    def backed_up(self) -> tuple[int, list[str]]:
        """Resumes in the script, and their files in the copy."""
        script = b"".join(open_script(self.directory / "database.sql.zst"))
        manifest = json.loads((self.directory / "manifest.json").read_text())
        rows = {table["name"]: table["rows"] for table in manifest["tables"]}["resumes"]
        assert script.count(b"INSERT INTO `resumes`") == (1 if rows else 0)
        files = read_inventory(self.directory / "files.jsonl")
        return rows, [entry.path.decode() for entry in files if entry.path.startswith(b"resumes/")]


ONCE = ["Back up the database", FILES, BETWEEN]
TWICE = [*ONCE, "Back up the database, again", f"{FILES}, again", BETWEEN]


def test_a_quiet_source_is_backed_up_once(app: App) -> None:
    _, between, steps = app.back_up(Silent())
    assert (between, steps) == (Consistency(attempts=1), ONCE)
    assert app.backed_up() == (2, ["resumes/u1.pdf", "resumes/u2.pdf"])
    assert sorted(path.name for path in app.directory.iterdir()) == [
        "database.sql.zst", "files.jsonl", "manifest.json", "storage.tar.zst",
    ]  # fmt: skip
    assert [path.name for path in app.directory.parent.iterdir() if ".partial" in path.name] == []


def test_an_upload_between_database_and_files_is_taken_with_its_row(app: App) -> None:
    _, between, steps = app.back_up(Meddler(FILES, lambda _: app.upload(3)))
    assert (between, steps) == (Consistency(attempts=2), TWICE)
    assert app.backed_up() == (3, ["resumes/u1.pdf", "resumes/u2.pdf", "resumes/u3.pdf"])


def test_a_file_that_was_deleted_in_between_leaves_no_row_behind(app: App) -> None:
    _, between, steps = app.back_up(Meddler(FILES, lambda _: app.delete(1)))
    assert (between, steps) == (Consistency(attempts=2), TWICE)
    assert app.backed_up() == (1, ["resumes/u2.pdf"])


def test_a_file_that_came_after_its_row_and_after_the_copy_is_copied_again(app: App) -> None:
    """The dump is good as it is: only the files are taken again."""
    app.row(3)
    _, between, steps = app.back_up(Meddler(BETWEEN, lambda _: (app.file("resumes/u3.pdf"), None)[1]))
    assert (between, steps) == (Consistency(attempts=2), [*ONCE, f"{FILES}, again", BETWEEN])
    assert app.backed_up() == (3, ["resumes/u1.pdf", "resumes/u2.pdf", "resumes/u3.pdf"])


def test_what_is_wrong_at_the_source_is_reported_and_not_tried_again(app: App) -> None:
    app.row(3)
    app.file("resumes/nobodys.pdf")
    _, between, steps = app.back_up(Silent())
    assert (between, steps) == (Consistency(attempts=1, rows_without_file=1, named=("resumes id=3",)), ONCE)


def test_an_app_that_never_rests_is_backed_up_and_what_disagrees_is_named(app: App) -> None:
    _, between, steps = app.back_up(Meddler(FILES, lambda left: app.upload(10 + left), times=3))
    assert between == Consistency(attempts=3, files_of_later_rows=1, named=(coded(b"resumes/u10.pdf"),))
    assert len(steps) == 9
    assert app.backed_up() == (4, [f"resumes/u{number}.pdf" for number in (1, 10, 11, 12, 2)])


def test_an_interrupted_backup_leaves_nothing(app: App) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        app.back_up(Meddler(BETWEEN, interrupt))
    assert [path.name for path in app.directory.parent.iterdir()] == ["app"]
