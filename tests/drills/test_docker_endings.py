"""However a drill in containers ends, its engine is as it was: no container, no network, no volume, no directory."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import requests

from harness.artifacts.dump.source import open_script
from harness.base.errors import ServerFailed, StepFailed
from harness.base.model import Step
from harness.base.settings import Settings
from harness.base.wait import wait_until
from harness.drill.flow import restored
from harness.drill.plan import DrillPlan, new_drill_id
from harness.drill.run import Run
from harness.inputs.backup import BackupUnderTest
from harness.records.run_directory import RunDirectory
from harness.runtime.docker.images import LOCAL_STANDIN
from harness.runtime.docker.labels import DRILL, drill_labels, remove, remove_drill
from harness.runtime.docker.runtime import DockerRuntime
from harness.runtime.services.mysql import MySqlServer
from harness.runtime.services.stack import Stack
from harness.runtime.spec import StackSpec, new_app_key
from tests.drills.conftest import Backed
from tests.drills.engine_things import Place, things
from tests.following import follow

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("verify")]

_RUN = ("run", "--runtime", "docker", "--scale", "tiny", "--fast")
_STEPS = {
    # The step that is hit: the command, and the last line before it. From "restore-files" to "reindex" the engine has
    # the same; `benchmarks/kills.py` kills at moments taken at random.
    "start-source": (_RUN, "runtime: Docker"),
    "source": (_RUN, "Start the servers of the source"),
    "backup": (_RUN, "Collect evidence from the source"),
    "start-target": (("verify",), "Check the backup before restoring it"),
    "restore-database": (("verify",), "Restore the files"),
    "checks": (("verify",), "Rebuild the search index"),
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Directories of this test alone."""
    return Place(tmp_path)


@pytest.fixture(scope="module")
def neighbour(
    settings: Settings, engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Another drill on the same engine, which is alive all the time."""
    spec = StackSpec("target", new_drill_id("neighbour"), tmp_path_factory.mktemp("logs"), new_app_key())
    with DockerRuntime(settings, engine).stack(spec) as stack:
        yield stack


def verify_of(backed: Backed, directory: Path) -> tuple[str, ...]:
    """The command that drills a backup in containers."""
    key = directory / "app-key"
    key.write_text(backed.app_key)
    return ("verify", "--runtime", "docker", "--fast", "--app-key-file", str(key), str(backed.directory))


@pytest.mark.parametrize("step", _STEPS)
def test_what_a_drill_killed_in_any_step_left_is_removed_by_cleanup(
    place: Place, backed: Backed, engine: docker.DockerClient, neighbour: Stack, step: str
) -> None:
    """kill -9, then `cleanup`: nothing of it is left anywhere, and the drill next to it did not notice."""
    beside = things(engine, neighbour.drill_id)
    command, line = _STEPS[step]
    arguments = verify_of(backed, place.root) if command == ("verify",) else command
    with place.until(line, *arguments) as process:
        (drill_id,) = place.drills
        # The first step has nothing yet when it begins.
        wait_until(lambda: bool(things(engine, drill_id)), what="the drill's first container", timeout_s=60)
        process.send_signal(signal.SIGKILL)
        process.wait()
    cleaned = place.command("cleanup")
    assert cleaned.returncode == 0, cleaned.stderr
    assert things(engine, drill_id) == []
    assert place.drills == []
    assert things(engine, neighbour.drill_id) == beside
    with neighbour.mysql.session(neighbour.mysql.app) as session:
        assert session.value("SELECT 1") == 1


def test_the_next_start_removes_what_a_killed_drill_left(
    place: Place, backed: Backed, engine: docker.DockerClient, neighbour: Stack
) -> None:
    """Before it starts anything of its own; and Ctrl-C of that one leaves nothing either, with exit code 130."""
    beside = things(engine, neighbour.drill_id)
    with place.until("Start the servers of the target", *verify_of(backed, place.root)) as killed:
        (drill_id,) = place.drills
        killed.kill()
    with place.until("Start the servers of the target", *verify_of(backed, place.root)) as following:
        assert things(engine, drill_id) == []
        (other_id,) = place.drills
        assert things(engine, other_id) != []
        following.send_signal(signal.SIGINT)
        output, _ = following.communicate(timeout=120)
    assert following.returncode == 130, output
    assert output.rstrip().endswith("interrupted: all servers of this drill were stopped")
    assert things(engine, other_id) == []
    assert place.drills == []
    assert things(engine, neighbour.drill_id) == beside


def test_a_database_that_dies_in_the_middle_of_the_restore_is_inconclusive(
    place: Place, backed: Backed, engine: docker.DockerClient
) -> None:
    """One sentence names it, exit code 3, its log is in the run directory with all others, nothing is left."""
    with place.until("Restore the files", *verify_of(backed, place.root)) as process:
        (drill_id,) = place.drills
        engine.api.kill(f"apiary-drill-{drill_id}-target-mysql")
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 3, output
    assert "INCONCLUSIVE" in output
    assert "MySQL exited with status 137 unexpectedly" in " ".join(output.split()), output
    assert things(engine, drill_id) == []
    assert place.drills == []
    (run_dir,) = place.runs
    logs = run_dir / "logs" / "target"
    assert b"ready for connections" in (logs / "mysql.log").read_bytes()
    assert b"/ping" in (logs / "apiary.log").read_bytes()
    for quiet in ("meilisearch.log", "pod.log"):
        assert (logs / quiet).is_file()


def test_a_kept_target_is_reached_and_removed_as_the_output_says(
    place: Place, backed: Backed, engine: docker.DockerClient
) -> None:
    """Its app answers from this machine alone, the login that is printed works, `cleanup` removes it by name only."""
    verify, *arguments = verify_of(backed, place.root)
    assert verify == "verify"
    kept = place.command("restore", *arguments)
    assert kept.returncode == 0, kept.stdout + kept.stderr
    connection = dict(line.split(maxsplit=1) for line in kept.stdout.splitlines() if line.startswith("  "))
    (drill_id,) = place.drills
    try:
        url = connection["Apiary"].split()[0]
        passwords = dict(line.split("=", 1) for line in Path(connection["Passwords"]).read_text().splitlines())
        auth = ("drill", passwords["APIARY_PASSWORD"])
        assert requests.get(f"{url}ping", timeout=30).status_code == 401, "not to every user of this machine"
        assert requests.get(f"{url}ping", auth=auth, timeout=30).text == "pong"
        assert engine.networks.get(f"apiary-drill-{drill_id}-target").attrs["Internal"] is True
        for container in engine.api.containers(filters={"label": f"{DRILL}={drill_id}"}):
            assert not engine.api.inspect_container(container["Id"])["HostConfig"]["PortBindings"]
        secrets = Path(connection["Passwords"])
        assert secrets.stat().st_mode & 0o777 == 0o600
        assert secrets.read_text().split("MYSQL_PWD=")[1].split()[0] not in kept.stdout
        login = next(line for line in kept.stdout.splitlines() if line.startswith("Log in: ")).removeprefix("Log in: ")
        typed = (
            login.replace(" --interactive --tty", "").removesuffix(" )") + " --execute='SELECT COUNT(*) FROM events' )"
        )
        asked = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, check=False)
        assert backed.backup.manifest is not None
        events = next(table.rows for table in backed.backup.manifest.tables if table.name == "events")
        assert asked.stdout.split() == ["COUNT(*)", str(events)], asked.stderr
        assert drill_id not in place.command("cleanup").stdout
        assert requests.get(f"{url}ping", auth=auth, timeout=30).text == "pong"
        assert f"cleanup {drill_id}\n" in kept.stdout
        assert follow(kept.stdout, "Remove it: ", place.environment).returncode == 0
        assert things(engine, drill_id) == []
        assert place.drills == []
    finally:
        remove_drill(engine, drill_id)


class _FillsTheDisk:
    """A listener that takes all of a volume but `left` as soon as a step has ended.

    Then the harness runs the statements itself, with an answer's limit of five seconds; `reason` is what it says.
    """

    def __init__(self, client: docker.DockerClient, holder: str, after: str, left: str, statements: bytes) -> None:
        self.reason = ""
        self.drill: Run | None = None
        self._statements = statements.decode().splitlines()
        self._left = left
        self._client = client
        self._holder = holder
        self._after = after

    def started(self, title: str) -> None: ...

    def progress(self, text: str) -> None: ...

    def ended(self, step: Step) -> None:
        if step.name == self._after:
            holder = self._client.containers.get(self._holder)
            filled = holder.exec_run(
                ["sh", "-c", "cat /dev/zero > /held/ballast; truncate --size=-$0 /held/ballast", self._left], user="0"
            )
            assert b"No space left on device" in filled.output
            # From here on the database alone has it mounted, so that the drill can remove all of it.
            holder.remove(force=True)
            assert self.drill is not None
            assert self.drill.target is not None
            if self._statements:
                with pytest.raises(ServerFailed) as waited:
                    self._execute(self.drill.target.mysql)
                self.reason = waited.value.fact

    def _execute(self, server: MySqlServer) -> None:
        with server.session(database=server.database, answer_s=5) as session:
            for statement in self._statements:
                session.execute(statement)


_INNODB = b"CREATE TABLE `ballast` (`b` mediumtext);\n"
_MYISAM = b"CREATE TABLE `ballast` (`b` mediumtext) ENGINE=MyISAM;\n"
_ROWS = (b"INSERT INTO `ballast` VALUES ('" + b"x" * 1_000_000 + b"');\n") * 8
_DISKS = {
    # What is left on the disk of whose server, and what the script begins and ends with.
    "room for the schema": ("3M", "MySQL", b"", _INNODB + _ROWS),
    # These two wait for room, and would wait until their time is over.
    "a full binary log": ("0", "MySQL", b"DROP TABLE IF EXISTS `nothing_of_this_name`;\n" * 300, b""),
    "a table of MyISAM": ("3M", "MariaDB", _MYISAM + _ROWS, b""),
}  # fmt: skip


def with_statements(backup: BackupUnderTest, path: Path, first: bytes, last: bytes) -> BackupUnderTest:
    """The same with more statements, and so without its manifest; with a collation that both servers have."""
    script = b"".join(open_script(backup.dump)).replace(b"utf8mb4_0900_ai_ci", b"utf8mb4_unicode_ci")
    begin = script.index(b"\n--\n-- Table structure")
    end = script.rindex(b"/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */")
    path.write_bytes(script[:begin] + b"\n" + first + script[begin:end] + last + script[end:])
    return BackupUnderTest(path, backup.storage, app_key=backup.app_key, name="large")


@pytest.mark.parametrize("disk", _DISKS)
def test_a_full_disk_says_nothing_about_the_backup(
    settings: Settings, backed: Backed, engine: docker.DockerClient, tmp_path: Path, disk: str
) -> None:
    """A volume of the engine runs full: inconclusive, in one sentence, and nothing is left.

    The script runs on it, and where the server waits for room, the harness's own statements before.
    """
    left, flavour, first, last = _DISKS[disk]
    drill_id = new_drill_id("full-disk")
    volume = f"apiary-drill-{drill_id}-target-mysql"
    labels = drill_labels(drill_id, "target", "mysql")
    # The drill finds its volume made already, on a disk of its own, which lives as long as somebody has it mounted.
    engine.volumes.create(
        volume, driver_opts={"type": "tmpfs", "device": "tmpfs", "o": "size=400m,mode=0777"}, labels=labels
    )
    holder = engine.containers.run(
        LOCAL_STANDIN, ["sleep", "infinity"], detach=True, init=True, user="0", labels=labels, network_mode="none",
        name=f"apiary-drill-{drill_id}-holder", volumes={volume: {"bind": "/held", "mode": "rw,nocopy"}},
    )  # fmt: skip
    store = RunDirectory(settings.runs_dir / drill_id)
    try:
        listener = _FillsTheDisk(engine, str(holder.id), "restore-files", left, first.replace(b"ballast", b"own"))
        runtime = DockerRuntime(settings, engine, flavours={"target": flavour})
        listener.drill = drill = Run(DrillPlan(drill_id, runtime, settings, store, listener))
        backup = with_statements(backed.backup, tmp_path / "large.sql", first, last)
        with pytest.raises(StepFailed) as caught, restored(drill, backup):
            pytest.fail("the script ran on a full disk")
    finally:
        remove(engine, "container", str(holder.id))
        remove(engine, "volume", volume)
    assert caught.value.step == "restore-database", caught.value.fact
    full = f"the disk of the target is full (the volume {volume}): this says nothing about the backup"
    assert caught.value.fact == f"Load the dump: {full}"
    assert listener.reason == (full if first else "")
    assert caught.value.exit_code == 3
    assert things(engine, drill_id) == []
