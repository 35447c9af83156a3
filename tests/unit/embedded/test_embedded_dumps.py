"""Dumps of the embedded server: what is in them, what an import brings back."""

from __future__ import annotations

import json
import tarfile

from meilisearch.errors import MeilisearchApiError

KEY = "a-master-key"
WAIT_MS = 30_000


def done(client, task):
    return client.wait_for_task(task.task_uid, timeout_in_ms=WAIT_MS, interval_in_ms=10)


def make_dump(embedded, client):
    task = done(client, client.create_dump())
    assert task.status == "succeeded"
    return embedded.dump_dir / f"{task.details['dumpUid']}.dump"


def fill(client):
    people = client.index("people")
    done(client, people.update_settings({"displayedAttributes": ["uid"], "synonyms": {"bob": ["robert"]}}))
    done(client, people.add_documents([{"uid": 1, "id": 9, "name": "Zoë 🎓"}, {"uid": 2, "id": 9}], "uid"))
    done(client, people.add_documents([{"uid": "a b"}]))
    done(client, people.delete_document(2))
    done(client, client.create_index("empty"))
    return client.create_key({"actions": ["search"], "indexes": ["people"], "expiresAt": None, "name": "k"})


def test_a_dump_has_the_layout_of_version_6(embedded):
    client = embedded.start(key=KEY)
    fill(client)
    path = make_dump(embedded, client)
    with tarfile.open(path) as archive:
        names = {name.removeprefix("./") for name in archive.getnames()}

        def read(name):
            return archive.extractfile(f"./{name}").read()

        assert {
            "metadata.json",
            "keys.jsonl",
            "tasks/queue.jsonl",
            "indexes/people/metadata.json",
            "indexes/people/settings.json",
            "indexes/people/documents.jsonl",
            "indexes/empty/documents.jsonl",
        } <= names
        metadata = json.loads(read("metadata.json"))
        assert (metadata["dumpVersion"], metadata["dbVersion"]) == ("V6", "1.8.1")
        assert read("indexes/people/documents.jsonl").decode() == '{"uid":1,"id":9,"name":"Zoë 🎓"}\n'
        assert json.loads(read("indexes/people/metadata.json"))["primaryKey"] == "uid"
        assert json.loads(read("indexes/people/settings.json")) == {
            "displayedAttributes": ["uid"],
            "synonyms": {"bob": ["robert"]},
        }
        tasks = [json.loads(line) for line in read("tasks/queue.jsonl").splitlines()]
        assert tasks[1]["type"] == {
            "documentImport": {
                "primary_key": "uid",
                "method": "ReplaceDocuments",
                "documents_count": 2,
                "allow_index_creation": True,
            }
        }
        details = {"received_documents": 2, "indexed_documents": 2}
        assert tasks[1]["details"] == {"DocumentAdditionOrUpdate": details}
        assert len(read("keys.jsonl").splitlines()) == 3


def test_an_import_brings_everything_back(embedded):
    client = embedded.start(key=KEY)
    key = fill(client)
    path = make_dump(embedded, client)
    index = client.index("people")
    before_tasks = [task.model_dump() for task in client.get_tasks({"limit": 100}).results]
    settings = index.get_settings()
    embedded.stop()
    embedded.db_path = embedded.directory / "other.ms"
    client = embedded.start("--import-dump", str(path), key=KEY)
    index = client.index("people")
    assert [vars(document) for document in index.get_documents().results] == [{"uid": 1, "id": 9, "name": "Zoë 🎓"}]
    assert index.get_settings() == settings
    assert client.get_index("empty").primary_key is None
    assert index.search("zoe")["hits"] == [{"uid": 1}]
    assert client.get_key(key.uid).key == key.key
    assert len(client.get_keys().results) == 3
    after = [task.model_dump() for task in client.get_tasks({"limit": 100}).results]
    assert after[1:] == before_tasks[1:]
    assert (after[0]["uid"], after[0]["type"], after[0]["status"]) == (
        before_tasks[0]["uid"],
        "dumpCreation",
        "succeeded",
    )
    assert index.add_documents([{"uid": 3}]).task_uid == len(after)


def test_tasks_that_wait_are_in_the_dump_and_run_after_the_import(embedded):
    """A dump goes before what was enqueued first, as on the real server."""
    client = embedded.start()
    index = client.index("people")
    done(client, index.add_documents([{"id": 0}]))
    waiting = [
        index.add_documents([{"id": n * 5000 + m + 1, "name": f"robot {m}"} for m in range(5000)]) for n in range(4)
    ]
    path = make_dump(embedded, client)
    embedded.kill()
    embedded.db_path = embedded.directory / "other.ms"
    client = embedded.start("--import-dump", str(path))
    for task in waiting:
        assert done(client, task).status == "succeeded"
    assert client.index("people").get_stats().number_of_documents == 20_001


def test_what_an_import_refuses(embedded):
    client = embedded.start()
    done(client, client.index("people").add_documents([{"id": 1}]))
    path = make_dump(embedded, client)
    embedded.stop()
    said = embedded.refusal("--import-dump", str(path))
    assert said == f'Error: database already exists at "{embedded.db_path}", try to delete it or rename it\n'
    client = embedded.start("--import-dump", str(path), "--ignore-dump-if-db-exists")
    assert client.index("people").get_stats().number_of_documents == 1
    embedded.stop()

    embedded.db_path = embedded.directory / "other.ms"
    assert embedded.refusal("--import-dump", "/no/such.dump") == ('Error: dump doesn\'t exist at "/no/such.dump"\n')
    broken = embedded.directory / "broken.dump"
    broken.write_bytes(path.read_bytes()[:-20])
    said = embedded.refusal("--import-dump", str(broken))
    assert said.startswith(f"Error: {broken}: not a readable dump: ")
    assert list(embedded.db_path.iterdir()) == []
    leaves = embedded.directory / "leaves.dump"
    with tarfile.open(leaves, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("./../left"))
    said = embedded.refusal("--import-dump", str(leaves))
    assert said == f"Error: {leaves}: not a readable dump: './../left' is no file of a dump\n"
    assert list(embedded.db_path.iterdir()) == []
    client = embedded.start("--import-dump", "/no/such.dump", "--ignore-missing-dump")
    assert client.get_indexes()["results"] == []


def test_a_dump_of_another_master_key_makes_other_keys(embedded):
    client = embedded.start(key=KEY)
    key = fill(client)
    path = make_dump(embedded, client)
    embedded.stop()
    embedded.db_path = embedded.directory / "other.ms"
    client = embedded.start("--import-dump", str(path), key="another-master-key")
    assert client.get_key(key.uid).key != key.key
    try:
        client.get_key(key.key)
    except MeilisearchApiError as error:
        code = error.code
    assert code == "api_key_not_found"
