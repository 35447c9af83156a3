"""Tasks: their fields, their filters, canceling and deleting."""

from __future__ import annotations

import pytest
from meilisearch.errors import MeilisearchApiError


def test_a_task_is_acknowledged_then_shown(server, client, index, uid, done):
    info = index.add_documents([{"id": 1}])
    assert (info.index_uid, info.status, info.type) == (uid, "enqueued", "documentAdditionOrUpdate")
    done(info)
    task = server.request("GET", f"/tasks/{info.task_uid}", server.key).json()
    assert {"uid", "indexUid", "status", "type", "canceledBy", "details", "error", "duration"} <= set(task)
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
    assert found(afterEnqueuedAt="2999-01-01") == []
    assert found(beforeEnqueuedAt="2999-01-01T00:00:00Z") == uids


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"statuses": "doggo"}, "invalid_task_statuses"),
        ({"types": "doggo"}, "invalid_task_types"),
        ({"uids": "doggo"}, "invalid_task_uids"),
        ({"limit": "doggo"}, "invalid_task_limit"),
        ({"from": "doggo"}, "invalid_task_from"),
        ({"canceledBy": "doggo"}, "invalid_task_canceled_by"),
        ({"afterEnqueuedAt": "doggo"}, "invalid_task_after_enqueued_at"),
        ({"indexUids": "the best doggo"}, "invalid_index_uid"),
        ({"doggo": "1"}, "bad_request"),
    ],
)
def test_bad_filters_are_refused(client, parameters, code):
    with pytest.raises(MeilisearchApiError) as error:
        client.get_tasks(parameters)
    assert (error.value.code, error.value.status_code) == (code, 400)


def test_a_task_that_is_not_there(client):
    with pytest.raises(MeilisearchApiError) as error:
        client.get_task(4_000_000_000)
    assert (error.value.code, error.value.status_code) == ("task_not_found", 404)


def test_canceling_ends_what_has_not_been_processed(client, index, uid, done):
    done(index.add_documents([{"id": 0}]))
    waiting = [index.update_stop_words([f"word{number}"]) for number in range(200)]
    cancelation = done(client.cancel_tasks({"indexUids": [uid]}))
    assert (cancelation.status, cancelation.type, cancelation.index_uid) == ("succeeded", "taskCancelation", None)
    ended = [done(task) for task in waiting]
    canceled = [task for task in ended if task.status == "canceled"]
    assert {task.status for task in ended} <= {"canceled", "succeeded"}
    assert len(canceled) == cancelation.details["canceledTasks"] <= cancelation.details["matchedTasks"]
    assert all(task.canceled_by == cancelation.uid for task in canceled)
    assert cancelation.details["originalFilter"] == f"?indexUids={uid}"


def test_finished_tasks_can_be_deleted(client, index, uid, done):
    done(index.add_documents([{"id": 1}]))
    deletion = done(client.delete_tasks({"indexUids": [uid]}))
    assert (deletion.status, deletion.type) == ("succeeded", "taskDeletion")
    assert (deletion.details["matchedTasks"], deletion.details["deletedTasks"]) == (1, 1)
    assert index.get_tasks().total == 0


@pytest.mark.parametrize(("method", "path"), [("POST", "/tasks/cancel"), ("DELETE", "/tasks")])
def test_canceling_and_deleting_need_a_filter(server, method, path):
    answer = server.request(method, path, server.key)
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_task_filters")
