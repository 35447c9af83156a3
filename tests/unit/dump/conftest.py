"""Scripts for the tests: files that real MySQL 9.7 wrote, and a real MariaDB that writes them on the spot."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.base.wait import wait_until
from tests.engines import Missing

DATA = Path(__file__).parent / "data"

Dumper = Callable[..., Path]


@pytest.fixture(scope="session")
def data() -> Path:
    """The directory of the checked-in scripts (see its README)."""
    return DATA


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of a MariaDB that holds the databases of data/source.sql."""
    base = tmp_path_factory.mktemp("mariadb")
    socket = base / "s"
    (base / "tmp").mkdir()  # servers that share a directory for temporary tables delete each other's when they start
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"}
    server = shutil.which("mariadbd", path=environment["PATH"])
    if server is None:
        raise Missing("mariadbd is not installed (Debian: mariadb-server-core)")
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={base / 'd'}", "--auth-root-authentication-method=normal"]
        + [f"--tmpdir={base / 'tmp'}"]
        + (["--user=root"] if os.geteuid() == 0 else []),
        check=True,
        capture_output=True,
        env=environment,
    )
    command = [server, "--no-defaults", f"--datadir={base / 'd'}", f"--socket={socket}", "--skip-networking"]
    command += ["--innodb-flush-log-at-trx-commit=0", "--max-allowed-packet=64M", f"--tmpdir={base / 'tmp'}"]
    command += ["--user=root"] if os.geteuid() == 0 else []
    with (base / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_until(
                lambda: (
                    subprocess.run([*_client(socket, "mariadb"), "-e", "SELECT 1"], capture_output=True).returncode == 0
                ),
                what="MariaDB",
                timeout_s=30,
                details=lambda: (base / "log").read_text(),
            )
            with (DATA / "source.sql").open("rb") as script:
                subprocess.run([*_client(socket, "mariadb"), "--binary-mode"], stdin=script, check=True)
            yield socket
        finally:
            process.terminate()
            process.wait(timeout=20)


def _client(socket: Path, program: str) -> list[str]:
    return [program, "--no-defaults", "--user=root", f"--socket={socket}", "--default-character-set=utf8mb4"]


@pytest.fixture(scope="session")
def run_sql(mariadb: Path) -> Callable[[bytes], None]:
    """Run statements in the MariaDB."""

    def run(script: bytes, database: str = "mysql") -> None:
        subprocess.run([*_client(mariadb, "mariadb"), "--binary-mode", database], input=script, check=True)

    return run


@pytest.fixture(scope="session")
def dump(mariadb: Path, tmp_path_factory: pytest.TempPathFactory) -> Dumper:
    """Have mariadb-dump write a script with some options."""

    def write(*arguments: str) -> Path:
        path = tmp_path_factory.mktemp("dump") / "dump.sql"
        with path.open("wb") as out:
            subprocess.run([*_client(mariadb, "mariadb-dump"), *arguments], stdout=out, check=True)
        return path

    return write
