"""The few requests that Scout sends to Meilisearch, none of which waits for its task."""

from __future__ import annotations

import json
from typing import TypeAlias

from harness.standins.apiary.config import AppConfig

_TIMEOUT_S = 60.0

Answer: TypeAlias = "dict[str, str | int | None]"
"""What is read of an answer: its scalar fields."""


class MeilisearchError(Exception):
    """The server refused a request, or did not answer; the text is that of the PHP client."""


class Meilisearch:
    """A client, from the standard library: `requests` takes as long to import as a command takes to run."""

    def __init__(self, config: AppConfig) -> None:
        # Imported here and below because most commands ask the search nothing.
        from urllib.request import ProxyHandler, build_opener

        self._url = config.meilisearch_host
        self._headers = {"Content-Type": "application/json"}
        if config.meilisearch_key:
            self._headers["Authorization"] = f"Bearer {config.meilisearch_key}"
        self._opener = build_opener(ProxyHandler({}))

    def add_documents(self, index: str, primary_key: str, body: bytes) -> None:
        """Enqueue an addition: `body` is a JSON array of documents, as bytes."""
        self._request("POST", f"/indexes/{index}/documents?primaryKey={primary_key}", body)

    def delete_all_documents(self, index: str) -> None:
        """Enqueue the removal of every document of an index."""
        self._request("DELETE", f"/indexes/{index}/documents")

    def update_settings(self, index: str, body: bytes) -> None:
        """Enqueue a change of an index's settings; creates the index if it is not there."""
        self._request("PATCH", f"/indexes/{index}/settings", body)

    def pending_tasks(self) -> int:
        """How many tasks are enqueued or processing; failed ones do not count."""
        return int(self._request("GET", "/tasks?statuses=enqueued,processing&limit=1").get("total") or 0)

    def create_dump(self) -> int:
        """Enqueue a dump and return its task's number."""
        return int(self._request("POST", "/dumps")["taskUid"] or 0)

    def task_status(self, task_uid: int) -> str:
        """The status of a task: enqueued, processing, succeeded, failed or canceled."""
        return str(self._request("GET", f"/tasks/{task_uid}")["status"])

    def _request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import Request

        request = Request(self._url + path, body, self._headers, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                content = response.read()
        except HTTPError as error:
            raise MeilisearchError(_api_error(error.code, error.read())) from None
        except (OSError, HTTPException, ValueError) as error:  # no answer, none of HTTP, no URL
            raise MeilisearchError(f"Meilisearch\\Exceptions\\CommunicationException: {error}") from error
        answer: Answer = json.loads(content) if content else {}
        return answer


def _api_error(status: int, content: bytes) -> str:
    try:
        error = json.loads(content)
        message = f"{error['message']} - Code: {error['code']} - Type: {error['type']} - Link: {error['link']}"
    except (ValueError, KeyError, TypeError):
        message = content.decode(errors="replace")[:200]
    return f"Meilisearch\\Exceptions\\ApiException: Http Status: {status} - Message: {message}"
