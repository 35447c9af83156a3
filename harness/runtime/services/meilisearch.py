"""A Meilisearch server, read through its official client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import meilisearch
import requests
from meilisearch.errors import MeilisearchApiError, MeilisearchCommunicationError, MeilisearchError

from harness.base.errors import ServerFailed
from harness.base.model import IdSet, IndexState, SearchState, SearchTask

PAGE_DOCUMENTS = 10_000
"""Documents asked for at once; only their ids travel."""

REQUEST_TIMEOUT_S = 120

UNAPPLIED_HEADER = "X-Embedded-Unapplied-Settings"
"""Sent by the embedded server only (docs/embedded.md)."""

EMBEDDED_COMMIT = "embedded"
"""What the embedded server says in place of a `commitSha`."""

EMBEDDED_HEADER = "X-Embedded-Meilisearch"
"""In every answer of the embedded server, with its version; no other server sends it."""

_PAGE_INDEXES = 100
_PENDING = "enqueued,processing"
_BAD = "failed,canceled"


def id_of(value: object) -> int | str:
    """A document's id as it is compared: the server takes 7 and "7" for the same one."""
    text = str(value)
    return int(text) if text.isdecimal() else text


@dataclass(frozen=True, slots=True)
class SearchIdentity:
    """What a search server says of itself: its version, and whether it is the embedded one."""

    version: str
    embedded: bool


@dataclass(frozen=True, slots=True)
class MeilisearchServer:
    """A running server: `url` for the harness, `inner_url` for the app, `key` its master key."""

    url: str
    inner_url: str
    key: str

    def __repr__(self) -> str:
        return f"MeilisearchServer(url={self.url!r})"

    def client(self) -> meilisearch.Client:
        """The official client, with the master key."""
        return meilisearch.Client(self.url, self.key, timeout=REQUEST_TIMEOUT_S)

    def healthy(self) -> bool:
        """Whether `/health` answers as it should."""
        return self.client().is_healthy()

    def version(self) -> str:
        """The server's own version; asking for it proves the key, too."""
        return self.identity().version

    def identity(self) -> SearchIdentity:
        """What this server is, by its own word; whatever the program or the image was called.

        Raises:
            ServerFailed: it does not answer, refuses the key, or answers as no Meilisearch does.
        """
        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            answer = requests.get(f"{self.url}/version", headers=headers, timeout=REQUEST_TIMEOUT_S)
            answer.raise_for_status()
            body = answer.json()
            version, commit = str(body["pkgVersion"]), str(body["commitSha"])
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise ServerFailed(
                f"the server at {self.url} does not report its version as Meilisearch does: {type(error).__name__}"
            ) from error
        return SearchIdentity(version, EMBEDDED_HEADER in answer.headers or commit == EMBEDDED_COMMIT)

    def pending_tasks(self) -> int:
        """How many tasks are enqueued or being processed."""
        return int(self._ask(lambda client: client.get_tasks({"statuses": _PENDING, "limit": 1}).total))

    def tasks(self) -> int:
        """How many tasks there have been, whatever became of them."""
        return int(self._ask(lambda client: client.get_tasks({"limit": 1}).total))

    def state(self, ids: Callable[[str, str | None], IdSet] | None = None) -> SearchState:
        """Indexes with the ids of all their documents, settings, and every task that did not succeed.

        Args:
            ids: reads the ids of an index with this primary key; `ids` of this server unless given.

        Raises:
            ServerFailed: the server does not answer, or refuses the key.
        """
        state: SearchState = self._ask(lambda client: self._state(client, ids or self.ids))
        return state

    def search(self, index: str, query: str, *, limit: int) -> tuple[str, ...]:
        """Ids of the hits of a search, best first.

        Raises:
            ServerFailed: the index is not there, or the search was refused.
        """
        primary_key = self._ask(lambda client: client.get_index(index).primary_key) or "id"
        answer = self._ask(
            lambda client: client.index(index).search(query, {"limit": limit, "attributesToRetrieve": [primary_key]})
        )
        return tuple(str(hit[primary_key]) for hit in answer["hits"])

    def documents(self, index: str, fields: Sequence[str], *, limit: int) -> Iterator[list[dict[str, Any]]]:
        """All documents of an index, in pages of `limit`, with these fields only.

        Raises:
            ServerFailed: the index is not there, or the server does not answer.
        """
        offset = 0
        while True:
            wanted = f"indexes/{index}/documents?fields={','.join(fields)}&limit={limit}&offset={offset}"
            page = self._ask(lambda client: client.http.get(wanted))  # noqa: B023 - asked at once
            if page["results"]:
                yield page["results"]
            offset += limit
            if offset >= page["total"]:
                return

    def ids(self, index: str, primary_key: str | None) -> IdSet:
        """Ids of all documents of an index. Raises ServerFailed."""
        found: IdSet = self._ask(lambda client: self._ids(client, index, primary_key))
        return found

    def document(self, index: str, key: str) -> dict[str, Any]:
        """One document as it is stored. Raises ServerFailed."""
        found: dict[str, Any] = self._ask(lambda client: client.http.get(f"indexes/{index}/documents/{key}"))
        return found

    def delete_document(self, index: str, key: str, *, timeout_s: float) -> None:
        """Delete a document and wait until it is done. Raises ServerFailed."""
        self._done(lambda client: client.index(index).delete_document(key), timeout_s)

    def put_document(self, index: str, document: dict[str, Any], *, timeout_s: float) -> None:
        """Add or replace a document and wait until it is done. Raises ServerFailed."""
        self._done(lambda client: client.index(index).add_documents([document]), timeout_s)

    def _done(self, change: Callable[[meilisearch.Client], Any], timeout_s: float) -> None:
        def wait(client: meilisearch.Client) -> str:
            task = client.wait_for_task(change(client).task_uid, timeout_in_ms=int(timeout_s * 1000))
            return str(task.status)

        if (status := self._ask(wait)) != "succeeded":
            raise ServerFailed(f"Meilisearch at {self.url} finished a task as {status}")

    def _ask(self, question: Any) -> Any:
        try:
            return question(self.client())
        except MeilisearchApiError as error:
            raise ServerFailed(
                f"Meilisearch at {self.url} refused a request: {error.code or error.status_code}"
            ) from error
        except (MeilisearchCommunicationError, MeilisearchError, requests.RequestException) as error:
            raise ServerFailed(f"Meilisearch at {self.url} does not answer: {type(error).__name__}") from error

    def _state(self, client: meilisearch.Client, ids: Callable[[str, str | None], IdSet]) -> SearchState:
        indexes = []
        for raw in self._indexes(client):
            uid, primary_key = str(raw["uid"]), raw["primaryKey"]
            stats = client.index(uid).get_stats()
            settings = client.index(uid).get_settings()
            indexes.append(
                IndexState(
                    name=uid,
                    primary_key=primary_key,
                    documents=int(stats.number_of_documents),
                    ids=ids(uid, primary_key),
                    settings=tuple(
                        sorted((name, json.dumps(value, sort_keys=True)) for name, value in settings.items())
                    ),
                )
            )
        return SearchState(
            indexes=tuple(sorted(indexes, key=lambda index: index.name)),
            bad_tasks=tuple(self._bad_tasks(client)),
            tasks=int(client.get_tasks({"limit": 1}).total),
            not_applied=tuple(sorted({name for index in indexes for name in self._not_applied(index.name)})),
        )

    def _not_applied(self, uid: str) -> list[str]:
        """Settings of an index that the embedded server stores without effect, as its answer's header says."""
        answer = requests.get(
            f"{self.url}/indexes/{uid}/settings",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=REQUEST_TIMEOUT_S,
        )
        return [name.strip() for name in answer.headers.get(UNAPPLIED_HEADER, "").split(",") if name.strip()]

    @staticmethod
    def _indexes(client: meilisearch.Client) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            page: Any = client.get_raw_indexes({"offset": offset, "limit": _PAGE_INDEXES})
            results = page["results"]
            yield from results
            offset += len(results)
            if offset >= page["total"] or not results:
                return

    @staticmethod
    def _ids(client: meilisearch.Client, uid: str, primary_key: str | None) -> IdSet:
        def pages() -> Iterator[int | str]:
            offset = 0
            while primary_key is not None:
                page = client.http.get(
                    f"indexes/{uid}/documents?fields={primary_key}&limit={PAGE_DOCUMENTS}&offset={offset}"
                )
                for document in page["results"]:
                    yield id_of(document.get(primary_key, ""))
                offset += len(page["results"])
                if offset >= page["total"] or not page["results"]:
                    return

        return IdSet.of(pages())

    @staticmethod
    def _bad_tasks(client: meilisearch.Client) -> Iterator[SearchTask]:
        query: dict[str, Any] = {"statuses": _BAD, "limit": 1000}
        while True:
            page = client.get_tasks(query)
            for task in page.results:
                error = task.error or {}
                yield SearchTask(
                    uid=task.uid,
                    index=task.index_uid or "",
                    status=task.status,
                    kind=task.type,
                    error=str(error.get("code", "")),
                )
            if page.next_ is None:
                return
            query["from"] = page.next_
