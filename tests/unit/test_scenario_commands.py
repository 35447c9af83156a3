"""Scenarios and faults on the command line: listed, shown, checked, and begun with a file that is fine as it is."""

from pathlib import Path

from click.testing import CliRunner, Result

from harness.cli.command_line import main
from harness.faults import FAULTS
from harness.faults.fault import Fault
from harness.scenario.definition import load, shipped
from harness.scenario.template import template
from tests.tables import over_table


def drill(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def flat(result: Result) -> str:
    return " ".join(result.output.split())


def test_every_scenario_and_every_fault_is_listed_with_its_purpose() -> None:
    scenarios, faults = drill("scenarios"), drill("faults")
    assert (scenarios.exit_code, faults.exit_code) == (0, 0)
    for name, path in shipped().items():
        assert f"{name} (" in flat(scenarios)
        assert " ".join(load(path).why.split()) in flat(scenarios)
    for fault in FAULTS.values():
        assert f" {fault.name} {fault.injection_point} " in f" {flat(faults)} "
    assert drill("scenarios", "show", "drop-rows").exit_code == 2


def test_a_scenario_is_shown_in_words() -> None:
    result = drill("scenarios", "show", "drop-row")
    assert result.exit_code == 0
    shown = load(shipped()["drop-row"])
    assert result.output.startswith(f"drop-row  {shipped()['drop-row']}\n")
    words = result.output.partition("\n\n")[2]
    assert "Data: tiny, random seed 1\nBackup: hot, storage as tar.zst\n" in words
    assert words.endswith(
        "Excluded directories: nova-exports, dompdf\n"
        "Restore: stop, files, database, start, reindex\n"
        "Runs on: anything\n"
        "Fault at artifact: drop-row (table = rsvps, rewrite_manifest = True)\n"
        "  One row is missing from the dump.\n"
        "Expected: FAIL\n"
        "  required finding: row-count of rsvps\n"
    )
    assert " ".join(shown.why.split()) in flat(result)


def test_files_are_checked_one_by_one(tmp_path: Path) -> None:
    bad = tmp_path / "bad.drill.toml"
    bad.write_text("name = 'bad'\nwhy = 1\ncolour = 'red'\n")
    good = tmp_path / "good.drill.toml"
    good.write_text(template("good"))
    result = drill("scenarios", "check", str(bad), str(good))
    assert result.exit_code == 2
    assert f"{good}: fine\n" in result.output
    assert (
        f"{bad} has 2 errors\n"
        f"{bad}: why: input should be a valid string, found 1\n"
        f"{bad}: colour: extra inputs are not permitted, found 'red'\n"
    ) in result.output
    assert drill("scenarios", "check", str(good)).exit_code == 0
    assert drill("scenarios", "check").exit_code == 2


def test_a_new_file_passes_the_check(tmp_path: Path) -> None:
    result = drill("scenarios", "new", "nightly", "--to", str(tmp_path))
    path = tmp_path / "nightly.drill.toml"
    assert (result.exit_code, result.output) == (0, f"wrote {path}\n")
    scenario = load(path)
    assert (scenario.data.scale, scenario.fault, scenario.expected.verdict) == ("small", (), "PASS")
    again = drill("scenarios", "new", "nightly", "--to", str(tmp_path))
    assert again.exit_code == 2
    assert again.output == f"error: {path} exists\nHINT: Choose another name, or remove that file.\n"


@over_table("fault", FAULTS.values())
def test_a_new_file_with_a_fault_passes_the_check(tmp_path: Path, fault: Fault) -> None:
    path = tmp_path / "mine.drill.toml"
    path.write_text(template("mine", fault))
    scenario = load(path)
    assert [choice.name for choice in scenario.fault] == [fault.name]
    assert scenario.planned()[0].at is fault.injection_point


def test_every_key_of_the_template_is_one_of_the_schema(tmp_path: Path) -> None:
    """What is commented out works when the sign in front of it is taken away."""
    lines = template("mine").splitlines()
    written = "\n".join(line.removeprefix("# ") for line in lines)
    path = tmp_path / "mine.drill.toml"
    path.write_text(written)
    scenario = load(path)
    assert scenario.limits.step_s == 3600
    assert scenario.fault[0].name == "drop-row"
    assert (scenario.expected.finding[0].subject, scenario.expected.also[0].code) == ("users", "content-digest")


@over_table(
    "arguments, message",
    [
        (("new", "My Scenario"), "'My Scenario' is not a valid name: use lowercase letters, digits and '-'"),
        (("new", "mine", "--fault", "drop-rwo"), "unknown fault 'drop-rwo'"),
        (("new", "mine", "--to", "/nowhere/at/all"), "does not exist"),
    ],
)
def test_what_cannot_be_used_ends_with_2(arguments: tuple[str, ...], message: str) -> None:
    result = drill("scenarios", *arguments)
    assert result.exit_code == 2
    assert message in result.output


@over_table(
    "name, message",
    [
        ("next-release", "The target is stand-in release 'next', and its migrations run"),
        ("drop-index-from-elsewhere", "No evidence of the source, as for a backup from elsewhere"),
        ("plain-procedure", "The dump is loaded unmodified"),
        ("medium", "pytest markers: slow"),
        ("mysql-killed", "required change: process mysql: killed after 100000 bytes of the dump"),
    ],
)
def test_what_is_not_usual_in_a_scenario_is_shown(name: str, message: str) -> None:
    assert message in flat(drill("scenarios", "show", name))


def test_a_fault_is_shown_with_its_options() -> None:
    result = drill("faults", "drop-row")
    assert (result.exit_code, result.output) == (
        0,
        (
            "drop-row  (dump)\n"
            "  One row is missing from the dump.\n"
            "  Injection points: artifact\n"
            "  Option: rewrite_manifest: bool = False\n"
            "  Option: table: str | None = None\n"
        ),
    )
    unknown = drill("faults", "drop-rwo")
    assert unknown.exit_code == 2
    assert unknown.output == "error: unknown fault 'drop-rwo'\nHINT: Did you mean drop-row?\n"
