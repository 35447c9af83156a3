"""Apiary as containers: a pod that stays, and in it the app, which comes and goes.

The pod holds the network address and the storage volume while the app is stopped, as the volume's host does
under Nomad. The app is a new container at each start, as a job's is there: nothing but the volume survives.
Commands run in the app while it runs, and in the pod, which is of the same image, while it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import docker

from harness.base.errors import ServerFailed, WaitTimeout
from harness.base.limits import Limits
from harness.base.model import ProcessUsage
from harness.runtime.docker.container import ContainerPlan, ServerContainer, make_volume
from harness.runtime.docker.host import ContainerCommand, ContainerHost
from harness.runtime.docker.images import ChosenImage
from harness.runtime.docker.labels import drill_labels
from harness.runtime.docker.profiles import PASSPORT_PAIR, Profile
from harness.runtime.services.apiary import Apiary
from harness.runtime.services.artisan_errors import start_failed
from harness.runtime.services.execution import must_succeed, run
from harness.runtime.spec import DRILLS_OWN, LOGIN_HOSTS, StackSpec

_MEMORY_BYTES = 2 << 30

# tar restores owners and modes as root; it needs these three of root's rights and no other.
_STORAGE_RIGHTS = ("CHOWN", "DAC_OVERRIDE", "FOWNER")

# What an environment file may not change: a restored app must reach its own drill's servers and nothing else,
# and do its work at once (APIARY.md, "The app"). The key is the one that the backup is judged with: that of the key
# file, or else of this file.
_OURS = (
    *("APP_KEY", "APP_URL", "BROADCAST_CONNECTION", "CACHE_STORE", "LOG_CHANNEL", "MAIL_MAILER", "MAIL_URL"),
    *("DB_CONNECTION", "DB_HOST", "DB_PORT", "DB_DATABASE", "DB_USERNAME", "DB_PASSWORD", "DB_SOCKET", "DB_URL"),
    *("QUEUE_CONNECTION", "MEILISEARCH_HOST", "MEILISEARCH_KEY", "SCOUT_DRIVER", "SCOUT_PREFIX", "SESSION_DRIVER"),
    *("LARAVEL_STORAGE_PATH", *DRILLS_OWN),
)


# The container is there before the application, so that commands run in it first; then this file is made.
_PREPARED = "/tmp/apiary-drill-prepared"  # noqa: S108 - in the container, which is this app's alone
_HELD = ("sh", "-c", 'until [ -e "$0" ]; do sleep 0.1; done; exec "$@"', _PREPARED)


class AppContainer:
    """The app's life (services.apiary.OwnLifecycle), and where its commands run."""

    def __init__(self, client: docker.DockerClient, limits: Limits, plan: ContainerPlan, pod: ContainerHost) -> None:
        self._client = client
        self._limits = limits
        self._plan = plan
        self._pod = pod
        self._server: ServerContainer | None = None
        self.ping: Callable[[], bool] = lambda: False

    @property
    def server(self) -> ServerContainer | None:
        """The container of the app, while there is one."""
        return self._server

    def start(self, environment: Mapping[str, str] | None = None, prepare: Callable[[], None] | None = None) -> None:
        """Start a new container of it and wait until `/ping` answers (services.apiary.OwnLifecycle)."""
        if self.running():
            raise ServerFailed("Apiary is already running")
        self.stop()  # the container of an app that died is still there, for its log
        plan = replace(self._plan, env={**self._plan.env, **(environment or {})})
        if prepare is not None:
            plan = replace(plan, entrypoint=(*_HELD, *(plan.entrypoint or ())))
        self._server = ServerContainer(self._client, plan, stop_s=self._limits.stop_s)
        self._server.start()
        if prepare is not None:
            try:
                prepare()
                must_succeed(run(self.host(), ["touch", _PREPARED]))
            except BaseException:
                self.stop()
                raise
        try:
            self._server.wait_ready(lambda: self.ping(), timeout_s=self._limits.app_ready_s)
        except (ServerFailed, WaitTimeout) as error:
            raise start_failed(error) from error

    def stop(self) -> None:
        """Stop it, keep its log and remove it."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def running(self) -> bool:
        """Whether it runs now."""
        return self._server is not None and self._server.running()

    def exit_report(self) -> str:
        """One line and the end of its log if it ended without being asked to, else nothing."""
        return self._server.exit_report() if self._server is not None else ""

    def usage(self) -> ProcessUsage | None:
        """What its processes used since it was started; None while there is none."""
        return self._server.usage() if self._server is not None else None

    def host(self) -> ContainerHost:
        """Where a command runs now."""
        if self.running():
            return replace(self._pod, container_id=self._plan.name, name=self._plan.name)
        return self._pod


class AppHost:
    """The app's commands, wherever they run at the moment."""

    def __init__(self, app: AppContainer) -> None:
        self._app = app

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: bool = False, user: str | None = None
    ) -> ContainerCommand:
        return self._app.host().start(argv, env=env, stdin=stdin, user=user)


def app_environment(
    spec: StackSpec, profile: Profile, given: Mapping[str, str], *, mysql: tuple[str, int], meilisearch: str, url: str
) -> dict[str, str]:
    """The app's environment: what the file gives, and over it what belongs to the drill.

    Args:
        given: variables of the environment file; its pair `PASSPORT_…` is the one to use.
        mysql: host and port as the app sees them.
        meilisearch: address as the app sees it.
    """
    drill = spec.app_environment(mysql=mysql, meilisearch=meilisearch, url=url, storage=profile.storage_parent)
    if profile.generator:  # the real application knows no such password
        drill["STANDIN_PASSWORD"] = spec.app_password
    made = {} if given.keys() >= PASSPORT_PAIR else profile.made()
    ours = {name: value for name, value in drill.items() if name in _OURS or name in spec.app_env}
    hosts = {name: given.get("CAS_HOSTNAME") or drill[name] for name in completed_login(given)}
    # Also what the drill has no value for: DB_SOCKET wins over DB_HOST.
    theirs = {name: value for name, value in given.items() if name not in _OURS}
    return {**drill, **made, **theirs, **hosts, **ours}


def completed_login(given: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that the login cannot do without and that an environment file lacks."""
    return tuple(name for name in LOGIN_HOSTS if not given.get(name))


def pod_plan(spec: StackSpec, profile: Profile, image: ChosenImage, network: str, prefix: str) -> ContainerPlan:
    """The container that stays: it holds the address and the volume, and does nothing."""
    return ContainerPlan(
        title="the storage container",
        name=f"{prefix}-pod",
        image=image.id,
        labels=drill_labels(spec.drill_id, spec.role, "pod"),
        log=spec.logs / "pod.log",
        entrypoint=("sleep", "infinity"),
        user="0:0",
        network=network,
        volumes={profile.storage: f"{prefix}-storage"},
        files=profile.files,
        capabilities=_STORAGE_RIGHTS,
        memory_bytes=_MEMORY_BYTES,
        cwd=profile.cwd,
    )


def prepare_storage(pod: ServerContainer, profile: Profile) -> None:
    """Give the fresh volume the owner that the app's files have, and nothing in it."""
    completed = run(
        pod.host,
        ["sh", "-c", 'rm -rf "$0"/* "$0"/.[!.]* && chown "$1:$1" "$0"', profile.storage, profile.user],
        timeout_s=60,
    )
    if completed.exit_status != 0:
        raise ServerFailed("cannot prepare the storage volume", details=completed.stderr)


def apiary(
    client: docker.DockerClient,
    spec: StackSpec,
    profile: Profile,
    image: ChosenImage,
    pod: ServerContainer,
    prefix: str,
    env: Mapping[str, str],
    url: str,
    completed: tuple[str, ...] = (),
) -> tuple[Apiary, AppContainer]:
    """An Apiary that is not started yet; `completed` are variables that its environment file lacked."""
    storage = f"{prefix}-storage"
    plan = ContainerPlan(
        title="Apiary",
        name=f"{prefix}-app",
        image=image.id,
        labels=drill_labels(spec.drill_id, spec.role, "app"),
        log=spec.logs / "apiary.log",
        entrypoint=profile.serve,
        env=env,
        user=profile.user,
        network=f"container:{prefix}-pod",
        volumes={profile.storage: storage},
        files=profile.files,
        memory_bytes=_MEMORY_BYTES,
        cwd=profile.cwd,
    )
    commands = replace(pod.host, env=env, cwd=profile.cwd, user=profile.user)
    container = AppContainer(client, spec.limits, plan, commands)
    app = Apiary(
        url=url,
        host=AppHost(container),
        php=profile.php,
        user=profile.user,
        storage_host=pod.host,
        storage_root=profile.storage,
        storage_uid=int(profile.user),
        search_prefix=spec.search_prefix,
        lifecycle=container,
        generator=profile.generator,
        limits=spec.limits,
        completed=completed,
        password=spec.app_password if profile.generator else "",
    )
    container.ping = app.ping
    return app, container


def make_storage_volume(client: docker.DockerClient, spec: StackSpec, prefix: str) -> None:
    """The named volume of the storage directory."""
    make_volume(client, f"{prefix}-storage", drill_labels(spec.drill_id, spec.role, "storage"), "the storage")
