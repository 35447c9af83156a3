"""Servers that are killed come back with their data at their address, on either runtime; a paused one stands still.

While they are gone their address refuses: who asked an address that is nobody's would wait seconds for each answer.
"""

import re
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.base.wait import wait_until
from harness.runtime.process.usage import CHILDREN
from harness.runtime.spec import StackSpec
from tests.contract.runtimes.stacks import Running, a_spec

pytestmark = pytest.mark.xdist_group("docker")


def test_servers_that_are_killed_come_back_with_their_data(
    fresh: Callable[[StackSpec], AbstractContextManager[Running]], tmp_path: Path
) -> None:
    with fresh(a_spec(tmp_path)) as running:
        stack, controls = running.stack, running.stack.server_controls
        assert set(controls) == {"mysql", "meilisearch"}
        with stack.mysql.session(database="apiary") as session:
            session.execute("CREATE TABLE kept (id INT PRIMARY KEY)")
            session.execute("INSERT INTO kept VALUES (7)")
        stack.meilisearch.client().create_index("kept", {"primaryKey": "id"})
        wait_until(lambda: stack.meilisearch.pending_tasks() == 0, what="the index", timeout_s=60)

        used = {**CHILDREN.used(), **stack.usage()}
        assert {"MySQL", "Meilisearch"} <= {name for name, of in used.items() if of.cpu_s > 0} or "MariaDB" in used

        controls["meilisearch"].pause()
        controls["meilisearch"].resume()
        controls["meilisearch"].resume()  # no error: a fault does not know whether it goes on already
        assert stack.meilisearch.healthy()
        search = urlsplit(stack.meilisearch.url)
        for name, host, port in (
            ("mysql", stack.mysql.host, stack.mysql.port),
            ("meilisearch", search.hostname, search.port),
        ):
            assert stack.exit_report() == ""
            controls[name].kill()
            assert re.match(r"\w+ exited (unexpectedly, )?with status (-9|137)", stack.exit_report())
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host, port), timeout=60)
            controls[name].restart()
        assert stack.exit_report() == ""

        with stack.mysql.session(database="apiary") as session:
            assert session.value("SELECT id FROM kept") == 7
        assert [index.name for index in stack.meilisearch.state().indexes] == ["kept"]
