"""The table `[notify]`: closed, every error at once, secrets from files, and never a value in an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.base.settings import NotificationSettings
from harness.cli import config
from harness.monitoring.config import read_table, settings_of
from tests.tables import over_table


def settings_for(tmp_path: Path, text: str) -> NotificationSettings:
    path = tmp_path / "apiary-drill.toml"
    path.write_text(text)
    return settings_of(read_table(path), tmp_path)


def test_everything_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "urls").write_text("# who is on call\n\n  json://one/ \nmailto://two\n")
    (tmp_path / "ping").write_text("https://example.org/uuid\n")
    text = (
        '[notify]\nurls_file = "urls"\non = ["failure"]\nping_file = "ping"\n'
        'ping_style = "healthchecks"\ntimeout_s = 3\n'
    )
    assert settings_for(tmp_path, text) == NotificationSettings(
        notify_urls=("json://one/", "mailto://two"),
        notify_on=("failure",),
        ping="https://example.org/uuid",
        ping_style="healthchecks",
        timeout_s=3,
    )


def test_secrets_may_stand_in_the_file_itself(tmp_path: Path) -> None:
    found = settings_for(tmp_path, '[notify]\nurls = ["json://one/"]\nping = "http://example.org/"\n')
    assert (found.notify_urls, found.ping) == (("json://one/",), "http://example.org/")
    assert found.notify_on == ("failure", "recovery", "silence")


def test_a_file_without_the_table_tells_nobody(tmp_path: Path) -> None:
    found = settings_for(tmp_path, '[backup]\ndirectory = "backups/*"\n')
    assert (found.notify_urls, found.ping) == ((), None)


def test_a_drill_with_generated_data_needs_no_backup_in_the_file(tmp_path: Path) -> None:
    assert settings_for(tmp_path, '[notify]\nurls = ["json://one/"]\n').notify_urls == ("json://one/",)


def test_every_error_is_reported_with_its_key_and_without_its_value(tmp_path: Path) -> None:
    path = tmp_path / "apiary-drill.toml"
    path.write_text(
        '[notify]\nurl = "json://secret"\nurls = ["json://secret", 5]\non = ["secret"]\n'
        'ping = ["https://secret"]\nping_style = "secret"\ntimeout_s = 0\n'
    )
    with pytest.raises(UsageError) as caught:
        read_table(path)
    assert str(caught.value).splitlines() == [
        f"{path} has 6 errors",
        f"{path}: notify.urls.1: input should be a valid string",
        f"{path}: notify.on.0: input should be 'failure', 'recovery' or 'silence'",
        f"{path}: notify.ping: input should be a valid string",
        f"{path}: notify.ping_style: input should be 'plain' or 'healthchecks'",
        f"{path}: notify.timeout_s: input should be greater than 0",
        f"{path}: notify.url: extra inputs are not permitted",
    ]


@over_table("name", ["urls", "ping"])
def test_a_secret_stands_in_one_place(tmp_path: Path, name: str) -> None:
    path = tmp_path / "apiary-drill.toml"
    value = '["json://secret"]' if name == "urls" else '"https://secret"'
    path.write_text(f'[notify]\n{name} = {value}\n{name}_file = "x"\n')
    with pytest.raises(UsageError) as caught:
        read_table(path)
    assert str(caught.value) == f"{path} has 1 error\n{path}: notify: give either {name} or {name}_file"


def test_the_whole_configuration_does_not_show_a_secret_either(tmp_path: Path) -> None:
    """`verify` reads the whole file: a misspelt key below [notify] is an error there as well."""
    path = tmp_path / "apiary-drill.toml"
    path.write_text('[backup]\ndirectory = "x"\n[notify]\nurl = "json://secret"\nurls = ["json://secret", 5]\n')
    with pytest.raises(UsageError) as caught:
        config.load(path)
    assert str(caught.value).splitlines() == [
        f"{path} has 2 errors",
        f"{path}: notify.urls.1: input should be a valid string",
        f"{path}: notify.url: extra inputs are not permitted",
    ]


@over_table(
    "content, message",
    [
        (None, "cannot read {path}: No such file or directory"),
        (b"# nobody\n", "{path} contains no URL"),
        (b"\xff\xfe", "{path} is not text"),
    ],
)
def test_a_file_of_secrets_that_is_no_use_is_reported(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "secrets").write_bytes(content)
    for name in ("urls_file", "ping_file"):
        with pytest.raises(UsageError) as caught:
            settings_for(tmp_path, f'[notify]\n{name} = "secrets"\n')
        assert str(caught.value) == f"notify.{name}: " + message.format(path=tmp_path / "secrets")


def test_a_file_that_is_no_toml_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"apiary-drill\.toml is not valid TOML: "):
        settings_for(tmp_path, "[notify\n")
    with pytest.raises(UsageError, match=r"cannot read the configuration .*: No such file or directory"):
        read_table(tmp_path / "none.toml")
