"""Who may do what: the master key, API keys, and what each request needs."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass

from harness.embedded.errors import ApiError
from harness.embedded.keys import Key, KeyStore


@dataclass(frozen=True, slots=True)
class Access:
    """What a request may touch. `key` is None for the master key, and where there is no master key."""

    key: Key | None = None

    def covers(self, index_uid: str) -> bool:
        """Whether an index is visible to this request."""
        return self.key is None or self.key.covers(index_uid)

    def covers_all(self) -> bool:
        """Whether nothing is hidden from this request."""
        return self.key is None or "*" in self.key.indexes

    def may_create_index(self) -> bool:
        """Whether a write to an unknown index may make it."""
        return self.key is None or self.key.allows("indexes.create")


def authorize(header: str | None, action: str, index_uid: str | None, master_key: str | None, keys: KeyStore) -> Access:
    """Decide on a request.

    Args:
        header: the Authorization header.
        action: the action that the route needs, such as `documents.add`.
        index_uid: the index in the address, if there is one.
        master_key: None where the server runs without one; then only the keys' own routes are closed.
        keys: the API keys.

    Raises:
        ApiError: missing_authorization_header, invalid_api_key or missing_master_key.
    """
    if master_key is None:
        if action.startswith("keys."):
            raise ApiError(
                "missing_master_key",
                "Meilisearch is running without a master key. To access this API endpoint, you must have set a master "
                "key at launch.",
            )
        return Access()
    if header is None or not header.startswith("Bearer"):
        raise ApiError(
            "missing_authorization_header",
            "The Authorization header is missing. It must use the bearer authorization method.",
        )
    token = header.removeprefix("Bearer").strip()
    if hmac.compare_digest(token.encode(), master_key.encode()):
        return Access()
    key = keys.by_value(token, master_key)
    if key is None or key.is_expired():
        raise ApiError("invalid_api_key", "The provided API key is invalid.")
    if index_uid is not None and not key.covers(index_uid):
        listed = json.dumps(sorted(key.indexes))
        raise ApiError(
            "invalid_api_key",
            f"The API key cannot acces the index `{index_uid}`, authorized indexes are {listed}.",
        )
    if not key.allows(action):
        raise ApiError("invalid_api_key", "The provided API key is invalid.")
    return Access(key)
