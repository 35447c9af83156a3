"""The master key and API keys: who is let in, and to what."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import meilisearch
import pytest
from meilisearch.errors import MeilisearchApiError

from harness.wait import wait_until


@pytest.fixture
def make_key(client):
    made = []

    def make(**options):
        key = client.create_key({"expiresAt": None, "name": "contract", "indexes": ["*"], **options})
        made.append(key.uid)
        return key

    yield make
    for uid in made:
        client.delete_key(uid)


def test_nobody_gets_in_without_a_key(server):
    answer = server.request("GET", "/indexes")
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_authorization_header")
    assert answer.json()["type"] == "auth"
    answer = server.request("GET", "/indexes", headers={"Authorization": "Basic abc"})
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_authorization_header")
    assert server.request("GET", "/health").status_code == 200


def test_nobody_gets_in_with_a_wrong_key(server):
    answer = server.request("GET", "/indexes", "wrong")
    assert (answer.status_code, answer.json()["code"]) == (403, "invalid_api_key")
    assert answer.json()["message"] == "The provided API key is invalid."


def test_the_default_keys_are_there(client):
    keys = {key.name: key for key in client.get_keys({"limit": 100}).results}
    assert keys["Default Search API Key"].actions == ["search"]
    assert keys["Default Admin API Key"].actions == ["*"]
    assert keys["Default Admin API Key"].indexes == ["*"]
    assert keys["Default Admin API Key"].expires_at is None


def test_a_key_is_made_shown_renamed_and_deleted(client):
    key = client.create_key(
        {"name": "n", "description": "d", "actions": ["search"], "indexes": ["a*"], "expiresAt": "2999-01-01"}
    )
    assert (key.name, key.description, key.actions, key.indexes) == ("n", "d", ["search"], ["a*"])
    assert key.expires_at == datetime(2999, 1, 1)  # the client drops the zone
    assert client.get_key(key.uid).key == key.key
    assert client.get_key(key.key).uid == key.uid
    renamed = client.update_key(key.key, {"name": "m"})
    assert (renamed.name, renamed.description) == ("m", "d")
    assert client.delete_key(key.uid) == 204
    with pytest.raises(MeilisearchApiError) as error:
        client.get_key(key.uid)
    assert (error.value.code, error.value.status_code) == ("api_key_not_found", 404)


def test_a_key_is_the_hmac_of_its_uid_under_the_master_key(server, make_key):
    uid = "6062abda-a5aa-4414-ac91-ecd7944c0f8d"
    key = make_key(uid=uid, actions=["search"])
    assert key.key == hmac.new(server.key.encode(), uid.encode(), hashlib.sha256).hexdigest()


def test_a_key_may_do_what_it_names_and_nothing_else(server, index, uid, done, make_key):
    done(index.add_documents([{"id": 1}]))
    own = meilisearch.Client(server.url, make_key(actions=["search"]).key, timeout=30)
    assert own.index(uid).search("")["hits"] == [{"id": 1}]
    for refused in (
        lambda: own.index(uid).get_documents(),
        lambda: own.index(uid).add_documents([{"id": 2}]),
        own.get_tasks,
        own.get_keys,
        own.get_version,
        own.get_all_stats,
    ):
        with pytest.raises(MeilisearchApiError) as error:
            refused()
        assert (error.value.code, error.value.status_code) == ("invalid_api_key", 403)


def test_a_key_reaches_only_its_indexes(client, server, index, uid, done, make_key):
    done(index.add_documents([{"id": 1}]))
    key = make_key(actions=["search", "documents.*", "indexes.get", "tasks.get"], indexes=[f"{uid}*"]).key
    own = meilisearch.Client(server.url, key, timeout=30)
    assert own.index(uid).get_documents().total == 1
    assert [found.uid for found in own.get_indexes()["results"]] == [uid]
    assert {task.index_uid for task in own.get_tasks().results} == {uid}
    with pytest.raises(MeilisearchApiError) as error:
        own.index("somebody-elses").search("")
    assert (error.value.code, error.value.status_code) == ("invalid_api_key", 403)


def test_a_key_without_the_right_to_make_indexes_makes_none(client, server, uid, done, make_key):
    own = meilisearch.Client(server.url, make_key(actions=["documents.add"]).key, timeout=30)
    task = done(own.index(uid).add_documents([{"id": 1}]))
    assert (task.status, task.error["code"]) == ("failed", "index_not_found")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"actions": ["doggo"], "indexes": ["*"], "expiresAt": None}, "invalid_api_key_actions"),
        ({"actions": ["search"], "indexes": ["the best"], "expiresAt": None}, "invalid_api_key_indexes"),
        ({"actions": ["search"], "indexes": ["*"], "expiresAt": "2001-01-01"}, "invalid_api_key_expires_at"),
        ({"indexes": ["*"], "expiresAt": None}, "missing_api_key_actions"),
        ({"actions": ["search"], "expiresAt": None}, "missing_api_key_indexes"),
        ({"actions": ["search"], "indexes": ["*"]}, "missing_api_key_expires_at"),
        ({"actions": [], "indexes": [], "expiresAt": None, "uid": "x"}, "invalid_api_key_uid"),
    ],
)
def test_a_bad_key_is_refused(client, options, code):
    with pytest.raises(MeilisearchApiError) as error:
        client.create_key(options)
    assert (error.value.code, error.value.status_code) == (code, 400)


def test_a_key_ends_when_it_expires(server, index, uid, done, make_key):
    done(index.add_documents([{"id": 1}]))
    moment = datetime.now(UTC) + timedelta(seconds=1)
    key = make_key(actions=["search"], expiresAt=moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")).key

    def is_refused() -> bool:
        answer = server.request("GET", f"/indexes/{uid}/search", key)
        return (answer.status_code, answer.json().get("code")) == (403, "invalid_api_key")

    assert server.request("GET", f"/indexes/{uid}/search", key).json()["hits"] == [{"id": 1}]
    wait_until(is_refused, what="the key to expire", timeout_s=10)


def test_what_a_key_may_do_cannot_be_changed(server, make_key):
    key = make_key(actions=["search"])
    for name, code in (("actions", "immutable_api_key_actions"), ("expiresAt", "immutable_api_key_expires_at")):
        answer = server.request("PATCH", f"/keys/{key.uid}", server.key, json={name: None})
        assert (answer.status_code, answer.json()["code"]) == (400, code)
