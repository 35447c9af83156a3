"""The script's callbacks come at exactly their byte; a manifest that is rewritten agrees with its files again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from harness.base.settings import Limits
from harness.faults.context import FaultContext, ScriptStream
from harness.faults.fault import ArtifactOptions, Fault
from harness.faults.injection_points import InjectionPoint
from harness.faults.injector import Injector, Planned
from harness.procedure.backup.manifest import measure, read_manifest
from tests.tables import over_table
from tests.unit.faults.backups import a_backup


@over_table("size_bytes", range(8))
def test_an_action_comes_when_exactly_so_much_was_sent(size_bytes: int) -> None:
    stream, sent = ScriptStream(), bytearray()
    seen: list[bytes] = []
    stream.when_sent(size_bytes, lambda: seen.append(bytes(sent)))
    for chunk in stream.through([b"ab", b"", b"cdef", b"g"]):
        assert chunk
        sent += chunk
    assert bytes(sent) == b"abcdefg"
    assert seen == [b"abcdefg"[:size_bytes]]
    assert stream.sent_bytes == 7


def test_actions_come_in_order_and_not_beyond_the_end() -> None:
    stream, seen = ScriptStream(), list[int]()
    for size_bytes in (5, 2, 2, 9):
        stream.when_sent(size_bytes, lambda size_bytes=size_bytes: seen.append(size_bytes))  # type: ignore[misc]
    assert b"".join(stream.through([b"abcdefg"])) == b"abcdefg"
    assert seen == [2, 2, 5]


def test_an_action_comes_once_when_the_reindex_comes_to_it() -> None:
    stream, seen = ScriptStream(), list[str]()
    stream.when_at("search tasks", lambda: seen.append("search tasks"))
    for progress in ("import", "search tasks", "search tasks"):
        stream.reached(progress)
    assert seen == ["search tasks"]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A backup of one file, as far as its manifest goes."""
    return a_backup(tmp_path, **{"database.sql": b"-- a script\n"})


@contextmanager
def append(context: FaultContext, rng: Random, options: ArtifactOptions) -> Iterator[None]:
    with context.backup.dump.open("ab") as file:
        file.write(b"-- more\n")
    context.changed("byte", "database.sql", "8 appended")
    yield


@pytest.mark.parametrize("rewrite_manifest", [True, False])
def test_damage_with_a_rewritten_manifest_agrees_with_the_manifest(backup: Path, rewrite_manifest: bool) -> None:
    before = read_manifest(backup)
    fault = Fault("append", "dump", (InjectionPoint.ARTIFACT,), "Appends.", append, ArtifactOptions)
    faults = Injector(
        [Planned(fault, ArtifactOptions(rewrite_manifest=rewrite_manifest), InjectionPoint.ARTIFACT)],
        1,
        backup,
        Limits(),
    )
    with faults.around(InjectionPoint.ARTIFACT, directory=backup):
        pass
    now = measure(backup / "database.sql", "database")
    assert read_manifest(backup) == (replace(before, artifacts=(now,)) if rewrite_manifest else before)
    assert before.artifacts != (now,)
    assert [change.kind for change in faults.injected[0].changes] == ["byte", "manifest"][: 1 + rewrite_manifest]
