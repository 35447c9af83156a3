"""Who may do what: the master key opens everything, and there is no other key."""

from __future__ import annotations

import hmac

from harness.standins.meilisearch.errors import ApiError


def authorize(header: str | None, master_key: str | None) -> None:
    """Let a request through.

    Args:
        master_key: None where the server runs without one: then everybody is let in.

    Raises:
        ApiError: missing_authorization_header or invalid_api_key.
    """
    if master_key is None:
        return
    if header is None or not header.startswith("Bearer"):
        raise ApiError(
            "missing_authorization_header",
            "The Authorization header is missing. It must use the bearer authorization method.",
        )
    token = header.removeprefix("Bearer").strip()
    if not hmac.compare_digest(token.encode(), master_key.encode()):
        raise ApiError("invalid_api_key", "The provided API key is invalid.")
