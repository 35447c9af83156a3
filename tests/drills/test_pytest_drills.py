"""pytest drills scenario files and gives fixtures to tests of one's own, on real servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import docker
import pytest
from junitparser import JUnitXml, Properties, Property, TestCase

from harness.base.wait import wait_until
from harness.runtime.docker.labels import docker_leftovers
from harness.scenario.definition import find
from tests.drills.engine_things import processes_of
from tests.engines import AnotherEngine

OWN_TESTS = '''
def test_our_procedure_restores(drill):
    result = drill("flip-dump-byte")
    assert [found.subject for found in result.findings if found.code == "artifact-digest"] == ["database.sql.zst"]


def test_a_drill_that_is_not_as_expected(drill):
    drill("flip-dump-byte.drill.toml")


def test_an_empty_instance(apiary_stack):
    with apiary_stack.mysql.session(database=apiary_stack.mysql.database) as session:
        assert session.value("SELECT COUNT(*) FROM users") == 0
    assert apiary_stack.apiary.ping()


def test_a_source(apiary_source):
    with apiary_source.mysql.session(database=apiary_source.mysql.database) as session:
        assert session.value("SELECT COUNT(*) FROM users") > 20
    assert {index.name: index.documents for index in apiary_source.meilisearch.state().indexes}["apiary_users"] > 20


def test_a_restored_target(apiary_target):
    with apiary_target.mysql.session(database=apiary_target.mysql.database) as session:
        session.execute("DELETE FROM rsvps")
    assert apiary_target.apiary.ping()


def test_another_restored_target(apiary_target):
    """The test before had one of its own."""
    with apiary_target.mysql.session(database=apiary_target.mysql.database) as session:
        assert session.value("SELECT COUNT(*) FROM rsvps") > 20
'''


def start_pytest(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *arguments],
        cwd=directory, env={**os.environ, "APIARY_DRILL_STATE_DIR": str(directory / "state")},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip


def copy_of(name: str, directory: Path, old: str = "", new: str = "") -> Path:
    """A shipped scenario, with one thing in it changed."""
    text = find(name).read_text()
    assert old in text
    path = directory / f"{name}.drill.toml"
    path.write_text(text.replace(old, new))
    return path


def properties_of(case: TestCase) -> list[Property]:
    found = case.child(Properties)
    return list(found) if found is not None else []


@pytest.mark.xdist_group("pytest-drills")
def test_files_and_fixtures_are_drilled_and_what_is_not_as_expected_is_reported(tmp_path: Path) -> None:
    """In a directory of somebody who has nothing but the installed package: a file with a changed expectation is red.

    Verdict, what was broken, what was found, and where the run is are reported; JUnit XML has it as properties.
    """
    (tmp_path / "test_own.py").write_text(OWN_TESTS)
    copy_of("remove-row", tmp_path, 'subject = "rsvps"', 'subject = "users"')
    copy_of("flip-dump-byte", tmp_path, "database.sql.zst", "storage.tar.zst")
    copy_of("gtid-line", tmp_path)
    runs = tmp_path / "kept"
    process = start_pytest(
        tmp_path, "-v", "--drill-runtime", "process", "--drill-runs", str(runs), "--junitxml=report.xml"
    )
    output, _ = process.communicate()
    assert "3 failed, 6 passed" in output, output
    assert "test_a_drill_that_is_not_as_expected FAILED" in output
    for line, tests in (
        ("remove-row: FAIL, expected FAIL", 1),
        ("  The expected finding row-count of users is missing.", 1),
        ("Fault injected at restored: remove-row:", 1),
        # By its file and by a test with the fixture, both without a server.
        ("flip-dump-byte: FAIL, expected FAIL", 2),
        ("  The expected finding artifact-digest of storage.tar.zst is missing.", 2),
        ("Fault injected at artifact: flip-dump-byte:", 2),
        (f"  apiary-drill report {runs}/", 3),
    ):
        assert output.count(line) >= tests, line
    assert "Traceback" not in output
    assert list((tmp_path / "state/drills").iterdir()) == []
    cases = {case.name: case for suite in JUnitXml.fromfile(str(tmp_path / "report.xml")) for case in suite}
    for name in ("remove-row", "gtid-line"):
        found = [(each.name, each.value) for each in properties_of(cases[name])]
        properties = dict(found)
        assert properties["verdict"] == ("FAIL" if name == "remove-row" else "PASS")
        assert ("component", "target mysql: MySQL") in [(key, value[:19]) for key, value in found]
        assert Path(properties["run_directory"], "result.json").is_file()
        assert properties["fault"].startswith(name)
    assert ("finding", "error row-count rsvps") in [(e.name, e.value) for e in properties_of(cases["remove-row"])]


@pytest.mark.xdist_group("pytest-drills")
@pytest.mark.parametrize(
    ("number", "first"), [(signal.SIGINT, "*/*/mysql/data"), (signal.SIGTERM, "*/source/mysql/data")]
)
def test_an_end_in_the_middle_leaves_nothing_behind(tmp_path: Path, number: signal.Signals, first: str) -> None:
    """Ctrl-C reaches all of them; a job that is cancelled gets SIGTERM. The one comes with the first servers, the other
    when drills begin with copies of what their worker shares."""
    for name in ("remove-row", "remove-file"):
        copy_of(name, tmp_path)
    process = start_pytest(tmp_path, "-n", "2", "--drill-runtime", "process")
    drills = tmp_path / "state/drills"

    def servers() -> list[Path]:
        return list(drills.glob(first)) if drills.is_dir() else []

    wait_until(lambda: len(servers()) == 2, what="two drills at once", timeout_s=120)
    ids = {path.name for path in drills.iterdir()}
    os.killpg(process.pid, number)
    process.communicate(timeout=120)
    assert processes_of(ids) == []
    assert list(drills.iterdir()) == []


@pytest.mark.docker
@pytest.mark.xdist_group("other-engine")
def test_workers_are_spread_over_two_engines(
    tmp_path: Path, engine: docker.DockerClient, loaded_engine: AnotherEngine
) -> None:
    """Each worker drills on its own engine, the second of which nobody else uses: a source, and a target."""
    for name in ("step-stop-left-out", "unknown-collation"):
        copy_of(name, tmp_path)
    here = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    process = start_pytest(
        tmp_path, "-n", "2", "--dist", "load", "--drill-engine", here, "--drill-engine", loaded_engine.host,
        "--junitxml=report.xml",
    )  # fmt: skip
    output, _ = process.communicate()
    assert "2 passed" in output, output
    used = [
        each.value
        for suite in JUnitXml.fromfile(str(tmp_path / "report.xml"))
        for case in suite
        for each in properties_of(case)
        if each.name == "engine"
    ]
    assert sorted(used) == sorted([here, loaded_engine.host])
    client = loaded_engine.client()
    try:
        assert [image.tags for image in client.images.list("apiary-drill/prepared")], "a drill ran there"
        assert docker_leftovers(client) == []
    finally:
        client.close()
