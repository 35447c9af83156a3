"""What a container used, from files as kernels with either version of control groups have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.model import ProcessUsage
from harness.runtime.docker import usage

ID = "821e028ed94fbb82f53d91d272ed6ade622759649b4c27a25198a5fa943f6442"
VERSION_1 = f"7:blkio:/docker/{ID}\n4:memory:/docker/{ID}\n2:cpu,cpuacct:/docker/{ID}\n0::/docker/{ID}\n"
VERSION_2 = f"0::/system.slice/docker-{ID}.scope\n"
USED = ProcessUsage("MySQL", 1.5, 4096, 8192)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(usage, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(usage, "_PROCESSES", tmp_path / "processes")
    for place, files in (
        (f"cpuacct/docker/{ID}", {"cpuacct.usage": "1500000000\n"}),
        (
            f"blkio/docker/{ID}",
            {"blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 9\nTotal 12288\n"},
        ),
        (
            f"system.slice/docker-{ID}.scope",
            {"cpu.stat": "usage_usec 1500000\nuser_usec 9\n", "io.stat": "8:0 rbytes=4096 wbytes=8192 rios=1\n8:16\n"},
        ),
    ):
        directory = tmp_path / "groups" / place
        directory.mkdir(parents=True)
        for name, content in files.items():
            (directory / name).write_text(content)
    process = tmp_path / "processes" / "42"
    process.mkdir(parents=True)
    return process / "cgroup"


def test_both_versions_say_the_same(kernel: Path) -> None:
    for text in (VERSION_1, VERSION_2):
        kernel.write_text(text)
        assert usage.usage_of(ID, 42, "MySQL") == USED, text


def test_what_is_not_this_containers_is_not_taken_for_its_own(kernel: Path) -> None:
    """An engine elsewhere names processes of its own machine; a container that ended has none."""
    kernel.write_text(VERSION_1.replace(ID, "0" * 64))
    assert usage.usage_of(ID, 42, "MySQL") is None
    assert usage.usage_of(ID, 0, "MySQL") is None
    for text in ("0::/../" + ID, "no groups", ""):
        kernel.write_text(text)
        assert usage.usage_of(ID, 42, "MySQL") is None, text
