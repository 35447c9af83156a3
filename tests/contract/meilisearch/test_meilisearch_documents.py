"""Documents: every way in, every way out, and what is refused."""

from typing import Any

import pytest
from meilisearch.errors import MeilisearchApiError

PEOPLE = [
    {"id": 3, "name": "Zoë", "team": {"name": "RoboRacing", "lead": None}, "tags": ["a", "b"]},
    {"id": 1, "name": "José 🎓", "team": {"name": "Outreach", "lead": "x"}, "score": 1.5},
    {"id": 2, "name": "Ωmega", "active": True},
]


def plain(documents: list[Any]) -> list[dict[str, Any]]:
    return [vars(document) for document in documents]


def test_added_documents_come_back_as_they_were(index, done):
    task = done(index.add_documents(PEOPLE))
    assert (task.status, task.type) == ("succeeded", "documentAdditionOrUpdate")
    assert task.details == {"receivedDocuments": 3, "indexedDocuments": 3}
    page = index.get_documents()
    assert sorted(plain(page.results), key=lambda person: person["id"]) == sorted(
        PEOPLE, key=lambda person: person["id"]
    )
    assert (page.total, page.offset, page.limit) == (3, 0, 20)
    assert vars(index.get_document(2)) == {"id": 2, "name": "Ωmega", "active": True}
    assert index.get_primary_key() == "id"


def test_pages_cover_every_document_once(index, done):
    done(index.add_documents([{"id": number} for number in range(95)]))
    seen: list[int] = []
    for offset in range(0, 120, 10):
        page = index.get_documents({"offset": offset, "limit": 10})
        assert page.total == 95
        seen += [document.id for document in page.results]
    assert len(seen) == 95
    assert set(seen) == set(range(95))
    assert index.get_documents({"limit": 0}).results == []


def test_fields_select_top_level_and_nested_values(index, done):
    done(index.add_documents(PEOPLE))
    page = index.get_documents({"fields": ["id", "team.name"]})
    assert sorted(plain(page.results), key=lambda person: person["id"]) == [
        {"id": 1, "team": {"name": "Outreach"}},
        {"id": 2},
        {"id": 3, "team": {"name": "RoboRacing"}},
    ]
    assert vars(index.get_document(1, {"fields": ["name"]})) == {"name": "José 🎓"}


def test_fields_keep_every_kind_of_value(index, done):
    values = ['"\\\n\x00🎓', "", None, True, False, 0, -1.5, 2**53, 1e300, [], [1, [None]], {}, {"a": {"b": "é"}}]
    documents = [{"id": number, "value": value, "not_asked": 1} for number, value in enumerate(values)] + [{"id": 99}]
    done(index.add_documents(documents))
    page = index.get_documents({"fields": ["value", "id", "value", "nowhere"], "limit": 100})
    for document in documents:
        document.pop("not_asked", None)
    assert sorted(plain(page.results), key=lambda found: found["id"]) == documents
    assert plain(index.get_documents({"fields": ["nowhere"], "limit": 1}).results) == [{}]


def test_adding_a_document_again_replaces_it_and_a_number_and_its_text_are_the_same(index, done):
    done(index.add_documents([{"id": 1, "a": 1, "b": {"c": 1}}, {"id": 2, "a": 2}]))
    done(index.add_documents([{"id": 1, "d": 1}]))
    assert vars(index.get_document(1)) == {"id": 1, "d": 1}
    assert index.get_documents().total == 2
    task = done(index.add_documents([{"id": 17, "a": 1}, {"id": "17", "a": 2}]))
    assert task.details == {"receivedDocuments": 2, "indexedDocuments": 1}
    assert index.get_documents().total == 3
    assert vars(index.get_document("17")) == {"id": "17", "a": 2}


def test_the_primary_key_can_be_named(index, done):
    done(index.add_documents([{"iata": "ATL", "uid": 1, "id": 2}], primary_key="iata"))
    assert index.get_primary_key() == "iata"
    assert vars(index.get_document("ATL")) == {"iata": "ATL", "uid": 1, "id": 2}
    task = done(index.add_documents([{"iata": "JFK", "id": 3}], primary_key="id"))
    assert (task.status, task.error["code"]) == ("failed", "index_primary_key_already_exists")


def test_a_task_fails_with_the_documented_code(index, done):
    for document, code in (
        ({"name": "x"}, "index_primary_key_no_candidate_found"),
        ({"id": 1, "uid": 2}, "index_primary_key_multiple_candidates_found"),
        *(({"id": bad}, "invalid_document_id") for bad in ("a b", 1.5, None, "é", "", "x" * 512)),
    ):
        task = done(index.add_documents([document]))
        assert (task.status, task.error["code"], task.error["type"]) == ("failed", code, "invalid_request"), document
        assert task.details == {"receivedDocuments": 1, "indexedDocuments": 0}


def test_a_bad_payload_between_good_ones_fails_whole_and_alone(index, client, done):
    done(index.add_documents([{"id": 0}]))
    payloads = [[{"id": number}] if number != 5 else [{"id": 5}, {"id": "a b"}] for number in range(1, 11)]
    ended = [done(task) for task in [index.add_documents(payload) for payload in [*payloads, [{"id": 99}, {"a": 1}]]]]
    assert [task.status for task in ended] == ["succeeded"] * 4 + ["failed"] + ["succeeded"] * 5 + ["failed"]
    assert ended[-1].error["code"] == "missing_document_id"
    assert {document.id for document in index.get_documents().results} == set(range(11)) - {5}


def test_documents_are_deleted_one_by_one_in_batches_and_all(index, done):
    done(index.add_documents([{"id": number} for number in range(20)]))
    task = done(index.delete_document(3))
    assert task.type == "documentDeletion"
    assert (task.details["providedIds"], task.details["deletedDocuments"]) == (1, 1)
    with pytest.warns(DeprecationWarning, match="ids is depreciated"):
        task = done(index.delete_documents([4, "5", 999]))
    assert (task.details["providedIds"], task.details["deletedDocuments"]) == (3, 2)
    assert index.get_documents().total == 17
    with pytest.raises(MeilisearchApiError) as error:
        index.get_document(3)
    assert (error.value.code, error.value.status_code) == ("document_not_found", 404)
    task = done(index.delete_all_documents())
    assert task.details == {"deletedDocuments": 17}
    assert index.get_documents().total == 0
    assert index.search("").get("hits") == []


def test_writes_to_an_index_that_is_not_there(client, uid, index, done):
    for read in (index.get_documents, lambda: index.get_document(1)):
        with pytest.raises(MeilisearchApiError) as error:
            read()
        assert (error.value.code, error.value.status_code) == ("index_not_found", 404)
    for task in (index.delete_document(1), index.delete_all_documents()):
        ended = done(task)
        assert (ended.status, ended.error["code"]) == ("failed", "index_not_found")


def test_a_bad_request_is_refused_before_it_becomes_a_task(server, uid):
    for content_type, body, status, code in (
        (None, b"[]", 415, "missing_content_type"),
        ("text/plain", b"[]", 415, "invalid_content_type"),
        ("application/json", b"", 400, "missing_payload"),
        ("application/json", b"[{]", 400, "malformed_payload"),
        ("application/json", b"5", 400, "malformed_payload"),
        ("application/json", b'[{"id": 1, "a": NaN}]', 400, "malformed_payload"),
    ):
        headers = {} if content_type is None else {"Content-Type": content_type}
        answer = server.request("POST", f"/indexes/{uid}/documents", server.key, data=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
        assert answer.json()["link"] == f"https://docs.meilisearch.com/errors#{code}"


def test_what_is_no_document_never_reaches_the_index(server, client, uid, index, done):
    """Seen on 1.50.0: half a surrogate pair and a number beyond all floats are accepted and fail as tasks; what is no
    object does so, or is a 500."""
    done(index.add_documents([{"id": 0}]))
    for body in (b'[{"id": 1, "a": "\\ud800"}]', b'[{"id": 1, "a": 1e999}]', b'["x"]'):
        headers = {"Content-Type": "application/json"}
        answer = server.request("POST", f"/indexes/{uid}/documents", server.key, data=body, headers=headers)
        if body == b'["x"]' and answer.status_code == 500:
            assert answer.json()["code"] == "internal"
            continue
        assert answer.status_code == 202, body
        task = client.wait_for_task(answer.json()["taskUid"])
        assert task.status == "failed", body
    assert index.get_documents().total == 1


def test_parameters_are_checked(server, index, uid, done):
    done(index.add_documents([{"id": 1}]))
    for query, code in (
        ("limit=x", "invalid_document_limit"),
        ("offset=-1", "invalid_document_offset"),
        ("doggo=1", "bad_request"),
    ):
        answer = server.request("GET", f"/indexes/{uid}/documents?{query}", server.key)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    largest = 2**64 - 1
    answer = server.request("GET", f"/indexes/{uid}/documents?limit={largest}", server.key)
    assert (answer.status_code, answer.json()["results"]) == (200, [{"id": 1}])
    answer = server.request("POST", f"/indexes/{uid}/documents/fetch", server.key, json={"limit": largest})
    assert (answer.status_code, answer.json()["results"]) == (200, [{"id": 1}])
    answer = server.request("GET", f"/indexes/{uid}/documents?fields=id&limit=1", server.key)
    assert answer.json() == {"results": [{"id": 1}], "offset": 0, "limit": 1, "total": 1}
