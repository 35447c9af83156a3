"""`python -m harness.standins.meilisearch`: open or make the database, import a dump if asked, and serve."""

from __future__ import annotations

import fcntl
import importlib.util
import logging
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from harness.base.errors import HarnessError, MissingProgram, ServerFailed, UsageError
from harness.standins.meilisearch import ENGINE_VERSION
from harness.standins.meilisearch.api import make_app
from harness.standins.meilisearch.options import EmbeddedOptions, parse_options
from harness.standins.meilisearch.server import SearchServer

_VERSION_FILE = "VERSION"


def main(arguments: list[str]) -> int:
    """Run the server until a signal ends it.

    Returns:
        1 where it cannot start, as on the real server.
    """
    try:
        options = parse_options(arguments, os.environ)
        _serve(options)
    except HarnessError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    return 0


def _serve(options: EmbeddedOptions) -> None:
    if options.engine_python is None and importlib.util.find_spec("milli") is None:
        raise MissingProgram(
            "the search engine is not installed: no Python package milli",
            "Install the extra: pip install 'apiary-restore-drill[embedded]' (Python 3.11 or 3.12).",
            "Or name a Python that has it with --engine-python: `apiary-drill doctor --install` brings one on Debian.",
            "Or use the real server: a `meilisearch` binary on the path.",
        )
    logging.basicConfig(level=options.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    listener = _listen(options)
    with listener, _locked(options.db_path):
        importing = _prepare(options)
        server = SearchServer(
            options.db_path,
            options.dump_dir,
            map_size_bytes=options.map_size_bytes,
            payload_limit_bytes=options.payload_limit_bytes,
            master_key=options.master_key,
            engine_python=options.engine_python,
        )
        _end_by(server)
        try:
            if importing:
                _import(server, options)
            server.start()
            config = uvicorn.Config(
                make_app(server), log_config=None, access_log=False, lifespan="off", server_header=False
            )
            _Uvicorn(config).run(sockets=[listener])
        finally:
            server.stop()


class _Uvicorn(uvicorn.Server):
    """Uvicorn that leaves signals alone: they end the process at once (`_end_by`)."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _end_by(server: SearchServer) -> None:
    """Let SIGTERM and SIGINT end this process by the signal, as on the real server, and the engine with it.

    Nothing is lost: what is acknowledged is on disk, and what was being processed runs again at the next start.
    """

    def end(number: int, frame: FrameType | None) -> None:
        server.stop()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        os._exit(128 + number)  # reached by the first process of a container only: no signal ends that one

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def _listen(options: EmbeddedOptions) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with ExitStack() as on_failure:
            listener = on_failure.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1024)
            on_failure.pop_all()
    except OSError as error:
        raise ServerFailed(
            f"cannot listen on {options.host}:{options.port}: {error.strerror or error}",
            "Stop what uses this address, or name another one with --http-addr.",
        ) from error
    return listener


@contextmanager
def _locked(db_path: Path) -> Iterator[None]:
    """Keep every other server out of the database for as long as this one runs."""
    try:
        db_path.mkdir(parents=True, exist_ok=True)
        handle = os.open(db_path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise UsageError(f"{db_path}: cannot be used as database directory: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ServerFailed(f"{db_path}: another server has this database open") from error
    finally:
        os.close(handle)


def _prepare(options: EmbeddedOptions) -> bool:
    """Check or write the VERSION file; returns whether there is a dump to import."""
    path = options.db_path / _VERSION_FILE
    is_new = not any(options.db_path.iterdir())
    if not is_new:
        _check_version(options.db_path)
    dump = options.import_dump
    importing = dump is not None
    if dump is not None and not is_new:
        if not options.ignore_dump_if_db_exists:
            raise UsageError(f'database already exists at "{options.db_path.resolve()}", try to delete it or rename it')
        importing = False
    elif dump is not None and not dump.exists():
        if not options.ignore_missing_dump:
            raise UsageError(f'dump doesn\'t exist at "{dump}"')
        importing = False
    if is_new:
        path.write_text(ENGINE_VERSION)
    return importing


def _check_version(db_path: Path) -> None:
    try:
        version = (db_path / _VERSION_FILE).read_text().strip()
    except FileNotFoundError:
        version = ""
    if not version:
        raise UsageError(f"Meilisearch (v{ENGINE_VERSION}) failed to infer the version of the database.")
    if version != ENGINE_VERSION:
        raise UsageError(
            f"Your database version ({version}) is incompatible with your current engine version ({ENGINE_VERSION}).",
            "Write a dump with the version that made the database, and import it into a new database directory.",
        )
    if (db_path / "tasks").exists():
        raise UsageError(
            f"{db_path}: this database was made by the real server, and its files are laid out otherwise",
            "Write a dump with the real server, and import it into a new database directory.",
        )


def _import(server: SearchServer, options: EmbeddedOptions) -> None:
    assert options.import_dump is not None
    try:
        server.dumps.read(options.import_dump)
    except BaseException:
        server.stop()
        for path in options.db_path.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
