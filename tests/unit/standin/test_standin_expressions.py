"""The expressions are PHP for the real app, word by word, and hold nothing that could end a quote."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.expressions import QUEUE_SIZE, decrypt_digest_expression, stale_configuration_expression
from harness.standins.apiary.config import cache_file, load_config
from harness.standins.apiary.tinker import execute
from tests.tables import over_table


def test_the_expressions_are_these() -> None:
    assert decrypt_digest_expression("ab+/=") == (
        "echo hash('sha256', Illuminate\\Support\\Facades\\Crypt::decryptString('ab+/='));"
    )
    assert QUEUE_SIZE == "echo Illuminate\\Support\\Facades\\Queue::size('meilisearch');"
    assert stale_configuration_expression() == (
        "echo 'differs:' . implode(',', array_keys(array_filter(['APP_KEY' => 'app.key',"
        " 'DB_HOST' => 'database.connections.mysql.host', 'DB_DATABASE' => 'database.connections.mysql.database',"
        " 'MEILISEARCH_HOST' => 'scout.meilisearch.host', 'MEILISEARCH_KEY' => 'scout.meilisearch.key',"
        " 'SCOUT_PREFIX' => 'scout.prefix', 'QUEUE_CONNECTION' => 'queue.default'],"
        " fn ($key, $name) => getenv($name) !== false && getenv($name) !== (string) config($key),"
        " ARRAY_FILTER_USE_BOTH)));"
    )


@over_table("ciphertext", ["", "a'b", "a b", "\\", "a\n"])
def test_a_ciphertext_that_could_end_the_quote_is_refused(ciphertext: str) -> None:
    with pytest.raises(ValueError, match=rf"^a ciphertext of {len(ciphertext)} characters is not base64$"):
        decrypt_digest_expression(ciphertext)


def test_the_stand_in_names_what_a_cached_configuration_has_otherwise(tmp_path: Path) -> None:
    """Names only; what the environment does not have is left out, as in PHP."""
    environment = {"APP_KEY": "of the environment", "SCOUT_PREFIX": "apiary_"}
    expression = stale_configuration_expression()
    assert execute(expression, load_config(environment, tmp_path)) == "differs:"
    cache_file(tmp_path).parent.mkdir(parents=True)
    cache_file(tmp_path).write_text('{"APP_KEY": "of another", "SCOUT_PREFIX": "apiary_", "DB_HOST": "elsewhere"}')
    assert execute(expression, load_config(environment, tmp_path)) == "differs:APP_KEY"
