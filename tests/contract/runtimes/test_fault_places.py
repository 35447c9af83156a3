"""Faults that reach into a runtime do what they say: a search from an old dump, a way out, an engine that is gone."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random

import docker
import pytest

from harness.base.errors import Cause, HarnessError, ServerFailed
from harness.base.model import Change
from harness.base.settings import Limits, from_environment
from harness.faults import FAULTS
from harness.faults.context import FaultContext
from harness.faults.injection_points import InjectionPoint
from harness.runtime.docker.client import connect
from harness.runtime.egress import attempts_from
from harness.runtime.services.execution import run
from harness.runtime.services.stack import Stack
from harness.runtime.spec import StackSpec
from tests.contract.runtimes.stacks import Running, a_spec

pytestmark = pytest.mark.xdist_group("docker")

Fresh = Callable[[StackSpec], AbstractContextManager[Running]]


def held(name: str, point: InjectionPoint, stack: Stack) -> tuple[AbstractContextManager[None], list[Change]]:
    """A fault around a block, and what it says that it did."""
    context, fault = FaultContext(point, Path(), Limits(), _stack=stack), FAULTS[name]
    return fault.inject(context, Random(1), fault.options.model_validate({})), context.changes


def dumps(stack: Stack) -> list[str]:
    listed = run(stack.apiary.storage_host, ["sh", "-c", 'ls "$0/meilisearch/dumps"', stack.apiary.storage_root])
    return listed.stdout.decode().split()


def test_a_search_starts_from_the_old_dump_among_the_files(fresh: Fresh, tmp_path: Path) -> None:
    """The source is as before but for the dump, which holds what is gone; the search that starts from it has it all."""
    with fresh(a_spec(tmp_path)) as running:
        stack = running.stack
        uid = f"{stack.apiary.search_prefix}events"
        search, client = stack.meilisearch, stack.meilisearch.client()
        with stack.mysql.session(database="apiary") as session:
            session.execute("CREATE TABLE events (id INT PRIMARY KEY)")
            session.execute("INSERT INTO events VALUES (4), (5)")
        client.wait_for_task(client.index(uid).add_documents([{"id": 4}, {"id": 5}], "id").task_uid)

        fault, left = held("old-search-dump", InjectionPoint.SOURCE, stack)
        with fault:
            pass
        (change,) = left
        old = [int(word) for word in change.detail.split() if word.isdecimal()]
        assert (change.kind, change.subject, old[1] - old[0]) == ("document", uid, 2)
        assert list(search.ids(uid, "id")) == [4, 5]
        assert len(dumps(stack)) == 1

        client.wait_for_task(client.index(uid).delete_document(5).task_uid)
        fault, begun = held("old-search-dump", InjectionPoint.START, stack)
        with fault:
            pass
        assert begun == [Change("process", "meilisearch", "started empty, from the newest of 1 dumps in the files")]
        assert list(search.ids(uid, "id")) == [4, 5, *range(old[0], old[1] + 1)]
        assert stack.exit_report() == ""
        # It comes back with what it holds, not with the dump again.
        client.wait_for_task(client.index(uid).delete_document(4).task_uid)
        stack.server_controls["meilisearch"].kill()
        stack.server_controls["meilisearch"].restart()
        assert list(search.ids(uid, "id")) == [5, *range(old[0], old[1] + 1)]


def test_an_address_outside_answers_only_while_the_fault_is_held(running: Running) -> None:
    fault, changes = held("egress-connection", InjectionPoint.COLLECT, running.stack)
    if running.kind == "process":
        with pytest.raises(HarnessError, match="no network of their own"), fault:
            pass
        return

    def reached() -> list[str]:
        return [attempt.target for attempt in attempts_from(running.stack.apiary.host) if attempt.reached]

    with fault:
        assert reached() == ["1.1.1.1:443"]
    assert changes == [Change("network", "1.1.1.1:443", "answers from inside the application's network")]


def test_an_engine_answers_this_drill_no_more_while_the_fault_is_held(
    running: Running, request: pytest.FixtureRequest
) -> None:
    """One sentence and one cause; everybody else's connections reach it, and afterwards the drill's do as well."""
    apiary = running.stack.apiary
    fault, changes = held("engine-vanishes", InjectionPoint.FILES, running.stack)
    if running.kind == "process":
        with pytest.raises(HarnessError, match="need no Docker engine"), fault:
            pass
        return
    own: docker.DockerClient = request.getfixturevalue("engine")
    with fault:
        with pytest.raises(ServerFailed) as gone:
            run(apiary.storage_host, ["true"])
        beside = connect(from_environment(os.environ).docker)
        assert beside.ping()
        beside.close()
    assert own.ping()
    assert run(apiary.storage_host, ["true"]).exit_status == 0
    pod = f"apiary-drill-{running.spec.drill_id}-target-pod"
    message = f"the connection to the Docker engine was lost while running true in container {pod}: connection refused"
    assert gone.value.fact == message
    assert gone.value.causes == (Cause("engine-gone", "docker", f"T{message[1:]}."),)
    assert changes == [Change("engine", "docker", "stops responding to this drill, from files on")]


def test_what_is_so_already_is_no_change(running: Running) -> None:
    """Whoever changes nothing has to say so: the drill is inconclusive then."""
    stack = running.stack
    with stack.mysql.session(database=stack.mysql.database) as session:
        mode = str(session.value("SELECT @@GLOBAL.sql_mode"))
        session.execute("CREATE TABLE nothing (id INT PRIMARY KEY, word VARCHAR(9))")
        session.execute("INSERT INTO nothing VALUES (1, NULL)")
        context = FaultContext(InjectionPoint.TARGET, Path(), Limits(), _stack=stack)
        setting = FAULTS["other-server-settings"]
        with setting.inject(context, Random(1), setting.options.model_validate({"value": mode})):
            assert context.changes == []
        cell = FAULTS["change-cell"]
        options = cell.options.model_validate({"table": "nothing", "column": "word"})
        with pytest.raises(HarnessError, match="no such row"), cell.inject(context, Random(1), options):
            pass
        session.execute("DROP TABLE nothing")
