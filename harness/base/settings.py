"""The settings of one run of the harness, built once at the edge; nothing else reads the environment."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.base.errors import UsageError
from harness.base.limits import Limits as Limits

_FOR_SSH = ("HOME", "USER", "LOGNAME", "LANG", "SSH_AUTH_SOCK", "TMPDIR")
CONFIG_NAME = "apiary-drill.toml"
"""What repeats from one drill to the next (docs/config.md), in the current directory."""

INDEXING_MEMORY = "256 MiB"
"""By itself the real Meilisearch takes two thirds of the machine's, and fills it anew for each batch: one document then
costs 0.55 s, and 0.04 s with 64 MiB (1.50.0 on a machine of 8 GB)."""

_FETCHING = re.compile(r"(?i:(https?|no|all)_proxy)|PIP_[A-Z_]+|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class DockerSettings:
    """Which Docker engine to talk to; the order is that of the Docker client.

    Args:
        host: `DOCKER_HOST`, such as `unix:///run/docker.sock`, `tcp://host:2375` or `ssh://user@host`.
        context: `DOCKER_CONTEXT`; wins over `host` being empty, and over the configuration's current context.
        config_dir: `DOCKER_CONFIG`: configuration, contexts and credentials of the Docker client.
        cert_path: `DOCKER_CERT_PATH`: directory with ca.pem, cert.pem and key.pem.
        tls_verify: `DOCKER_TLS_VERIFY`.
        client_env: environment of the programs `ssh` and `docker`, for an engine elsewhere.
    """

    host: str | None = None
    context: str | None = None
    config_dir: Path | None = None
    cert_path: Path | None = None
    tls_verify: bool = False
    client_env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """Images to run. None means the pinned default, or the locally built one where that can't be pulled.

    Args:
        mysql: reference of a MySQL or MariaDB image.
        meilisearch: reference of a Meilisearch image.
        apiary: reference of a real Apiary image, or None for the stand-in.
        apiary_env: environment file of that image, in the syntax of `docker run --env-file`.
    """

    mysql: str | None = None
    meilisearch: str | None = None
    apiary: str | None = None
    apiary_env: Path | None = None


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """Who is notified of a run that has ended, besides the terminal; nothing of it changes the verdict.

    Args:
        sign_key: private key that signs the result, or None.
        sign_passphrase: what that key is encrypted with (`APIARY_DRILL_SIGN_PASSPHRASE`, or a file), or None.
        metrics: Prometheus textfile that is written, or None.
        notify_urls: services that get notifications, as apprise writes them; each may hold a password.
        notify_on: which events are sent: `failure`, `recovery`, `silence`.
        ping: URL of a dead man's switch, or None; whoever has it can ping.
        ping_style: `plain` (after a good drill), or `healthchecks` (at the start and after failures too).
        timeout_s: how long each of them may take.
    """

    sign_key: Path | None = None
    sign_passphrase: bytes | None = field(default=None, repr=False)
    metrics: Path | None = None
    notify_urls: tuple[str, ...] = field(default=(), repr=False)
    notify_on: tuple[str, ...] = ()
    ping: str | None = field(default=None, repr=False)
    ping_style: str = "plain"
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """Where reports go besides `report.html` in the run directory; None where none was asked for.

    Args:
        html, pdf, markdown, junit: files to write.
        step_summary: what GitHub Actions shows below a job (`GITHUB_STEP_SUMMARY`).
        annotate: say findings as GitHub's workflow commands (`GITHUB_ACTIONS`).
    """

    html: Path | None = None
    pdf: Path | None = None
    markdown: Path | None = None
    junit: Path | None = None
    step_summary: Path | None = None
    annotate: bool = False

    def files(self) -> dict[str, Path]:
        """The files that were asked for, by format."""
        named = {"html": self.html, "pdf": self.pdf, "markdown": self.markdown, "junit": self.junit}
        return {kind: path for kind, path in named.items() if path is not None}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and how long they may take.

    Args:
        state_dir: running drills keep their servers' data here; what a killed drill left is found here.
        cache_dir: initialised database templates and other things that can be made again.
        runs_dir: one directory of results for each drill.
        search_path: directories in which programs are looked for.
        base_env: what every program that the harness starts gets of the harness's own environment.
        mysqld: server program to use, or None to look for `mysqld`, then `mariadbd`.
        meilisearch: server program to use, or None to look for `meilisearch`.
        runtime: `process`, `docker` or `auto`.
        standin_release: of the target's stand-in: `next`, or the path of a file of migrations; None for today's.
        fetch_env: proxies, certificates and pip's options: what programs that fetch something get besides.
        history: the file of finished runs, or None for `history.sqlite3` in the state directory.
        notifications: see NotificationSettings; filled in from the options of a command.
        reports: see ReportSettings; filled in from the options of a command.
        negative_control: make a negative control after the verdict.
        indexing_memory: how much memory the real Meilisearch may take to index, as it reads sizes.
        command_env: the whole environment, for programs that an operator names (restic, ssh, age) and their agents.
        sample_share: share of the rows that are compared by value, between 0 and 1; None for all of them.
        fast: fsync off: the same checks, but timings are not representative.
    """

    state_dir: Path
    cache_dir: Path
    runs_dir: Path
    search_path: tuple[str, ...]
    base_env: Mapping[str, str] = field(default_factory=dict)
    mysqld: str | None = None
    meilisearch: str | None = None
    runtime: str = "auto"
    limits: Limits = field(default_factory=Limits)
    docker: DockerSettings = field(default_factory=DockerSettings)
    images: ImageSettings = field(default_factory=ImageSettings)
    standin_release: str | None = None
    fetch_env: Mapping[str, str] = field(default_factory=dict)
    history: Path | None = None
    notifications: NotificationSettings = field(default_factory=NotificationSettings)
    reports: ReportSettings = field(default_factory=ReportSettings)
    negative_control: bool = True
    indexing_memory: str = INDEXING_MEMORY
    command_env: Mapping[str, str] = field(default_factory=dict, repr=False)
    fast: bool = False
    sample_share: float | None = None

    @property
    def history_path(self) -> Path:
        """The file of finished runs."""
        return self.history or self.state_dir / "history.sqlite3"

    def which(self, program: str) -> Path | None:
        """The program of that name or path, or None."""
        found = shutil.which(program, path=os.pathsep.join(self.search_path))
        return Path(found) if found else None


def checked_size(text: str, option: str) -> str:
    """A size as Meilisearch reads it: `256 MiB`, `4Gb`. Raises UsageError when it is none, or 0."""
    if re.fullmatch(r"(?!0+(\.0+)?\s*[a-z]*$)[0-9]+(\.[0-9]+)?\s*([kmgt]i?)?b?", text.strip(), re.IGNORECASE) is None:
        raise UsageError(f"{option}: {text!r} is not a size greater than zero", "Examples: 256MiB, 1GiB.")
    return text.strip()


def from_environment(
    environ: Mapping[str, str],
    *,
    runs_dir: Path | None = None,
    mysqld: str | None = None,
    meilisearch: str | None = None,
    runtime: str = "auto",
    images: ImageSettings | None = None,
) -> Settings:
    """Build the settings from the options given and from the environment.

    `APIARY_DRILL_STATE_DIR`, `APIARY_DRILL_CACHE_DIR`, `APIARY_DRILL_RUNS_DIR`, `APIARY_DRILL_HISTORY`,
    `APIARY_DRILL_MYSQLD`, `APIARY_DRILL_MEILISEARCH` and `MEILI_MAX_INDEXING_MEMORY` are used where no option says
    otherwise; the XDG directories after that. `DOCKER_HOST`, `DOCKER_CONTEXT`, `DOCKER_CONFIG`, `DOCKER_CERT_PATH` and
    `DOCKER_TLS_VERIFY` mean what they mean to the Docker client. `APIARY_DRILL_SIGN_PASSPHRASE` opens the key
    that signs. Server programs live in `sbin`, which is not on every user's path, so it is always searched.
    """
    home = Path(environ.get("HOME", "/tmp"))  # noqa: S108 (a service account without a home)
    state = environ.get("APIARY_DRILL_STATE_DIR") or Path(
        environ.get("XDG_STATE_HOME") or home / ".local/state", "apiary-drill"
    )
    cache = environ.get("APIARY_DRILL_CACHE_DIR") or Path(
        environ.get("XDG_CACHE_HOME") or home / ".cache", "apiary-drill"
    )
    path = [entry for entry in environ.get("PATH", os.defpath).split(os.pathsep) if entry]
    path += [entry for entry in ("/usr/local/sbin", "/usr/sbin", "/sbin") if entry not in path]
    return Settings(
        state_dir=Path(state),
        cache_dir=Path(cache),
        runs_dir=runs_dir or Path(environ.get("APIARY_DRILL_RUNS_DIR") or Path(state) / "runs"),
        search_path=tuple(path),
        base_env={
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join(path),
            **{name: environ[name] for name in ("HOME", "TMPDIR") if name in environ},
        },
        mysqld=mysqld or environ.get("APIARY_DRILL_MYSQLD"),
        meilisearch=meilisearch or environ.get("APIARY_DRILL_MEILISEARCH"),
        runtime=runtime,
        docker=DockerSettings(
            host=environ.get("DOCKER_HOST") or None,
            context=environ.get("DOCKER_CONTEXT") or None,
            config_dir=Path(environ.get("DOCKER_CONFIG") or home / ".docker"),
            cert_path=Path(environ["DOCKER_CERT_PATH"]) if environ.get("DOCKER_CERT_PATH") else None,
            tls_verify=bool(environ.get("DOCKER_TLS_VERIFY")),
            client_env={"PATH": os.pathsep.join(path), **{name: environ[name] for name in _FOR_SSH if name in environ}},
        ),
        images=images or ImageSettings(),
        indexing_memory=checked_size(
            environ.get("MEILI_MAX_INDEXING_MEMORY") or INDEXING_MEMORY, "MEILI_MAX_INDEXING_MEMORY"
        ),
        fetch_env={name: value for name, value in environ.items() if _FETCHING.fullmatch(name)},
        command_env=dict(environ),
        history=Path(environ["APIARY_DRILL_HISTORY"]) if environ.get("APIARY_DRILL_HISTORY") else None,
        reports=ReportSettings(
            step_summary=Path(environ["GITHUB_STEP_SUMMARY"]) if environ.get("GITHUB_STEP_SUMMARY") else None,
            annotate=environ.get("GITHUB_ACTIONS") == "true",
        ),
        notifications=NotificationSettings(
            sign_passphrase=environ.get("APIARY_DRILL_SIGN_PASSPHRASE", "").encode() or None
        ),
    )
