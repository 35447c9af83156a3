"""Tasks: their fields and their filters."""

import pytest
from meilisearch.errors import MeilisearchApiError


def test_a_task_is_acknowledged_then_shown(server, client, index, uid, done):
    info = index.add_documents([{"id": 1}])
    assert (info.index_uid, info.status, info.type) == (uid, "enqueued", "documentAdditionOrUpdate")
    done(info)
    task = server.request("GET", f"/tasks/{info.task_uid}", server.key).json()
    assert {"uid", "batchUid", "indexUid", "status", "type", "canceledBy", "details", "error", "duration"} <= set(task)
    assert (task["uid"], task["indexUid"], task["status"]) == (info.task_uid, uid, "succeeded")
    assert (task["canceledBy"], task["error"]) == (None, None)
    assert task["duration"].startswith("PT")
    assert task["duration"].endswith("S")
    assert task["enqueuedAt"] <= task["startedAt"] <= task["finishedAt"]


def test_the_list_is_newest_first_and_filtered(client, index, uid, done):
    done(index.add_documents([{"id": 1}]))
    done(index.add_documents([{"id": "a b"}]))
    done(index.update_stop_words(["x"]))
    own = index.get_tasks()
    assert [task.type for task in own.results] == ["settingsUpdate"] + ["documentAdditionOrUpdate"] * 2
    assert own.total == 3
    uids = [task.uid for task in own.results]
    assert uids == sorted(uids, reverse=True)

    def found(**filters):
        return [task.uid for task in client.get_tasks({"indexUids": [uid], **filters}).results]

    assert found(statuses=["failed"]) == [uids[1]]
    assert found(statuses=["succeeded", "failed"]) == uids
    assert found(statuses=["enqueued", "processing"]) == []
    assert found(types=["settingsUpdate"]) == [uids[0]]
    assert found(uids=[str(uids[2]), str(uids[0])]) == [uids[0], uids[2]]
    assert found(**{"from": uids[1]}) == uids[1:]
    page = client.get_tasks({"indexUids": [uid], "limit": 2})
    assert (page.limit, page.from_, page.next_, page.total) == (2, uids[0], uids[2], 3)


def test_bad_filters_are_refused(client):
    for name, value, code in (
        ("statuses", "doggo", "invalid_task_statuses"),
        ("types", "doggo", "invalid_task_types"),
        ("uids", "doggo", "invalid_task_uids"),
        ("limit", "doggo", "invalid_task_limit"),
        ("from", "doggo", "invalid_task_from"),
        ("indexUids", "the best doggo", "invalid_index_uid"),
        ("doggo", "1", "bad_request"),
    ):
        with pytest.raises(MeilisearchApiError) as error:
            client.get_tasks({name: value})
        assert (error.value.code, error.value.status_code) == (code, 400), name


def test_a_task_that_is_not_there(client):
    with pytest.raises(MeilisearchApiError) as error:
        client.get_task(4_000_000_000)
    assert (error.value.code, error.value.status_code) == ("task_not_found", 404)
