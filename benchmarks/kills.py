"""Kill drills and backups at random moments, beside drills that live, and look for what `cleanup` leaves.

    python benchmarks/kills.py [--kills 100] [--alive 2] [--seed N] [--docker] [--step-clock]

Each kill is a SIGKILL for `run` (as processes, and with --docker in containers too) or `backup`, at a random moment.
After each, `cleanup` is called while the drills that live go on. At the end all of those must have passed, and no
process, directory, temporary file, container, network, volume or `.partial` of a killed one may be left. With
--step-clock the clock that all of these commands see jumps by 1 s or 1 h, forward or back, before each `cleanup`:
clock.c moves the time that they ask for, and a mount of their own the time of the boot in /proc/stat, as the kernel
does when a clock is set; the machine's own stays (root, and a C compiler). Exit status 1 if something is left or a
living drill was disturbed.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from harness.base.errors import EXIT_INCONCLUSIVE
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
CLOCK_REFUSED = "one of the two clocks is wrong"
NAMESPACE = "KILLS_OWN_MOUNTS"
"""Set in the environment once this process has mounts of its own."""
LONGEST_S = {"process": 30.0, "docker": 40.0, "backup": 10.0}
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
        with mysql_server(settings, mysql_programs(settings), spec, work / "mysql", env) as (server, *_):
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


class Clock:
    """The clock that the started commands see; the machine's own is left alone."""

    def __init__(self, directory: Path) -> None:
        self._moved, self._stat, library = directory / "clock", directory / "stat", directory / "clock.so"
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", "-o", library, Path(__file__).with_name("clock.c")], check=True
        )
        self._lines = Path("/proc/stat").read_text().splitlines()
        for path in (self._moved, self._stat):
            path.touch(mode=0o644)  # servers are other users
        self.step(0)
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "--bind", self._stat, "/proc/stat"], check=True)
        self.environment = {"LD_PRELOAD": str(library), "KILLS_CLOCK": str(self._moved)}

    def step(self, seconds: int) -> None:
        """Set it to so many seconds from the machine's; times of files stay the machine's."""
        booted = (f"btime {int(line.split()[1]) + seconds}" for line in self._lines if line.startswith("btime "))
        lines = (next(booted) if line.startswith("btime ") else line for line in self._lines)
        # Each in one write of always the same length: somebody may be reading it.
        for path, data in ((self._moved, struct.pack("q", seconds)), (self._stat, "\n".join((*lines, "")).encode())):
            file = os.open(path, os.O_WRONLY)
            os.write(file, data)
            os.close(file)


def left(settings: Settings, directory: Path, docker: bool) -> list[str]:
    """All that is there of drills, now that none is to live."""
    drills = settings.state_dir / "drills"
    found = [str(path) for path in (drills.iterdir() if drills.is_dir() else ())]
    found += [str(path) for path in (directory / "backups").glob("*.partial")]
    found += [str(path) for path in (directory / "tmp").iterdir()]
    killed = {path.name for path in settings.runs_dir.iterdir()}
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


class Living:
    """Drills that nobody may disturb: so many at any time, until the end."""

    def __init__(self, environment: dict[str, str], runtimes: list[str], count: int) -> None:
        self._environment, self._runtimes = environment, runtimes
        self._places: list[subprocess.Popen[str] | None] = [None] * count
        self.disturbed = self.ended = self.clock_refused = 0

    def replenish(self) -> None:
        """Begin a drill for each that has ended."""
        for place, drill in enumerate(self._places):
            if drill is None or drill.poll() is not None:
                self._count(drill)
                runtime = self._runtimes[place % len(self._runtimes)]
                self._places[place] = started(self._environment, [*COMMAND, *RUN, runtime])

    def finish(self) -> None:
        """Let the last of them end by themselves."""
        for drill in self._places:
            self._count(drill)

    def _count(self, drill: subprocess.Popen[str] | None) -> None:
        if drill is None:
            return
        output, _ = drill.communicate()
        self.ended += 1
        # Set back by an hour, the clock makes the drill's own backup one of the future: no age, no verdict.
        if drill.returncode == EXIT_INCONCLUSIVE and CLOCK_REFUSED in " ".join(output.split()):
            self.clock_refused += 1
        elif drill.returncode:
            self.disturbed += 1
            say(f"a drill that was to live ended with {drill.returncode}: {output[-4000:]}")


def environment_in(directory: Path, docker: bool) -> dict[str, str]:
    """Where the started commands put everything."""
    places = {"STATE_DIR": "state", "RUNS_DIR": "runs", "HISTORY": "history.sqlite3"}
    environment = {**os.environ, "TMPDIR": str(directory / "tmp")}
    environment |= {f"APIARY_DRILL_{name}": str(directory / place) for name, place in places.items()}
    for name in ("backups", "runs", "tmp"):
        (directory / name).mkdir()
    (directory / "tmp").chmod(0o1777)
    directory.chmod(0o711)  # servers are other users
    if not docker:
        environment["DOCKER_HOST"] = "unix:///nonexistent.sock"
    return environment


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--alive", type=int, default=2, help="drills that live meanwhile")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--docker", action="store_true", help="also in containers")
    parser.add_argument("--step-clock", action="store_true", help="let the clock jump that the commands see")
    chosen = parser.parse_args()
    if chosen.step_clock and not os.environ.get(NAMESPACE):
        os.environ[NAMESPACE] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])  # noqa: S606 (no shell is needed)
    chance = random.Random(chosen.seed)  # noqa: S311 (the same moments for the same seed)
    runtimes = ["process", "docker"] if chosen.docker else ["process"]
    kinds = [*runtimes, "backup"]
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        directory = Path(name)
        environment = environment_in(directory, chosen.docker)
        settings = from_environment(environment)
        clock = Clock(directory) if chosen.step_clock else None
        with to_back_up(settings, directory) as server:
            stepping = {**environment, **(clock.environment if clock else {})}
            living = Living(stepping, runtimes, chosen.alive)
            for number in range(chosen.kills):
                living.replenish()
                kind = kinds[number % len(kinds)]
                victim = started(stepping, arguments(kind, number, server, directory))
                time.sleep(chance.uniform(0, LONGEST_S[kind]))
                ended = victim.poll() is not None
                victim.kill()
                victim.communicate()
                step = chance.choice(STEPS_S) if clock else 0
                if clock:
                    clock.step(step)
                cleanup = started(stepping, [*COMMAND, "cleanup"])
                last = (cleanup.communicate()[0].strip().splitlines() or [""])[-1]
                moment = "after its end" if ended else "killed"
                say(f"{number + 1:3} {kind:7} {moment}, clock {step:+5} s: {cleanup.returncode}, {last}")
            living.finish()
            started(stepping, [*COMMAND, "cleanup"]).communicate()
            remains = left(settings, directory, chosen.docker)
    for each in remains:
        say(f"left: {each}")
    say(
        f"seed {chosen.seed}: {chosen.kills} kills left {len(remains)} things; "
        f"{living.ended} drills lived, {living.disturbed} of them were disturbed, "
        f"{living.clock_refused} reported that a clock was wrong"
    )
    return 1 if remains or living.disturbed else 0


def started(environment: dict[str, str], argv: list[str]) -> subprocess.Popen[str]:
    """A command whose interruptions are its own."""
    return subprocess.Popen(
        argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


if __name__ == "__main__":
    sys.exit(main())
