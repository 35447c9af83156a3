"""The documented error codes: HTTP status, type and link of each one that this server answers with.

Source: Meilisearch's error code reference, and `make_error_codes!` in its `meilisearch-types` crate.
"""

from __future__ import annotations

from typing import Any

_AUTH = {"missing_authorization_header": 401, "missing_master_key": 401, "invalid_api_key": 403}
_INTERNAL = {"internal": 500, "database_size_limit_reached": 500, "dump_process_failed": 500}
_STATUS = {
    "api_key_already_exists": 409,
    "api_key_not_found": 404,
    "document_not_found": 404,
    "index_already_exists": 409,
    "index_not_found": 404,
    "task_not_found": 404,
    "invalid_content_type": 415,
    "missing_content_type": 415,
    "unsupported_media_type": 415,
    "payload_too_large": 413,
}


def status_of(code: str) -> int:
    """The HTTP status of an error code; 400 where the documentation says nothing else."""
    return _AUTH.get(code) or _INTERNAL.get(code) or _STATUS.get(code, 400)


def type_of(code: str) -> str:
    """The `type` of an error code: auth, internal or invalid_request."""
    if code in _AUTH:
        return "auth"
    return "internal" if code in _INTERNAL else "invalid_request"


class ApiError(Exception):
    """An error that goes to the client, as an answer or inside a failed task.

    Args:
        code: a documented error code.
        message: the text, worded as the server words it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        return status_of(self.code)

    def as_json(self) -> dict[str, Any]:
        """The error object of the API."""
        return {
            "message": self.message,
            "code": self.code,
            "type": type_of(self.code),
            "link": f"https://docs.meilisearch.com/errors#{self.code}",
        }


def index_not_found(uid: str) -> ApiError:
    """The error for an index that does not exist."""
    return ApiError("index_not_found", f"Index `{uid}` not found.")
