"""What an import complained of: the codes of Meilisearch, counted, and nothing else of its text."""

from __future__ import annotations

from harness.procedure.restore.reindex import refusals

REFUSED = (
    "[App\\Models\\User] Meilisearch\\Exceptions\\ApiException: Http Status: 403 - Message: The provided API key is"
    " invalid. - Code: invalid_api_key - Type: auth - Link: https://docs.meilisearch.com/errors#invalid_api_key"
)
TOO_LARGE = (
    "Meilisearch ApiException: Http Status: 413 - Message: The provided payload reached the limit. The maximum accepted"
    " payload size is 1000 B. - Code: payload_too_large - Type: invalid_request"
    " - Link: https://docs.meilisearch.com/errors#payload_too_large"
)


def test_each_code_with_how_often_it_came() -> None:
    assert refusals([REFUSED, TOO_LARGE, REFUSED]) == (("invalid_api_key", 2), ("payload_too_large", 1))


def test_other_complaints_have_no_code() -> None:
    assert refusals(["RuntimeException: Connection refused", "Code: of a person", ""]) == ()


def test_a_server_that_nobody_reached_is_counted_as_well() -> None:
    """cURL's text quotes addresses: of it nothing is taken."""
    line = "[App\\Models\\User] Meilisearch\\Exceptions\\CommunicationException: cURL error 7: Failed to connect to x"
    assert refusals([line, REFUSED, line]) == (("invalid_api_key", 1), ("unreachable", 2))
