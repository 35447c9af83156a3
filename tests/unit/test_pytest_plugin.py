"""The pytest plugin as its user meets it, up to the point where servers would start: pytest itself is run."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import harness.runner.batch  # noqa: F401 (the sessions in this process forget what they imported first)

TINY = """
name = "{name}"
why = "A scenario of a test, which says what it is for in some words."
{more}
[data]
scale = "tiny"
"""


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_pytest(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """pytest in this process and in `tmp_path`, without anything of the surrounding session."""
    for name in [name for name in os.environ if name.startswith(("PYTEST_", "DOCKER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("APIARY_DRILL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        ran = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "error", *arguments)
        return subprocess.CompletedProcess(arguments, ran.ret, ran.stdout.str(), ran.stderr.str())

    return run


def scenario(directory: Path, name: str, more: str = "", end: str = "") -> None:
    (directory / f"{name}.drill.toml").write_text(TINY.format(name=name, more=more) + end)


def test_each_file_is_one_item_with_its_markers(tmp_path: Path, run_pytest: Run) -> None:
    scenario(tmp_path, "one", 'markers = ["nightly"]')
    scenario(tmp_path, "two", "", '[[fault]]\nname = "drop-row"\n')
    scenario(tmp_path, "three", "", '[runtime]\nkind = "docker"\n')
    for expression, names in {
        "nightly": {"one"}, "fault": {"two"}, "docker": {"three"}, "drill and tiny": {"one", "two", "three"},
    }.items():  # fmt: skip
        listed = run_pytest("--collect-only", "-q", "--strict-markers", "-m", expression)
        assert {line.partition("::")[2] for line in listed.stdout.splitlines() if "::" in line} == names


def test_a_file_that_is_wrong_keeps_everything_from_starting(tmp_path: Path, run_pytest: Run) -> None:
    """Every error of every file, with its key, and no item runs."""
    scenario(tmp_path, "good")
    scenario(tmp_path, "bad", 'colour = "red"', "[limits]\nstep_s = -1\n")
    scenario(tmp_path, "worse", "", '[[fault]]\nname = "drop-rwo"\n')
    ran = run_pytest()
    assert ran.returncode == pytest.ExitCode.INTERRUPTED
    for message in (
        "bad.drill.toml: colour: extra inputs are not permitted, found 'red'",
        "bad.drill.toml: limits.step_s: input should be greater than 0, found -1",
        "worse.drill.toml: fault.0.name: unknown fault (did you mean drop-row?), found 'drop-rwo'",
    ):
        assert message in ran.stdout
    assert "Traceback" not in ran.stdout
    assert not (tmp_path / "state").exists()


def test_a_limit_that_is_none_is_bad_usage_before_anything_starts(tmp_path: Path, run_pytest: Run) -> None:
    scenario(tmp_path, "good")
    ran = run_pytest("--drill-limit", "search-ready=soon")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--drill-limit search-ready: 'soon' is not a time greater than zero" in ran.stderr
    assert not (tmp_path / "state").exists()


def test_what_needs_another_runtime_is_deselected_and_counted(tmp_path: Path, run_pytest: Run) -> None:
    scenario(tmp_path, "any")
    scenario(tmp_path, "contained", "", '[runtime]\nkind = "docker"\n')
    listed = run_pytest("--collect-only", "-q", "--drill-runtime", "process")
    assert "any.drill.toml::any" in listed.stdout
    assert "contained" not in listed.stdout
    assert "1 deselected" in listed.stdout


def test_a_missing_engine_is_an_error_and_skipped_where_that_is_allowed(tmp_path: Path, run_pytest: Run) -> None:
    """An item and every fixture: an error in words, no traceback of the SDK, and never a skip that nobody asked for."""
    scenario(tmp_path, "any")
    uses = {"drill": 'drill("documented")', "apiary_stack": "pass", "apiary_source": "pass", "apiary_target": "pass"}
    (tmp_path / "test_mine.py").write_text(
        "".join(f"def test_of_{fixture}({fixture}):\n    {use}\n" for fixture, use in uses.items())
    )
    ran = run_pytest("--drill-engine", f"unix://{tmp_path}/no.sock")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert ran.stdout.count(" - Failed: no Docker engine answ") == 5
    assert f"no Docker engine answers at unix://{tmp_path}/no.sock" in ran.stdout
    assert "1 failed, 4 errors in" in ran.stdout
    assert "Traceback" not in ran.stdout
    assert "docker.errors" not in ran.stdout
    assert list((tmp_path / "state").glob("drills/*")) == []
    ran = run_pytest("-rs", "--drill-skip-missing", "--drill-engine", f"unix://{tmp_path}/no.sock")
    assert ran.returncode == pytest.ExitCode.OK
    assert "5 skipped in" in ran.stdout
    assert "no Docker engine answers" in ran.stdout


def test_an_engine_and_local_processes_contradict_each_other(tmp_path: Path, run_pytest: Run) -> None:
    ran = run_pytest("--drill-engine", "unix:///x", "--drill-runtime", "process")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--drill-engine gives a Docker engine, but --drill-runtime is process" in ran.stderr


def test_several_engines_are_reported_and_so_is_that_one_worker_uses_only_the_first(
    tmp_path: Path, run_pytest: Run
) -> None:
    ran = run_pytest("--drill-engine", "unix:///a", "--drill-engine", "ssh://b")
    assert "apiary-drill: unix:///a, ssh://b (only the first one is used: add -n to use more)" in ran.stdout
    spread = run_pytest("--collect-only", "-n", "2", "--drill-engine", "unix:///a", "--drill-engine", "ssh://b")
    assert "apiary-drill: unix:///a, ssh://b (distributed over 2 workers)" in spread.stdout


def test_other_sessions_are_left_alone(tmp_path: Path) -> None:
    """pytest loads the plugin everywhere: it says nothing, reads nothing, and imports no client of a server."""
    (tmp_path / "test_mine.py").write_text(
        "import sys\n\ndef test_mine():\n"
        "    assert {'docker', 'pymysql', 'pydantic', 'meilisearch', 'testcontainers'}.isdisjoint(sys.modules)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error"],
        cwd=tmp_path, env={**os.environ, "APIARY_DRILL_STATE_DIR": str(tmp_path / "state"), "PYTEST_ADDOPTS": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == pytest.ExitCode.OK, ran.stdout
    assert "apiary-drill:" not in ran.stdout
    assert not (tmp_path / "state").exists()
