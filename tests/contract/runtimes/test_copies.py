"""A stack can begin with the files of another's servers, on either runtime; nothing of them stays once forgotten."""

from pathlib import Path

import pytest

from harness.base.settings import Settings
from harness.base.wait import wait_until
from harness.runtime.services.stack import Stack
from harness.runtime.spec import StackSpec
from tests.contract.runtimes.stacks import a_spec, runtime
from tests.contract.runtimes.test_endings import _remains

pytestmark = pytest.mark.xdist_group("docker")


def rows(stack: Stack) -> list[int]:
    with stack.mysql.session(stack.mysql.app, database=stack.mysql.database) as session:
        return [number for (number,) in session.rows("SELECT id FROM kept ORDER BY id")]


@pytest.mark.parametrize("kind", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_copies_begin_with_the_same_and_each_goes_its_own_way(
    kind: str, settings: Settings, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    first = a_spec(tmp_path / "first", durable=False, for_copies=True)
    copies: list[StackSpec] = [a_spec(tmp_path / role, role=role).as_copy_of(first) for role in ("source", "target")]
    with runtime(kind, settings, request, first.drill_id) as made:
        with made.stack(first) as stack:
            with stack.mysql.session(database="apiary") as session:
                session.execute("CREATE TABLE kept (id INT PRIMARY KEY)")
                session.execute("INSERT INTO kept VALUES (7)")
            index = stack.meilisearch.client().index("kept")
            index.add_documents([{"id": 7}], "id")
            wait_until(lambda: stack.meilisearch.pending_tasks() == 0, what="the document", timeout_s=60)
        for number, spec in enumerate(copies):
            with runtime(kind, settings, request, spec.drill_id) as other, other.stack(spec) as stack:
                assert rows(stack) == [7], "what the copy before it did is not in it"
                assert list(stack.meilisearch.ids("kept", "id")) == [7]
                with stack.mysql.session(stack.mysql.app, database="apiary") as session:
                    session.execute(f"INSERT INTO kept VALUES ({number})")
                log = (spec.logs / "mysql.log") if kind == "process" else None
                assert log is None or "crash recovery" not in log.read_text().lower(), "the first one ended in order"
                stack.meilisearch.delete_document("kept", "7", timeout_s=60)
        made.forget(first)
    client = request.getfixturevalue("engine") if kind == "docker" else None
    assert [thing for spec in (first, *copies) for thing in _remains(spec, settings, client)] == []
