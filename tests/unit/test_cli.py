"""The command line: names, options, cleanup."""

import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner, Result

from harness.base.model import Verdict
from harness.checks.evidence import Evidence, RowSample
from harness.cli.command_line import COMMANDS, main
from harness.cli.commands import verify
from harness.drill.negative_control.rows import ROWS
from harness.reports.verified import shares
from harness.reports.words import sentence_of
from tests.tables import over_table
from tests.unit.reports.results import failed, passed

COMMAND = (sys.executable, "-m", "harness.cli.main")


def test_every_command_is_there_under_its_own_name() -> None:
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        assert command.name == name
    assert main.list_commands(context) == sorted(COMMANDS)


def test_the_list_has_every_summary_whole_and_imports_no_command() -> None:
    program = (
        "import json, sys; from harness.cli.command_line import COMMANDS, main\n"
        "try: main(['--help'])\n"
        "except SystemExit:\n"
        "    print(json.dumps([name for name in sys.modules if name.startswith('harness.cli.commands.')]))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    *summaries, loaded = answer.stdout.splitlines()
    listed = dict(line.split(maxsplit=1) for line in summaries[summaries.index("Commands:") + 1 :])
    assert listed == COMMANDS
    assert all(len(summary) <= 45 and summary.endswith(".") for summary in listed.values())
    assert json.loads(loaded) == []


def test_options_of_long_commands_are_in_sections_and_no_summary_is_cut_off() -> None:
    """Every option has a help text, no word is cut at its hyphen, and more than ten options stand under titles."""
    context = click.Context(main)
    groups = {name: command for name in COMMANDS if (command := main.get_command(context, name))}
    nested = {
        f"{name} {inner.name}": inner
        for name, group in groups.items()
        if isinstance(group, click.Group)
        for inner in group.commands.values()
    }
    for name, command in (groups | nested).items():
        options = [each for each in command.params if isinstance(each, click.Option)]
        page = CliRunner().invoke(main, [*name.split(), "--help"]).output
        assert re.findall(r".*\w-\n|.*\N{NON-BREAKING HYPHEN}", page) == [], name
        assert [each.opts for each in options if not each.help] == [], name
        assert "\n  [" not in page, name  # an argument stands in the usage alone
        assert not command.get_short_help_str(45).endswith("...") or name in groups, name
        assert len(options) <= 10 or page.index("What to write:") < page.index("Options:\n"), name
    verify = CliRunner().invoke(main, ["verify", "--help"]).output
    assert verify.index("What to verify:") < verify.index("Where to run it:") < verify.index("What to write:")


def test_what_only_reads_a_file_imports_no_client_of_a_server() -> None:
    """A command that reads a file is as fast as reading a file: cron asks for `status` every hour."""
    program = (
        "import sys, json, harness.cli.command_line, harness.cli.commands.status; "
        "print(json.dumps(sorted(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(answer.stdout))
    assert "harness.cli.commands.status" in loaded
    assert not loaded & {"docker", "pymysql", "meilisearch", "matplotlib", "weasyprint", "harness.drill.flow"}


def test_help_waits_for_nothing_that_a_drill_needs() -> None:
    """Half a second is what people wait for options; the clients of servers alone take one to import."""
    program = (
        "import json, sys, click; from harness.cli.command_line import COMMANDS, main\n"
        "loaded = {}\n"
        "for name in COMMANDS:\n"
        "    before = set(sys.modules)\n"
        "    main.get_command(click.Context(main), name)\n"
        "    loaded[name] = sorted(set(sys.modules) - before)\n"
        "print(json.dumps(loaded))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded: dict[str, list[str]] = json.loads(answer.stdout)
    heavy = {
        "cryptography", "docker", "harness.drill", "harness.faults", "harness.reports.console", "harness.runner",
        "harness.scenario", "harness.standins", "jinja2", "meilisearch", "paramiko", "pymysql", "pyzipper", "requests",
        "starlette", "testcontainers",
    }  # fmt: skip
    assert loaded.keys() == COMMANDS.keys()
    assert {name: set(modules) & heavy for name, modules in loaded.items() if set(modules) & heavy} == {}
    # All of them together, with the modules of Python itself: some 450 today, and 1,100 before.
    assert sum(map(len, loaded.values())) < 500


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (PermissionError(13, "Permission denied", "/backups/x"), 2, "error: /backups/x: Permission denied\n"),
        (OSError(28, "No space left on device"), 3, "error: No space left on device\n"),
        (ZeroDivisionError("division by zero"), 3, "error: the harness itself failed with ZeroDivisionError\nHINT: "),
    ],
)
def test_what_nobody_provided_for_says_nothing_of_a_backup(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, message: str
) -> None:
    """1 would mean that the backup does not restore."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("harness.cli.commands.faults.faults.callback", fail)
    answer = CliRunner().invoke(main, ["faults"])
    assert answer.exit_code == code
    assert message in answer.stderr


def test_whoever_reads_no_more_interrupts_and_does_not_fail() -> None:
    """A pipeline takes 1 for "does not restore"."""
    left, right = os.pipe()
    os.close(left)
    piped = subprocess.run([*COMMAND, "scenarios"], stdout=right, stderr=subprocess.PIPE, check=False)
    os.close(right)
    assert (piped.returncode, piped.stderr) == (130, b"")
    near, far = pty.openpty()
    closed = subprocess.Popen([*COMMAND, "scenarios"], stdout=far, stderr=far)
    os.close(far)
    os.close(near)
    assert closed.wait(60) == 130


def test_a_terminal_without_a_letter_shows_its_escape() -> None:
    ascii_only = CliRunner(charset="ascii")
    shown = ascii_only.invoke(main, ["faults"])
    assert (shown.exit_code, shown.stderr) == (0, "")
    nothing = ascii_only.invoke(main, ["inspect", "größe"])
    assert nothing.exit_code == 2
    assert "gr\\xf6\\xdfe" in nothing.stderr


def test_a_dump_whose_names_are_commands_is_reported_and_does_nothing(tmp_path: Path) -> None:
    name = "t\x1b[2J\x9b31m\n::error::gone\r\n##[group]x"
    script = tmp_path / "dump.sql"
    script.write_text(f"-- MySQL dump 10.13\nCREATE TABLE `{name}` (\n  `id` int\n);\n", encoding="utf-8")
    for options in ((), ("--json",)):
        answer = CliRunner().invoke(main, ["inspect", str(script), *options], env={"GITHUB_ACTIONS": "true"})
        text = answer.output
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]|^\s*::|##\[", text, re.MULTILINE)
        assert r"x1b[2J" in text or r"u001b[2J" in text
    assert name in {table["name"] for table in json.loads(answer.stdout)["script"]["databases"][0]["tables"]}


def test_a_name_that_is_nearly_right_gets_the_right_one() -> None:
    for arguments, meant in (
        (["verfy"], "No such command 'verfy'. Did you mean verify?"),
        (["scenarios", "shw"], "Did you mean 'show'?"),
        (["run", "documentd"], "Did you mean documented?"),
        (["faults", "drop-rwo"], "Did you mean drop-row?"),
        (["verify", "--storge", "x"], "--storage"),
        (["cleanup", "--ketp"], "--kept"),
    ):
        answer = CliRunner().invoke(main, arguments)
        assert (answer.exit_code, meant in " ".join(answer.output.split())) == (2, True), answer.output
    assert CliRunner().invoke(main, ["quux"]).output.endswith("No such command 'quux'.\n")


def test_objectives_have_units() -> None:
    for text, message in (
        ("1x", "--rto: '1x' is not a time greater than zero"),
        ("0h", "--rto: '0h' is not a time greater than zero"),
        ("90", "--rto: '90' has no unit"),
    ):
        answer = CliRunner().invoke(main, ["verify", "--rto", text])
        assert (answer.exit_code, message in answer.output) == (2, True)
    command = main.get_command(click.Context(main), "verify")
    assert command is not None
    for text, value in (("1h", 3600.0), ("24h", 86_400.0), ("7d", 604_800.0), ("90s", 90.0)):
        context = command.make_context("verify", ["--rto", text, "--rpo", text])
        assert (context.params["rto"], context.params["rpo"]) == (value, value)


def cleanup(directory: Path, *arguments: str) -> Result:
    """The command with a state directory of its own, and with an engine that does not answer."""
    away = {
        "DOCKER_HOST": f"unix://{directory}/none.sock",
        "APIARY_DRILL_STATE_DIR": str(directory / "state"),
        "COLUMNS": "400",
    }
    return CliRunner().invoke(main, ["cleanup", *arguments], env=away)


def test_an_engine_that_could_not_be_asked_is_reported(tmp_path: Path) -> None:
    """A killed drill's containers may be on it; what is on this machine is removed all the same."""
    ended = cleanup(tmp_path)
    assert (ended.exit_code, ended.stdout) == (0, "nothing to remove\n")
    host = f"unix://{tmp_path}/none.sock"
    message = (
        f"containers were not checked: no Docker engine answers at {host} (DOCKER_HOST): no such file or directory"
    )
    assert "".join(ended.stderr.split()) == "".join(message.split())  # a long path is wrapped anywhere


def test_the_backup_that_a_killed_command_left_is_removed(tmp_path: Path) -> None:
    partial = tmp_path / "backups" / "night.partial"
    partial.mkdir(parents=True)
    (partial / "database.sql.zst").touch()
    notes = tmp_path / "state" / "backups"
    notes.mkdir(parents=True)
    (notes / "one").symlink_to(partial)
    (notes / "of-a-disk-that-is-away").symlink_to(tmp_path / "mnt" / "night.partial")
    outputs = [cleanup(tmp_path, *names).stdout for names in (["of-somebody-else"], [], [])]
    removed = f"removed unfinished backup {partial}\nremoved 1 leftovers\n"
    assert outputs == ["nothing to remove\n", removed, "nothing to remove\n"]
    assert [note.name for note in notes.iterdir()] == ["of-a-disk-that-is-away"]
    assert list(partial.parent.iterdir()) == []


def test_a_share_is_a_number_or_percent() -> None:
    for text, share in (("1%", 0.01), ("0.25", 0.25), ("0.5%", 0.005)):
        assert verify._share(None, None, text) == pytest.approx(share)  # type: ignore[arg-type]
    for text in ("0", "1", "100%", "-1%", "x", "%", "nan"):
        answer = CliRunner().invoke(main, ["verify", "--sample", text, "nowhere"])
        assert answer.exit_code == 2
        assert "is not a share between 0 and 1, such as 0.01 or 1%" in " ".join(answer.output.split())


def test_a_sample_never_claims_that_all_was_compared(evidence: Evidence) -> None:
    result = passed(evidence)
    assert sentence_of(result) == "The backup restores: every check passed."
    sampled = replace(result, sample_share=0.01)
    assert sentence_of(sampled) == ("Every check passed, with a sample of the rows: 0.01 of them compared by value.")
    bad = replace(failed(evidence), sample_share=0.01)
    assert bad.verdict is Verdict.FAIL
    assert sentence_of(bad) == "The backup does not restore correctly."
    seen = replace(evidence, source=None, script=replace(evidence.script, sample=RowSample(0.01, 7)))
    assert shares(seen)[0].verified == 7


@over_table("name", sorted(ROWS))
def test_no_row_is_damaged_that_a_sample_may_leave_out(name: str) -> None:
    sampled = SimpleNamespace(source=None, script=SimpleNamespace(sample=RowSample(0.01, 7)), migration=None)
    with ROWS[name](SimpleNamespace(evidence=sampled, kept=False), Random(1)) as touched:  # type: ignore[arg-type]
        assert touched is None
