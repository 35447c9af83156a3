"""Where the configuration comes from."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import cast

import pytest

from harness.base.errors import UsageError
from harness.standins.apiary.caches import COMMANDS
from harness.standins.apiary.config import Masquerade, load_config
from harness.standins.apiary.console import Console
from tests.tables import over_table


def test_an_empty_environment_means_the_defaults_of_the_real_app() -> None:
    config = load_config({}, Path("/app"))
    assert (config.env, config.scout_driver, config.queue_connection) == ("production", "algolia", "database")
    assert config.files_dir == Path("/app/storage/app")
    assert config.masquerade is None


@over_table(
    "environ",
    [
        {"LARAVEL_STORAGE_PATH": "/data"},
        {"APIARY_STORAGE_PATH": "/data"},
        {"APIARY_STORAGE_PATH": "/data", "LARAVEL_STORAGE_PATH": "/other"},
    ],
)
def test_the_storage_directory_can_be_named(environ: dict[str, str]) -> None:
    assert load_config(environ, Path("/app")).files_dir == Path("/data/app")


def test_the_masqueraded_user_has_the_gtid_of_the_sandbox_by_default() -> None:
    config = load_config({"CAS_MASQUERADE": "x1"}, Path("/app"))
    assert config.masquerade is not None
    assert len(config.masquerade.missing) == 7
    assert replace(config.masquerade, missing=()) == Masquerade("x1", "999999999", "", "", "")


def test_a_port_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        load_config({"DB_PORT": "mysql"}, Path("/app"))
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
