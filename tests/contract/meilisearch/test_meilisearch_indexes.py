"""Indexes, their statistics, and the server's own routes."""

import uuid

import pytest
from meilisearch.errors import MeilisearchApiError


def test_the_server_is_available_and_names_its_package_and_commit(client):
    assert client.health() == {"status": "available"}
    assert client.is_healthy()
    version = client.get_version()
    assert {"pkgVersion", "commitSha", "commitDate"} <= set(version)
    assert version["pkgVersion"].split(".")[0] == "1"


def test_an_index_is_created_shown_listed_and_deleted(client, uid, done):
    task = done(client.create_index(uid, {"primaryKey": "iata"}))
    assert (task.status, task.type, task.index_uid) == ("succeeded", "indexCreation", uid)
    assert task.details == {"primaryKey": "iata"}
    found = client.get_index(uid)
    assert (found.uid, found.primary_key) == (uid, "iata")
    assert found.created_at <= found.updated_at
    assert uid in {index.uid for index in client.get_indexes({"limit": 1000})["results"]}
    task = done(client.delete_index(uid))
    assert (task.status, task.type) == ("succeeded", "indexDeletion")
    assert task.details == {"deletedDocuments": 0}
    with pytest.raises(MeilisearchApiError) as error:
        client.get_index(uid)
    assert (error.value.code, error.value.status_code) == ("index_not_found", 404)


def test_an_index_cannot_be_deleted_before_it_is_there_or_created_twice(client, uid, done):
    task = done(client.delete_index(uid))
    assert (task.status, task.error["code"]) == ("failed", "index_not_found")
    done(client.create_index(uid))
    task = done(client.create_index(uid))
    assert (task.status, task.error["code"]) == ("failed", "index_already_exists")
    with pytest.raises(MeilisearchApiError) as error:
        client.create_index("the best doggo")
    assert (error.value.code, error.value.status_code) == ("invalid_index_uid", 400)
    page = client.get_indexes({"limit": 1, "offset": 0})
    assert (len(page["results"]), page["limit"], page["offset"]) == (1, 1, 0)
    assert page["total"] >= 1


def test_documents_make_their_index(index, uid, client, done):
    done(index.add_documents([{"id": 1}]))
    assert client.get_index(uid).primary_key == "id"


def test_statistics_count_documents_and_fields(client, uid, index, done):
    done(index.add_documents([{"id": 1, "a": 1}, {"id": 2, "b": None}]))
    done(index.add_documents([{"id": 1, "c": 1}]))
    stats = index.get_stats()
    assert (stats.number_of_documents, stats.is_indexing) == (2, False)
    assert dict(client.get_all_stats()["indexes"][uid]["fieldDistribution"]) == {"id": 2, "b": 1, "c": 1}
    assert client.get_all_stats()["databaseSize"] > 0
    done(index.delete_document(2))
    assert client.get_all_stats()["indexes"][uid]["fieldDistribution"] == {"id": 1, "c": 1}


def test_unknown_fields_in_a_body_are_refused(server):
    body = {"uid": f"contract-{uuid.uuid4()}", "doggo": 1}
    answer = server.request("POST", "/indexes", server.key, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    answer = server.request("POST", "/indexes", server.key, json={})
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_index_uid")


def test_a_dump_is_a_task_that_names_its_file(client, done):
    task = done(client.create_dump())
    assert (task.status, task.type, task.index_uid) == ("succeeded", "dumpCreation", None)
    assert len(task.details["dumpUid"]) >= len("20260101-120000000")
