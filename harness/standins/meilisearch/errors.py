"""The documented error codes: HTTP status, type and link of each one that this server answers with.

Source: Meilisearch's error code reference, and `make_error_codes!` in its `meilisearch-types` crate.
"""

from __future__ import annotations

from typing import Any

_AUTH = {"missing_authorization_header": 401, "invalid_api_key": 403}
_INTERNAL = {"internal": 500, "database_size_limit_reached": 500}
_STATUS = {
    "document_not_found": 404,
    "index_not_found": 404,
    "task_not_found": 404,
    "invalid_content_type": 415,
    "missing_content_type": 415,
    "unsupported_media_type": 415,
    "payload_too_large": 413,
}


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
        """The HTTP status of the code; 400 where the documentation says nothing else."""
        return _AUTH.get(self.code) or _INTERNAL.get(self.code) or _STATUS.get(self.code, 400)

    def as_json(self) -> dict[str, Any]:
        """The error object of the API."""
        kind = "auth" if self.code in _AUTH else "internal" if self.code in _INTERNAL else "invalid_request"
        return {
            "message": self.message,
            "code": self.code,
            "type": kind,
            "link": f"https://docs.meilisearch.com/errors#{self.code}",
        }


def index_not_found(uid: str) -> ApiError:
    """The error for an index that does not exist."""
    return ApiError("index_not_found", f"Index `{uid}` not found.")


def unsupported(what: str, code: str = "feature_not_enabled") -> ApiError:
    """The error for what the real server has and this one has not: `code` is that of the parameter, if it is one."""
    return ApiError(code, f"The embedded server does not support {what} (docs/embedded.md).")
