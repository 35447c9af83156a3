"""MySQL or MariaDB as a container that is there in a second: its data directory is in the image already.

Any MySQL or MariaDB image, official or local, is prepared once: a container of it initialises a data
directory, and is committed. A drill's server gets a volume that the engine fills from it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import docker
import docker.errors

from harness.base.errors import ServerFailed
from harness.base.private import alone
from harness.base.settings import Settings
from harness.runtime.docker.client import engine_errors
from harness.runtime.docker.container import ContainerPlan, ServerContainer, make_volume, started
from harness.runtime.docker.images import IMAGE_LABEL, REPOSITORY, ChosenImage, image_of
from harness.runtime.docker.labels import drill_labels, no_labels
from harness.runtime.docker.reach import Reach
from harness.runtime.process.mysql import CONFIGURATION, account_statements, mode_options
from harness.runtime.process.prepared import asked
from harness.runtime.services.mysql import MySqlServer
from harness.runtime.spec import StackSpec

DATA = "/srv/mysql"
"""No volume of any official image: what is there is kept when a container is committed."""

_FROM = "/srv/from"
PORT = 3306
_INIT_FILE = "/srv/accounts.sql"
_FACT = "apiary-drill.mysql."
_OF = "apiary-drill.prepared-of"
_FACTS = ("server", "flavour", "version", "client", "dump", "user")
_PREPARE_S = 180.0
_MEMORY_BYTES = 4 << 30
"""A row of 64 MiB is held several times over while it is loaded and dumped."""


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """An image with an initialised data directory.

    Args:
        flavour: `MySQL` or `MariaDB`, by its own word.
        client: path of the program that runs scripts.
        dump: path of the program that makes them.
        user: numeric user that the data directory belongs to.
    """

    id: str
    server: str
    flavour: str
    version: str
    client: str
    dump: str
    user: str


def prepared(client: docker.DockerClient, settings: Settings, image: ChosenImage, drill_id: str) -> PreparedImage:
    """The image with an initialised data directory; made once for each image.

    Raises:
        ServerFailed: the image is no MySQL or MariaDB image, or the engine refused.
    """
    key = _key(image.id)
    with alone(_lock(settings, key)):
        return _find(client, key) or _prepare(client, image.id, image.reference, key, drill_id)


def prepared_with_schema(
    client: docker.DockerClient,
    settings: Settings,
    image: PreparedImage,
    app: ChosenImage,
    spec: StackSpec,
    given: Mapping[str, str],
    volume: Callable[[], AbstractContextManager[str]],
) -> PreparedImage | None:
    """The same image with the application's schema in its data directory; made once for each pair of images.

    Made for the second who asks, None for the first: what is asked for once is not worth being prepared.

    Args:
        image: of the server.
        app: of the application, whose migrations run.
        given: what else its migrations can see.
        volume: names a volume with the data directory of a server in which they ran and which has ended.

    Raises:
        HarnessError: the migrations failed, or the engine refused.
    """
    key = _key(image.id, app.id, spec.database, spec.app.user, sorted(spec.app_env.items()), sorted(given.items()))
    before = asked(_lock(settings, key))
    with alone(_lock(settings, key)):
        found = _find(client, key)
        if found is None and before:
            reference = f"{image.flavour} {image.version} {app.reference} {spec.app_env.get('STANDIN_RELEASE', '')}"
            with volume() as name:
                found = _prepare(client, image.id, reference, key, spec.drill_id, volume=name)
        return found


def forget(client: docker.DockerClient, image: PreparedImage) -> None:
    """Remove what was prepared: whoever asks next makes it anew."""
    with contextlib.suppress(docker.errors.APIError):  # another drill runs on it, or has removed it
        client.images.remove(image.id, force=True)


def _key(*identity: object) -> str:
    return hashlib.sha256(f"{identity}\n{CONFIGURATION}\n{_script()}".encode()).hexdigest()[:20]


def _script() -> str:
    return (files("harness.runtime.docker") / "prepare-mysql.sh").read_text(encoding="utf-8")


def _lock(settings: Settings, key: str) -> Path:
    return settings.cache_dir / f"prepare-{key}.lock"


@contextmanager
def mysql_container(
    client: docker.DockerClient, image: PreparedImage, spec: StackSpec, reach: Reach, *, keep: bool = False
) -> Iterator[tuple[MySqlServer, ServerContainer, Callable[[], None]]]:
    """An empty server with the application's database and the accounts of `spec`.

    Returns:
        The server, its container, and what waits until it is ready: others can start meanwhile.
    """
    name = f"{reach.prefix}-mysql"
    labels = drill_labels(spec.drill_id, spec.role, "mysql")
    make_volume(client, name, labels, "MySQL")
    plan = ContainerPlan(
        title=image.flavour,
        name=name,
        image=image.id,
        labels=labels,
        log=spec.logs / "mysql.log",
        entrypoint=(image.server, *_arguments(image), *mode_options(spec, image.flavour)),
        user=image.user,
        network=reach.network,
        volumes={DATA: name},
        files={_INIT_FILE: account_statements(spec).encode()},
        memory_bytes=_MEMORY_BYTES,
    )
    # Its volume goes with it: an orderly end takes 1.5 s (9.7) to save what is deleted then.
    stop_s = spec.limits.stop_s if spec.for_copies else 0
    with started(client, plan, stop_s=stop_s, keep=keep) as server:
        host, port = reach.to(PORT)
        mysql = MySqlServer(
            host=host,
            port=port,
            admin=spec.admin,
            app=spec.app,
            database=spec.database,
            tools=server.host,
            tools_address=("127.0.0.1", PORT),
            client=image.client,
            dump=image.dump,
            private=host == reach.address,
            limits=spec.limits,
            place=f"the volume {name}",
        )
        yield (mysql, server, lambda: server.wait_ready(mysql.answers, timeout_s=spec.limits.mysql_ready_s))


def _arguments(image: PreparedImage) -> list[str]:
    arguments = [
        "--no-defaults",
        f"--datadir={DATA}",
        "--socket=mysql.sock",
        "--pid-file=mysql.pid",
        f"--port={PORT}",
        "--bind-address=0.0.0.0",
        f"--init-file={_INIT_FILE}",
        *CONFIGURATION,
        # No name server answers in a network without a way out.
        "--skip-name-resolve",
    ]
    if image.flavour == "MySQL":
        arguments += ["--mysqlx=OFF", "--secure-file-priv=NULL"]
    return arguments


def _find(client: docker.DockerClient, key: str) -> PreparedImage | None:
    with engine_errors("looking for a prepared image"):
        image = image_of(client, f"{REPOSITORY}/prepared:{key}")
    if image is None:
        return None
    facts = {name: str(image.labels.get(_FACT + name, "")) for name in _FACTS}
    return PreparedImage(id=str(image.id), **facts)


def _prepare(
    client: docker.DockerClient, image_id: str, reference: str, key: str, drill_id: str, *, volume: str = ""
) -> PreparedImage:
    """Commit an image with a data directory: an initialised one, or that of a volume."""
    name = f"apiary-drill-prepare-{key}"
    with engine_errors(f"preparing {reference}"):
        container = client.containers.create(
            image_id,
            name=name,
            entrypoint=["/bin/sh", "-c", _script(), "prepare", DATA, *([_FROM] if volume else [])],
            volumes={volume: {"bind": _FROM, "mode": "ro"}} if volume else {},
            user="0",
            network_mode="none",
            labels=drill_labels(drill_id, "prepare", "mysql"),
            cap_drop=["ALL"],
            cap_add=["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
            security_opt=["no-new-privileges"],
        )
        try:
            container.start()
            status = int(container.wait(timeout=_PREPARE_S)["StatusCode"])
            output = container.logs(stderr=False).decode("utf-8", "replace")
            facts = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
            if status != 0 or not all(facts.get(fact) for fact in _FACTS):
                raise ServerFailed(
                    f"{reference} could not initialise a data directory: exit status {status}",
                    details=container.logs(tail=20).decode("utf-8", "replace"),
                )
            labels = {
                **no_labels(),
                **{_FACT + fact: facts[fact] for fact in _FACTS},
                _OF: reference,
                # A base's own labels are inherited, too: this one is not that image.
                IMAGE_LABEL: "prepared",
            }
            container.commit(
                repository=f"{REPOSITORY}/prepared",
                tag=key,
                changes=[
                    "ENTRYPOINT []",
                    "CMD []",
                    f"USER {facts['user']}",
                    "LABEL " + " ".join(f'{label}="{value}"' for label, value in labels.items()),
                ],
            )
        finally:
            container.remove(force=True, v=True)
    _forget_older(client, reference, key)
    found = _find(client, key)
    assert found is not None, "committed a moment ago"
    return found


def _forget_older(client: docker.DockerClient, reference: str, key: str) -> None:
    """Remove what was prepared from an earlier image of the same reference; nobody asks for it any more."""
    for image in client.images.list(filters={"label": f"{_OF}={reference}"}):
        tags = [tag for tag in image.tags if not tag.endswith(f":{key}")]
        for tag in tags:
            with contextlib.suppress(docker.errors.APIError):  # another drill runs on it
                client.images.remove(tag)
