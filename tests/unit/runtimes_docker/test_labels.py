"""Whose a container is, from its labels alone: a drill that lives is never a leftover."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import docker
import psutil
import pytest

from harness.runtime.docker import labels
from harness.runtime.docker.labels import docker_leftovers, drill_labels
from harness.runtime.ownership import workspace


def engine(known: dict[str, str]) -> docker.DockerClient:
    """An engine with one volume."""
    api = SimpleNamespace(
        containers=lambda **_: [],
        networks=lambda **_: [],
        volumes=lambda **_: {"Volumes": [{"Name": "v", "Labels": known}]},
    )
    return cast(Any, SimpleNamespace(api=api))


def names(known: dict[str, str]) -> list[str]:
    return [left.name for left in docker_leftovers(engine(known), kept_too=True)]


def test_the_owner_is_known_by_what_a_step_of_the_clock_does_not_move(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = drill_labels("d", "target", "mysql")
    assert names(mine) == []
    older = {name: value for name, value in mine.items() if not name.endswith("owner-ticks")}
    assert names(older) == [], "as an older version labels its drills"
    assert names({**mine, "apiary-drill.owner-ticks": "1"}) == ["v"]
    create_time = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: create_time(process) + 3600)
    assert names(mine) == []


def test_a_lock_that_is_held_decides(tmp_path: Path) -> None:
    with workspace(tmp_path, "d"):
        gone = {**drill_labels("d", "target", "mysql"), "apiary-drill.owner-boot": "another boot"}
        assert names(gone) == []
    assert names(gone) == ["v"]
    assert "apiary-drill.owner-lock" not in drill_labels("d", "target", "mysql")


def test_images_without_an_identity_are_distinguished_by_the_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two machines with one engine, each with a container: the other one's drill is foreign, and no leftover."""
    (tmp_path / "machine-id").touch()
    monkeypatch.setattr(labels, "_MACHINE_IDS", (tmp_path / "machine-id", tmp_path / "none"))
    other = {**drill_labels("d", "target", "mysql"), "apiary-drill.owner-boot": "another boot"}
    assert names(other) == ["v"], "of this machine before it was started again, had it an identity"
    monkeypatch.setattr(labels, "boot_id", lambda: "another boot")
    assert names(other) == []
