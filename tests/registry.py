"""A real image registry on loopback, which an engine takes without TLS (127.0.0.0/8 is "insecure" by default)."""

import contextlib
import json
import secrets
import socket
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt
import docker

from harness.base.wait import wait_until
from tests.engines import background, must_find

_START_S = 20.0
USER = "drill"

_CONFIGURATION = """
version: 0.1
log: {{level: info}}
storage:
  filesystem: {{rootdirectory: {directory}/data}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}", secret: {secret}}}
"""

_PASSWORDS = """
auth:
  htpasswd: {{realm: drill, path: {directory}/htpasswd}}
"""


@dataclass(frozen=True)
class Registry:
    """A running registry.

    Args:
        address: host and port, the beginning of its images' names.
        password: of the user `drill`, or empty where nobody is asked.
    """

    address: str
    password: str = field(repr=False, default="")

    def push(self, engine: docker.DockerClient, local: str, name: str) -> tuple[str, str]:
        """Put an image of an engine into it, and take the name away from the engine again.

        Returns:
            Its reference here by tag, and the registry's digest.
        """
        repository, _, tag = name.partition(":")
        target = f"{self.address}/{repository}"
        engine.images.get(local).tag(target, tag)
        credentials = {"username": USER, "password": self.password} if self.password else None
        messages = list(engine.images.push(target, tag, stream=True, decode=True, auth_config=credentials))
        assert not [line for line in messages if "error" in line], messages
        digest = next(line["aux"]["Digest"] for line in messages if "aux" in line)
        engine.images.remove(f"{target}:{tag}")
        return f"{target}:{tag}", str(digest)

    def log_in(self, config_dir: Path) -> None:
        """Write what `docker login` writes without a credential helper."""
        word = b64encode(f"{USER}:{self.password}".encode()).decode()
        config_dir.mkdir(exist_ok=True)
        (config_dir / "config.json").write_text(json.dumps({"auths": {self.address: {"auth": word}}}))

    def log_in_with_helper(self, config_dir: Path, bin_dir: Path) -> None:
        """Write what `docker login` writes with a credential helper, and a helper, which keeps the one password."""
        config_dir.mkdir(exist_ok=True)
        (config_dir / "config.json").write_text(json.dumps({"credHelpers": {self.address: "drill"}}))
        credentials = json.dumps({"ServerURL": self.address, "Username": USER, "Secret": self.password})
        helper = bin_dir / "docker-credential-drill"
        bin_dir.mkdir(exist_ok=True)
        # The protocol of docker-credential-helpers: the address comes on standard input.
        helper.write_text(f"#!/bin/sh\n[ \"$1\" = get ] && grep -qx '{self.address}' && echo '{credentials}'\n")
        helper.chmod(0o755)


@contextlib.contextmanager
def running_registry(directory: Path, *, private: bool) -> Iterator[Registry]:
    """Start a registry.

    Raises:
        tests.engines.Missing: the program is missing.
    """
    program = must_find("docker-registry", "docker-registry")
    password = secrets.token_urlsafe() if private else ""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    text = _CONFIGURATION.format(directory=directory, port=port, secret=secrets.token_hex())
    if private:
        text += _PASSWORDS.format(directory=directory)
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(5)).decode()
        (directory / "htpasswd").write_text(f"{USER}:{hashed}\n")
    configuration, log = directory / "config.yml", directory / "registry.log"
    configuration.write_text(text)
    with background([program, "serve", str(configuration)], log) as process:

        def listens() -> bool:
            assert process.poll() is None, f"the registry ended with status {process.returncode}: {log.read_text()}"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False

        wait_until(listens, what="the registry", timeout_s=_START_S)
        yield Registry(f"127.0.0.1:{port}", password)
