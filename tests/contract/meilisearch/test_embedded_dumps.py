"""Dumps of the embedded server: what is in them, what an import brings back, and what it refuses."""

import io
import json
import signal
import tarfile
from pathlib import Path

import meilisearch
import pytest

from harness.standins.meilisearch.__main__ import main
from harness.standins.meilisearch.settings import defaults
from tests.contract.meilisearch.servers import EmbeddedServer
from tests.contract.meilisearch.test_embedded_process import done


def fill(client: meilisearch.Client) -> None:
    people = client.index("people")
    done(client, people.update_settings({"displayedAttributes": ["uid"], "synonyms": {"bob": ["robert"]}}))
    done(client, people.add_documents([{"uid": 1, "id": 9, "name": "Zoë 🎓"}, {"uid": 2, "id": 9}], "uid"))
    done(client, people.delete_document(2))
    done(client, client.create_index("empty"))


def make_dump(embedded: EmbeddedServer, client: meilisearch.Client) -> Path:
    task = done(client, client.create_dump())
    assert task.status == "succeeded"
    return embedded.dump_dir / f"{task.details['dumpUid']}.dump"  # type: ignore[call-overload, index]


def test_a_dump_has_the_layout_of_version_6_and_an_import_brings_it_back(embedded: EmbeddedServer) -> None:
    client = embedded.start()
    fill(client)
    late = client.index("people").add_documents([{"uid": 3, "id": 9}])
    path = make_dump(embedded, client)  # what was enqueued before it is in it
    assert client.get_task(late.task_uid).status == "succeeded"
    settings = client.index("people").get_settings()
    with tarfile.open(path) as archive:
        names = {name.removeprefix("./") for name in archive.getnames()}

        def read(name: str) -> bytes:
            file = archive.extractfile(f"./{name}")
            assert file is not None
            return file.read()

        assert {"keys.jsonl", "tasks/queue.jsonl", "indexes/empty/documents.jsonl"} <= names
        metadata = json.loads(read("metadata.json"))
        assert (metadata["dumpVersion"], metadata["dbVersion"]) == ("V6", "1.8.1")
        documents = '{"uid":1,"id":9,"name":"Zoë 🎓"}\n{"uid":3,"id":9}\n'
        assert read("indexes/people/documents.jsonl").decode() == documents
        assert json.loads(read("indexes/people/metadata.json"))["primaryKey"] == "uid"
        # every setting is written: a server with other defaults does not put its own in
        assert json.loads(read("indexes/people/settings.json")) == settings
        assert json.loads(read("indexes/empty/settings.json")) == defaults()
    embedded.stop()
    embedded.db_path = embedded.directory / "other.ms"
    client = embedded.start("--import-dump", str(path))
    index = client.index("people")
    assert [document.uid for document in index.get_documents().results] == [1, 3]
    assert index.get_settings() == settings
    assert client.get_index("empty").primary_key is None
    assert index.search("zoe")["hits"] == [{"uid": 1}]
    assert client.get_tasks().total == 0


def test_a_dump_of_a_newer_server_is_imported(embedded: EmbeddedServer) -> None:
    """With what a real one has in it: keys, tasks, batches, features, and settings that nobody knew before."""
    index = {"uid": "events", "primaryKey": "id", "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-02T00:00Z"}
    settings = {"rankingRules": ["words", "sort"], "foreignKeys": [], "filterableAttributes": ["team_id"]}
    tasks = [
        {"uid": 1, "status": "enqueued", "type": {"dumpCreation": {"keys": [], "instance_uid": None}}},
        {"uid": 0, "status": "succeeded", "type": "indexDeletion"},
    ]
    files = {
        "metadata.json": {"dumpVersion": "V6", "dbVersion": "1.50.0", "dumpDate": "2026-01-02T00:00:00Z"},
        "experimental-features.json": {"metrics": False},
        "indexes/events/metadata.json": index,
        "indexes/events/settings.json": settings,
        "indexes/events/documents.jsonl": {"id": 1, "name": "General meeting"},
        "keys.jsonl": {"uid": "23f42328-1f9f-4a44-850e-b9bbfadbd518", "actions": ["search"]},
    }
    contents = {name: json.dumps(value).encode() for name, value in files.items()}
    contents["tasks/queue.jsonl"] = b"\n".join(json.dumps(task).encode() for task in tasks)
    path = embedded.directory / "real.dump"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    client = embedded.start("--import-dump", str(path))
    assert client.index("events").get_settings() == defaults() | settings
    assert [hit["id"] for hit in client.index("events").search("meeting")["hits"]] == [1]


def test_what_an_import_refuses(
    embedded: EmbeddedServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the refusals run in this process, which keeps its own
    client = embedded.start()
    done(client, client.index("people").add_documents([{"id": 1}]))
    path = make_dump(embedded, client)
    embedded.stop()

    def refusal(dump: Path | str) -> str:
        assert main(embedded.command("--import-dump", str(dump))[3:]) == 1
        return capsys.readouterr().err

    expected = f'Error: database already exists at "{embedded.db_path}", try to delete it or rename it\n'
    assert refusal(path) == expected
    client = embedded.start("--import-dump", str(path), "--ignore-dump-if-db-exists")
    assert client.index("people").get_stats().number_of_documents == 1
    embedded.stop()

    embedded.db_path = embedded.directory / "other.ms"
    assert refusal("/no/such.dump") == 'Error: dump doesn\'t exist at "/no/such.dump"\n'
    broken = embedded.directory / "broken.dump"
    broken.write_bytes(path.read_bytes()[:-20])
    assert refusal(broken).startswith(f"Error: {broken}: not a readable dump: ")
    assert list(embedded.db_path.iterdir()) == []
    leaves = embedded.directory / "leaves.dump"
    with tarfile.open(leaves, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("./../left"))
    assert refusal(leaves) == f"Error: {leaves}: not a readable dump: './../left' is not a file of a dump\n"
    assert list(embedded.db_path.iterdir()) == []
    client = embedded.start("--import-dump", "/no/such.dump", "--ignore-missing-dump")
    assert client.get_indexes()["results"] == []
