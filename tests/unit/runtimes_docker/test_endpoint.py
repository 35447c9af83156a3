"""Which engine is meant: the Docker client's own order of host, named context, current context, default."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from harness.base.errors import UsageError
from harness.base.settings import DockerSettings
from harness.runtime.docker.client import Endpoint, endpoint


def _context(directory: Path, name: str, host: str, *, current: bool, tls: bool = False) -> None:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = directory / "contexts" / "meta" / key / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}))
    if tls:
        (directory / "contexts" / "tls" / key / "docker").mkdir(parents=True)
    if current:
        (directory / "config.json").write_text(json.dumps({"currentContext": name}))


def test_the_default_socket(tmp_path: Path) -> None:
    """No variable, no context."""
    expected = Endpoint("unix:///var/run/docker.sock", "the default")
    assert endpoint(DockerSettings(config_dir=tmp_path)) == expected
    (tmp_path / "config.json").write_text('{"currentContext": "default"}')
    assert endpoint(DockerSettings(config_dir=tmp_path)) == expected


def test_the_current_context(tmp_path: Path) -> None:
    """As `docker context use` leaves it."""
    _context(tmp_path, "lab", "unix:///run/lab.sock", current=True)
    assert endpoint(DockerSettings(config_dir=tmp_path)) == Endpoint("unix:///run/lab.sock", "context 'lab'")


def test_a_named_context_wins_over_the_current_one(tmp_path: Path) -> None:
    """With the directory of its certificates."""
    _context(tmp_path, "lab", "unix:///run/lab.sock", current=True)
    _context(tmp_path, "far", "tcp://far:2376", current=False, tls=True)
    found = endpoint(DockerSettings(config_dir=tmp_path, context="far"))
    key = hashlib.sha256(b"far").hexdigest()
    assert found == Endpoint("tcp://far:2376", "context 'far'", tmp_path / "contexts" / "tls" / key / "docker")


def test_docker_host_wins_over_every_context(tmp_path: Path) -> None:
    """As in the Docker client."""
    _context(tmp_path, "lab", "unix:///run/lab.sock", current=True)
    settings = DockerSettings(config_dir=tmp_path, host="tcp://near:2375", context="lab")
    assert endpoint(settings) == Endpoint("tcp://near:2375", "DOCKER_HOST", None, False)


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    """Reported with the place where it was looked for."""
    with pytest.raises(UsageError) as caught:
        endpoint(DockerSettings(config_dir=tmp_path, context="gone"))
    assert str(caught.value) == (
        f"no Docker context 'gone' in {tmp_path}/contexts (DOCKER_CONTEXT)\n"
        "HINT: `docker context ls` lists the contexts."
    )
