"""An app under test: its environment, its work directory, and how to call it."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import requests

from harness.base.wait import wait_until
from harness.runtime.process.child import free_port
from harness.standins.apiary import artisan
from harness.standins.apiary.config import AppConfig, DatabaseArgs, load_config
from harness.standins.apiary.console import Console
from harness.standins.apiary.database import connect
from harness.standins.apiary.generate import EXTRAS, GeneratedData, generate

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
APP_KEY = "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
MEILISEARCH_KEY = "a-master-key-for-tests"


@contextmanager
def running(command: list[str], log: Path, is_up: Callable[[], bool], env: dict[str, str]) -> Iterator[None]:
    """A child process that is up, and is asked to end, and ends, at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=env, cwd=log.parent)

    def probe() -> bool:
        assert process.poll() is None, log.read_text()
        return is_up()

    try:
        wait_until(probe, what=command[0], timeout_s=30, details=log.read_text)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def answers(url: str) -> bool:
    try:
        requests.get(url, timeout=2)
    except requests.ConnectionError:
        return False
    return True


@dataclass
class App:
    """A stand-in: its environment and work directory; `php` calls it as `php` is called."""

    env: dict[str, str]
    base_dir: Path
    out: str = ""
    err: str = ""
    data: GeneratedData | None = field(default=None)

    @property
    def config(self) -> AppConfig:
        return load_config(self.env, self.base_dir)

    def artisan(self, *words: str, **env: str) -> int:
        """Run a command in this process; its output is in `out` and `err`."""
        stdout, stderr = StringIO(), StringIO()
        code = artisan.run(list(words), load_config(self.env | env, self.base_dir), Console(stdout, stderr))
        self.out, self.err = stdout.getvalue(), stderr.getvalue()
        return code

    def php(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "harness.standins.apiary.php", *words],
            env=os.environ | self.env | env,
            cwd=self.base_dir,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def query(self, sql: str) -> list[tuple[object, ...]]:
        connection = connect(self.config.database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def search(self, path: str, body: dict[str, object] | None = None) -> requests.Response:
        """Ask Meilisearch: with a body by POST, as Scout searches."""
        headers = {"Authorization": f"Bearer {MEILISEARCH_KEY}"}
        method, url = "GET" if body is None else "POST", self.config.meilisearch_host + path
        return requests.request(method, url, json=body, headers=headers, timeout=30)

    def settle(self) -> None:
        """Wait until Meilisearch has no task left."""
        wait_until(
            lambda: self.search("/tasks?statuses=enqueued,processing").json()["total"] == 0,
            what="Meilisearch's tasks",
            timeout_s=60,
        )

    @contextmanager
    def serving(self, workers: int = 4, may_reload: bool = False, **env: str) -> Iterator[str]:
        """`php artisan serve` on a free port; gives its address."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "harness.standins.apiary.php", "artisan", "serve"]
        command += ["--host=127.0.0.1", f"--port={port}", *(() if may_reload else ("--no-reload",))]
        env = {"APP_URL": url, "PHP_CLI_SERVER_WORKERS": str(workers), **env}
        log = self.base_dir / f"serve-{port}.log"
        with running(command, log, lambda: answers(url + "/up"), os.environ | self.env | env):
            yield url


def make_app(root: DatabaseArgs, base_dir: Path, meilisearch_url: str = "http://127.0.0.1:1") -> App:
    """An app with an empty database, a user of its own and an index prefix of its own."""
    name = f"apiary_{secrets.token_hex(6)}"
    password = secrets.token_hex(8)
    connection = connect(root)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"create database {name} character set utf8mb4 collate utf8mb4_unicode_ci")
            cursor.execute(f"create user {name}@'%%' identified by %s", (password,))
            cursor.execute(f"grant all on {name}.* to {name}@'%'")
    finally:
        connection.close()
    (base_dir / "storage" / "app").mkdir(parents=True)
    env = {
        "APP_ENV": "local",
        "APP_KEY": APP_KEY,
        "DB_HOST": root.host,
        "DB_PORT": str(root.port),
        "DB_DATABASE": name,
        "DB_USERNAME": name,
        "DB_PASSWORD": password,
        "MEILISEARCH_HOST": meilisearch_url,
        "MEILISEARCH_KEY": MEILISEARCH_KEY,
        "SCOUT_DRIVER": "meilisearch",
        "SCOUT_PREFIX": f"{name}_",
        "QUEUE_CONNECTION": "sync",
    }
    return App(env, base_dir)


def fill(app: App, rng_seed: int = 7, app_key: str = APP_KEY) -> App:
    """Migrate and generate the small scale, with all that Apiary itself does not have."""
    assert app.artisan("migrate", "--force") == 0, app.err
    config = app.config
    app.data = generate(
        config.database,
        config.storage_dir,
        "small",
        rng_seed,
        app_key=app_key,
        now=NOW,
        nonce=f"nonce-{rng_seed}",
        extras=EXTRAS,
    )
    return app
