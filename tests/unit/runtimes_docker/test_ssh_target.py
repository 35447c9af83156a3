"""An `ssh://` address means what it means to the Docker client."""

from __future__ import annotations

import pytest

from harness.base.errors import UsageError
from harness.runtime.docker.ssh import SshTarget, ssh_target
from tests.tables import over_table


def test_what_an_address_says() -> None:
    """User, port and path may be left out: the ssh configuration and the Docker client there know them."""
    assert ssh_target("ssh://far") == SshTarget("far")
    assert ssh_target("ssh://admin@far:2222") == SshTarget("far", "admin", 2222)
    assert ssh_target("ssh://admin@far/") == SshTarget("far", "admin")
    assert ssh_target("ssh://far/run/user/1000/docker.sock") == SshTarget(
        "far", engine_socket="/run/user/1000/docker.sock"
    )
    assert ssh_target("ssh://[fd00::1]:22") == SshTarget("fd00::1", port=22)


def test_the_command() -> None:
    """What `ssh` gets: a host is never an option, and the path is one word of the shell there."""
    assert SshTarget("far").argv()[-3:] == ["--", "far", "docker system dial-stdio"]
    argv = SshTarget("-oProxyCommand=x", "admin", 2222, "/a b/docker.sock").argv("-o", "ControlMaster=no")
    assert argv[-9:] == [
        *("-o", "ControlMaster=no", "-l", "admin", "-p", "2222"),
        *("--", "-oProxyCommand=x", "docker '--host=unix:///a b/docker.sock' system dial-stdio"),
    ]


@over_table(
    "url, fact",
    [
        ("ssh://", "ssh:// is not of the form ssh://[user@]host[:port][/path/of/docker.sock]"),
        ("ssh://far?x=1", "ssh://far?x=1 is not of the form ssh://[user@]host[:port][/path/of/docker.sock]"),
        ("ssh://admin:secret@far", "an ssh:// address cannot contain a password"),
        ("ssh://far:ssh", "ssh://far:ssh has an invalid port"),
    ],
)
def test_what_is_refused(url: str, fact: str) -> None:
    """In one sentence, which never shows a password."""
    with pytest.raises(UsageError) as caught:
        ssh_target(url)
    assert caught.value.fact == fact
