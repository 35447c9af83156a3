"""Every measurement in one run, as one table of ratios: `make benchmarks`, under 20 minutes on two idle cores.

    python -m benchmarks.all [--quick] [--only NAME] [--runs N] [--write]

Each ratio is of two things measured in the same run, on the same data. `--quick` leaves the largest data out. A part
that fails is named in the table, and the exit status is 1 then. `--runs` measures everything N times: a line is that of
the run with the median ratio, with the lowest and the highest. `--write` puts the table into docs/benchmarks.md, and a
few of its lines into README.md.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.ballast import LONG, SHORT
from benchmarks.dump_scan import attendance, best_s, events, inspected, script, statements
from benchmarks.verify import compare
from harness.artifacts.dump.values import parse_row
from harness.base.settings import from_environment
from harness.procedure.backup.manifest import measure
from harness.procedure.restore.load import client_arguments
from harness.runtime.ownership import workspace
from harness.runtime.process.runtime import ProcessRuntime
from harness.runtime.services.execution import run
from harness.runtime.spec import StackSpec, new_app_key

BEGIN, END = "<!-- made by `make benchmarks` -->", "<!-- end -->"
PAGE, README = (Path(__file__).parents[1] / name for name in ("docs/benchmarks.md", "README.md"))
OF_THE_README = re.compile(r"verify, (?!.*CPU)|memory of verify|MySQL in a container")
READER_BYTES = 64 << 20
HASHED_BYTES = 256 << 20
CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class Measured:
    """One line of the table.

    Args:
        what: what was compared.
        ours, other: both figures in words.
        ratio: of the two.
        goal: the most that it may be, or None.
        ratios: those of all runs, where there were several.
    """

    what: str
    ours: str
    other: str
    ratio: float
    goal: float | None = None
    ratios: tuple[float, ...] = ()

    @property
    def shown_ratio(self) -> str:
        """The ratio, and behind it the lowest and the highest of several runs."""
        span = f" ({min(self.ratios):.2f} to {max(self.ratios):.2f})" if len(self.ratios) > 1 else ""
        return f"{self.ratio:.2f}{span}"

    @property
    def judged(self) -> str:
        """The goal, and whether the ratio of every run reaches it; empty where there is none."""
        if self.goal is None:
            return ""
        ratios = self.ratios or (self.ratio,)
        reached = sum(round(ratio, 2) <= self.goal for ratio in ratios)
        if reached in (0, len(ratios)):
            return f"≤ {self.goal:g}, {'reached' if reached else 'NOT REACHED'}"
        return f"≤ {self.goal:g}, reached in {reached} of {len(ratios)} runs"


@dataclass(frozen=True)
class Failed:
    """A part that could not be measured, and why."""

    part: str
    why: str


def drills(quick: bool) -> Iterator[Measured]:
    """`verify` in both modes against the bare commands."""
    large = () if quick else (("small", 400, SHORT), ("small", 400, LONG))
    for scale, ballast_mb, rows in (("small", 0, ""), ("medium", 0, ""), *large):
        found = compare(scale, ballast_mb, "process", rows, at_once=scale == "small" and not ballast_mb)
        name = f"{scale}, script of {found['script_bytes'] / 1e6:.0f} MB{rows and f', {rows} rows'}"
        bare = f"start and steps 2 to 6: {seconds(found['bare_s'])}"
        script_mb, (bare_s, bare_cpu_s) = found["script_bytes"] / 1e6, found["bare_s"]
        goal, fast_goal = 1.15 if script_mb > 100 else None, 0.5 if script_mb > 400 else None
        yield Measured(f"verify, {name}", seconds(found["verify_s"]), bare, found["verify_ratio"][0], goal)
        yield Measured(f"verify, {name}, CPU", seconds(found["verify_s"]), bare, found["verify_ratio"][1])
        yield Measured(f"verify --fast, {name}", seconds(found["fast_s"]), bare, found["fast_ratio"][0], fast_goal)
        every_core_s = bare_cpu_s / (os.cpu_count() or 1)
        limit = f"  limit of --fast, {name}: the CPU seconds of steps 2 to 6 with every core busy"
        yield Measured(limit, f"{every_core_s:.1f} s", bare, every_core_s / bare_s)
        for title, elapsed_s, cpu_s in sorted(found["own_steps"], key=lambda step: -step[1])[:4]:
            share = elapsed_s / found["bare_s"][0]
            yield Measured(f"  of it, {name}: {title}", seconds((elapsed_s, cpu_s)), "the same", share)
        load_s, other = found["fast_load_s"], f"as documented: {found['load_s']:.1f} s"
        yield Measured(f"  load of --fast, {name}", f"{load_s:.1f} s", other, load_s / found["load_s"])
        if two_s := found["two_index_s"]:
            other = f"one after the other, as --fast does: {found['fast_index_s']:.1f} s"
            yield Measured(f"  imports, two at once, {name}", f"{two_s:.1f} s", other, two_s / found["fast_index_s"])
        yield Measured(f"memory of verify, {name}", f"{found['peak_mb']:.0f} MB", "200 MB", found["peak_mb"] / 200, 1)


def seconds(cost: tuple[float, float]) -> str:
    """Elapsed and CPU seconds."""
    return f"{cost[0]:.1f} s (CPU {cost[1]:.1f} s)"


def reader(quick: bool) -> Iterator[Measured]:
    """Reading a script, against `crc32` over its bytes and against `mysql` sending it to a table that keeps nothing."""
    chance = random.Random(1)  # noqa: S311 (rows for a benchmark)
    for name, rows in (("attendance", attendance(chance)), ("events", events(chance))):
        data = script(rows, READER_BYTES)
        chunks = [data[begin : begin + CHUNK_BYTES] for begin in range(0, len(data), CHUNK_BYTES)]
        rate = len(data) / 1e6
        crc_s = best_s(partial(zlib.crc32, data), 3)
        scan_s = best_s(partial(statements, chunks), 3)
        inspect_s = best_s(partial(inspected, data), 3)
        other = f"crc32 {rate / crc_s:.0f} MB/s"
        yield Measured(f"statements, {name}", f"{rate / scan_s:.0f} MB/s", other, scan_s / crc_s)
        yield Measured(f"inspect, {name}", f"{rate / inspect_s:.0f} MB/s", other, inspect_s / crc_s)
        if name == "attendance":
            client_s = blackhole_s(data)
            other = f"mysql into a blackhole {rate / client_s:.0f} MB/s"
            yield Measured(f"inspect beside mysql, {name}", f"{rate / inspect_s:.0f} MB/s", other, inspect_s / client_s)


def blackhole_s(data: bytes) -> float:
    """How long MySQL's own client and server take to parse the script and keep nothing of it."""
    settings = from_environment(os.environ)
    with tempfile.TemporaryDirectory(prefix="benchmark-blackhole-") as name:
        settings = replace(settings, state_dir=Path(name, "state"))
        spec = StackSpec(
            role="target", drill_id="benchmark", logs=Path(name, "logs"), app_key=new_app_key(), durable=False
        )
        with workspace(settings.state_dir, "benchmark") as work, ProcessRuntime(settings, work).stack(spec) as stack:
            server = stack.mysql
            first = data[data.index(b"(1,") + 1 : data.index(b"),(")]
            columns = b", ".join(b"`c%d` text" % number for number, _ in enumerate(parse_row(first)))
            table = b"CREATE TABLE `t` (" + columns + b") ENGINE=BLACKHOLE;\n"
            text = table + data.partition(b";\n")[2]
            began = time.monotonic()
            ended = run(
                server.tools,
                client_arguments(server),
                env=server.tool_environment(server.app),
                stdin=[text],
                timeout_s=600,
            )
            if ended.exit_status:
                raise SystemExit(ended.stderr[:300])
            return time.monotonic() - began


def hashing(quick: bool) -> Iterator[Measured]:
    """Digests of files, against `sha256sum`."""
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(HASHED_BYTES >> 20):
            file.write(os.urandom(1 << 20))
        file.flush()
        path = Path(file.name)
        ours_s = min(timed(lambda: measure(path, "storage")) for _ in range(3))
        other_s = min(
            timed(lambda: subprocess.run(["sha256sum", file.name], stdout=subprocess.DEVNULL, check=True))
            for _ in range(3)
        )
        assert measure(path, "storage").sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    rate = HASHED_BYTES / 1e6
    other = f"sha256sum {rate / other_s:.0f} MB/s"
    yield Measured("hashing a file", f"{rate / ours_s:.0f} MB/s", other, ours_s / other_s, 1.2)


def timed(work: Callable[[], object]) -> float:
    """Elapsed seconds."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def start(quick: bool) -> Iterator[Measured]:
    """A drill's MySQL in a container, against testcontainers' own class."""
    output = printed("benchmarks.mysql_start", "--rounds", "2")
    ours, other = re.findall(r"median ([0-9.]+) s", output)
    yield Measured(
        "MySQL in a container, ready", f"{ours} s", f"testcontainers {other} s", float(ours) / float(other), 1
    )


def parallel(quick: bool) -> Iterator[Measured]:
    """Drills two at a time, against one after the other."""
    scale = "tiny" if quick else "small"
    output = printed("benchmarks.parallel", "--drills", "2", "--pairs", "1", "--scale", scale)
    serial, at_once = re.search(r"one at a time ([0-9.]+) s, two at once ([0-9.]+) s", output).groups()  # type: ignore[union-attr]
    yield Measured("two drills, -n 2", f"{at_once} s", f"serial {serial} s", float(at_once) / float(serial), 0.65)


def memory(quick: bool) -> Iterator[Measured]:
    """The most memory of the harness by kind of input, against the limit."""
    sizes = ["--dump-mb", "200", "--files", "200000"] if quick else ["--dump-mb", "300", "--files", "1000000"]
    for title, peak in re.findall(r"^(\S.*): ([0-9]+) MB", printed("benchmarks.memory", *sizes), re.MULTILINE):
        yield Measured(f"memory, {title}", f"{peak} MB", "200 MB", int(peak) / 200, 1)


def printed(module: str, *arguments: str) -> str:
    """What another benchmark prints."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{module} failed: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout


PARTS: dict[str, Callable[[bool], Iterator[Measured]]] = {
    "drills": drills,
    "reader": reader,
    "hashing": hashing,
    "start": start,
    "parallel": parallel,
    "memory": memory,
}


def measure_part(name: str, quick: bool) -> Iterator[Measured | Failed]:
    """What a part measures, and then why it could not go on, if it could not."""
    try:
        yield from PARTS[name](quick)
    except (Exception, SystemExit) as error:
        yield Failed(name, " ".join(f"{type(error).__name__}: {error}".split())[:300])


def median_of(runs: list[list[Measured | Failed]]) -> list[Measured | Failed]:
    """One line for each thing that was measured, in the order of the first run, and all that failed."""
    lines: dict[str, list[Measured]] = {}
    for one in itertools.chain.from_iterable(runs):
        if isinstance(one, Measured):
            lines.setdefault(one.what, []).append(one)
    failed = [one for one in itertools.chain.from_iterable(runs) if isinstance(one, Failed)]
    return [
        replace(
            sorted(line, key=lambda one: one.ratio)[len(line) // 2], ratios=tuple(sorted(one.ratio for one in line))
        )
        for line in lines.values()
    ] + failed


def machine(load: tuple[float, float, float]) -> str:
    """Date, machine, and how busy it was."""
    models = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    model = models[0] if models else platform.machine()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({model}), Python {platform.python_version()}, "
        f"load average {load[0]:.1f} before and {os.getloadavg()[0]:.1f} after"
    )


def table(found: list[Measured | Failed], *, goals: bool = True) -> str:
    """As Markdown, with or without the column of goals."""
    columns = ["what", "measured", "against", "ratio", *(["goal"] if goals else [])]
    lines = [columns, ["---"] * len(columns)]
    for one in found:
        if isinstance(one, Failed):
            cells = [one.part, "FAILED", one.why.replace("|", "/"), "", ""]
        else:
            cells = [one.what.strip(), one.ours, one.other, one.shown_ratio, one.judged]
        lines.append(cells[: len(columns)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_between_marks(page: Path, text: str) -> None:
    """Replace what stands between the two marks of a page. Raises SystemExit where it has none."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} has no marks {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="without the largest data")
    parser.add_argument("--only", choices=list(PARTS), action="append", help="this part; several times for several")
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="how often everything is measured")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name} and {README.name}")
    chosen: Any = parser.parse_args()
    began, load = time.monotonic(), os.getloadavg()
    runs, took = list[list[Measured | Failed]](), list[str]()
    for _, name in itertools.product(range(chosen.runs), chosen.only or PARTS):
        part_began, part = time.monotonic(), list[Measured | Failed]()
        for one in measure_part(name, chosen.quick):
            part.append(one)
            if isinstance(one, Failed):
                sys.stdout.write(f"{name} FAILED: {one.why}\n")
            else:
                sys.stdout.write(f"{one.what}: {one.ours}, {one.other}, ratio {one.ratio:.2f} {one.judged}\n")
            sys.stdout.flush()
        runs.append(part)
        took.append(f"{name} {time.monotonic() - part_began:.0f} s")
    found = median_of(runs)
    where = machine(load)
    several = f"; {chosen.runs} runs" if chosen.runs > 1 else ""
    whole = f"{where}{several}; {(time.monotonic() - began) / 60:.0f} minutes ({', '.join(took)}).\n\n{table(found)}"
    sys.stdout.write(f"\n{whole}\n")
    if chosen.write:
        chosen_lines = [one for one in found if isinstance(one, Failed) or OF_THE_README.match(one.what)]
        write_between_marks(PAGE, whole)
        write_between_marks(README, f"{where}.\n\n{table(chosen_lines, goals=False)}")
    return int(any(isinstance(one, Failed) for one in found))


if __name__ == "__main__":
    sys.exit(main())
