"""The Docker runtime: MySQL, Meilisearch and Apiary as containers in a network without a way out."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import docker

from harness.base.errors import HarnessError, ServerFailed, UsageError
from harness.base.interruption import finishing
from harness.base.settings import Settings
from harness.runtime.components import app_component, mysql_component, search_component
from harness.runtime.docker.client import connect, engine_errors
from harness.runtime.docker.container import ServerContainer, use_reaper
from harness.runtime.docker.copy import SERVICES, copy_volumes, prefix_of
from harness.runtime.docker.images import (
    DEFAULT_MEILISEARCH,
    DEFAULT_MYSQL,
    LOCAL_MEILISEARCH,
    LOCAL_MYSQL,
    LOCAL_STANDIN,
    choose,
    mysql_image_for,
)
from harness.runtime.docker.labels import drill_labels, mark_kept, remove, sweep_docker
from harness.runtime.docker.mysql import PreparedImage, forget, mysql_container, prepared, prepared_with_schema
from harness.runtime.docker.pod import (
    apiary,
    app_environment,
    completed_login,
    make_storage_volume,
    pod_plan,
    prepare_storage,
)
from harness.runtime.docker.profiles import REAL, STANDIN, check_pair
from harness.runtime.docker.reach import Reach, bridge_is_here
from harness.runtime.docker.search_server import files_of as search_files
from harness.runtime.docker.search_server import search_container
from harness.runtime.egress import attempts_from
from harness.runtime.env_file import read_env_file
from harness.runtime.services.stack import ServerControl, Stack
from harness.runtime.spec import StackSpec, migrating


class Stoppable(Protocol):
    """A server, or the application."""

    def stop(self) -> None:
        """End it, if it still is there."""


class DockerRuntime:
    """Runs stacks as containers of one engine.

    Args:
        settings: images, limits, and the engine unless `client` is given.
        client: of the engine to use, or None for the one that the settings name.
        mysql_default: default and local MySQL image, such as `mysql_image_for` gives for a dump; the images
            of the settings win.
        keep: roles whose stacks are left running when their block ends without an error.
        flavours: `MySQL` or `MariaDB` by role; any other role gets the image of the settings, or the default.
        progress: gets a line before a thing that may take minutes.

    Raises:
        EngineUnavailable, ImageUnavailable, UsageError: when it is made, if a drill could not start.
    """

    name = "docker"

    def __init__(
        self,
        settings: Settings,
        client: docker.DockerClient | None = None,
        *,
        mysql_default: tuple[str, str] = (DEFAULT_MYSQL, LOCAL_MYSQL),
        keep: Collection[str] = (),
        flavours: Mapping[str, str] = MappingProxyType({}),
        progress: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._settings = settings
        self.client = client or connect(settings.docker)
        self._keep = frozenset(keep)
        self._flavours = dict(flavours)
        images = settings.images
        self._profile = REAL if images.apiary else STANDIN
        self._given_env = read_env_file(images.apiary_env) if images.apiary_env else {}
        check_pair(self._given_env)
        with engine_errors("looking for images"):
            wanted = {
                role: _mysql_image(images.mysql, mysql_default, flavours.get(role)) for role in ("source", "target")
            }
            # What both want is looked for, and tried to be pulled, once.
            found = {each: choose(self.client, *each, progress=progress) for each in dict.fromkeys(wanted.values())}
            self._mysql = {role: found[each] for role, each in wanted.items()}
            self._search = choose(
                self.client, images.meilisearch, DEFAULT_MEILISEARCH, LOCAL_MEILISEARCH, progress=progress
            )
            self._app = choose(self.client, images.apiary, LOCAL_STANDIN, LOCAL_STANDIN, progress=progress)
        use_reaper(self.client, keep=bool(self._keep))
        sweep_docker(self.client)

    def room(self) -> tuple[int | None, str]:
        """Free bytes where the engine keeps its volumes, if the engine is on this machine."""
        with engine_errors("asking where the engine keeps its data"):
            info = self.client.info()
        place = Path(str(info.get("DockerRootDir") or ""))
        if info.get("Name") != socket.gethostname() or not place.is_absolute() or not place.is_dir():
            return None, str(place)
        return shutil.disk_usage(place).free, str(place)

    @contextmanager
    def stack(self, spec: StackSpec) -> Iterator[Stack]:
        """Start MySQL and Meilisearch, and prepare an Apiary that is not started yet."""
        client, settings, profile = self.client, self._settings, self._profile
        keep = spec.role in self._keep and not spec.for_copies
        prefix = prefix_of(spec)
        image = self._mysql[spec.role]
        made = prepared(client, settings, image, spec.drill_id)
        if made.flavour != self._flavours.get(spec.role, made.flavour):
            raise UsageError(
                f"image {image.reference} is {made.flavour}, but the {spec.role} of this drill must be "
                f"{self._flavours[spec.role]}",
                "Omit --mysql-image, or give an image of that server.",
            )
        with_schema = self._migrated(spec, made) if spec.migrated and spec.copy_of is None else None
        with ExitStack() as running:
            running.enter_context(_removed_after(client, prefix, keep=keep, for_copies=spec.for_copies))
            if spec.copy_of is not None:
                copy_volumes(client, spec, self._app.id)
            network_id = self._make_network(spec, prefix)
            make_storage_volume(client, spec, prefix)
            pod = ServerContainer(client, pod_plan(spec, profile, self._app, prefix, prefix), stop_s=0)
            if not keep:
                running.callback(pod.stop)
            pod.start()
            reach = running.enter_context(Reach(prefix, pod.host, pod.address(), direct=bridge_is_here(network_id)))
            mysql, mysql_server, mysql_ready = running.enter_context(
                mysql_container(client, with_schema or made, spec, reach, keep=keep)
            )
            search, search_server, search_ready = running.enter_context(
                search_container(client, self._search, spec, reach, indexing_memory=settings.indexing_memory, keep=keep)
            )
            # Each takes a second or more, and none needs the others to begin with; MySQL takes longest, so it is first.
            prepare_storage(pod, profile)
            host, port = reach.to(profile.port)
            url = f"http://{host}:{port}"
            env = app_environment(
                spec,
                profile,
                self._given_env,
                mysql=(reach.address, mysql.tools_address[1]),
                meilisearch=search.inner_url,
                url=url,
            )
            completed = completed_login(self._given_env) if profile is REAL else ()
            app, container = apiary(client, spec, profile, self._app, pod, prefix, env, url, completed)
            tag = self._app.reference.partition("@")[0].rpartition(":")[2]
            component = app_component(app, self._app.label, tag=tag)  # while the servers start
            try:
                mysql_ready()
            except ServerFailed:
                if with_schema is not None:
                    forget(client, with_schema)  # it may be damaged: the next drill makes it anew
                raise
            search_ready()
            if not keep:
                # Each of them takes some tenths of a second, and none needs the others to end.
                running.callback(_stop_together, (container, search_server, mysql_server, pod))
            yield Stack(
                role=spec.role,
                drill_id=spec.drill_id,
                mysql=mysql,
                meilisearch=search,
                apiary=app,
                components=(
                    mysql_component(mysql, image.label, instead_of=image.instead_of),
                    search_component(search, self._search.label, instead_of=self._search.instead_of),
                    component,
                ),
                logs=spec.logs,
                exit_report=lambda: next(
                    filter(None, (part.exit_report() for part in (mysql_server, search_server, pod, container))), ""
                ),
                egress=lambda: attempts_from(app.host),
                usage=lambda: {
                    used.name: used
                    for part in (mysql_server, search_server, pod, container)
                    if (used := part.usage()) is not None
                },
                server_controls={
                    "mysql": ServerControl(mysql_server, mysql_ready),
                    "meilisearch": ServerControl(search_server, search_ready, files=search_files(search_server)),
                },
                migrated=with_schema is not None,
            )
        if keep:
            mark_kept(client, spec.drill_id, spec.role)

    def forget(self, spec: StackSpec) -> None:
        """Remove the volumes of a stack that was `for_copies`."""
        for service in SERVICES:
            remove(self.client, "volume", f"{prefix_of(spec)}-{service}")

    def _migrated(self, spec: StackSpec, image: PreparedImage) -> PreparedImage | None:
        """An image with the application's schema, for the second drill that could begin with it.

        None for the first one, and where it cannot be made: the drill's own migrations say why.
        """
        first = migrating(spec)

        @contextmanager
        def volume() -> Iterator[str]:
            with self.stack(first) as stack:
                stack.migrate()
            try:
                yield f"{prefix_of(first)}-mysql"
            finally:
                self.forget(first)

        try:
            return prepared_with_schema(self.client, self._settings, image, self._app, spec, self._given_env, volume)
        except HarnessError:
            return None

    def _make_network(self, spec: StackSpec, name: str) -> str:
        """A network that no packet leaves, and that none enters but from the engine's own host."""
        with engine_errors(f"making network {name}"):
            network = self.client.networks.create(
                name,
                driver="bridge",
                internal=True,
                check_duplicate=True,
                labels=drill_labels(spec.drill_id, spec.role, "network"),
            )
            return str(network.id)


def _mysql_image(asked: str | None, default: tuple[str, str], flavour: str | None) -> tuple[str | None, str, str]:
    """What `choose` gets for a role: the image that was asked for, where it can be of that flavour by its name."""
    if flavour is None:
        return asked, *default
    mariadb = flavour == "MariaDB"
    fits = asked is not None and ("mariadb" in asked) == mariadb
    return asked if fits else None, *mysql_image_for("", mariadb=mariadb)


def _stop_together(servers: Sequence[Stoppable]) -> None:
    """Stop all of them at once; the first that could not be stopped is raised when all others are."""
    with ThreadPoolExecutor(max_workers=len(servers)) as together:
        stopped = [together.submit(server.stop) for server in servers]
    for each in stopped:
        each.result()


@contextmanager
def _removed_after(client: docker.DockerClient, prefix: str, *, keep: bool, for_copies: bool) -> Iterator[None]:
    """Remove a stack's network and volumes, and whatever container still is there, at the end of the block.

    Of one that is for copies the servers' volumes stay, unless it ended with an error; one that is to be kept as well.
    """
    well = False
    try:
        yield
        well = True
    finally:
        if not (keep and well):
            with finishing():
                for service in ("app", "meilisearch", "mysql", "copy", "pod"):
                    remove(client, "container", f"{prefix}-{service}")
                remove(client, "network", prefix)
                for service in ("storage", *(() if for_copies and well else SERVICES)):
                    remove(client, "volume", f"{prefix}-{service}")
