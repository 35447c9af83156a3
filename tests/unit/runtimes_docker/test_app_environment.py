"""What an environment file may decide for a real Apiary, and what only the drill decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.runtime.docker.images import mysql_image_for
from harness.runtime.docker.pod import app_environment, completed_login
from harness.runtime.docker.profiles import REAL, STANDIN, check_pair, passport_keys
from harness.runtime.spec import StackSpec


def _environment(given: dict[str, str], *, real: bool = True) -> dict[str, str]:
    spec = StackSpec(role="target", drill_id="d", logs=Path("logs"), app_key="base64:drill")
    return app_environment(
        spec,
        REAL if real else STANDIN,
        given,
        mysql=("10.0.0.2", 3306),
        meilisearch="http://10.0.0.3:7700",
        url="http://10.0.0.4:8000",
    )


def test_the_servers_of_the_file_are_never_used() -> None:
    """A production environment file must not lead a restored app to production's servers."""
    production = {
        "DB_HOST": "db.example.org",
        "DB_PASSWORD": "production",
        "MEILISEARCH_HOST": "https://search.example.org",
        "MAIL_MAILER": "smtp",
        "QUEUE_CONNECTION": "redis",
    }
    made = _environment(production)
    assert (made["DB_HOST"], made["MEILISEARCH_HOST"]) == ("10.0.0.2", "http://10.0.0.3:7700")
    assert made["DB_PASSWORD"] != "production"
    assert (made["MAIL_MAILER"], made["QUEUE_CONNECTION"]) == ("array", "sync")


def test_the_features_of_the_file_are_used_and_the_key_is_the_one_that_the_drill_has() -> None:
    """Which is the file's own where there is no key file (tests/unit/inputs/test_app_key.py)."""
    made = _environment({"APP_KEY": "base64:rotated", "FEATURE_ENABLE_WHITEPAGES": "true"})
    assert (made["APP_KEY"], made["FEATURE_ENABLE_WHITEPAGES"]) == ("base64:drill", "true")


def test_the_login_of_a_production_file_is_completed_and_its_visitor_is_the_drill() -> None:
    """Such a file has the CAS host, not the masquerade; `CAS_REAL_HOSTS` should match `CAS_HOSTNAME` (its README)."""
    production = {"CAS_HOSTNAME": "sso.gatech.edu", "CAS_REAL_HOSTS": "sso.gatech.edu", "FEATURE_SANDBOX_MODE": "false"}
    made = _environment(production)
    assert (made["CAS_HOSTNAME"], made["CAS_REAL_HOSTS"]) == ("sso.gatech.edu", "sso.gatech.edu")
    assert (made["CAS_MASQUERADE"], made["SANDBOX_USERS"], made["FEATURE_SANDBOX_MODE"]) == ("drill", "drill", "true")
    assert made["CAS_MASQUERADE_eduPersonScopedAffiliation"].count("@") == 1
    assert {
        f"CAS_MASQUERADE_{name}" for name in ("eduPersonPrimaryAffiliation", "gtGTID", "authnContextClass", "sn")
    } <= made.keys()
    assert completed_login({**production, "CAS_LOGOUT_URL": "https://sso.gatech.edu/cas/logout"}) == ()
    assert completed_login({"CAS_HOSTNAME": "sso", "CAS_REAL_HOSTS": ""}) == ("CAS_REAL_HOSTS", "CAS_LOGOUT_URL")
    assert _environment({"CAS_HOSTNAME": "sso.gatech.edu"})["CAS_REAL_HOSTS"] == "sso.gatech.edu"
    assert completed_login({}) == ("CAS_HOSTNAME", "CAS_REAL_HOSTS", "CAS_LOGOUT_URL")
    assert _environment({})["CAS_REAL_HOSTS"] == "cas.drill.invalid"
    developer = _environment({"CAS_MASQUERADE": "gburdell3", "SANDBOX_USERS": "", "PHP_CLI_SERVER_WORKERS": "1"})
    assert (developer["CAS_MASQUERADE"], developer["SANDBOX_USERS"]) == ("drill", "drill")
    assert developer["PHP_CLI_SERVER_WORKERS"] == "4"


def test_what_would_lead_to_productions_servers_is_taken_out() -> None:
    """A socket or a URL wins over host and port in Laravel's configuration, and production has the socket."""
    production = {"DB_SOCKET": "/srv/mysqld.sock", "DB_URL": "mysql://db/apiary", "MAIL_URL": "smtp://mail"}
    assert not production.keys() & _environment(production).keys()


def test_passport_keys_are_made_for_the_real_app_alone_and_only_when_missing() -> None:
    """As a pair: a private key with another public key is no use."""
    assert "PASSPORT_PRIVATE_KEY" not in _environment({}, real=False)
    assert _environment({})["PASSPORT_PRIVATE_KEY"].startswith("-----BEGIN PRIVATE KEY-----\n")
    given = {"PASSPORT_PRIVATE_KEY": "private", "PASSPORT_PUBLIC_KEY": "public"}
    assert given.items() <= _environment(given).items()
    assert passport_keys()["PASSPORT_PUBLIC_KEY"].startswith("-----BEGIN PUBLIC KEY-----\n")
    with pytest.raises(UsageError) as caught:
        check_pair({"PASSPORT_PUBLIC_KEY": "public"})
    assert caught.value.fact == "the environment file has PASSPORT_PUBLIC_KEY but not PASSPORT_PRIVATE_KEY"


def test_the_image_follows_the_server_that_wrote_the_dump() -> None:
    """By its series, which is a tag of the official images."""
    assert mysql_image_for("9.7.4", mariadb=False) == ("mysql:9.7", "apiary-drill/mysql:sid")
    assert mysql_image_for("8.0.39-30", mariadb=False) == ("mysql:8.0", "apiary-drill/mysql:sid")
    assert mysql_image_for("10.11.19", mariadb=True) == ("mariadb:10.11", "apiary-drill/mariadb:bookworm")
    assert mysql_image_for("unknown", mariadb=False) == ("mysql:8.4", "apiary-drill/mysql:sid")
