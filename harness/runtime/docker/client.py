"""Finding the Docker engine and talking to it: `DOCKER_HOST`, else the Docker client's current context.

The SDK does not know contexts, so the context store is read here. Every function takes the client as a
parameter: a program may talk to several engines at once.
"""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import docker
import docker.errors
import requests
import urllib3

from harness.base.errors import Cause, HarnessError, ServerFailed, UsageError
from harness.base.settings import DockerSettings
from harness.runtime.docker.dial import Dialer, client_over
from harness.runtime.docker.ssh import SshDialer, ssh_target
from harness.runtime.docker.stdio import StdioDialer

DEFAULT_HOST = "unix:///var/run/docker.sock"

_FIRST_ANSWER_S = 10
"An engine that has not answered `/version` by then counts as unreachable."

_CALL_S = 300
"""Limit of any other call; removing a large volume on a busy machine takes tens of seconds."""


class EngineUnavailable(HarnessError):
    """No Docker engine answers where one was looked for."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an engine is configured to be.

    Args:
        url: such as `unix:///var/run/docker.sock`.
        source: what names it, for messages: a variable, a context, or the default.
        tls_directory: holds ca.pem, cert.pem and key.pem, or None for no TLS.
        verify: whether the engine's certificate is checked.
    """

    url: str
    source: str
    tls_directory: Path | None = None
    verify: bool = True


def endpoint(settings: DockerSettings) -> Endpoint:
    """The engine to use, in the Docker client's own order: host, named context, current context, default.

    Raises:
        UsageError: the context is not in the context store.
    """
    if settings.host:
        tls = settings.cert_path or settings.config_dir if settings.tls_verify else settings.cert_path
        return Endpoint(settings.host, "DOCKER_HOST", tls, settings.tls_verify)
    name, source = settings.context, "DOCKER_CONTEXT"
    if not name and settings.config_dir is not None:
        name = str(_read_json(settings.config_dir / "config.json").get("currentContext") or "")
        source = "the Docker client's current context"
    if not name or name == "default" or settings.config_dir is None:
        return Endpoint(DEFAULT_HOST, "the default")
    # The store names a context's directory by the SHA-256 of the context's name.
    key = hashlib.sha256(name.encode()).hexdigest()
    contexts = settings.config_dir / "contexts"
    endpoints = _read_json(contexts / "meta" / key / "meta.json").get("Endpoints")
    found = endpoints.get("docker") if isinstance(endpoints, dict) else None
    if not isinstance(found, dict) or not found.get("Host"):
        raise UsageError(
            f"no Docker context {name!r} in {contexts} ({source})", "`docker context ls` lists the contexts."
        )
    tls = contexts / "tls" / key / "docker"
    return Endpoint(
        str(found["Host"]), f"context {name!r}", tls if tls.is_dir() else None, not found.get("SkipTLSVerify", False)
    )


def connect(settings: DockerSettings) -> docker.DockerClient:
    """A client of the engine that the settings name, after it has answered.

    Raises:
        EngineUnavailable: nobody answers there.
        UsageError: see `endpoint`.
    """
    target = endpoint(settings)
    hints = (
        "Start the engine, or choose another one with DOCKER_HOST or `docker context use`.",
        "`--runtime process` needs no engine.",
    )
    dialer = _dialer(target, settings)
    try:
        if dialer is not None:
            client = client_over(dialer, timeout_s=_FIRST_ANSWER_S)
        else:
            _probe_socket(target.url)
            client = docker.DockerClient(base_url=target.url, timeout=_FIRST_ANSWER_S)
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        reason = (dialer.reason().rstrip(".") if dialer is not None else "") or _reason(error)
        raise EngineUnavailable(
            f"no Docker engine answers at {target.url} ({target.source}): {reason}", *hints
        ) from error
    client.api.timeout = _CALL_S
    configuration = settings.config_dir / "config.json" if settings.config_dir is not None else None
    if configuration is not None and configuration.exists():
        client.api.reload_config(dockercfg_path=str(configuration))  # the credentials for registries
    return client


def _dialer(target: Endpoint, settings: DockerSettings) -> Dialer | None:
    """What makes the connections; None where the SDK can do it itself."""
    if target.url.startswith("ssh://"):
        return SshDialer(ssh_target(target.url), settings.client_env)
    if target.tls_directory is None or not target.url.startswith(("tcp://", "https://")):
        return None
    parts = urlsplit(target.url)
    if not parts.hostname:
        raise UsageError(f"{target.url} ({target.source}) contains no host")
    authority, certificate = target.tls_directory / "ca.pem", target.tls_directory / "cert.pem"
    if not authority.exists() and not certificate.exists():
        raise UsageError(
            f"{target.tls_directory} lacks ca.pem, or cert.pem with key.pem, for TLS",
            "Set DOCKER_CERT_PATH to the directory of the certificates.",
        )
    tls = "--tlsverify" if target.verify else "--tls"
    trusted = authority if authority.exists() else ""  # without one, what the system trusts
    argv = ("docker", "--host", f"tcp://{parts.netloc}", tls, f"--tlscacert={trusted}", "system", "dial-stdio")
    return StdioDialer(argv, {**settings.client_env, "DOCKER_CERT_PATH": str(target.tls_directory)})


def _probe_socket(url: str) -> None:
    """Connect to a local socket once: the SDK leaves a socket open that could not be connected."""
    if url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_FIRST_ANSWER_S)
            probe.connect(url.removeprefix("unix://"))


def _read_json(path: Path) -> dict[str, object]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    return read if isinstance(read, dict) else {}


def _reason(error: BaseException) -> str:
    """The innermost cause in words: the SDK wraps a missing socket four times."""
    causes: list[BaseException] = [error]
    while True:
        current = causes[-1]
        inner = current.__cause__ or current.__context__
        nested = [argument for argument in current.args if isinstance(argument, BaseException)]
        following = nested[0] if nested else inner
        if following is None or following in causes:
            break
        causes.append(following)
    for cause in reversed(causes):
        if isinstance(cause, TimeoutError):
            return f"no answer within {_FIRST_ANSWER_S} s"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
    return str(error)


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turn what the SDK raises into one sentence.

    Args:
        doing: what was being done, such as `starting MySQL`.

    Raises:
        ServerFailed: the engine refused, or went away.
    """
    try:
        yield
    except docker.errors.APIError as error:
        message = str(error.explanation or error).strip()
        hints: tuple[str, ...] = ()
        if "no space left on device" in message:
            hints = ("The engine's disk is full: `docker system df` shows the usage.",)
        elif "address pool" in message:
            hints = ("No address range is left for a network: `docker network prune` removes unused networks.",)
        raise ServerFailed(f"the Docker engine refused a request while {doing}: {message}", *hints) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, docker.errors.DockerException) as error:
        message = f"the connection to the Docker engine was lost while {doing}: {_reason(error)}"
        cause = Cause("engine-gone", "docker", f"{message[:1].upper()}{message[1:]}.")
        raise ServerFailed(
            message, "Check the engine: the next start removes what was left on it.", causes=(cause,)
        ) from error
