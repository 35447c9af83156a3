"""Drills that cover each check once: chosen, free of faults, in several processes, sampled."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.base.errors import UsageError
from harness.base.model import Verdict
from harness.base.settings import Settings, from_environment
from harness.checks import CHECKS
from harness.cli.command_line import main
from harness.faults import FAULTS
from harness.runner import workers
from harness.runner.covering import covering, leaves_evidence, read_card
from harness.runner.scorecard import Outcome, Scorecard, family_of
from harness.runner.workers import Refused, drill_all
from harness.scenario import definition as scenario
from harness.scenario.definition import SUFFIX, RuntimeNeeds, Scenario
from harness.scenario.fault_free import fault_free_scenarios
from harness.standins.apiary.generate.extras import EXTRAS
from tests.tables import over_table

CARD = Path(__file__).parents[2] / ".ci/scorecard.json"


@pytest.fixture(scope="module")
def shipped() -> list[Scenario]:
    return scenario.load_all(scenario.shipped().values())


def test_the_card_of_ci_is_whole_and_as_it_should_be(shipped: list[Scenario]) -> None:
    """A check that it does not know would be covered by nobody; a scenario that it does not know is always drilled."""
    card = read_card(CARD)
    assert card.as_expected
    assert [each.check for each in card.checks] == [check.name for check in CHECKS]
    names = {each.name for each in shipped}
    assert {drill.name for drill in card.drills} | set(card.left_out) <= names


def covered_by(card: Scorecard, *scenarios: Scenario) -> set[object]:
    """Checks, families, injection points and pairs of servers."""
    names = {each.name for each in scenarios if leaves_evidence(each)}
    found: set[object] = {("check", each.check) for each in card.checks if names & set(each.scenarios)}
    for each in scenarios:
        found |= {("family", family_of(each)), ("servers", each.runtime.source, each.runtime.target)}
        found |= {("injection point", planned.at) for planned in each.planned()}
    return found


def test_every_check_family_injection_point_and_pair_of_servers_is_covered_and_no_drill_is_too_many(
    shipped: list[Scenario],
) -> None:
    card = read_card(CARD)
    chosen = covering(shipped, card)
    whole = covered_by(card, *(each for each in shipped if each.name not in card.left_out))
    assert whole >= {("check", each.check) for each in card.checks}
    assert covered_by(card, *chosen) == whole
    known = {drill.name for drill in card.drills}
    for one in chosen:
        others = [each for each in chosen if each is not one]
        assert one.name not in known or covered_by(card, *others) < whole, one.name


def test_what_only_a_check_needs_is_moved_to_local_processes_and_as_much_is_covered(shipped: list[Scenario]) -> None:
    """In containers: each family, injection point and pair of servers, and the check that needs a closed network."""
    card = read_card(CARD)
    chosen = covering(shipped, card, checks_as_processes=True)
    assert covered_by(card, *chosen) == covered_by(card, *covering(shipped, card))
    moved = [each for each in chosen if each.runtime.kind == "process"]
    contained = covered_by(card, *(each for each in chosen if each not in moved))
    assert {kind for kind, *_ in covered_by(card, *chosen) - contained} == {"check"}
    assert {("check", check.name) for check in CHECKS if check.needs == "egress"} <= contained
    for one in moved:
        others = [each for each in chosen if each is not one]
        assert covered_by(card, *others) < covered_by(card, *chosen), one.name
    assert covering(shipped, replace(card, drills=(), left_out=()), checks_as_processes=True) == shipped


def test_it_is_a_third_of_them_at_most_and_the_cheaper_one_where_two_cover_as_much(shipped: list[Scenario]) -> None:
    card = read_card(CARD)
    known = {drill.name for drill in card.drills}
    chosen = {each.name for each in covering(shipped, card)}
    assert len(chosen & known) * 3 < len(known)
    two = [each for each in shipped if each.name in ("alter-row", "drop-row")]
    for dear, cheap in (("alter-row", "drop-row"), ("drop-row", "alter-row")):
        drills = tuple(replace(drill, duration_s=9999.0) if drill.name == dear else drill for drill in card.drills)
        assert [each.name for each in covering(two, replace(card, drills=drills, checks=()))] == [cheap]


def test_what_the_card_does_not_know_or_knows_as_wrong_is_always_drilled(shipped: list[Scenario]) -> None:
    card = read_card(CARD)
    left_out = next(drill for drill in card.drills if drill.name == "drop-row")
    assert "drop-row" not in {each.name for each in covering(shipped, card)}
    others = tuple(drill for drill in card.drills if drill is not left_out)
    wrong = replace(left_out, outcome=Outcome.NOT_DETECTED)
    for drills in (others, (*others, wrong)):
        assert "drop-row" in {each.name for each in covering(shipped, replace(card, drills=drills))}


@over_table("content", [b"[]", b"{", json.dumps({"drills": []}).encode()])
def test_a_file_that_is_no_scorecard_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a scorecard: "):
        read_card(path)
    with pytest.raises(UsageError, match=r"cannot read the scorecard .*: No such file or directory"):
        read_card(tmp_path / "gone.json")


def test_fault_free_drills_differ_can_be_used_and_must_pass() -> None:
    """In their data, in how the backup is taken, and in what is unusual; the same number is the same drill."""
    many = list(fault_free_scenarios(200))
    assert list(fault_free_scenarios(5, first=16)) == many[15:20]
    assert len({each.data.rng_seed for each in many}) == 200
    assert len({each.backup.model_dump_json() for each in many}) > 100
    assert {each.backup.mode for each in many} == {"hot", "quiesced"}
    assert {extra for each in many for extra in each.data.extras} == set(EXTRAS)
    edge_cases = {name for name, fault in FAULTS.items() if fault.family == "edge-case"}
    assert {choice.name for each in many for choice in each.fault} == edge_cases
    for each in many[:50]:
        assert Scenario.model_validate(each.model_dump(mode="json")) == each
        assert each.expected.verdict is Verdict.PASS
        assert len(each.planned()) == len(each.fault)
        assert f"{each.name}{SUFFIX}".startswith("fault-free-")


WHY = "A drill that never comes to anything, because nobody is there."


class _Killed(SpawnProcess):
    """Dies before it has read what it was given."""

    def start(self) -> None:
        super().start()
        assert self.pid is not None
        os.kill(self.pid, signal.SIGKILL)
        self.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return from_environment({**os.environ, "APIARY_DRILL_STATE_DIR": str(tmp_path)})


def test_a_worker_that_dies_before_it_reads(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was given is reported as not drilled, and so is what nobody is left for."""
    context = multiprocessing.get_context("spawn")
    make: Callable[..., SpawnProcess] = _Killed
    monkeypatch.setattr(context, "Process", make)
    monkeypatch.setattr(workers.multiprocessing, "get_context", lambda _: context)
    wanted = [Scenario(name=f"s{number}", why=WHY) for number in range(3)]
    answers = {scenario.name: answer for scenario, answer in drill_all(wanted, settings, 2)}
    assert answers == {
        "s0": Refused("its process exited with status -9"),
        "s1": Refused("its process exited with status -9"),
        "s2": Refused("all processes that could run it have exited"),
    }


class _Interrupted(SpawnProcess):
    """Gets the terminal's Ctrl-C before it has imported anything."""

    def start(self) -> None:
        super().start()
        assert self.pid is not None
        os.kill(self.pid, signal.SIGINT)


def test_a_worker_leaves_an_interruption_to_who_started_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It goes on, shows no traceback, and refuses what needs another runtime."""
    context = multiprocessing.get_context("spawn")
    make: Callable[..., SpawnProcess] = _Interrupted
    monkeypatch.setattr(context, "Process", make)
    monkeypatch.setattr(workers.multiprocessing, "get_context", lambda _: context)
    wanted = Scenario(name="s0", why=WHY, runtime=RuntimeNeeds(kind="process"))
    ((_, answer),) = drill_all([wanted], replace(settings, runtime="docker"), 1)
    assert isinstance(answer, Refused)
    assert "runtime" in answer.fact
    assert capfd.readouterr().err == ""


def _answer_with_its_process(connection: Connection, _settings: Settings, _auto: str | None) -> None:
    while connection.recv() is not None:
        connection.send(Refused(str(os.getpid())))


def test_a_worker_goes_on_with_the_kind_that_it_has(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each begins with a kind of its own, and takes another one when nothing of that is left."""
    monkeypatch.setattr(workers, "_work", _answer_with_its_process)
    mixed = [("any", "process", "any", "mariadb")[number % 4] for number in range(12)]
    runtimes = {
        "any": RuntimeNeeds(), "process": RuntimeNeeds(kind="process"), "mariadb": RuntimeNeeds(target="mariadb")
    }  # fmt: skip
    wanted = [Scenario(name=f"s{at}-{kind}", why=WHY, runtime=runtimes[kind]) for at, kind in enumerate(mixed)]
    drilled: dict[str, list[str]] = {}
    for each, answer in drill_all(wanted, settings, 3, auto="docker"):
        assert isinstance(answer, Refused)
        drilled.setdefault(answer.fact, []).append(each.name.split("-")[1])
    assert sorted(kinds[0] for kinds in drilled.values()) == ["any", "mariadb", "process"]
    for kinds in drilled.values():
        assert len(list(groupby(kinds))) == len(set(kinds)), f"went back to a kind that it had left: {kinds}"


def score(directory: Path, *arguments: str) -> Result:
    away = {"APIARY_DRILL_STATE_DIR": str(directory / "state"), "DOCKER_HOST": f"unix://{directory}/no.sock"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        return CliRunner().invoke(main, ["score", *arguments], env=away)


@over_table(
    "arguments, message",
    [
        (["no-such"], "error: unknown scenario 'no-such'"),
        (["egress", "--runtime", "process"], "error: no scenario to run"),
        (["--family", "fault-free", "--fault-free", "0"], "error: no scenario to run"),
        (["--jobs", "0"], "Invalid value for '--jobs'"),
        (["drop-row", "drop-row"], "error: 2 scenarios have the name drop-row"),
        (["drop-row", "--apiary-image", "x:1", "--runtime", "docker"], "error: the real Apiary has no generated data"),
    ],
)
def test_what_cannot_be_used_is_reported_and_nothing_starts(tmp_path: Path, arguments: list[str], message: str) -> None:
    ran = score(tmp_path, *arguments)
    assert ran.exit_code == 2
    assert message in ran.stderr
    assert not (tmp_path / "state/runs").exists()


def test_without_an_engine_nothing_is_called_detected(tmp_path: Path) -> None:
    """What was not drilled is no proof: exit code 3, each line says why, and the files are written all the same."""
    ran = score(
        tmp_path, "drop-row", "gtid-line", "--runtime", "docker", "--jobs", "1", "--json", "--markdown", "card.md"
    )
    assert ran.exit_code == 3, ran.stderr
    card = json.loads(ran.stdout)
    assert [(drill["name"], drill["outcome"], drill["verdict"]) for drill in card["drills"]] == [
        ("drop-row", "not drilled", None),
        ("gtid-line", "not drilled", None),
    ]
    assert all("no Docker engine answers" in drill["unmet"][0] for drill in card["drills"])
    assert "0 of 1 faults detected for the expected reason" in (tmp_path / "card.md").read_text()
    (written,) = (tmp_path / "state/runs").glob("*-score-*/scorecard.json")
    assert json.loads(written.read_text())["drills"] == card["drills"]
    assert list((tmp_path / "state").glob("drills/*")) == []


def test_a_file_that_cannot_be_written_is_reported_before_anything_starts(tmp_path: Path) -> None:
    ran = score(tmp_path, "drop-row", "--runtime", "docker", "--markdown", str(tmp_path / "nowhere/card.md"))
    assert ran.exit_code == 2
    assert f"error: cannot write --markdown {tmp_path}/nowhere/card.md: directory" in ran.stderr
    assert not (tmp_path / "state/runs").exists()
