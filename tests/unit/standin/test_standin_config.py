"""The stand-in's configuration, settings, expressions, encryption and plan."""

import base64
import hashlib
import hmac
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import cast

import pytest

from harness.base.errors import UsageError
from harness.base.expressions import QUEUE_SIZE, state_expression
from harness.standins.apiary.caches import COMMANDS
from harness.standins.apiary.config import Masquerade, cache_file, load_config
from harness.standins.apiary.console import Console
from harness.standins.apiary.encryption import DecryptError, decrypt_string, encrypt_string, new_app_key, parse_app_key
from harness.standins.apiary.generate.literals import quote
from harness.standins.apiary.generate.plan import SCALES, Plan, make_plan
from harness.standins.apiary.generate.uploads import uploads
from harness.standins.apiary.generate.words import person
from harness.standins.apiary.meilisearch import Meilisearch
from harness.standins.apiary.scout import sync_index_settings
from harness.standins.apiary.tinker import execute
from tests.tables import over_table


def test_an_empty_environment_means_the_defaults_of_the_real_app() -> None:
    app = Path("/app")
    config = load_config({}, app)
    assert (config.env, config.scout_driver, config.queue_connection) == ("production", "algolia", "database")
    assert (config.files_dir, config.masquerade) == (Path("/app/storage/app"), None)
    for environ in (
        {"LARAVEL_STORAGE_PATH": "/data"},
        {"APIARY_STORAGE_PATH": "/data"},
        {"APIARY_STORAGE_PATH": "/data", "LARAVEL_STORAGE_PATH": "/other"},
    ):
        assert load_config(environ, app).files_dir == Path("/data/app")
    masquerade = load_config({"CAS_MASQUERADE": "x1"}, app).masquerade
    assert masquerade is not None
    assert len(masquerade.missing) == 7
    assert replace(masquerade, missing=()) == Masquerade("x1", "999999999", "", "", ""), "the sandbox's GTID"
    with pytest.raises(UsageError) as caught:
        load_config({"DB_PORT": "mysql"}, app)
    assert str(caught.value) == "DB_PORT is 'mysql'\nHINT: Set it to the number of a TCP port."


def test_a_start_caches_the_configuration_anew(tmp_path: Path) -> None:
    """The cached one wins over the environment until then, as in Laravel; what `config:cache` writes is the
    environment's, whatever was cached before."""
    cached, now = {"APP_KEY": "of another instance"}, {"APP_KEY": "of this one", "APP_ENV": "production"}
    console = Console(StringIO(), StringIO())
    assert COMMANDS["config:cache"](load_config(cached, tmp_path), console) == 0
    assert load_config(now, tmp_path).key == "of another instance"
    assert load_config(now, tmp_path).differing == ("APP_KEY",)
    assert COMMANDS["config:cache"](load_config(now, tmp_path), console) == 0
    assert (load_config(now, tmp_path).key, load_config(now, tmp_path).differing) == ("of this one", ())
    assert COMMANDS["config:clear"](load_config(now, tmp_path), console) == 0
    assert load_config(cached, tmp_path).key == "of another instance"


def test_a_drills_own_settings_do_not_validate_as_production_s() -> None:
    """config-validation/ of the real application: production's cache is Redis, and nobody masquerades."""
    production = {"APP_KEY": "a key", "CACHE_STORE": "redis"}
    for environ, status, message in (
        (production, 0, "Config validation passed!"),
        (production | {"CAS_MASQUERADE": "drill"}, 1, "cas.cas_masquerade"),
        (production | {"CACHE_STORE": "array"}, 1, "cache.default"),
        (production | {"CACHE_STORE": "array", "APP_ENV": "local"}, 0, "Config validation passed!"),
        (production | {"APP_KEY": ""}, 1, "app.key"),
    ):
        console = Console(StringIO(), StringIO())
        assert COMMANDS["config:validate"](load_config(environ, Path("/app")), console) == status, environ
        assert message in cast(StringIO, console.stdout).getvalue()


REAL = Path(__file__).parents[2] / "data" / "real-apiary" / "index-settings.json"


def test_the_index_settings_are_the_real_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every index with every setting, the 671 synonyms of users among them."""
    sent: dict[str, object] = {}
    monkeypatch.setattr(
        Meilisearch, "update_settings", lambda self, index, body: sent.setdefault(index, json.loads(body))
    )
    config = load_config({"SCOUT_DRIVER": "meilisearch", "SCOUT_PREFIX": "apiary_"}, tmp_path)
    assert sync_index_settings(config, Console(StringIO(), StringIO())) == 0
    real = json.loads(REAL.read_text(encoding="utf-8"))
    assert sent == real
    assert len(real["apiary_users"]["synonyms"]) == 671


KEY = bytes(range(32))
IV = bytes(range(16))


def test_the_payload_has_laravels_fields_and_mac() -> None:
    payload = json.loads(base64.b64decode(encrypt_string("naïve 🤖", KEY, IV)))
    assert list(payload) == ["iv", "value", "mac", "tag"]
    assert payload["iv"] == base64.b64encode(IV).decode()
    signed = (payload["iv"] + payload["value"]).encode()
    assert (payload["mac"], payload["tag"]) == (hmac.new(KEY, signed, hashlib.sha256).hexdigest(), "")
    assert len(parse_app_key(new_app_key())) == 32


def test_what_was_encrypted_decrypts_with_its_key_alone() -> None:
    for plain in ("", "x", "exactly 16 bytes", "naïve 🤖\0"):
        assert decrypt_string(encrypt_string(plain, KEY, IV), KEY) == plain.encode()
    with pytest.raises(DecryptError, match=r"^The MAC is invalid\.$"):
        decrypt_string(encrypt_string("x", KEY, IV), bytes(32))
    for ciphertext in ("", "not base64!", base64.b64encode(b"[]").decode(), "e30="):
        with pytest.raises(DecryptError, match=r"^The payload is invalid\.$"):
            decrypt_string(ciphertext, KEY)
    with pytest.raises(DecryptError, match=r"^No application encryption key has been specified\.$"):
        parse_app_key("")
    with pytest.raises(DecryptError, match=r"^Unsupported cipher or incorrect key length\. Supported ciphers are: "):
        parse_app_key("base64:AAAA")


def test_the_expressions_are_these() -> None:
    assert QUEUE_SIZE == "echo Illuminate\\Support\\Facades\\Queue::size('meilisearch');"
    assert state_expression(("ab+/=", "cd")) == (
        "echo json_encode(['differs' => array_keys(array_filter(['APP_KEY' => 'app.key',"
        " 'DB_HOST' => 'database.connections.mysql.host', 'DB_DATABASE' => 'database.connections.mysql.database',"
        " 'MEILISEARCH_HOST' => 'scout.meilisearch.host', 'MEILISEARCH_KEY' => 'scout.meilisearch.key',"
        " 'SCOUT_PREFIX' => 'scout.prefix', 'QUEUE_CONNECTION' => 'queue.default'],"
        " fn ($key, $name) => getenv($name) !== false && getenv($name) !== (string) config($key),"
        " ARRAY_FILTER_USE_BOTH)), 'digests' => array_map(fn ($value) => rescue(fn () => hash('sha256',"
        " Illuminate\\Support\\Facades\\Crypt::decryptString($value)), null, false), ['ab+/=', 'cd'])]);"
    )


@over_table("ciphertext", ["", "a'b", "a b", "\\", "a\n"])
def test_a_ciphertext_that_could_end_the_quote_is_refused(ciphertext: str) -> None:
    with pytest.raises(ValueError, match=rf"^a ciphertext of {len(ciphertext)} characters is not base64$"):
        state_expression(["ab+/=", ciphertext])


def test_the_stand_in_names_what_a_cached_configuration_has_otherwise(tmp_path: Path) -> None:
    """Names only; what the environment does not have is left out, as in PHP."""
    environment = {"APP_KEY": "of the environment", "SCOUT_PREFIX": "apiary_"}
    expression = state_expression()
    assert execute(expression, load_config(environment, tmp_path)) == '{"differs": [], "digests": []}'
    cache_file(tmp_path).parent.mkdir(parents=True)
    cache_file(tmp_path).write_text('{"APP_KEY": "of another", "SCOUT_PREFIX": "apiary_", "DB_HOST": "elsewhere"}')
    assert execute(expression, load_config(environment, tmp_path)) == '{"differs": ["APP_KEY"], "digests": []}'


def plan(scale: str = "small", rng_seed: int = 1) -> Plan:
    return make_plan(SCALES[scale], rng_seed, datetime(2026, 11, 22, tzinfo=UTC), bytes(32), "n")


def test_a_choice_depends_on_seed_purpose_and_number_only() -> None:
    assert plan().mix(3, 4) == plan("large").mix(3, 4)
    choices = itertools.product((1, 2), repeat=3)
    assert len({plan(rng_seed=seed).mix(purpose, number) for seed, purpose, number in choices}) == 8


def test_every_user_has_a_uid_of_its_own_that_is_a_file_name() -> None:
    uids = [person(plan(), number).uid for number in range(1, 5_000)]
    assert len(set(uids)) == len(uids)
    assert all(uid.isascii() and uid.isalnum() for uid in uids)


def test_moments_never_go_back_and_end_half_a_minute_ago() -> None:
    for count in (100, 5_000):
        moments = [plan().moment_s(number, count) for number in range(1, count + 1)]
        assert moments == sorted(moments)
        assert moments[-1] == plan().now_s - 30


def test_there_are_as_many_uploads_as_the_scale_says_each_with_its_own_path() -> None:
    for scale in SCALES:
        paths = [upload.path for upload in uploads(plan(scale))]
        assert len(paths) == len(set(paths)) == SCALES[scale].files


def test_a_literal_is_quoted() -> None:
    assert quote("a'b\\c\0d\ne\rf\x1ag\"é🤖") == "'a\\'b\\\\c\\0d\\ne\\rf\\Zg\"é🤖'"
