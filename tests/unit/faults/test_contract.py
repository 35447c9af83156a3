"""What every fault keeps to."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from harness.base.errors import UsageError
from harness.base.model import Verdict
from harness.base.settings import Limits
from harness.cli.command_line import main
from harness.faults import FAMILIES, FAULTS
from harness.faults.context import FaultContext, ScriptStream
from harness.faults.edge_case import TABLES
from harness.faults.edge_case_files import FILES
from harness.faults.edge_cases import DATABASES
from harness.faults.fault import ArtifactOptions, Fault
from harness.faults.injection_points import InjectionPoint
from harness.faults.injector import Injector, Planned
from harness.procedure.backup.manifest import measure, read_manifest
from harness.scenario.definition import Scenario, load, shipped
from tests.tables import over_table
from tests.unit.faults.backups import a_backup

ROOT = Path(__file__).parents[3]
SCENARIOS = {name: load(path) for name, path in shipped().items()}
TESTS = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}


@over_table("fault", FAULTS.values())
def test_a_fault_has_a_scenario_and_a_test(fault: Fault) -> None:
    assert fault.name in SCENARIOS, f"scenarios/{fault.name}.drill.toml is missing"
    assert fault.name in {choice.name for choice in SCENARIOS[fault.name].fault}
    held = SCENARIOS[fault.name].expected.change or any(f'"{fault.name}"' in text for text in TESTS.values())
    assert held, f"nothing holds {fault.name} to what it does: no test names it, and its scenario expects no change"


def test_names_are_there_once_and_in_the_family_of_their_file() -> None:
    names = [name for family in FAMILIES.values() for name in family]
    assert sorted(names) == sorted(set(names))
    for family, members in FAMILIES.items():
        assert {fault.family for fault in members.values()} <= {family}
        assert all(name == fault.name for name, fault in members.items())


@over_table("fault", FAULTS.values())
def test_a_fault_is_one_sentence_and_its_options_have_defaults(fault: Fault) -> None:
    assert re.fullmatch(r"[A-Z`].*\.", fault.summary)
    assert "|" not in fault.summary
    assert re.fullmatch(r"[a-z][a-z0-9-]*", fault.name)
    assert fault.injection_points
    assert fault.options.model_validate({}) is not None


@over_table("scenario", SCENARIOS.values())
def test_a_scenario_with_a_fault_says_what_must_be_found(scenario: Scenario) -> None:
    """One that expects a failure without naming a finding would be green for the wrong reason."""
    if scenario.expected.verdict is not Verdict.PASS:
        usual = Scenario(name="x", why=scenario.why)
        servers = scenario.runtime.source, scenario.runtime.target
        assert scenario.fault or scenario.restore != usual.restore or len(set(servers)) > 1, "what is to fail?"
        assert scenario.expected.finding, "name the finding that must come"
    assert len(scenario.why.split()) > 15


def test_the_command_lists_every_fault_with_its_injection_point_and_its_summary() -> None:
    listed = " ".join(CliRunner().invoke(main, ["faults"]).output.split())
    for fault in FAULTS.values():
        assert f"{fault.name} {fault.injection_point} {fault.summary}"[:60] in listed, fault.name


def test_every_injection_point_is_explained() -> None:
    page = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    points = page.partition("## Injection points")[2].partition("\n## ")[0]
    assert {point for point in InjectionPoint if f"`{point}`" not in points} == set()


def test_no_fault_sleeps_or_reaches_for_the_clock() -> None:
    """Faults wait with wait_until, and choose with the random numbers that they are given."""
    for path in (ROOT / "harness/faults").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Attribute):
                assert ast.unparse(node) not in ("time.sleep", "random.random", "random.choice", "random.randrange"), (
                    path
                )


_MADE = re.compile(
    r"CREATE (?:\w+ = CURRENT_USER )?(?:SQL SECURITY \w+ )?(TABLE|VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT|SEQUENCE)"
    r" (`(?:[^`]|``)+`|\w+)"
)


def test_all_databases_fit_into_one_with_as_many_tables_as_they_say() -> None:
    """Nothing is called alike, and everything can be distinguished from the application's own by its name."""
    texts = [text for edge_case in DATABASES for text in edge_case.statements]
    made = [found.groups() for text in texts for found in _MADE.finditer(text)]
    assert len(made) > 70
    kinds = Counter((kind if kind in ("TRIGGER", "EVENT") else "TABLE", name) for kind, name in made)
    assert [name for name, count in kinds.items() if count > 1] == []
    assert {name for _, name in made if not name.strip("`").lower().startswith("edge")} == {"`table`"}
    assert len([text for text in texts if text.startswith("CREATE")]) == len(made)
    for edge_case in DATABASES:
        kinds_of = [found.group(1) for text in edge_case.statements for found in _MADE.finditer(text)]
        assert kinds_of.count("TABLE") == edge_case.tables, edge_case.name


def test_edge_cases_and_their_files_are_there_once_and_where_nothing_of_the_application_is() -> None:
    paths = [path for edge_case in FILES for path in edge_case.paths]
    for names in ([each.name for each in DATABASES], [each.name for each in FILES], paths):
        assert len(set(names)) == len(names)
    assert {len(edge_case.paths) for edge_case in FILES} <= {1, 2}
    for path in paths:
        assert path.startswith((b"edge/", b"-")), path
        assert all(len(name) <= 255 for name in path.split(b"/"))


def test_a_scenario_names_some_edge_cases_and_one_that_is_not_there_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "some.drill.toml"
    head = 'name = "some"\nwhy = "Some of the edge_cases, and no others."\n[[fault]]\nname = "edge-case-tables"\n'
    path.write_text(head + '[fault.options]\nonly = ["empty tables", "partitions"]\n')
    loaded = load(path)
    (planned,) = loaded.planned()
    assert planned.options.model_dump() == {"only": ("empty tables", "partitions")}
    assert loaded.needs_source
    path.write_text(head + '[fault.options]\nonly = ["partitions", "tables of gold"]\n')
    with pytest.raises(UsageError) as stopped:
        load(path)
    first, *others, last = [f"'{edge_case.name}'" for edge_case in TABLES]
    assert stopped.value.details is not None
    assert stopped.value.details.endswith(
        f": fault.0.options.only.1: input should be {', '.join([first, *others])} or {last}, found 'tables of gold'"
    )


@over_table("size_bytes", range(8))
def test_an_action_comes_when_exactly_so_much_was_sent(size_bytes: int) -> None:
    stream, sent = ScriptStream(), bytearray()
    seen: list[bytes] = []
    stream.when_sent(size_bytes, lambda: seen.append(bytes(sent)))
    for chunk in stream.through([b"ab", b"", b"cdef", b"g"]):
        assert chunk
        sent += chunk
    assert (bytes(sent), seen, stream.sent_bytes) == (b"abcdefg", [b"abcdefg"[:size_bytes]], 7)


def test_actions_come_once_in_order_and_not_beyond_the_end() -> None:
    stream, seen = ScriptStream(), list[int | str]()
    for size_bytes in (5, 2, 2, 9):
        stream.when_sent(size_bytes, lambda size_bytes=size_bytes: seen.append(size_bytes))  # type: ignore[misc]
    stream.when_at("search tasks", lambda: seen.append("search tasks"))
    assert b"".join(stream.through([b"abcdefg"])) == b"abcdefg"
    for progress in ("import", "search tasks", "search tasks"):
        stream.reached(progress)
    assert seen == [2, 2, 5, "search tasks"]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A backup of one file, as far as its manifest goes."""
    return a_backup(tmp_path, **{"database.sql": b"-- a script\n"})


@contextmanager
def append(context: FaultContext, rng: Random, options: ArtifactOptions) -> Iterator[None]:
    with context.backup.dump.open("ab") as file:
        file.write(b"-- more\n")
    context.changed("byte", "database.sql", "8 appended")
    yield


@pytest.mark.parametrize("rewrite_manifest", [True, False])
def test_damage_with_a_rewritten_manifest_agrees_with_the_manifest(backup: Path, rewrite_manifest: bool) -> None:
    before = read_manifest(backup)
    fault = Fault("append", "dump", (InjectionPoint.ARTIFACT,), "Appends.", append, ArtifactOptions)
    faults = Injector(
        [Planned(fault, ArtifactOptions(rewrite_manifest=rewrite_manifest), InjectionPoint.ARTIFACT)],
        1,
        backup,
        Limits(),
    )
    with faults.around(InjectionPoint.ARTIFACT, directory=backup):
        pass
    now = measure(backup / "database.sql", "database")
    assert read_manifest(backup) == (replace(before, artifacts=(now,)) if rewrite_manifest else before)
    assert before.artifacts != (now,)
    assert [change.kind for change in faults.injected[0].changes] == ["byte", "manifest"][: 1 + rewrite_manifest]
