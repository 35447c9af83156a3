"""Who the servers of a drill are, and whom they answer: nothing of it is root's, and nothing is everybody's."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from harness.base import guide
from harness.base.settings import Settings
from harness.runtime.process.server_user import user_with
from harness.runtime.services.execution import must_succeed, run
from tests.contract.runtimes.stacks import Running

# One worker holds the stacks for all of them.
pytestmark = pytest.mark.xdist_group("docker")

NOBODY = 65534


@pytest.fixture
def started(running: Running) -> Iterator[Running]:
    """The stack with its application."""
    running.stack.apiary.lifecycle.start()
    yield running
    running.stack.apiary.lifecycle.stop()


def as_another_user(settings: Settings, *argv: str) -> subprocess.CompletedProcess[str]:
    """A command of somebody else on this machine, who may read what programs are made of."""
    user = user_with(settings, NOBODY, settings.base_env)
    return subprocess.run(user.command(argv) if user else argv, capture_output=True, text=True, check=False)


def test_the_application_answers_to_the_drill_alone(started: Running, settings: Settings) -> None:
    """Behind its login every visitor is an administrator: so nobody gets there without the drill's password."""
    apiary = started.stack.apiary
    paths = ("/ping", "/", "/users/1/resume", "/health", "/up", "/nothing")
    ask = "import requests, sys; print(*[requests.get(url).status_code for url in sys.argv[1:]])"
    asked = as_another_user(settings, sys.executable, "-c", ask, *(apiary.url + path for path in paths))
    assert asked.stdout.split() == ["401"] * len(paths), asked.stderr
    for wrong in ("", "x", started.spec.app.password):
        assert requests.get(f"{apiary.url}/ping", auth=("drill", wrong), timeout=10).status_code == 401
    assert apiary.ping()
    assert apiary.get("/").status == 200
    assert started.spec.app_password not in repr(started.spec) + repr(apiary)


def test_the_other_servers_answer_to_nobody_without_a_password(started: Running, settings: Settings) -> None:
    mysql, search = started.stack.mysql, started.stack.meilisearch
    connect = (
        "import pymysql, sys\n"
        "for user in sys.argv[3:]:\n"
        "  try: pymysql.connect(host=sys.argv[1], port=int(sys.argv[2]), user=user)\n"
        "  except pymysql.MySQLError as error: print(error.args[0])\n"
    )
    users = ("root", started.spec.admin.user, started.spec.app.user, "", "mysql")
    asked = as_another_user(settings, sys.executable, "-c", connect, mysql.host, str(mysql.port), *users)
    assert set(asked.stdout.split()) <= {"1045", "1698", "1251"}, asked
    assert len(asked.stdout.split()) == len(users), asked
    ask = "import requests, sys; print(*[requests.get(url).status_code for url in sys.argv[1:]])"
    paths = ("/indexes", "/keys", "/tasks", "/stats", "/version")
    asked = as_another_user(settings, sys.executable, "-c", ask, *(search.url + path for path in paths))
    assert asked.stdout.split() == ["401"] * len(paths), asked.stderr


def test_no_server_of_processes_is_root_or_can_become_it(started: Running, settings: Settings) -> None:
    """Each has a user of its own, one capability (it reads what root reads), and nothing that gives it another."""
    if started.kind != "process" or user_with(settings, NOBODY, settings.base_env) is None:
        pytest.skip("only processes of root, where this machine lets root give up its rights")
    users = {}
    for service, word in (("mysql", "--datadir"), ("meilisearch", "--db-path"), ("app", "serve")):
        directory = str(settings.state_dir / "drills" / started.spec.drill_id)
        processes = [
            process
            for process in psutil.process_iter(["cmdline", "cwd"])
            if (process.info["cwd"] or "").startswith(directory)
            and any(part == word or part.startswith(f"{word}=") for part in process.info["cmdline"] or ())
        ]
        assert processes, service
        for process in processes:
            status = Path(f"/proc/{process.pid}/status").read_text()
            found = dict(re.findall(r"^(Uid|Gid|Groups|NoNewPrivs|Cap\w+):[ \t]*(.*?)[ \t]*$", status, re.MULTILINE))
            ids = set(found["Uid"].split()) | set(found["Gid"].split())
            assert len(ids) == 1, service
            assert "0" not in ids, service
            assert {int(found[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {1 << 2}, service
            assert found["NoNewPrivs"] == "1", service
            users[service] = int(ids.pop())
            environ = ["cat", f"/proc/{process.pid}/environ"]
            same = subprocess.run(
                environ, user=users[service], group=users[service], extra_groups=[], capture_output=True, check=False
            )
            assert same.returncode != 0, f"{service}: others with its number cannot read its passwords"
    assert len(set(users.values())) == 3
    assert users["app"] == guide.STORAGE_UID


def test_the_application_reads_and_writes_its_storage_and_nothing_else(started: Running, tmp_path: Path) -> None:
    """Its commands are the same user; what it writes belongs to whom the restored files belong to."""
    apiary = started.stack.apiary
    written = f"{apiary.storage_root}/written-by-artisan"
    for where, works in ((written, True), ("/etc/apiary-drill-written", False), (str(tmp_path / "written"), False)):
        argv = [*apiary.php[:-1], "sh", "-c", 'echo x > "$0"', where]
        done = run(apiary.host, argv, user=apiary.user)
        if os.geteuid() == 0 or not works:
            assert (done.exit_status == 0) == works, where
    owner = must_succeed(run(apiary.storage_host, ["stat", "-c", "%u:%g", written])).stdout.decode().strip()
    assert owner == f"{apiary.storage_uid}:{apiary.storage_uid}"
    must_succeed(run(apiary.storage_host, ["rm", written]))
    assert apiary.artisan("down").exit_status == 0
    assert apiary.get("/ping").status == 503
    assert apiary.artisan("up").exit_status == 0
    assert apiary.ping()
