"""Who is notified after a drill, through the commands: all is tried, and none of it changes how the drill ended."""

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from harness.base.model import Verdict
from harness.base.settings import NotificationSettings, from_environment
from harness.cli.command_line import main
from harness.cli.post_run import Finished, run_hooks
from harness.records.attestation.check import verify_evidence
from harness.records.attestation.keys import generate, load_public
from harness.records.run_directory import RunDirectory
from tests.unit.monitoring.conftest import Service
from tests.unit.schema.recorded import FAILED, recorded


def finished(tmp_path: Path, notifications: NotificationSettings) -> Finished:
    """A real drill that failed, with a state directory of its own."""
    store = recorded(FAILED, tmp_path / "run")
    settings = from_environment({"HOME": str(tmp_path)})
    return Finished(store.load_result(), store.directory, replace(settings, notifications=notifications))


def test_everybody_is_notified(tmp_path: Path, service: Service) -> None:
    generate(tmp_path / "key", None)
    notifications = NotificationSettings(
        sign_key=tmp_path / "key",
        metrics=tmp_path / "drill.prom",
        notify_urls=(f"json://127.0.0.1:{service.port}/notify",),
        notify_on=("failure",),
        ping=f"http://127.0.0.1:{service.port}/ping",
        ping_style="healthchecks",
        timeout_s=60,
    )
    messages: list[str] = []
    run_hooks(finished(tmp_path, notifications), messages.append)
    assert messages == []
    assert service.paths == ["/notify", "/ping/fail"]
    evidence = tmp_path / "run" / "evidence.intoto.jsonl"
    assert verify_evidence(evidence, [load_public(tmp_path / "key.pub")]).predicate["verdict"] == "FAIL"
    families = {each.name: each for each in text_string_to_metric_families((tmp_path / "drill.prom").read_text())}
    assert [sample.value for sample in families["apiary_drill_verdict"].samples] == [0, 0, 1]


def test_what_cannot_be_done_is_one_line_each_and_the_rest_is_done(
    tmp_path: Path, service: Service, closed_port: int
) -> None:
    service.statuses = [500]
    (tmp_path / "drill.prom").write_text("precious\n")
    notifications = NotificationSettings(
        sign_key=tmp_path / "gone",
        metrics=tmp_path / "drill.prom",
        notify_urls=(f"json://127.0.0.1:{service.port}/secret",),
        notify_on=("failure",),
        ping=f"http://127.0.0.1:{closed_port}/secret",
        ping_style="healthchecks",
        timeout_s=60,
    )
    messages: list[str] = []
    run_hooks(finished(tmp_path, notifications), messages.append)
    assert messages == [
        f"sign the evidence: cannot read the key {tmp_path / 'gone'}: No such file or directory",
        f"metrics: {tmp_path / 'drill.prom'} was not written as a metrics file by this program HINT: Give "
        "another file, or delete this one.",
        "notifications: 1 of 1 notifications could not be sent: number 1 (JSON) was rejected or could not be reached",
        "dead man's switch: the dead man's switch could not be reached",
    ]


def test_nobody_is_notified_who_was_not_named(tmp_path: Path) -> None:
    messages: list[str] = []
    run_hooks(finished(tmp_path, NotificationSettings()), messages.append)
    assert messages == []
    assert [path.name for path in (tmp_path / "run").iterdir() if path.suffix == ".jsonl"] == []


def sent_to(service: Service) -> dict[str, str]:
    """The notification that came."""
    (message,) = (json.loads(body) for _, path, body in service.requests if path == "/notify")
    return {str(key): str(value) for key, value in message.items()}


def call(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(main, arguments)
    return answer.exit_code, " ".join(answer.output.split())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory, and no state of anybody else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APIARY_DRILL_STATE_DIR", str(tmp_path / "state"))
    return tmp_path


def test_a_backup_that_is_not_there_is_reported(here: Path, service: Service) -> None:
    """The most frequent failure of a scheduled drill: there is nothing to drill."""
    (here / "apiary-drill.toml").write_text(
        f'[backup]\ndirectory = "backups/*"\n[notify]\nurls = ["json://127.0.0.1:{service.port}/notify"]\n'
        f'ping = "http://127.0.0.1:{service.port}/ping"\nping_style = "healthchecks"\n'
    )
    code, output = call("verify")
    assert code == 2
    assert service.paths == ["/ping/start", "/notify", "/ping/fail"]
    message = sent_to(service)
    assert message["title"] == "restore drill did not start: verify"
    assert message["message"] in output


def test_a_scenario_that_is_not_there_is_reported_to_whom_another_file_names(here: Path, service: Service) -> None:
    (here / "whom.toml").write_text(f'[notify]\nurls = ["json://127.0.0.1:{service.port}/notify"]\n')
    code, _ = call("run", "no-such-scenario", "--config", "whom.toml")
    assert code == 2
    assert sent_to(service)["title"] == "restore drill did not start: run"


def test_a_service_that_is_gone_does_not_change_what_is_reported_of_the_drill(here: Path, closed_port: int) -> None:
    (here / "apiary-drill.toml").write_text(
        f'[notify]\nurls = ["json://127.0.0.1:{closed_port}/secret"]\nping = "http://127.0.0.1:{closed_port}/secret"\n'
        'ping_style = "healthchecks"\n'
    )
    code, output = call("run", "no-such-scenario")
    assert code == 2
    assert (
        "notifications: 1 of 1 notifications could not be sent: number 1 (JSON) was rejected or could not be reached"
    ) in output
    assert output.count("dead man's switch: the dead man's switch could not be reached") == 2
    assert "no-such-scenario" in output
    assert "secret" not in output


@pytest.mark.parametrize(
    ("options", "config", "message"),
    [
        (("--metrics", "none/x.prom"), "", "cannot write metrics to {here}/none/x.prom: directory"),
        (("--metrics", "apiary-drill.toml"), "x = 1\n", "was not written as a metrics file by this program"),
        (("--ping", "secret"), "", "--ping: not a URL that starts with https:// or http://"),
        ((), '[notify]\nurls = ["secret"]\n', "notify.urls: number 1 of 1 is not a URL that apprise supports"),
        ((), '[notify]\nping = "secret"\n', "notify.ping: not a URL that starts with https:// or http://"),
        ((), '[notify]\nurl = "secret"\n', "notify.url: extra inputs are not permitted"),
        (("--config", "none.toml"), "", "cannot read the configuration none.toml: No such file or directory"),
    ],
)
def test_what_cannot_work_stops_a_drill_before_it_begins(
    here: Path, options: tuple[str, ...], config: str, message: str
) -> None:
    (here / "apiary-drill.toml").write_text(config)
    code, output = call("run", *options)
    assert code == 2
    assert message.format(here=os.path.realpath(here)) in output
    assert "secret" not in output
    assert not (here / "state").exists()


def test_a_recovery_is_distinguished_from_what_the_history_says(tmp_path: Path, service: Service) -> None:
    """The drill of the same backup before it failed, so that the next good one is news, and the one after is none."""
    notifications = NotificationSettings(
        notify_urls=(f"json://127.0.0.1:{service.port}/notify",), notify_on=("recovery",)
    )
    failed = finished(tmp_path, notifications)
    messages: list[str] = []
    for day, verdict in enumerate((Verdict.FAIL, Verdict.PASS, Verdict.PASS)):
        result = replace(
            failed.result,
            drill_id=f"drill-{day}",
            backup="apiary",
            verdict=verdict,
            started_at=failed.result.started_at + timedelta(days=day),
        )
        run_dir = tmp_path / f"run-{day}"
        RunDirectory(run_dir).save_result(result)
        run_hooks(replace(failed, result=result, run_dir=run_dir), messages.append)
    assert messages == []
    message = sent_to(service)
    assert message["title"] == "PASS again: restore drill of apiary"
    assert message["message"].endswith("Drill drill-1, started 2026-11-23 22:37 UTC.")


def test_silence_is_reported_where_it_is_asked_for(here: Path, service: Service) -> None:
    (here / "apiary-drill.toml").write_text(
        f'[backup]\ndirectory = "backups/*"\n[notify]\nurls = ["json://127.0.0.1:{service.port}/notify"]\n'
    )
    code, output = call("status", "--notify")
    assert code == 1
    message = sent_to(service)
    assert message["title"] == "1 backup has no recent passed restore drill"
    assert " ".join(message["message"].split()) in output
    service.requests.clear()
    assert call("status") == (1, output)
    assert service.requests == []


def test_an_alarm_that_reaches_nobody_is_reported(here: Path, closed_port: int) -> None:
    code, output = call("status", "--notify")
    assert (code, "--notify requires [notify] with urls or urls_file in apiary-drill.toml" in output) == (2, True)
    (here / "apiary-drill.toml").write_text(
        f'[backup]\ndirectory = "x"\n[notify]\nurls = ["json://127.0.0.1:{closed_port}/secret"]\n'
    )
    code, output = call("status", "--notify")
    assert code == 1
    assert "1 of 1 notifications could not be sent: number 1 (JSON) was rejected or could not be reached" in output
    assert "secret" not in output
