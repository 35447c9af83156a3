"""Documents: every way in, every way out, and what is refused."""

from __future__ import annotations

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


def test_post_replaces_a_document_and_put_merges_into_it(index, done):
    done(index.add_documents([{"id": 1, "a": 1, "b": {"c": 1}}, {"id": 2, "a": 2}]))
    done(index.add_documents([{"id": 1, "d": 1}]))
    assert vars(index.get_document(1)) == {"id": 1, "d": 1}
    done(index.update_documents([{"id": 1, "a": 5, "b": {"e": 1}}, {"id": 3, "a": 3}]))
    assert vars(index.get_document(1)) == {"id": 1, "d": 1, "a": 5, "b": {"e": 1}}
    assert vars(index.get_document(3)) == {"id": 3, "a": 3}
    assert index.get_documents().total == 3


def test_a_number_and_its_text_are_the_same_identifier(index, done):
    done(index.add_documents([{"id": 17, "a": 1}, {"id": "17", "a": 2}]))
    assert index.get_documents().total == 1
    assert vars(index.get_document("17")) == {"id": "17", "a": 2}


def test_the_primary_key_can_be_named(index, done):
    done(index.add_documents([{"iata": "ATL", "uid": 1, "id": 2}], primary_key="iata"))
    assert index.get_primary_key() == "iata"
    assert vars(index.get_document("ATL")) == {"iata": "ATL", "uid": 1, "id": 2}
    task = done(index.add_documents([{"iata": "JFK", "id": 3}], primary_key="id"))
    assert (task.status, task.error["code"]) == ("failed", "index_primary_key_already_exists")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"name": "x"}, "index_primary_key_no_candidate_found"),
        ({"id": 1, "uid": 2}, "index_primary_key_multiple_candidates_found"),
        ({"id": "a b"}, "invalid_document_id"),
        ({"id": 1.5}, "invalid_document_id"),
        ({"id": None}, "invalid_document_id"),
        ({"id": "é"}, "invalid_document_id"),
        ({"id": ""}, "invalid_document_id"),
        ({"id": "x" * 512}, "invalid_document_id"),
    ],
)
def test_a_task_fails_with_the_documented_code(index, done, document, code):
    task = done(index.add_documents([document]))
    assert task.status == "failed"
    assert (task.error["code"], task.error["type"]) == (code, "invalid_request")
    assert task.details == {"receivedDocuments": 1, "indexedDocuments": 0}


def test_a_document_without_its_identifier_fails_its_whole_payload(index, done):
    done(index.add_documents([{"id": 1}]))
    task = done(index.add_documents([{"id": 2}, {"name": "x"}]))
    assert (task.status, task.error["code"]) == ("failed", "missing_document_id")
    assert index.get_documents().total == 1


def test_a_bad_payload_between_good_ones_fails_alone(index, client, done):
    done(index.add_documents([{"id": 0}]))
    tasks = [
        index.add_documents([{"id": number}] if number != 5 else [{"id": 5}, {"id": "a b"}]) for number in range(1, 11)
    ]
    statuses = [done(task).status for task in tasks]
    assert statuses == ["succeeded"] * 4 + ["failed"] + ["succeeded"] * 5
    assert {document.id for document in index.get_documents().results} == set(range(11)) - {5}


def test_ndjson_and_csv_are_read(index, done):
    done(index.add_documents_ndjson(b'{"id":1,"a":"x"}\n{"id":2,"a":null}\n'))
    done(index.add_documents_csv(b'id,a,n:number,b:boolean\n3,"x, ""y""",1.5,true\n4,,,\n'))
    done(index.add_documents_csv(b"id;a\n5;z\n", csv_delimiter=";"))
    found = {str(document.id): vars(document) for document in index.get_documents().results}
    assert found["2"] == {"id": 2, "a": None}
    assert found["3"] == {"id": "3", "a": 'x, "y"', "n": 1.5, "b": True}
    assert found["4"] == {"id": "4", "a": "", "n": None, "b": None}
    assert found["5"] == {"id": "5", "a": "z"}


def test_documents_are_deleted_one_by_one_in_batches_by_filter_and_all(index, done):
    done(index.update_filterable_attributes(["kind"]))
    done(index.add_documents([{"id": number, "kind": "odd" if number % 2 else "even"} for number in range(20)]))
    task = done(index.delete_document(3))
    assert task.type == "documentDeletion"
    assert (task.details["providedIds"], task.details["deletedDocuments"]) == (1, 1)
    with pytest.warns(DeprecationWarning, match="ids is depreciated"):
        task = done(index.delete_documents([4, "5", 999]))
    assert (task.details["providedIds"], task.details["deletedDocuments"]) == (3, 2)
    task = done(index.delete_documents(filter="kind = odd"))
    assert task.details["deletedDocuments"] == 8
    assert index.get_documents().total == 9
    with pytest.raises(MeilisearchApiError) as error:
        index.get_document(3)
    assert (error.value.code, error.value.status_code) == ("document_not_found", 404)
    task = done(index.delete_all_documents())
    assert task.details["deletedDocuments"] == 9
    assert index.get_documents().total == 0
    assert index.search("").get("hits") == []


def test_documents_can_be_listed_with_a_filter(index, done):
    done(index.update_filterable_attributes(["kind"]))
    done(index.add_documents([{"id": number, "kind": number % 3} for number in range(30)]))
    page = index.get_documents({"filter": "kind = 1", "limit": 4, "offset": 2})
    assert (page.total, len(page.results)) == (10, 4)
    assert all(document.kind == 1 for document in page.results)
    with pytest.raises(MeilisearchApiError) as error:
        index.get_documents({"filter": "id = 1"})
    assert (error.value.code, error.value.status_code) == ("invalid_document_filter", 400)


def test_writes_to_an_index_that_is_not_there(client, uid, index, done):
    for read in (index.get_documents, lambda: index.get_document(1)):
        with pytest.raises(MeilisearchApiError) as error:
            read()
        assert (error.value.code, error.value.status_code) == ("index_not_found", 404)
    for task in (index.delete_document(1), index.delete_all_documents()):
        ended = done(task)
        assert (ended.status, ended.error["code"]) == ("failed", "index_not_found")


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        (None, b"[]", 415, "missing_content_type"),
        ("text/plain", b"[]", 415, "invalid_content_type"),
        ("application/json", b"", 400, "missing_payload"),
        ("application/json", b"[{]", 400, "malformed_payload"),
        ("application/json", b'["x"]', 400, "malformed_payload"),
        ("application/json", b'[{"id": 1, "a": NaN}]', 400, "malformed_payload"),
        ("application/json", b'[{"id": 1, "a": "\\ud800"}]', 400, "malformed_payload"),
        ("application/x-ndjson", b'{"id":1}\n{', 400, "malformed_payload"),
        ("text/csv", b"id,a\n1,2,3\n", 400, "malformed_payload"),
        ("text/csv", b"id,a:number\n1,x\n", 400, "malformed_payload"),
    ],
)
def test_a_bad_request_is_refused_before_it_becomes_a_task(server, uid, content_type, body, status, code):
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = server.request("POST", f"/indexes/{uid}/documents", server.key, data=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["link"] == f"https://docs.meilisearch.com/errors#{code}"


def test_parameters_are_checked(server, index, uid, done):
    done(index.add_documents([{"id": 1}]))
    for query, code in (
        ("limit=x", "invalid_document_limit"),
        ("offset=-1", "invalid_document_offset"),
        ("doggo=1", "bad_request"),
    ):
        answer = server.request("GET", f"/indexes/{uid}/documents?{query}", server.key)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    answer = server.request("GET", f"/indexes/{uid}/documents?fields=id&limit=1", server.key)
    assert answer.json() == {"results": [{"id": 1}], "offset": 0, "limit": 1, "total": 1}
