"""A TMPDIR that only root may enter, as libpam-tmpdir makes it: the user of the search server indexes all the same."""

import os
from dataclasses import replace
from pathlib import Path

import requests

from harness.base.settings import from_environment
from harness.base.wait import wait_until
from harness.drill.plan import new_drill_id
from harness.runtime.ownership import DRILL_ID_VARIABLE
from harness.runtime.process.meilisearch import meilisearch_server
from harness.runtime.process.programs import meilisearch_command
from harness.runtime.spec import StackSpec, new_app_key


def test_the_search_server_has_a_directory_of_its_own(tmp_path: Path) -> None:
    """Without it every task failed, and a healthy backup was called broken."""
    closed = tmp_path / "tmp"
    for directory, mode in ((closed, 0o700), (tmp_path / "logs", 0o755)):
        directory.mkdir(mode=mode)
    settings = replace(from_environment({**os.environ, "TMPDIR": str(closed)}), state_dir=tmp_path / "state")
    spec = StackSpec(drill_id=new_drill_id("tmpdir"), role="target", app_key=new_app_key(), logs=tmp_path / "logs")
    env = {**settings.base_env, DRILL_ID_VARIABLE: spec.drill_id}
    with meilisearch_server(settings, meilisearch_command(settings), spec, tmp_path / "search", env) as (server, *_):
        headers = {"Authorization": f"Bearer {server.key}"}
        documents = [{"id": number, "text": f"word{number}"} for number in range(100)]
        added = requests.post(f"{server.url}/indexes/a/documents", json=documents, headers=headers, timeout=30).json()

        def status() -> str | None:
            task = requests.get(f"{server.url}/tasks/{added['taskUid']}", headers=headers, timeout=30).json()
            return str(task["status"]) if task["status"] in ("succeeded", "failed") else None

        assert wait_until(status, what="the task", timeout_s=60) == "succeeded"
