"""A quiesced backup: the application is started again whatever happens, and a failure is reported as what it is."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.base.clock import Clock, Silent
from harness.base.errors import BrokenArtifact, StepFailed, UsageError
from harness.base.wait import wait_until
from harness.inputs.discover import find_backup
from harness.procedure.backup.external_server import PRIVILEGES, ROUTINES, CommandLifecycle, check_account
from harness.procedure.backup.plan import BackupPlan, BackupSource
from harness.procedure.backup.take import take_backup
from harness.runtime.process.host import LocalHost
from harness.runtime.services.mysql import Account
from tests.contract.mysql.places import Place

PLAN = BackupPlan(quiesced=True, excluded_tables=())


@pytest.fixture
def source(place: Place, tmp_path: Path) -> Callable[..., BackupSource]:
    """A source whose commands write down that they ran."""
    place.run("CREATE TABLE t (v INT)", "INSERT INTO t VALUES (1)")
    (tmp_path / "app").mkdir()
    (tmp_path / "app/.gitignore").write_text("*\n")
    host = LocalHost({"PATH": os.environ["PATH"]})

    def make(stop: str = "true", start: str = "true") -> BackupSource:
        log = tmp_path / "log"
        life = CommandLifecycle(
            host, f"sh -c 'echo stop >> {log}; {stop}'", f"sh -c 'echo start >> {log}; {start}'"
        )  # fmt: skip
        return BackupSource(place.server, host, str(tmp_path / "app"), "", (), life)

    return make


def log(tmp_path: Path) -> str:
    return (tmp_path / "log").read_text()


def test_it_is_stopped_before_and_started_after(source: Callable[..., BackupSource], tmp_path: Path) -> None:
    clock = Clock(Silent())
    backup = take_backup(source(), PLAN, tmp_path / "night", clock)
    assert backup.manifest.mode == "quiesced"
    assert [step.name for step in clock.steps] == [
        "quiesce", "backup-database", "backup-files", "backup-consistency", "resume",
    ]  # fmt: skip
    assert log(tmp_path) == "stop\nstart\n"


def test_it_is_started_although_it_could_not_be_stopped(source: Callable[..., BackupSource], tmp_path: Path) -> None:
    """It may be half down; and nothing was backed up."""
    with pytest.raises(
        StepFailed, match=r"^Stop the application for the backup: `sh -c .* failed with exit status 7$"
    ) as failed:
        take_backup(source(stop="exit 7"), PLAN, tmp_path / "night", Clock(Silent()))
    assert failed.value.exit_code == 1
    assert log(tmp_path) == "stop\nstart\n"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("night")] == []


def test_it_is_started_after_a_failed_dump(source: Callable[..., BackupSource], place: Place, tmp_path: Path) -> None:
    made = source()
    place.run(f"DROP DATABASE {place.name}")
    with pytest.raises(StepFailed, match=r"^Back up the database: the dump failed"):
        take_backup(made, PLAN, tmp_path / "night", Clock(Silent()))
    assert log(tmp_path) == "stop\nstart\n"


def test_an_application_that_stays_stopped_is_reported_with_what_came_before(
    source: Callable[..., BackupSource], tmp_path: Path
) -> None:
    with pytest.raises(
        StepFailed, match=r"^Start the application again: `sh -c .* failed with exit status 5"
    ) as failed:
        take_backup(source(stop="exit 7", start="exit 5"), PLAN, tmp_path / "night", Clock(Silent()))
    assert failed.value.hints == ("The application may still be stopped: start it manually.",)
    assert failed.value.details.startswith("before that: Stop the application for the backup: `sh -c 'echo stop")


def test_a_whole_backup_is_kept_although_the_application_did_not_start(
    source: Callable[..., BackupSource], tmp_path: Path
) -> None:
    with pytest.raises(StepFailed, match=r"^Start the application again: "):
        take_backup(source(start="exit 5"), PLAN, tmp_path / "night", Clock(Silent()))
    found = find_backup(tmp_path / "night")
    assert found.manifest is not None
    assert [(table.name, table.rows) for table in found.manifest.tables] == [("t", 1)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_an_interrupted_backup_is_no_backup(
    source: Callable[..., BackupSource], place: Place, tmp_path: Path, number: signal.Signals
) -> None:
    """The command, as an operator runs it. After kill -9 nobody starts the application: that is documented."""
    password = tmp_path / "password"
    password.write_text(place.server.admin.password)
    arguments = [
        sys.executable, "-m", "harness.cli.main", "backup",
        "--mysql-port", str(place.server.port), "--database", place.name,
        "--mysql-user", place.server.admin.user, "--mysql-password-file", str(password),
        "--storage", str(tmp_path / "app"), "--to", str(tmp_path / "night"),
        *(("--mysqld", "mariadbd") if place.flavour == "MariaDB" else ()),
    ]  # fmt: skip
    slow = source(stop="sleep 60").lifecycle
    assert isinstance(slow, CommandLifecycle)
    process = subprocess.Popen(
        [*arguments, "--stop-command", slow.stop_command, "--start-command", slow.start_command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_until((tmp_path / "log").exists, what="the stop command", timeout_s=30)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    if number is signal.SIGKILL:
        assert process.returncode == -number
        with pytest.raises(BrokenArtifact, match="is an unfinished backup"):
            find_backup(tmp_path / "night.partial")
    else:
        assert (process.returncode, errors) == (130, "interrupted: the unfinished backup was removed\n")
        assert log(tmp_path) == "stop\nstart\n"
        assert not (tmp_path / "night.partial").exists()
    assert not (tmp_path / "night").exists()
    if number is signal.SIGKILL:
        again = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert again.returncode == 0, again.stderr
        assert json.loads((tmp_path / "night" / "manifest.json").read_text())["mode"] == "hot"


NEEDED = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT")


@pytest.mark.parametrize("lacking", PRIVILEGES, ids=lambda name: name.replace(" ", "-"))
def test_what_an_account_lacks_is_named_before_anything_is_read(place: Place, lacking: str) -> None:
    """With what happens without it; only what a whole backup needs stands in the way."""
    user, password = f"lacks_{place.server.app.user[-8:]}", "a password"
    others = [name for name in PRIVILEGES if name not in (lacking, "PROCESS", "RELOAD")]
    above = [name for name in ("PROCESS", "RELOAD") if name != lacking]
    place.run(
        f"CREATE USER '{user}'@'%' IDENTIFIED BY '{password}'",
        f"GRANT {', '.join(others)} ON `{place.name}`.* TO '{user}'@'%'",
        f"GRANT {', '.join(above)} ON *.* TO '{user}'@'%'",
    )
    try:
        account = place.as_admin(Account(user, password))
        if lacking not in NEEDED:
            assert check_account(account.server) == ((lacking, PRIVILEGES[lacking]), ROUTINES)
            return
        with pytest.raises(UsageError) as refused:
            check_account(account.server)
        assert str(refused.value) == (
            f"the account {user!r} lacks privileges for a complete backup: {lacking} ({PRIVILEGES[lacking]})\n"
            f"HINT: GRANT {lacking} ON `{place.name}`.* TO the account."
        )
    finally:
        place.run(f"DROP USER '{user}'@'%'")
