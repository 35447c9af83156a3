"""apiary-drill.toml: closed, with all errors at once, and what it means today."""

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from harness.artifacts.dump.source import Parts
from harness.base.errors import UsageError
from harness.base.model import TrendLimits
from harness.base.settings import ImageSettings, Limits, Settings
from harness.cli.common import runtime_options
from harness.cli.config import load, load_shared, locate
from harness.inputs.volumes import Volume
from tests.tables import over_table
from tests.unit.inputs.fetching import sources_of

WHOLE = """
[backup]
dump = "backups/apiary-*.sql"
storage = "backups/storage-*"
database = "apiary"
app_key_file = "keys/app-key"

[accepted]
tables = ["audits"]

[safety]
allow = ["runs-routine"]

[objectives]
recovery_time_s = 3600
recovery_point_s = 86400
"""


def load_images(path: Path) -> ImageSettings:
    return load_shared(path).images.settings(path.absolute().parent)


def load_limits(path: Path, limits: Limits) -> Limits:
    return load_shared(path).limits.over(limits)


def written(directory: Path, text: str) -> Path:
    path = directory / "apiary-drill.toml"
    path.write_text(text)
    return path


def error_of(directory: Path, text: str) -> str:
    with pytest.raises(UsageError) as wrong:
        load(written(directory, text))
    return str(wrong.value)


def test_everything_can_be_written(tmp_path: Path) -> None:
    config = load(written(tmp_path, WHOLE))
    assert config.backup.dump == ("backups/apiary-*.sql",)
    assert (config.backup.storage, config.backup.database) == ("backups/storage-*", "apiary")
    assert (config.accepted[0].tables, config.safety.allow) == (("audits",), ("runs-routine",))
    assert (config.objectives.recovery_time_s, config.objectives.recovery_point_s) == (3600, 86400)


def test_a_volume_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "apiary.sql").touch()
    text = '[backup]\ndump = "apiary.sql"\nstorage = "volume:apiary_storage/app"\n'
    assert locate(load(written(tmp_path, text)), tmp_path, sources_of(tmp_path)).storage == Volume(
        "apiary_storage", "app"
    )


def test_how_much_may_change_can_be_given(tmp_path: Path) -> None:
    config = load(written(tmp_path, WHOLE + "[trend]\ndrills = 3\nshrank_share = 0.5\nminimum_rows = 10\n"))
    assert config.trend.limits() == TrendLimits(drills=3, shrank_share=0.5, minimum_rows=10)
    assert load(written(tmp_path, WHOLE)).trend.limits() == TrendLimits()
    path = tmp_path / "apiary-drill.toml"
    assert error_of(tmp_path, WHOLE + "[trend]\ndrills = 0\nshrank_share = 20\n").splitlines()[1:] == [
        f"{path}: trend.drills: input should be greater than or equal to 1, found 0",
        f"{path}: trend.shrank_share: input should be less than or equal to 1, found 20",
    ]


def test_a_backup_is_called_by_its_name_or_its_location(tmp_path: Path) -> None:
    """The name in the history stays the same when the newest file is another one."""
    config = load(written(tmp_path, WHOLE))
    assert config.backup_name(tmp_path) == f"{tmp_path}/backups/apiary-*.sql"
    named = load(written(tmp_path, WHOLE.replace("[backup]", '[backup]\nname = "production"')))
    assert named.backup_name(tmp_path) == "production"
    directory = load(written(tmp_path, '[backup]\ndirectory = "backups/2*"\n'))
    assert directory.backup_name(tmp_path) == f"{tmp_path}/backups/2*"
    path = tmp_path / "apiary-drill.toml"
    assert error_of(tmp_path, '[backup]\nname = ""\ndirectory = "a"\n') == (
        f"{path} has 1 error\n"
        f"{path}: backup.name: '' is not a valid backup name; a name has 1 to 200 printable characters and does not "
        "start with 'generated data:', found ''"
    )


def test_the_newest_of_everything_is_located(tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    for age, day in enumerate(("20", "22", "21")):
        for name in (f"apiary-{day}.sql", f"storage-{day}.tar"):
            (backups / name).touch()
            os.utime(backups / name, (1000 + age, 1000 + age))
    found = locate(load(written(tmp_path, WHOLE)), tmp_path, sources_of(tmp_path))
    assert (found.dump, found.storage) == (backups / "apiary-21.sql", backups / "storage-21.tar")


def test_two_scripts_are_a_pair(tmp_path: Path) -> None:
    for name in ("structure.sql", "rows.sql"):
        (tmp_path / name).touch()
    (tmp_path / "files").mkdir()
    config = load(written(tmp_path, '[backup]\ndump = ["structure.sql", "rows.sql"]\nstorage = "files"\n'))
    assert locate(config, tmp_path, sources_of(tmp_path)).dump == Parts(
        (tmp_path / "structure.sql", tmp_path / "rows.sql")
    )


def test_all_errors_are_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "apiary-drill.toml"
    error = error_of(
        tmp_path,
        '[backup]\ndump = "a.sql"\n[objectives]\nrecovery_time_s = -1\n[safety]\nallow = ["everything"]\n[bakcup]\n',
    )
    lines = error.splitlines()
    assert lines[0] == f"{path} has 4 errors"
    assert lines[1] == f"{path}: backup: dump and storage must be given together"
    assert lines[2].startswith(f"{path}: safety.allow.0: unknown code 'everything'; known codes: account, ambiguous, ")
    assert lines[3] == f"{path}: objectives.recovery_time_s: input should be greater than 0, found -1"
    assert lines[4] == f"{path}: bakcup: extra inputs are not permitted"


@over_table(
    "text, message",
    [
        ("", "backup: field required"),
        ("[backup]\n", "backup: give either directory, or both dump and storage"),
        (
            '[backup]\ndirectory = "a"\ndump = "b"\nstorage = "c"\n',
            "backup: give either directory, or both dump and storage",
        ),
        (
            '[backup]\ndump = "a"\ndump_command = ["b"]\nstorage = "c"\n',
            "backup: a file is named, or comes from a command, not both",
        ),
        ('[backup]\ndump_command = ["b"]\n', "backup: dump and storage must be given together"),
        (
            '[backup]\nsnapshot_command = ["a"]\ndump = "b"\nstorage = "c"\n',
            "backup: snapshot_command goes with dump_command and storage_command",
        ),
        ('[backup]\ndirectory = ""\n', "backup.directory: string should have at least 1 character, found ''"),
        (
            '[backup]\ndump = "b"\nstorage = "c"\npassword_file = "d"\n',
            "backup: password_file applies only to a directory that is a zip archive",
        ),
    ],
)
def test_a_location_is_needed_and_only_one(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "apiary-drill.toml"
    assert error_of(tmp_path, text) == f"{path} has 1 error\n{path}: {message}"


def test_what_is_no_toml_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "apiary-drill.toml"
    assert error_of(tmp_path, "dump: a.sql\n").startswith(f"{path} is not valid TOML: ")
    with pytest.raises(UsageError) as gone:
        load(tmp_path / "none.toml")
    assert str(gone.value) == f"cannot read the configuration {tmp_path / 'none.toml'}: No such file or directory"


IMAGES = """
[images]
mysql = "mysql:8.4.6"
meilisearch = "getmeili/meilisearch@sha256:00"
apiary = "registry.example.org:5000/apiary:2026.8"
apiary_env = "apiary.env"
"""


def test_images_hold_for_every_drill(tmp_path: Path) -> None:
    """Also where no backup is named, and with tables that belong to others."""
    env = tmp_path / "apiary.env"
    env.touch()
    expected = ImageSettings(
        "mysql:8.4.6", "getmeili/meilisearch@sha256:00", "registry.example.org:5000/apiary:2026.8", env
    )
    assert load_images(written(tmp_path, IMAGES)) == expected
    assert load_images(written(tmp_path, WHOLE + IMAGES)) == expected
    assert load(written(tmp_path, WHOLE + IMAGES)).images.settings(tmp_path) == expected
    assert load_images(written(tmp_path, WHOLE)) == ImageSettings()


@over_table(
    "text, message",
    [
        (
            'mysql = "mysql"\n',
            (
                "images.mysql: image mysql has no fixed version: without a tag it means latest, which can be "
                "another image tomorrow, found 'mysql'"
            ),
        ),
        (
            'meilisearch = "getmeili/meilisearch:latest"\n',
            (
                "images.meilisearch: image getmeili/meilisearch:latest has no fixed version: latest can be "
                "another image tomorrow, found 'getmeili/meilisearch:latest'"
            ),
        ),
        ('mariadb = "mariadb:10.11"\n', "images.mariadb: extra inputs are not permitted, found 'mariadb:10.11'"),
        ('apiary_env = "x"\n', "images: apiary_env requires apiary, the image that it configures"),
    ],
)
def test_an_image_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, f"[images]\n{text}")
    with pytest.raises(UsageError) as wrong:
        load_images(path)
    assert str(wrong.value) == f"{path} has 1 error\n{path}: {message}"


def test_an_environment_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as wrong:
        load_images(written(tmp_path, IMAGES))
    assert str(wrong.value) == f"images.apiary_env: file not found: {tmp_path / 'apiary.env'}"


@click.command()
@click.option("--config", "config_file", type=click.Path(path_type=Path))
@runtime_options
def _show(config_file: Path | None, settings: Settings, as_json: bool) -> None:
    limits = f" {settings.limits.search_ready_s:g}" if settings.limits != Limits() else ""
    click.echo(f"{settings.images.mysql} {settings.images.meilisearch}{limits}")


def test_an_option_goes_before_the_file_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file in the current directory, or the one that is named instead of it."""
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(_show, []).output == "None None\n"
    written(tmp_path, '[images]\nmysql = "mysql:1"\nmeilisearch = "meili:1"\n')
    assert CliRunner().invoke(_show, []).output == "mysql:1 meili:1\n"
    assert CliRunner().invoke(_show, ["--mysql-image", "mysql:2"]).output == "mysql:2 meili:1\n"
    (tmp_path / "other.toml").write_text('[images]\nmysql = "mysql:3"\n')
    assert CliRunner().invoke(_show, ["--config", "other.toml"]).output == "mysql:3 None\n"


def test_limits_hold_for_every_drill_and_an_option_goes_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the images; a value that is not a time is exit code 2, with the file and the key."""
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, "[limits]\nsearch_ready_s = 700\nanswer_s = 9.5\n")
    assert load_limits(path, Limits(step_s=5)) == Limits(step_s=5).with_explicit(search_ready_s=700, answer_s=9.5)
    assert load(written(tmp_path, WHOLE + "[limits]\nsearch_ready_s = 700\n")).limits.search_ready_s == 700
    written(tmp_path, "[limits]\nsearch_ready_s = 700\n")
    assert CliRunner().invoke(_show, []).output == "None None 700\n"
    assert CliRunner().invoke(_show, ["--limit", "search-ready=20m"]).output == "None None 1200\n"
    refused = CliRunner().invoke(_show, ["--limit", "search-ready=soon"])
    assert isinstance(refused.exception, UsageError)
    path = written(tmp_path, '[limits]\nsearch_ready_s = "soon"\nready = 1\nstop_s = 0\n')
    with pytest.raises(UsageError) as wrong:
        load_limits(path, Limits())
    assert str(wrong.value).splitlines()[0] == f"{path} has 3 errors"
    assert [line.split(": ")[1] for line in wrong.value.details.splitlines()] == [
        "limits.search_ready_s",
        "limits.stop_s",
        "limits.ready",
    ]
