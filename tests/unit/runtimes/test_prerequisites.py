"""Prerequisites and prepared data directories of servers."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.base.settings import Settings, from_environment
from harness.cli import prerequisites
from harness.runtime.process.prepared import asked_before, prepared_directory
from harness.standins.apiary.migrations import schema_digest
from tests.tables import over_table

ONCE = (
    "As root, once: apt-get update && apt-get install --yes --no-install-recommends mariadb-server-core mariadb-client"
)


@pytest.mark.parametrize("unpacked", [True, False])
def test_a_user_without_root_is_shown_the_commands_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unpacked: bool
) -> None:
    """Where MySQL was unpacked nothing else has to be there; without any server it is an error, before any drill."""
    (tmp_path / "apt-get").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setattr("harness.cli.prerequisites.os.geteuid", lambda: 1000)
    monkeypatch.setattr(prerequisites, "install_mysql", lambda *_: None)
    monkeypatch.setattr(prerequisites, "install_engine", lambda *_: None)
    monkeypatch.setattr(prerequisites, "installed", lambda _: tmp_path if unpacked else None)
    settings = from_environment({"PATH": str(tmp_path), "HOME": str(tmp_path)})
    monkeypatch.setattr(type(settings), "which", lambda _, name: tmp_path / name if name == "apt-get" else None)
    messages: list[str] = []
    if unpacked:
        prerequisites.install(settings, messages.append)
        assert messages[:2] == [
            "MariaDB is not installed, which only tests and drills under it need: cannot install packages: not running "
            "as root, and sudo is missing or asks for a password",
            f"  {ONCE}",
        ]
    else:
        with pytest.raises(UsageError) as caught:
            prerequisites.install(settings, messages.append)
        assert caught.value.hints == (ONCE,)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path, cache_dir=tmp_path / "cache", runs_dir=tmp_path, search_path=())


class Maker:
    """Makes a small data directory, and counts how often."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, data: Path) -> None:
        self.made += 1
        (data / "apiary").mkdir(parents=True)
        (data / "apiary" / "users.ibd").write_bytes(b"rows" * 1000)
        (data / "#innodb_redo").mkdir()
        (data / "#innodb_redo" / "#ib_redo7_tmp").write_bytes(bytes(100))
        time.sleep(0.05)


def test_many_who_ask_at_once_get_one_and_the_same(settings: Settings) -> None:
    """Each takes the lock through a file of its own, as another process does."""
    make = Maker()
    with ThreadPoolExecutor(8) as together:
        found = list(together.map(lambda _: prepared_directory(settings, "mysql-9", "schema", make), range(8)))
    assert (len(set(found)), make.made) == (1, 1)
    assert (found[0] / "apiary" / "users.ibd").read_bytes() == b"rows" * 1000
    assert list((found[0] / "#innodb_redo").iterdir()) == [], "spare files are made anew by each server"


def test_what_decides_it_has_an_entry_of_its_own(settings: Settings) -> None:
    make = Maker()
    kinds = [("mysql-9", "schema"), ("mysql-9", "changed schema"), ("mysql-8", "schema")]
    first = [prepared_directory(settings, *kind, make) for kind in kinds]
    assert (len(set(first)), make.made) == (3, 3)
    assert [prepared_directory(settings, *kind, make) for kind in kinds] == first
    assert make.made == 3


def cut_short(file: Path) -> None:
    file.write_bytes(b"rows")


def written_to(file: Path) -> None:
    os.utime(file, ns=(0, 0))


DAMAGE: tuple[Callable[[Path], None], ...] = (cut_short, written_to, Path.unlink)


@over_table("damage", DAMAGE)
def test_a_damaged_one_is_made_anew(settings: Settings, damage: Callable[[Path], None]) -> None:
    make = Maker()
    data = prepared_directory(settings, "mysql-9", "schema", make)
    before = make.made
    damage(data / "apiary" / "users.ibd")
    assert prepared_directory(settings, "mysql-9", "schema", make) == data
    assert (data / "apiary" / "users.ibd").read_bytes() == b"rows" * 1000
    assert make.made == before + 1


def test_one_that_could_not_be_made_leaves_nothing_and_is_tried_again(settings: Settings) -> None:
    def fail(data: Path) -> None:
        data.mkdir()
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        prepared_directory(settings, "mysql-9", "schema", fail)
    templates = settings.cache_dir / "templates"
    assert [path.suffix for path in templates.iterdir()] == [".lock"]
    entry = next(templates.iterdir()).with_suffix("")
    (templates / f".making-{entry.name}-killed").mkdir()
    assert prepared_directory(settings, "mysql-9", "schema", Maker()) == entry / "data"
    assert sorted(path.name for path in templates.iterdir()) == [entry.name, f"{entry.name}.lock"]


def test_what_nobody_asked_for_in_a_month_goes_when_another_is_made(settings: Settings) -> None:
    old = prepared_directory(settings, "mysql-9", "old schema", Maker()).parent
    recent = prepared_directory(settings, "mysql-9", "recent schema", Maker()).parent
    lock = old.with_name(f"{old.name}.lock")
    os.utime(lock, (time.time() - 31 * 86_400,) * 2)
    prepared_directory(settings, "mysql-9", "schema", Maker())
    assert (old.exists(), lock.exists(), recent.exists()) == (False, False, True)


def test_who_asks_first_is_known(settings: Settings) -> None:
    """Each identity by itself; and a directory can be made all the same."""
    assert [asked_before(settings, "mysql-9", identity) for identity in ("a", "a", "b", "a")] == [
        False,
        True,
        False,
        True,
    ]
    prepared_directory(settings, "mysql-9", "b", Maker())
    assert asked_before(settings, "mysql-9", "b")


def test_the_digest_of_the_schema_changes_with_a_migration(tmp_path: Path) -> None:
    release = tmp_path / "release.sql"
    release.write_text("-- migration: 2027_02_01_000000_a\nalter table users add a int;\n")
    one = schema_digest(str(release))
    assert len({schema_digest(), schema_digest("next"), one}) == 3
    assert schema_digest(str(release)) == one
    release.write_text("-- migration: 2027_02_01_000000_a\nalter table users add a bigint;\n")
    assert schema_digest(str(release)) != one
