"""Scenarios: a closed schema, every error at once with file and key, and the shipped ones all load."""

from pathlib import Path

import pytest

from harness.base import guide
from harness.base.errors import UsageError
from harness.base.model import Verdict
from harness.base.settings import Limits
from harness.drill.steps.restore import STEPS
from harness.faults.injection_points import InjectionPoint
from harness.scenario.definition import DEFAULT, Scenario, find, load, load_all, shipped
from harness.scenario.expectation import Expected, ExpectedFinding
from tests.tables import over_table

WHY = "why = 'A reason that is long enough to be one.'\n"
MINIMAL = "name = 'mine'\n" + WHY


def written(directory: Path, text: str, name: str = "mine.drill.toml") -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        load(path)
    assert caught.value.exit_code == 2
    return str(caught.value).replace(str(path), "FILE")


def test_defaults_are_the_documented_procedure(tmp_path: Path) -> None:
    scenario = load(written(tmp_path, MINIMAL))
    plan = scenario.backup.plan()
    assert (scenario.data.scale, scenario.data.rng_seed) == ("small", 1)
    assert scenario.restore.steps == tuple(STEPS)
    assert (scenario.planned(), scenario.needs_source, scenario.runtime.flavours) == ((), False, {})
    assert scenario.limits.over(Limits()) == Limits()
    assert (plan.quiesced, plan.storage_form, plan.further_databases, plan.dump_options) == (False, "tar.zst", (), ())
    assert plan.excluded_tables == guide.EXCLUDABLE_TABLES
    assert plan.excluded_directories == guide.EXCLUDABLE_DIRECTORIES
    assert (scenario.objectives.recovery_time_s, scenario.objectives.recovery_point_s) == (None, None)
    assert scenario.expected == Expected(verdict=Verdict.PASS)


def test_everything_can_be_written(tmp_path: Path) -> None:
    scenario = load(
        written(
            tmp_path,
            MINIMAL
            + """
            [data]
            scale = "large"
            rng_seed = 7
            [backup]
            mode = "quiesced"
            excluded_tables = ["jobs"]
            excluded_directories = []
            further_databases = ["neighbour"]
            storage_form = "copy"
            dump_options = ["--hex-blob"]
            [objectives]
            recovery_time_s = 60
            recovery_point_s = 0.5
            [expected]
            verdict = "FAIL"
            finding = [{ code = "row-count", subject = "users" }]
            also = [{ code = "content-digest" }]
            [[fault]]
            name = "drop-row"
            at = "artifact"
            [fault.options]
            table = "users"
            rewrite_manifest = true
            [restore]
            steps = ["stop", "database", "files"]
            [runtime]
            kind = "process"
            source = "mariadb"
            target = "mysql"
            [limits]
            step_s = 20
            search_drained_s = 2.5
            """,
        )
    )
    plan = scenario.backup.plan()
    assert (scenario.data.scale, scenario.data.rng_seed) == ("large", 7)
    assert (plan.quiesced, plan.excluded_tables, plan.excluded_directories) == (True, ("jobs",), ())
    assert (plan.further_databases, plan.storage_form) == (("neighbour",), "copy")
    assert plan.dump_options == ("--hex-blob",)
    assert (scenario.objectives.recovery_time_s, scenario.objectives.recovery_point_s) == (60, 0.5)
    assert scenario.expected == Expected(
        verdict=Verdict.FAIL,
        finding=(ExpectedFinding(code="row-count", subject="users"),),
        also=(ExpectedFinding(code="content-digest"),),
    )
    (planned,) = scenario.planned()
    assert (planned.fault.name, planned.at, scenario.needs_source) == ("drop-row", InjectionPoint.ARTIFACT, False)
    assert planned.options.model_dump() == {"rewrite_manifest": True, "table": "users"}
    assert scenario.restore.steps == (InjectionPoint.STOP, InjectionPoint.DATABASE, InjectionPoint.FILES)
    assert (scenario.runtime.kind, scenario.runtime.flavours) == ("process", {"source": "MariaDB", "target": "MySQL"})
    assert scenario.limits.over(Limits()) == Limits().with_explicit(step_s=20, search_drained_s=2.5)


ERRORS = (
    ("colour = 'red'", "colour: extra inputs are not permitted, found 'red'"),
    ("[data]\nrows = 5", "data.rows: extra inputs are not permitted, found 5"),
    ("[data]\nrng_seed = '1'", "data.rng_seed: input should be a valid integer, found '1'"),
    ("[data]\nrng_seed = true", "data.rng_seed: input should be a valid integer, found True"),
    ("[data]\nrng_seed = -1", "data.rng_seed: input should be greater than or equal to 0, found -1"),
    ("[data]\nscale = 'huge'", "data.scale: input should be 'tiny', 'small', 'medium' or 'large', found 'huge'"),
    (
        "[backup]\ndump_options = ['-uroot']",
        "backup.dump_options.0: string should match pattern '^--', found '-uroot'",
    ),
    (
        "[backup]\nexcluded_tables = ['users', 'a b']",
        "backup.excluded_tables.1: string should match pattern '^[A-Za-z0-9_$]+$', found 'a b'",
    ),
    ("[objectives]\nrecovery_time_s = 0", "objectives.recovery_time_s: input should be greater than 0, found 0"),
    (
        "[expected]\nverdict = 'GOOD'",
        "expected.verdict: input should be 'PASS', 'INCONCLUSIVE' or 'FAIL', found 'GOOD'",
    ),
    ("name = 'mine'\nwhy = 'because'", "why: string should have at least 20 characters, found 'because'"),
    ("name = 'mine'", "why: field required"),
    ("[[fault]]\nname = 'drop-rwo'", "fault.0.name: unknown fault (did you mean drop-row?), found 'drop-rwo'"),
    ("[[fault]]\nname = 'zzz'", "fault.0.name: unknown fault (`apiary-drill faults` lists them), found 'zzz'"),
    (
        "[[fault]]\nname = 'drop-row'\nat = 'start'",
        "fault.0.at: drop-row can be injected at artifact, found 'start'",
    ),
    (
        "[[fault]]\nname = 'drop-row'\n[fault.options]\nrewrite_manifest = 1",
        "fault.0.options.rewrite_manifest: input should be a valid boolean, found 1",
    ),
    (
        "[[fault]]\nname = 'drop-row'\n[fault.options]\nrow = 1",
        "fault.0.options.row: extra inputs are not permitted, found 1",
    ),
    (
        "[[fault]]\nname = 'egress'\n[runtime]\nkind = 'process'",
        "fault.0.name: egress requires runtime.kind = \"docker\", found 'process'",
    ),
    ("[[fault]]\nname = 'disk-full'", "fault.0.name: disk-full requires runtime.kind = \"process\", found 'any'"),
    (
        "[[fault]]\nname = 'archive-torn'\n[fault.options]\nshare = 1.0",
        "fault.0.options.share: input should be less than 1, found 1.0",
    ),
    (
        "[[fault]]\nname = 'file-mode'\n[fault.options]\nmode = 'rw-r--r--'",
        "fault.0.options.mode: string should match pattern '^[0-7]{3,4}$', found 'rw-r--r--'",
    ),
    ("[[fault]]\nname = 5", "fault.0.name: input should be a valid string, found 5"),
    (
        "[restore]\nsteps = ['stop', 'pray']",
        "restore.steps.1: input should be 'stop', 'files', 'database', 'start' or 'reindex', found 'pray'",
    ),
    ("[runtime]\ntarget = 'oracle'", "runtime.target: input should be 'any', 'mysql' or 'mariadb', found 'oracle'"),
    (
        "[expected]\nfinding = [{ code = 'Row' }]",
        "expected.finding.0.code: string should match pattern '^[a-z][a-z0-9-]*$', found 'Row'",
    ),
    ("[expected]\nfinding = [{ subject = 'users' }]", "expected.finding.0.code: field required"),
    ("[limits]\nstep_s = 0", "limits.step_s: input should be greater than 0, found 0"),
    ("name = 'Mine'\n" + WHY, "name: string should match pattern '^[a-z0-9][a-z0-9-]*$', found 'Mine'"),
)


def whole(text: str) -> str:
    """A scenario with this in it."""
    return text if text.startswith("name = ") else MINIMAL + text


@over_table("text, message", ERRORS)
def test_one_error_is_reported_with_file_key_and_value(tmp_path: Path, text: str, message: str) -> None:
    assert refused(written(tmp_path, whole(text))) == f"FILE has 1 error\nFILE: {message}"


def test_all_errors_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "name = 'mine'\nwhy = 5\n[data]\nscale = 1\nrows = 5\n[backup]\nmode = 'warm'\n"
        "[[fault]]\nname = 'drop-row'\n[fault.options]\ntable = 1\n[[fault]]\nname = 'lose-emojis'",
    )
    assert refused(path) == (
        "FILE has 6 errors\n"
        "FILE: why: input should be a valid string, found 5\n"
        "FILE: data.scale: input should be 'tiny', 'small', 'medium' or 'large', found 1\n"
        "FILE: data.rows: extra inputs are not permitted, found 5\n"
        "FILE: backup.mode: input should be 'hot' or 'quiesced', found 'warm'\n"
        "FILE: fault.0.options.table: input should be a valid string, found 1\n"
        "FILE: fault.1.name: unknown fault (did you mean lose-emoji?), found 'lose-emojis'"
    )


def test_all_errors_of_all_files_are_reported_before_anything_starts(tmp_path: Path) -> None:
    good, bad = written(tmp_path, MINIMAL), written(tmp_path, "name = 5", "bad.drill.toml")
    with pytest.raises(UsageError) as caught:
        load_all([bad, good, tmp_path / "gone.drill.toml"])
    assert str(caught.value).replace(str(tmp_path), "DIR") == (
        "2 scenarios are invalid\n"
        "DIR/bad.drill.toml has 2 errors\n"
        "DIR/bad.drill.toml: name: input should be a valid string, found 5\n"
        "DIR/bad.drill.toml: why: field required\n"
        "cannot read the scenario DIR/gone.drill.toml: No such file or directory"
    )
    with pytest.raises(UsageError, match=r"^cannot read the scenario "):
        load_all([good, tmp_path / "gone.drill.toml"])


def test_a_file_that_is_not_toml_not_there_or_named_otherwise(tmp_path: Path) -> None:
    path = written(tmp_path, MINIMAL, "yours.drill.toml")
    assert refused(path) == "FILE: name is 'mine', but the file is named 'yours'\nHINT: Use the same name for both."
    assert refused(written(tmp_path, "name = ")) == "FILE is not valid TOML: Invalid value (at end of document)"
    path.write_bytes(b"name = '\xff'")
    assert refused(path) == (
        "FILE is not valid TOML: 'utf-8' codec can't decode byte 0xff in position 8: invalid start byte"
    )
    assert refused(tmp_path / "gone.drill.toml") == "cannot read the scenario FILE: No such file or directory"
    assert (
        refused(written(tmp_path, MINIMAL, "mine.toml"))
        == "FILE is not named *.drill.toml\nHINT: Name it mine.drill.toml."
    )


@over_table("path", shipped().values())
def test_shipped_scenarios_load_and_say_why(path: Path) -> None:
    scenario = load(path)
    assert find(scenario.name) == path
    assert len(scenario.why.split()) > 15


def test_the_default_is_shipped_and_expects_what_the_guide_loses() -> None:
    scenario = load(find(DEFAULT))
    assert scenario.expected.verdict is Verdict.PASS
    assert [wanted.code for wanted in scenario.expected.finding] == ["orphans-accepted", "index-not-imported"]
    assert scenario.backup == Scenario(name="x", why="The defaults of a scenario.").backup


def test_scenarios_of_the_current_directory_are_found_but_never_instead_of_shipped_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scenarios").mkdir()
    mine = written(tmp_path / "scenarios", MINIMAL)
    written(tmp_path / "scenarios", MINIMAL, f"{DEFAULT}.drill.toml")
    monkeypatch.chdir(tmp_path)
    assert find("mine") == mine
    assert find(DEFAULT).parent != tmp_path / "scenarios"


def test_an_unknown_name_names_the_command_that_lists_them_or_one_that_is_near() -> None:
    """A path is taken as it is."""
    for name in ("./my.drill.toml", "my.drill.toml", "somewhere/my"):
        assert find(name) == Path(name)
    with pytest.raises(UsageError) as caught:
        find("nightly")
    assert str(caught.value) == (
        "unknown scenario 'nightly'\n"
        "HINT: `apiary-drill scenarios` lists them.\n"
        "HINT: Give a file by its path, such as ./my.drill.toml."
    )
    with pytest.raises(UsageError) as caught:
        find("Quiesced")
    assert caught.value.hints[0] == "Did you mean everything-quiesced?"


def test_a_check_that_is_to_be_left_out_has_to_exist(tmp_path: Path) -> None:
    """The sentence has the names of those that do."""
    path = written(tmp_path, MINIMAL + "[[fault]]\nname = 'no-checks'\n[fault.options]\nchecks = ['files', 'filez']")
    error = refused(path)
    assert "fault.0.options.checks.1: there is no such check: known are " in error
    assert ", files," in error
    assert error.endswith(", found 'filez'")
