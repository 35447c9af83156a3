"""The process runtime: real servers as child processes on loopback, each drill in a directory of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType

from harness.base import guide
from harness.base.errors import HarnessError, ServerFailed, WaitTimeout
from harness.base.settings import Settings
from harness.runtime.components import app_component, mysql_component, search_component
from harness.runtime.ownership import DRILL_ID_VARIABLE
from harness.runtime.process.child import Child, free_port
from harness.runtime.process.host import LocalHost
from harness.runtime.process.meilisearch import meilisearch_server
from harness.runtime.process.mysql import copy_tree, identity_of, mysql_server
from harness.runtime.process.prepared import asked_before, forget, prepared_directory
from harness.runtime.process.programs import MySqlPrograms, meilisearch_command, mysql_programs, write_program
from harness.runtime.process.server_user import user_with
from harness.runtime.services.apiary import Apiary
from harness.runtime.services.artisan_errors import start_failed
from harness.runtime.services.mysql import MySqlServer
from harness.runtime.services.stack import ServerControl, Stack
from harness.runtime.spec import StackSpec, migrating
from harness.standins.apiary.migrations import schema_digest

OPEN_NETWORK = (
    "Network isolation: local processes use the machine's own network, so outbound access of the "
    "restored application is not blocked."
)


class ProcessRuntime:
    """Runs stacks as processes of this machine.

    Args:
        settings: where programs, caches and logs are.
        directory: work directory of the drill (ownership.workspace).
        keep: roles whose stacks are left running when their block ends without an error.
        flavours: `MySQL` or `MariaDB` by role; any other role gets what there is, MySQL before MariaDB.

    Raises:
        NoSuchProgram: when it is made, if a server is not available.
    """

    name = "process"

    def __init__(
        self,
        settings: Settings,
        directory: Path,
        *,
        keep: Collection[str] = (),
        flavours: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._keep = frozenset(keep)
        self._mysql: dict[str, MySqlPrograms] = {
            role: mysql_programs(settings, flavours.get(role)) for role in ("source", "target")
        }
        self._meilisearch = meilisearch_command(settings)

    @contextmanager
    def stack(self, spec: StackSpec) -> Iterator[Stack]:
        """Start MySQL and Meilisearch, and prepare an Apiary that is not started yet."""
        root, programs = self._directory / spec.role, self._mysql[spec.role]
        prepared = self._migrated(spec, programs) if spec.migrated and spec.copy_of is None else None
        root.mkdir(mode=0o755)
        if spec.copy_of is not None:
            # Work directories of drills are neighbours.
            copied_from = self._directory.parent / spec.copy_of.drill_id / spec.copy_of.role
            copy_tree(copied_from / "meilisearch", root / "meilisearch", self._settings.base_env)
            (root / "mysql").mkdir(mode=0o700)
            copy_tree(copied_from / "mysql" / "data", root / "mysql" / "data", self._settings.base_env)
        env = {**self._settings.base_env, DRILL_ID_VARIABLE: spec.drill_id}
        with ExitStack() as running:

            def start_mysql() -> tuple[MySqlServer, Child, ServerControl]:
                return running.enter_context(mysql_server(self._settings, programs, spec, root / "mysql", env))

            try:
                if prepared is not None:
                    (root / "mysql").mkdir(mode=0o700)
                    copy_tree(prepared, root / "mysql" / "data", env)
                mysql, database, database_control = start_mysql()
            except ServerFailed:
                if prepared is None:
                    raise
                # What was prepared may be damaged: the server begins with an empty directory then.
                forget(prepared.parent)
                shutil.rmtree(root / "mysql")
                prepared = None
                mysql, database, database_control = start_mysql()
            search, index, index_control = running.enter_context(
                meilisearch_server(self._settings, self._meilisearch, spec, root / "meilisearch", env)
            )
            app, web = running.enter_context(self._apiary(spec, root, env, mysql.port, search.url))
            children = (database, index, web)
            yield Stack(
                role=spec.role,
                drill_id=spec.drill_id,
                mysql=mysql,
                meilisearch=search,
                apiary=app,
                components=(
                    mysql_component(mysql, str(programs.server)),
                    search_component(search, shlex.join(self._meilisearch)),
                    app_component(app, f"{sys.executable} -m harness.standins.apiary.php", unproven=(OPEN_NETWORK,)),
                ),
                logs=spec.logs,
                exit_report=lambda: next(filter(None, (child.exit_report() for child in children)), ""),
                server_controls={"mysql": database_control, "meilisearch": index_control},
                migrated=prepared is not None,
            )
            if spec.role in self._keep and not spec.for_copies:
                for child in children:
                    child.detach()
            if spec.for_copies:
                for child in children:
                    child.stop()

    def forget(self, spec: StackSpec) -> None:
        """Remove the servers' files of a stack that was `for_copies`."""
        shutil.rmtree(self._directory / spec.role)

    def _migrated(self, spec: StackSpec, programs: MySqlPrograms) -> Path | None:
        """A data directory with the application's schema, made for the second drill that could begin with it.

        None for the first one, and where it cannot be made: the drill's own migrations say why.
        """

        def make(data: Path) -> None:
            first = migrating(spec)
            try:
                with self.stack(first) as stack:
                    stack.migrate()
                copy_tree(self._directory / spec.role / "mysql" / "data", data, self._settings.base_env)
            finally:
                self.forget(first)

        release = spec.app_env.get("STANDIN_RELEASE", "")
        try:
            schema = schema_digest(release)
            identity = (identity_of(programs), spec.database, spec.app.user, dict(spec.app_env), schema)
            name = f"{programs.flavour.lower()}-{programs.version}-migrated"
            if asked_before(self._settings, name, identity):
                return prepared_directory(self._settings, name, identity, make)
        except (HarnessError, OSError):
            pass
        return None

    def room(self) -> tuple[int | None, str]:
        """Free bytes where the servers' data and the files go."""
        return shutil.disk_usage(self._directory).free, str(self._directory.parent)

    @contextmanager
    def _apiary(
        self, spec: StackSpec, root: Path, env: Mapping[str, str], mysql_port: int, search_url: str
    ) -> Iterator[tuple[Apiary, Child]]:
        directory = root / "app"
        storage = directory / "storage"
        (storage / "app").mkdir(parents=True)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        app_env = {
            **env,
            **spec.app_environment(
                mysql=("127.0.0.1", mysql_port), meilisearch=search_url, url=url, storage=str(storage)
            ),
            "STANDIN_PASSWORD": spec.app_password,
        }
        as_root = os.geteuid() == 0
        user = user_with(self._settings, guide.STORAGE_UID, env)
        if user:
            user.hand_over(directory)
        elif as_root:
            os.chown(storage / "app", guide.STORAGE_UID, guide.STORAGE_UID)
        as_user = user.command(()) if user else []
        # Called as the real one is, from where its user cannot write.
        program = root / "bin" / "php"
        write_program(program, f'{shlex.quote(sys.executable)} -m harness.standins.apiary.php "$@"')
        php = (*as_user, str(program))
        child = Child(
            "Apiary",
            [*php, "artisan", "serve", "--no-reload", "--host=127.0.0.1", f"--port={port}"],
            env=app_env,
            log=spec.logs / "apiary.log",
            cwd=directory,
            stop_s=spec.limits.stop_s,
        )
        process = _AppProcess(child, spec.limits.app_ready_s)
        app = Apiary(
            url=url,
            host=LocalHost(env=app_env, cwd=str(directory), purpose="Apiary"),
            php=php,
            user=None,
            storage_host=LocalHost(env=env),
            storage_root=str(storage / "app"),
            storage_uid=guide.STORAGE_UID if as_root else os.geteuid(),
            search_prefix=spec.search_prefix,
            lifecycle=process,
            generator=(*as_user, sys.executable, "-m", "harness.standins.apiary.generate"),
            limits=spec.limits,
            password=spec.app_password,
        )
        process.ping = app.ping
        try:
            yield app, child
        finally:
            child.stop()


class _AppProcess:
    """The app's life, for services.apiary."""

    def __init__(self, child: Child, ready_s: float) -> None:
        self._child = child
        self._ready_s = ready_s
        self.ping = lambda: False

    def start(self, environment: Mapping[str, str] | None = None, prepare: Callable[[], None] | None = None) -> None:
        if self._child.running():
            raise ServerFailed("Apiary is already running")
        if prepare is not None:
            prepare()
        self._child.start(environment)
        try:
            self._child.wait_ready(self.ping, timeout_s=self._ready_s)
        except (ServerFailed, WaitTimeout) as error:
            raise start_failed(error) from error

    def stop(self) -> None:
        self._child.stop()

    def running(self) -> bool:
        return self._child.running()
