"""Reports of real drills in a real browser: Debian's Chromium, without a window. Its absence is never silent."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

LEFT_OUT = pytest.StashKey[str]()
MISSING = "there is no chromium on the path (on Debian, as root: sh .ci/browser)"


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A browser. Without one the test fails where `CI=true`, and is left out loudly everywhere else."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"with CI=true the browser tests have to run: {MISSING}")
        request.config.stash[LEFT_OUT] = MISSING
        pytest.skip(f"LEFT OUT: {MISSING}")
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not start as root, which is who CI is; only our own pages are opened.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in one line that the browser tests did not run."""
    reason = config.stash.get(LEFT_OUT, None)
    if reason is not None:
        terminalreporter.write_line(f"THE BROWSER TESTS WERE LEFT OUT: {reason}", red=True, bold=True)


def command(*arguments: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end, with directories of its own."""
    environment = {
        **os.environ,
        "APIARY_DRILL_STATE_DIR": str(place / "state"),
        "APIARY_DRILL_RUNS_DIR": str(place / "runs"),
        "APIARY_DRILL_HISTORY": str(place / "history.sqlite3"),
    }
    return subprocess.run(
        [sys.executable, "-m", "harness.cli.main", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def damage(evidence: dict[str, object]) -> None:
    """The restored database lost rows of two tables, and what is in a third one changed."""
    tables = evidence["target"]["tables"]  # type: ignore[index]
    for table in tables:
        if table["name"] in ("rsvps", "teams"):
            table["rows"] -= 1
        if table["name"] in ("rsvps", "teams", "users"):
            table["digest"] = "0" * len(table["digest"])


def blind(evidence: dict[str, object]) -> None:
    """Nobody searched for known rows: there is nothing to compare."""
    evidence["search"]["probes"] = []  # type: ignore[index]


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of one real drill, and of what it wrote after something in it was changed: one for each verdict."""
    place = tmp_path_factory.mktemp("browser")
    drilled = command("run", "--runtime", "process", "--mysqld", "mariadbd", "--scale", "tiny", place=place)
    assert drilled.returncode == 0, drilled.stdout + drilled.stderr
    (run_dir,) = (place / "runs").iterdir()
    pages = {"PASS": run_dir / "report.html"}
    printed = command("report", str(run_dir), "--pdf", str(run_dir / "report.pdf"), place=place)
    assert printed.returncode == 0, printed.stdout + printed.stderr
    changes: dict[str, Callable[[dict[str, object]], None]] = {"FAIL": damage, "INCONCLUSIVE": blind}
    for verdict, change in changes.items():
        copy = place / verdict
        shutil.copytree(run_dir, copy, ignore=shutil.ignore_patterns("backup", "logs"))
        path = copy / "evidence.json"
        evidence = json.loads(path.read_bytes())
        change(evidence)
        path.write_text(json.dumps(evidence))
        pages[verdict] = copy / "report.html"
        answer = command("report", str(copy), "--html", str(pages[verdict]), place=place)
        assert answer.returncode == {"FAIL": 1, "INCONCLUSIVE": 3}[verdict], answer.stdout + answer.stderr
    return pages
