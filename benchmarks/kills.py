"""Kill drills and backups at random moments, beside drills that live, and look for what `cleanup` leaves.

    python benchmarks/kills.py [--kills 100] [--alive 2] [--seed N] [--docker] [--step-clock]

Each kill is a SIGKILL for `run` (as processes, and with --docker in containers too) or `backup`, at a random moment.
After each, `cleanup` is called while the drills that live go on. At the end all of those must have passed, and no
process, directory, container, network, volume or `.partial` of a killed one may be left. With --step-clock (root, and
nobody else on the machine) the system's clock is set 1 s and 1 h forward and back before a `cleanup` and put right
after it; without, the clock is left alone. Exit status 1 if something is left or a living drill was disturbed.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from harness.base.settings import Settings, from_environment
from harness.runtime.docker.client import connect
from harness.runtime.docker.labels import DRILL
from harness.runtime.ownership import DRILL_ID_VARIABLE, workspace
from harness.runtime.process.mysql import mysql_server
from harness.runtime.process.programs import mysql_programs
from harness.runtime.services.mysql import MySqlServer
from harness.runtime.spec import StackSpec, new_app_key

COMMAND = (sys.executable, "-m", "harness.cli.main")
RUN = ("run", "--scale", "tiny", "--fast", "--runtime")
STEPS_S = (1, -1, 3600, -3600)
LONGEST_S = {"process": 30.0, "docker": 40.0, "backup": 4.0}
ROWS = 200_000


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def to_back_up(settings: Settings, directory: Path) -> Iterator[MySqlServer]:
    """A server with a table that takes a moment to dump, and a directory of files beside it."""
    drill_id = f"kills-{secrets.token_hex(4)}"
    env = {**settings.base_env, DRILL_ID_VARIABLE: drill_id}
    files = directory / "files"
    files.mkdir()
    for number in range(2000):
        (files / f"{number}.pdf").write_bytes(secrets.token_bytes(20_000))
    with workspace(settings.state_dir / "source", drill_id) as work:
        spec = StackSpec("source", drill_id, work / "logs", new_app_key(), durable=False)
        with mysql_server(settings, mysql_programs(settings), spec, work / "mysql", env) as (server, _):
            with server.session(database=server.database) as session:
                session.execute("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(200))")
                session.execute("INSERT INTO t (text) VALUES (REPEAT('x', 180))")
                while int(session.value("SELECT COUNT(*) FROM t")) < ROWS:
                    session.execute("INSERT INTO t (text) SELECT text FROM t")
            password = directory / "password"
            password.touch(mode=0o600)
            password.write_text(server.admin.password)
            yield server


def arguments(kind: str, number: int, server: MySqlServer, directory: Path) -> list[str]:
    if kind != "backup":
        return [*COMMAND, *RUN, kind]
    return [
        *COMMAND, "backup", "--mysql-port", str(server.port), "--mysql-user", server.admin.user,
        "--mysql-password-file", str(directory / "password"), "--storage", str(directory / "files"),
        "--to", str(directory / "backups" / str(number)),
    ]  # fmt: skip


@contextmanager
def stepped(seconds: int) -> Iterator[None]:
    """The system's clock set by so many seconds, and put right again."""
    if not seconds:
        yield
        return
    began, at = time.monotonic(), time.time()
    time.clock_settime(time.CLOCK_REALTIME, at + seconds)
    try:
        yield
    finally:
        time.clock_settime(time.CLOCK_REALTIME, at + time.monotonic() - began)


def left(settings: Settings, directory: Path, alive: set[str], docker: bool) -> list[str]:
    """All that is there of drills that do not live."""
    drills = settings.state_dir / "drills"
    found = [str(path) for path in (drills.iterdir() if drills.is_dir() else ()) if path.name not in alive]
    found += [str(path) for path in (directory / "backups").glob("*.partial")]
    killed = {path.name for path in settings.runs_dir.iterdir()} - alive
    for process in psutil.process_iter():
        try:
            if process.environ().get(DRILL_ID_VARIABLE) in killed:
                found.append(f"process {process.pid} {process.name()}")
        except psutil.Error:
            continue
    if docker:
        client = connect(settings.docker)
        for each in killed:
            wanted = {"label": f"{DRILL}={each}"}
            found += [str(thing["Names"]) for thing in client.api.containers(all=True, filters=wanted)]
            found += [str(thing["Name"]) for thing in client.api.networks(filters=wanted)]
            found += [str(thing["Name"]) for thing in client.api.volumes(filters=wanted)["Volumes"] or []]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--alive", type=int, default=2, help="drills that live meanwhile")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--docker", action="store_true", help="also in containers")
    parser.add_argument("--step-clock", action="store_true", help="set the system's clock; nobody else may need it")
    chosen = parser.parse_args()
    chance = random.Random(chosen.seed)  # noqa: S311 (the same moments for the same seed)
    kinds = ("process", "backup", *(("docker",) if chosen.docker else ()))
    disturbed = done = 0
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        directory = Path(name)
        (directory / "backups").mkdir()
        environment = {
            **os.environ,
            "APIARY_DRILL_STATE_DIR": str(directory / "state"),
            "APIARY_DRILL_RUNS_DIR": str(directory / "runs"),
            "APIARY_DRILL_HISTORY": str(directory / "history.sqlite3"),
        }
        if not chosen.docker:
            environment["DOCKER_HOST"] = "unix:///nonexistent.sock"
        settings = from_environment(environment)
        settings.runs_dir.mkdir()
        living: list[subprocess.Popen[str]] = []

        def live() -> None:
            """Keep so many drills alive, and count those that did not pass."""
            nonlocal disturbed, done
            for each in [each for each in living if each.poll() is not None]:
                living.remove(each)
                done += 1
                if each.returncode:
                    disturbed += 1
                    say(f"a drill that was to live ended with {each.returncode}: {each.communicate()[0][-2000:]}")
            while len(living) < chosen.alive:
                living.append(started(environment, [*COMMAND, *RUN, "process"]))

        with to_back_up(settings, directory) as server:
            for number in range(chosen.kills):
                live()
                kind = kinds[number % len(kinds)]
                victim = started(environment, arguments(kind, number, server, directory))
                time.sleep(chance.uniform(0, LONGEST_S[kind]))
                victim.kill()
                victim.communicate()
                step = chance.choice(STEPS_S) if chosen.step_clock else 0
                with stepped(step):
                    told = subprocess.run(
                        [*COMMAND, "cleanup"], env=environment, capture_output=True, text=True, check=False
                    )
                last = (told.stdout.strip().splitlines() or [told.stderr.strip()])[-1]
                say(f"{number + 1:3} {kind:7} clock {step:+5} s: {last}")
            for last_one in living:
                output, _ = last_one.communicate()
                done += 1
                if last_one.returncode:
                    disturbed += 1
                    say(f"a drill that was to live ended with {last_one.returncode}: {output[-2000:]}")
            subprocess.run([*COMMAND, "cleanup"], env=environment, check=False)
            remains = left(settings, directory, set(), chosen.docker)
    for each in remains:
        say(f"left: {each}")
    say(f"seed {chosen.seed}: {chosen.kills} kills left {len(remains)} things; {done} drills lived, {disturbed} not")
    return 1 if remains or disturbed else 0


def started(environment: dict[str, str], argv: list[str]) -> subprocess.Popen[str]:
    """A command whose interruptions are its own."""
    return subprocess.Popen(
        argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


if __name__ == "__main__":
    sys.exit(main())
