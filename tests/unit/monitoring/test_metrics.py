"""The textfile is what Prometheus reads, says what the run came to, and keeps the time of the last passed drill."""

import os
import shlex
import subprocess
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness import __version__
from harness.base.errors import UsageError
from harness.base.model import DrillResult, Finding, Severity, Verdict
from harness.monitoring.metrics import MOST_BACKUPS, check_file, write_metrics
from tests.tables import over_table
from tests.unit.schema.recorded import FAILED, PASSED, recorded

BACKUP = "generated data: documented"


@pytest.fixture
def good(tmp_path: Path) -> DrillResult:
    return replace(recorded(PASSED, tmp_path / "good").load_result(), backup=BACKUP)


@pytest.fixture
def bad(tmp_path: Path, good: DrillResult) -> DrillResult:
    """The same backup, ten days later."""
    later = good.started_at + timedelta(days=10)
    result = recorded(FAILED, tmp_path / "bad").load_result()
    return replace(result, backup=BACKUP, started_at=later, duration_s=100.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "collector").mkdir()
    return tmp_path / "collector" / "apiary-drill.prom"


def values(path: Path) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, as the official parser reads it."""
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(path.read_text()):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            key = (sample.name.removeprefix("apiary_drill_"), *sample.labels.values())
            assert key not in found
            found[key] = sample.value
    return found


def test_a_good_drill_in_numbers(path: Path, good: DrillResult) -> None:
    write_metrics(path, good)
    found = values(path)
    rows = sum(check.compared for check in good.checks if check.check == "rows-script")
    assert rows == 19634
    assert {key: value for key, value in found.items() if len(key) == 2} == {
        ("last_run_timestamp_seconds", BACKUP): pytest.approx(good.started_at.timestamp() + good.duration_s),
        ("last_good_timestamp_seconds", BACKUP): pytest.approx(good.started_at.timestamp() + good.duration_s),
        ("good", BACKUP): 1,
        ("duration_seconds", BACKUP): good.duration_s,
        ("recovery_time_seconds", BACKUP): good.recovery_time_s,
        ("recovery_point_timestamp_seconds", BACKUP): 1795393328.0,
        ("rows", BACKUP): 19634,
        ("findings_unlisted", BACKUP): 0,
        ("peak_memory_bytes", BACKUP): good.peak_memory_bytes,
    }
    assert [found["verdict", BACKUP, str(verdict)] for verdict in Verdict] == [1, 0, 0]
    assert found["info", BACKUP, "faithful", __version__] == 1
    assert found["step_duration_seconds", BACKUP, "restore-database"] == pytest.approx(
        next(step.duration_s for step in good.steps if step.name == "restore-database")
    )
    assert len([key for key in found if key[0] == "step_duration_seconds"]) == len({step.name for step in good.steps})
    assert {key[2]: value for key, value in found.items() if key[0] == "artifact_size_bytes"} == {
        "database": 453610,
        "storage": 1400344,
        "inventory": 72778,
    }
    assert len([key for key in found if key[0] == "check_compared"]) == 29
    assert {key[2:]: value for key, value in found.items() if key[0] == "findings"} == {
        ("orphans-accepted", "warning"): 1,
        ("index-not-imported", "warning"): 1,
    }


def test_objectives_are_there_when_they_were_set(path: Path, good: DrillResult) -> None:
    write_metrics(
        path, replace(good, recovery_time_objective_s=3600.0, recovery_point_objective_s=86400.0, recovery_point_s=12.5)
    )
    found = values(path)
    assert found["recovery_time_objective_seconds", BACKUP] == 3600
    assert found["recovery_point_objective_seconds", BACKUP] == 86400
    assert found["recovery_point_age_seconds", BACKUP] == 12.5


def test_the_last_good_drill_survives_one_that_fails(path: Path, good: DrillResult, bad: DrillResult) -> None:
    """An alarm on its age goes on counting, and the next good drill moves it."""
    write_metrics(path, good)
    before = values(path)["last_good_timestamp_seconds", BACKUP]
    for result in (bad, replace(bad, verdict=Verdict.INCONCLUSIVE)):
        write_metrics(path, result)
        found = values(path)
        assert found["last_good_timestamp_seconds", BACKUP] == before
        assert found["last_run_timestamp_seconds", BACKUP] == pytest.approx(bad.started_at.timestamp() + 100)
        assert [found["verdict", BACKUP, name] for name in ("PASS", str(result.verdict))] == [0, 1]
        assert found["good", BACKUP] == 0
    later = replace(good, started_at=good.started_at + timedelta(days=11))
    write_metrics(path, later)
    assert values(path)["last_good_timestamp_seconds", BACKUP] == pytest.approx(before + 11 * 86400)


def test_a_negative_control_is_good_when_it_comes_out_as_it_should(path: Path, bad: DrillResult) -> None:
    """What was broken on purpose has to be found: then no alarm on verdicts may ring."""
    write_metrics(path, replace(bad, expected_verdict=Verdict.FAIL))
    found = values(path)
    assert (found["good", BACKUP], found["verdict", BACKUP, "FAIL"]) == (1, 1)
    assert found["last_good_timestamp_seconds", BACKUP] == found["last_run_timestamp_seconds", BACKUP]
    write_metrics(path, replace(bad, expected_verdict=Verdict.FAIL, verdict=Verdict.PASS))
    assert values(path)["good", BACKUP] == 0


def test_without_a_good_drill_its_time_is_zero(path: Path, bad: DrillResult) -> None:
    """So that the alarm on its age rings, and is not silent for want of a number."""
    write_metrics(path, bad)
    assert values(path)["last_good_timestamp_seconds", BACKUP] == 0


def test_nothing_of_an_earlier_run_is_left_over(path: Path, good: DrillResult, bad: DrillResult) -> None:
    """A step or a finding that is no more does not stay in the file."""
    write_metrics(path, bad)
    write_metrics(path, good)
    once = path.read_bytes()
    path.unlink()
    write_metrics(path, good)
    assert path.read_bytes() == once


def test_backups_stand_side_by_side(path: Path, good: DrillResult, bad: DrillResult) -> None:
    """Several scenarios of one command write into one file; each has its own last good drill."""
    write_metrics(path, good)
    write_metrics(path, replace(bad, backup="/srv/backups/apiary-*.sql.gz"))
    found = values(path)
    assert found["verdict", BACKUP, "PASS"] == 1
    assert found["verdict", "/srv/backups/apiary-*.sql.gz", "FAIL"] == 1
    assert found["last_good_timestamp_seconds", "/srv/backups/apiary-*.sql.gz"] == 0


def test_a_mistyped_backup_is_taken_out_as_the_docs_say(path: Path, good: DrillResult, bad: DrillResult) -> None:
    """Its lines go, by name; what is reported of the others stays."""
    command = next(line for line in Path("docs/monitoring.md").read_text().splitlines() if line.startswith("sed -i"))
    write_metrics(path, replace(bad, backup="mistyped"))
    write_metrics(path, replace(good, backup="nightly"))
    argv = shlex.split(command.replace("NAME", "mistyped").replace("apiary-drill.prom", str(path)))
    subprocess.run(argv, check=True)
    write_metrics(path, replace(good, backup="another"))
    assert {name[1] for name in values(path) if len(name) > 1} >= {"nightly", "another"}
    assert "mistyped" not in path.read_text()


def test_labels_are_bounded(path: Path, good: DrillResult) -> None:
    """Neither a name from a backup nor ever new names of backups make ever new series."""
    wild = Finding("row-count\n{evil}", Severity.ERROR, "users", "Gone.")
    thin = replace(good, steps=(), checks=(), artifacts=(), findings=(wild, wild))
    for day in range(MOST_BACKUPS + 5):
        later = good.started_at + timedelta(days=day)
        write_metrics(path, replace(thin, backup=f"backup {day}", started_at=later))
    found = values(path)
    assert {key[1] for key in found} == {f"backup {day}" for day in range(5, MOST_BACKUPS + 5)}
    assert found["findings", "backup 54", "other", "error"] == 2


def test_a_name_with_quotes_and_line_ends_is_written_as_the_format_asks(path: Path, good: DrillResult) -> None:
    name = 'C:\\backups\n"the best"'
    for _ in range(2):
        write_metrics(path, replace(good, backup=name))
    assert values(path)["verdict", name, "PASS"] == 1


def test_everybody_may_read_the_file_whatever_the_umask(path: Path, good: DrillResult) -> None:
    """The collector is another user."""
    before = os.umask(0o077)
    try:
        write_metrics(path, good)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in path.parent.iterdir()] == ["apiary-drill.prom"]


def test_a_reader_never_sees_half_of_it_and_no_writer_is_lost(path: Path, good: DrillResult) -> None:
    """Four drills end at once, while the collector reads."""
    names = [f"backup {number}" for number in range(4)]
    done = threading.Event()
    lengths = set()

    def read() -> None:
        while not done.is_set():
            if path.exists():
                lengths.add(len({key[1] for key in values(path)}))

    def write(name: str) -> None:
        for _ in range(5):
            write_metrics(path, replace(good, backup=name))

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert {key[1] for key in values(path)} == set(names)
    assert lengths <= {1, 2, 3, 4}


@over_table(
    "content",
    [
        *(b"export PATH=/bin\n", b"node_load1 0.5\n", b'apiary_drill_verdict{verdict="PASS"} 1\n'),
        *(b"\x00\x01", b"{{{\n", b"\xff\xfe\x00"),
    ],
)
def test_a_file_of_something_else_is_not_overwritten(path: Path, good: DrillResult, content: bytes) -> None:
    path.write_bytes(content)
    for attempt in (lambda: write_metrics(path, good), lambda: check_file(path)):
        with pytest.raises(UsageError) as caught:
            attempt()
        assert str(caught.value) == (
            f"{path} was not written as a metrics file by this program\nHINT: Give another file, or delete this one."
        )
    assert path.read_bytes() == content
    assert not list(path.parent.glob("*.partial"))


def test_an_empty_file_is_filled_and_what_a_newer_version_wrote_of_others_is_left_out(
    path: Path, good: DrillResult
) -> None:
    path.touch()
    check_file(path)
    write_metrics(path, good)
    assert values(path)["verdict", BACKUP, "PASS"] == 1
    path.write_text('apiary_drill_weather{backup="x"} 1\napiary_drill_last_run_timestamp_seconds{backup="x"} 5\n')
    write_metrics(path, good)
    found = values(path)
    assert ("weather", "x") not in found
    assert found["last_run_timestamp_seconds", "x"] == 5


def test_a_place_where_nothing_can_be_written_is_reported_before_the_drill(tmp_path: Path) -> None:
    path = tmp_path / "none" / "x.prom"
    with pytest.raises(UsageError) as caught:
        check_file(path)
    assert str(caught.value) == f"cannot write metrics to {path}: directory {path.parent} does not exist"
    with pytest.raises(UsageError) as caught:
        check_file(tmp_path)
    assert str(caught.value) == f"cannot read the earlier metrics {tmp_path}: Is a directory"
