"""735 calls to a real Meilisearch 1.50.0, with its answers to 490 of them: the embedded server answers the same.

The order matters: later calls meet what earlier ones left. Every call is sent, those without a recorded answer too.
"""

import base64
import gzip
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.contract.meilisearch.recorded_use import FORM_ONLY, INSTEAD, OTHERWISE, is_used
from tests.contract.meilisearch.servers import EmbeddedServer, ServerUnderTest

RECORDED = Path(__file__).parents[2] / "data" / "meilisearch-1.50" / "recorded.jsonl.gz"
DOCUMENTED = re.compile(r"feature_not_enabled|bad_request|invalid_[a-z_]+|unsupported_media_type|missing_[a-z_]+")


def test_the_embedded_server_answers_as_1_50_0_did(embedded: EmbeddedServer) -> None:
    embedded.start("--env=production")
    with gzip.open(RECORDED, "rt", encoding="utf-8") as file:
        calls = [json.loads(line) for line in file]
    differences, exact = [], 0
    with requests.Session() as session:
        for call in calls:
            found = list(_play(embedded.server, session, call))
            differences += [f"{call['n']} {call['method']} {call['path'][:80]}: {text}" for text in found]
            exact += "answer" in call and is_used(call) and call["n"] not in OTHERWISE and not found
    assert not differences, "\n".join(differences)
    # what is used is most of what was recorded: the table of uses did not run empty
    assert (len(calls), exact) == (735, 335)


def _play(server: ServerUnderTest, session: requests.Session, call: dict[str, Any]) -> Iterator[str]:
    """Send a call, wait for its task, and yield the differences from what was recorded."""
    status, body, task = _send(server, session, call)
    if call["n"] in INSTEAD:
        method, path, value = INSTEAD[call["n"]]
        same = {"method": method, "path": path, "json": value, "content_type": "application/json"}
        _, made, _ = _send(server, session, same | {"headers": {}, "key": "master"})
        assert "taskUid" in made, (call["n"], made)
    answer = call.get("answer")
    if answer is None:
        return
    used = is_used(call)
    if used and call["n"] in OTHERWISE:
        if status not in (answer["status"], 200):
            yield f"status {status}, recorded {answer['status']}"
    elif used or status < 400:
        if status != answer["status"]:
            yield f"status {status}, recorded {answer['status']}: {json.dumps(body)[:120]}"
            return
        form_only = bool(FORM_ONLY.match(call["path"]))
        yield from _differences(answer["body"], body, "body", form_only)
        if "task" in answer:
            yield from _differences(answer["task"], task, "task", form_only)
    if body == "" != answer["body"]:
        yield f"an empty answer {status}, recorded {answer['status']}"
    elif status >= 400 and body != "":
        yield from _undocumented(body, used)


def _send(server: ServerUnderTest, session: requests.Session, call: dict[str, Any]) -> tuple[int, Any, Any]:
    """Status, body and finished task, if the call made one."""
    headers = dict(call["headers"])
    if call["content_type"]:
        headers["Content-Type"] = call["content_type"]
    if call["key"] is not None:
        headers["Authorization"] = f"Bearer {server.key if call['key'] == 'master' else call['key']}"
    data = None if call.get("json") is None else json.dumps(call["json"]).encode()
    if "raw_base64" in call:
        data = base64.b64decode(call["raw_base64"])
    answer = session.request(call["method"], server.url + call["path"], headers=headers, data=data, timeout=60)
    try:
        body = answer.json()
    except ValueError:
        body = answer.text
    if not isinstance(body, dict) or "taskUid" not in body:
        return answer.status_code, body, None
    while True:
        address = f"{server.url}/tasks/{body['taskUid']}"
        task = session.get(address, headers={"Authorization": f"Bearer {server.key}"}, timeout=60).json()
        if task["status"] not in ("enqueued", "processing"):
            return answer.status_code, body, task
        time.sleep(0.005)


def _differences(recorded: Any, found: Any, where: str, form_only: bool) -> Iterator[str]:
    if isinstance(recorded, str) and re.fullmatch(r"<\w+>", recorded):
        return  # a time, a size, a number: whatever it is
    if isinstance(recorded, dict) and isinstance(found, dict):
        wording = {"message", "link"} if "code" in recorded else set()
        for name in sorted((set(recorded) ^ set(found)) - wording):
            if not (form_only and where.endswith("details")):
                yield f"{where}.{name} is {'missing' if name in recorded else 'there'}"
        for name in set(recorded) & set(found):
            yield from _differences(recorded[name], found[name], f"{where}.{name}", form_only)
    elif isinstance(recorded, list) and isinstance(found, list):
        if len(recorded) != len(found):
            yield f"{where} has {len(found)} entries, recorded {len(recorded)}"
        for place, (wanted, there) in enumerate(zip(recorded, found, strict=False)):
            yield from _differences(wanted, there, f"{where}[{place}]", form_only)
    elif recorded != found and not form_only:
        yield f"{where} is {json.dumps(found)[:100]}, recorded {json.dumps(recorded)[:100]}"


def _undocumented(body: Any, used: bool) -> Iterator[str]:
    """What is wrong with an error's body."""
    if set(body) != {"message", "code", "type", "link"} or not body["message"]:
        yield f"an error with {sorted(body)}"
    elif body["link"] != f"https://docs.meilisearch.com/errors#{body['code']}":
        yield f"an error of code {body['code']} with the link {body['link']}"
    elif not used and not DOCUMENTED.fullmatch(body["code"]):
        yield f"the code {body['code']} for what is not supported"
