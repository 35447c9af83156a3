"""The expressions are PHP for the real app, word by word, and hold nothing that could end a quote."""

from __future__ import annotations

import pytest

from harness.expressions import decrypt_digest_expression, queue_size_expression, resume_owners_expression


def test_the_expressions_are_these() -> None:
    assert decrypt_digest_expression("ab+/=") == (
        "echo hash('sha256', Illuminate\\Support\\Facades\\Crypt::decryptString('ab+/='));"
    )
    assert queue_size_expression() == "echo Illuminate\\Support\\Facades\\Queue::size('meilisearch');"
    assert resume_owners_expression(5) == (
        "echo Illuminate\\Support\\Facades\\DB::table('resumes')"
        "->join('users', 'users.id', '=', 'resumes.user_id')->whereNull('users.deleted_at')"
        "->orderBy('resumes.id')->limit(5)->get(['users.id', 'users.uid'])->toJson();"
    )


@pytest.mark.parametrize("ciphertext", ["", "a'b", "a b", "\\", "a\n"])
def test_a_ciphertext_that_could_end_the_quote_is_refused(ciphertext: str) -> None:
    with pytest.raises(ValueError, match=rf"^a ciphertext of {len(ciphertext)} characters is not base64$"):
        decrypt_digest_expression(ciphertext)


def test_other_values_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^\"a'b\" is not the name of a queue$"):
        queue_size_expression("a'b")
    with pytest.raises(ValueError, match=r"^a limit of 0 asks for nothing$"):
        resume_owners_expression(0)
