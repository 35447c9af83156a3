"""The few requests that Scout sends to Meilisearch, none of which waits for its task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from harness.standins.apiary.config import AppConfig

if TYPE_CHECKING:
    import requests

_TIMEOUT_S = 60.0

Answer: TypeAlias = "dict[str, str | int | None]"
"""What is read of an answer: its scalar fields."""


class MeilisearchError(Exception):
    """The server refused a request, or did not answer; the text is that of the PHP client."""


class Meilisearch:
    """A client with one kept-alive connection; use it as a context manager."""

    def __init__(self, config: AppConfig) -> None:
        import requests  # 0.1 s, which every command that does not search would pay for

        self._unreachable: type[Exception] = requests.RequestException
        self._url = config.meilisearch_host
        self._session = requests.Session()
        self._session.trust_env = False
        if config.meilisearch_key:
            self._session.headers["Authorization"] = f"Bearer {config.meilisearch_key}"

    def __enter__(self) -> Meilisearch:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

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

    def healthy(self) -> bool:
        """Whether `/health` answers 200 within a second."""
        try:
            return self._session.get(f"{self._url}/health", timeout=1.0).status_code == 200
        except self._unreachable:
            return False

    def _request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        headers: Mapping[str, str] = {"Content-Type": "application/json"} if body is not None else {}
        try:
            response = self._session.request(method, self._url + path, data=body, headers=headers, timeout=_TIMEOUT_S)
        except self._unreachable as error:
            raise MeilisearchError(f"Meilisearch\\Exceptions\\CommunicationException: {error}") from error
        if not response.ok:
            raise MeilisearchError(_api_error(response))
        answer: Answer = response.json() if response.content else {}
        return answer


def _api_error(response: requests.Response) -> str:
    try:
        error = response.json()
        message = f"{error['message']} - Code: {error['code']} - Type: {error['type']} - Link: {error['link']}"
    except (ValueError, KeyError, TypeError):
        message = response.text[:200]
    return f"Meilisearch\\Exceptions\\ApiException: Http Status: {response.status_code} - Message: {message}"
