"""Where the configuration comes from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.standins.apiary.config import Masquerade, load_config
from tests.tables import over_table


def test_an_empty_environment_means_the_defaults_of_the_real_app() -> None:
    config = load_config({}, Path("/app"))
    assert (config.env, config.scout_driver, config.queue_connection) == ("production", "algolia", "database")
    assert config.files_dir == Path("/app/storage/app")
    assert config.masquerade is None
    assert not config.cached


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
