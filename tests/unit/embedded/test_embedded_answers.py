"""The embedded search server: how it starts, and what it answers."""

import fcntl
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.base.errors import UsageError
from harness.standins.meilisearch import routes_documents, routes_indexes, routes_server, routes_unsupported
from harness.standins.meilisearch.__main__ import main
from harness.standins.meilisearch.api import shown_size
from harness.standins.meilisearch.clock import duration
from harness.standins.meilisearch.documents import document_id, infer_primary_key, read_payload
from harness.standins.meilisearch.engine import address_of, key_of, number_of, project
from harness.standins.meilisearch.errors import ApiError
from harness.standins.meilisearch.filters import parse_filter
from harness.standins.meilisearch.options import parse_options, parse_size
from harness.standins.meilisearch.pointers import select
from harness.standins.meilisearch.query import read_query
from harness.standins.meilisearch.settings import SETTINGS, apply_patch, defaults, read_patch, unapplied_settings


def test_a_search_parameter_that_cannot_be_honoured_is_refused() -> None:
    for name, value, code in (
        ("sort", ["id:asc"], "invalid_search_sort"),
        ("attributesToHighlight", ["*"], "invalid_search_attributes_to_highlight"),
        ("showRankingScore", True, "invalid_search_show_ranking_score"),
        ("matchingStrategy", "all", "invalid_search_matching_strategy"),
        ("rankingScoreThreshold", 0.5, "invalid_search_ranking_score_threshold"),
        ("hybrid", {"embedder": "x"}, "invalid_search_hybrid_query"),
    ):
        with pytest.raises(ApiError) as error:
            read_query({name: value})
        assert error.value.as_json() == {
            "message": f"The embedded server does not support `{name}` in a search (docs/embedded.md).",
            "code": code,
            "type": "invalid_request",
            "link": f"https://docs.meilisearch.com/errors#{code}",
        }
    query = read_query({"q": "x", "sort": [], "facets": None, "matchingStrategy": "last"})
    assert (query.text, query.offset, query.limit) == ("x", 0, 20)


def test_every_address_that_is_not_supported_says_so_and_hides_none_that_is() -> None:
    served = {
        (route.method, route.address)
        for module in (routes_server, routes_indexes, routes_documents)
        for route in module.ROUTES
    }
    call: Any = None
    for route in routes_unsupported.ROUTES:
        assert (route.method, route.address) not in served
        with pytest.raises(ApiError) as error:
            route.handler(call)
        assert (error.value.code, error.value.status, route.is_open) == ("feature_not_enabled", 400, False)


def test_settings_that_the_engine_cannot_apply_are_named() -> None:
    assert unapplied_settings(defaults()) == ()
    assert unapplied_settings({}) == ()
    sent = {
        "displayedAttributes": ["id"],
        "rankingRules": ["words"],
        "synonyms": {"bob": ["robert"]},
        "embedders": {"x": {"source": "userProvided"}},
        "ofALaterRelease": {"a": 1},
    }
    stored = apply_patch(defaults(), read_patch(sent))
    assert {name: stored[name] for name in sent} == sent
    assert unapplied_settings(stored) == ("rankingRules", "synonyms", "embedders", "ofALaterRelease")
    applied = {setting.name for setting in SETTINGS if setting.applied}
    assert applied == {"displayedAttributes", "searchableAttributes", "filterableAttributes", "pagination"}


def test_inference_of_the_primary_key() -> None:
    for document, code, message in (
        (
            {"name": 1},
            "index_primary_key_no_candidate_found",
            "The primary key inference failed as the engine did not find any field ending with `id` in its name. "
            "Please specify the primary key manually using the `primaryKey` query parameter.",
        ),
        (
            {"id": 1, "team_id": 2, "uid": 3},
            "index_primary_key_multiple_candidates_found",
            "The primary key inference failed as the engine found 3 fields ending with `id` in their names: 'id' and "
            "'uid'. Please specify the primary key manually using the `primaryKey` query parameter.",
        ),
    ):
        with pytest.raises(ApiError) as error:
            infer_primary_key(document)
        assert (error.value.code, error.value.message) == (code, message)
    assert infer_primary_key({"name": 1, "userId": 2}) == "userId"


def test_identifiers() -> None:
    for document, code, message in (
        ({"a": "é"}, "missing_document_id", 'Document doesn\'t have a `id` attribute: `{"a":"é"}`.'),
        (
            {"id": "a b"},
            "invalid_document_id",
            'Document identifier `"a b"` is invalid. A document identifier can be of type integer or string, only '
            "composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), and can not be more "
            "than 511 bytes.",
        ),
    ):
        with pytest.raises(ApiError) as error:
            document_id(document, "id")
        assert (error.value.code, error.value.message) == (code, message)
    assert document_id({"user": {"id": -5}}, "user.id") == "-5"


def test_numbers_that_no_integer_of_the_server_holds_become_floats() -> None:
    for sent, kept in (
        (b'{"id":1,"n":123456789012345678901234567890}', b'{"id":1,"n":1.2345678901234568e+29}'),
        (b'{"id":18446744073709551615}', b'{"id":18446744073709551615}'),
    ):
        assert read_payload(b"[" + sent + b"]", "application/json") == [kept]


def test_what_is_wrong_with_a_filter_is_reported() -> None:
    reads = (
        ". The embedded server reads `=`, `!=`, `IN`, `NOT IN`, `IS NULL` and `IS NOT NULL`, joined by `AND` "
        "(docs/embedded.md)."
    )
    for expression, message in (
        ("title = x", "Attribute `title` is not filterable. Available filterable attributes are: `year`."),
        ("year = 1 OR year = 2", f"Was expecting `AND` but got `OR` in the filter: `year = 1 OR year = 2`{reads}"),
        ("year > 1", f"Unexpected characters in the filter: `> 1`{reads}"),
        ("year =", f"The filter ends too early: `year =`{reads}"),
        (["year = 1"], f"The filter is not a string: `['year = 1']`{reads}"),
    ):
        with pytest.raises(ApiError) as error:
            parse_filter(expression, ["year"])
        assert (error.value.code, error.value.message) == ("invalid_search_filter", message)
    matches = parse_filter("user.id=1 AND team='it\\'s'", ["user", "team"])
    assert matches is not None
    assert matches({"user": {"id": 1}, "team": "It's"})
    assert not matches({"user": {"id": True}, "team": "it's"})


def test_selection_reaches_into_objects_and_arrays() -> None:
    document = {"a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}, {"f": 3}], "g.h": 4, "i": None}
    assert select(document, ["a.b", "d.e", "g.h", "i", "nothing"]) == {
        "a": {"b": 1},
        "d": [{"e": 1}],
        "g.h": 4,
        "i": None,
    }
    assert select(document, ["*"]) == document


def test_the_engine_sees_searchable_values_in_their_order_and_nothing_to_guess_a_key_from() -> None:
    line = b'{"id":7,"team_id":1,"user":{"uid":"u7","name":"Zoe"},"tags":["a","b"]}'
    seen = project(7, line, ["user.name", "tags", "missing"])
    assert seen == {"id": "___", "a0": "Zoe", "a1": ["a", "b"], "a2": [], "z": address_of(7)}
    assert number_of(key_of(600_000)) == 600_000


def test_durations_are_iso_8601() -> None:
    assert duration("2026-11-22T10:00:00.000000Z", "2026-11-22T10:00:01.250000Z") == "PT1.250000S"
    assert duration("2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z") == "P1DT0.000000S"


def refusal(capsys: pytest.CaptureFixture[str], db_path: Path, address: str = "127.0.0.1:0") -> str:
    """Where the engine is does not matter: it is never started."""
    assert main([f"--http-addr={address}", f"--db-path={db_path}", f"--engine-python={sys.executable}"]) == 1
    return capsys.readouterr().err


def test_options_come_from_the_command_line_then_the_environment() -> None:
    environment = {
        "MEILI_HTTP_ADDR": "127.0.0.1:7701",
        "MEILI_DB_PATH": "/db",
        "MEILI_DUMP_DIR": "/dumps",
        "MEILI_NO_ANALYTICS": "true",
        "MEILI_IMPORT_DUMP": "/a.dump",
        "MEILI_IGNORE_DUMP_IF_DB_EXISTS": "true",
        "MEILI_MASTER_KEY": "",
    }
    options = parse_options(["--db-path=/other", "--http-payload-size-limit", "2KiB"], environment)
    assert (options.host, options.port) == ("127.0.0.1", 7701)
    assert (str(options.db_path), str(options.dump_dir), str(options.import_dump)) == ("/other", "/dumps", "/a.dump")
    assert (options.ignore_missing_dump, options.ignore_dump_if_db_exists) == (False, True)
    assert (options.master_key, options.payload_limit_bytes) == (None, 2048)


def test_a_value_that_cannot_be_used_is_named() -> None:
    for arguments, environment, message in (
        (["--http-addr", "7700"], {}, "--http-addr: '7700' is not HOST:PORT\nHINT: Example: 127.0.0.1:7700."),
        (
            ["--http-payload-size-limit", "much"],
            {},
            "'much' is not a size in bytes\nHINT: Examples: 104857600, 100MB, 100 MiB.",
        ),
        (
            ["--env", "production"],
            {"MEILI_MASTER_KEY": ""},
            "a production environment needs a master key\nHINT: Set MEILI_MASTER_KEY.",
        ),
        (
            [],
            {"MEILI_ENV": "production", "MEILI_MASTER_KEY": "short"},
            "the master key has 5 bytes, a production environment needs 16\nHINT: Set a longer MEILI_MASTER_KEY.",
        ),
        (["--log-level", "loud"], {}, "--log-level: 'loud' is not one of OFF, ERROR, WARN, INFO, DEBUG, TRACE"),
    ):
        with pytest.raises(UsageError) as error:
            parse_options(arguments, environment)
        assert str(error.value) == message


def test_sizes() -> None:
    for text, size_bytes, shown in (
        ("100 MB", 100_000_000, "100 MB"),
        ("100MiB", 104_857_600, "100 MiB"),
        ("104857600", 104_857_600, "100 MiB"),
        ("1.5GB", 1_500_000_000, "1.5 GB"),
        ("7", 7, "7 B"),
    ):
        assert (parse_size(text), shown_size(size_bytes)) == (size_bytes, shown)


def test_a_database_of_another_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "VERSION").write_text("1.7.3")
    assert refusal(capsys, tmp_path) == (
        "Error: Your database version (1.7.3) is incompatible with your current engine version (1.8.1).\n"
        "HINT: Write a dump with the version that made the database, and import it into a new database directory.\n"
    )
    (tmp_path / "VERSION").unlink()
    (tmp_path / "data.mdb").touch()
    assert refusal(capsys, tmp_path) == "Error: Meilisearch (v1.8.1) failed to infer the version of the database.\n"
    (tmp_path / "VERSION").write_text("1.8.1")
    (tmp_path / "tasks").mkdir()
    assert refusal(capsys, tmp_path) == (
        f"Error: {tmp_path}: this database was made by the real server, and its files are laid out otherwise\n"
        "HINT: Write a dump with the real server, and import it into a new database directory.\n"
    )


def test_a_port_or_a_database_in_use_is_one_clear_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert refusal(capsys, tmp_path / "data.ms", address) == (
            f"Error: cannot listen on {address}: Address already in use\n"
            "HINT: Stop what uses this address, or name another one with --http-addr.\n"
        )
    held = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert refusal(capsys, tmp_path) == f"Error: {tmp_path}: another server has this database open\n"
    finally:
        os.close(held)
