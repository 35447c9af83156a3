"""`/health` of the stand-in, and what a drill concludes from it: in the ways in which the real one can mislead."""

import os
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from harness.base.model import AppState, Probe
from harness.checks.app import check_answers
from harness.drill.steps import collect_app
from harness.runtime.process.host import LocalHost
from harness.runtime.services.apiary import Apiary
from tests.contract.standin.standin_app import App

HELD = ("cache", "database", "log", "migration", "storage")
OTHERS = ("http", "package-security")


def get(url: str, timeout_s: float = 20) -> requests.Response:
    return requests.get(url, timeout=timeout_s, allow_redirects=False)


def observed(app: App, url: str, **env: str) -> tuple[dict[str, str], str, list[tuple[str, str]]]:
    """The state of each health check, why there was no report, and the findings (severity, subject)."""
    host = LocalHost({**os.environ, **app.env, **env}, cwd=str(app.base_dir))
    apiary = Apiary(
        url=url,
        host=host,
        php=(sys.executable, "-m", "harness.standins.apiary.php"),
        user=None,
        storage_host=host,
        storage_root=str(app.config.files_dir),
        storage_uid=os.geteuid(),
        search_prefix="",
        lifecycle=cast(Any, None),
    )
    probes, no_report = collect_app.observe_health(cast(Any, SimpleNamespace(apiary=apiary)))
    pong = Probe("ping", "/ping", "pong", "pong")
    found = check_answers(AppState(pong, probes, (), (), no_report=no_report)).findings
    return (
        {probe.subject: probe.actual for probe in probes},
        no_report,
        [(finding.severity.value, finding.subject) for finding in found],
    )


def test_without_redis_health_is_a_page_and_the_checks_are_run_one_by_one(filled: App) -> None:
    """In production Horizon's check throws: whatever else is well or not, there is no report."""
    with filled.serving(APP_ENV="production") as url:
        answer = get(url + "/health")
        assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
        states, no_report, findings = observed(filled, url, APP_ENV="production")
    assert states == dict.fromkeys(HELD, "OK")
    assert no_report == "status 500, text/html that is not a JSON report"
    assert findings == [("info", "/health")]


def test_in_a_closed_network_the_report_can_never_be_well(filled: App) -> None:
    """With four workers the application's own pages answer, and the list of vulnerabilities does not come."""
    with filled.serving(APP_ENV="sandbox") as url:
        answer = get(url + "/health")
        report = answer.json()
        assert (answer.status_code, report.pop("status")) == (500, "PROBLEM")
        assert {name: check["status"] for name, check in report.items()} == dict.fromkeys((*HELD, *OTHERS), "OK") | {
            "package-security": "PROBLEM"
        }
        states, no_report, findings = observed(filled, url, APP_ENV="sandbox")
    assert (states["package-security"], no_report, findings) == ("PROBLEM", "", [("info", "/health")])


def test_what_the_drill_provides_and_does_not_hold_is_an_error(app: App) -> None:
    """The database cannot be reached, no migration ran, no file can be written; in a report and without one."""
    app.config.files_dir.rmdir()
    broken = {"database": {"DB_PASSWORD": "wrong"}, "storage": {}}
    for env in ({"APP_ENV": "sandbox"}, {"APP_ENV": "production"}):
        for name, more in broken.items():
            with app.serving(**env, **more) as url:
                states, _, findings = observed(app, url, **env, **more)
            failed = [each for each in HELD if states[each] != "OK"]
            assert failed == [*(["database"] if name == "database" else []), "migration", "storage"]
            assert findings == [*(("error", each) for each in failed), ("info", "/health")]


def test_one_worker_waits_for_itself_and_everybody_behind_it_too(filled: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """One because it was asked to, or because a server that may reload ignores PHP_CLI_SERVER_WORKERS."""
    monkeypatch.setattr(collect_app, "HEALTH_TIMEOUT_S", 1.0)
    for workers, may_reload in ((1, False), (4, True)):
        with filled.serving(workers=workers, may_reload=may_reload, APP_ENV="sandbox") as url:
            assert get(url + "/ping").text == "pong"
            states, no_report, findings = observed(filled, url, APP_ENV="sandbox")
            assert states == dict.fromkeys(HELD, "OK")
            assert no_report == f"Apiary at {url}/health does not answer within 1 s"
            assert findings == [("info", "/health")]
            with pytest.raises(requests.ReadTimeout):
                get(url + "/ping", timeout_s=1)
