"""Files on another machine through SFTP: the machine's own `ssh` connects, so that all of its configuration holds."""

from __future__ import annotations

import select
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from harness.base.errors import HarnessError, UsageError
from harness.inputs.sources.stores import GONE_HINT, ConnectionLost, RemoteTree, StoreEntry
from harness.runtime.docker.ssh import SSH_OPTIONS
from harness.runtime.docker.stdio import piped

_REFUSALS = ("Permission denied", "Host key verification failed", "Could not resolve hostname", "Bad configuration")
_PIECE_BYTES = 32768
_AT_ONCE_BYTES = 8 << 20
"""So much is asked for at once: of a piece at a time, a distant server would send 32 KiB in each round trip."""


class SftpStore(RemoteTree):
    """One account on one machine.

    Args:
        place: `[user@]host[:port]`. A path that begins with `/~/` is one below the account's home.
    """

    def __init__(self, place: str, env: Mapping[str, str]) -> None:
        parts = urlsplit(f"//{place}")
        if parts.password is not None:
            raise UsageError("an sftp:// URL holds no password", "Use a key, with an agent if it has a passphrase.")
        try:
            port = ["-p", str(parts.port)] if parts.port else []
        except ValueError:
            raise UsageError(f"{parts.hostname}: the port is not a number") from None
        user = ["-l", unquote(parts.username)] if parts.username else []
        self._argv = ["ssh", *SSH_OPTIONS, *user, *port, "-s", "--", str(parts.hostname), "sftp"]
        self._env = dict(env)
        self.root = f"sftp://{parts.netloc.rpartition('@')[2]}"
        self._open: tuple[Any, subprocess.Popen[bytes], socket.socket] | None = None

    def stat(self, path: str) -> StoreEntry | None:
        with self._client(path) as client:
            try:
                return _entry(path.rstrip("/"), client.stat(_there(path)))
            except FileNotFoundError:
                return None

    def children(self, path: str) -> Iterator[StoreEntry]:
        with self._client(path) as client:
            found = client.listdir_attr(_there(path) or "/")
        for each in found:
            inner = f"{path.rstrip('/')}/{each.filename}"
            if stat.S_ISLNK(each.st_mode or 0):
                linked = self.stat(inner)  # to what it points at; to nothing, it is none
                if linked is not None:
                    yield linked
            else:
                yield _entry(inner, each)

    def read(self, entry: StoreEntry, offset: int) -> Iterator[bytes]:
        with self._client(entry.path) as client, client.open(_there(entry.path), "rb") as file:
            if _entry(entry.path, file.stat()) != entry:
                raise HarnessError(f"{self.shown(entry.path)} was replaced while it was read", "Drill again.")
            while offset < (entry.size_bytes or 0):
                end = min(offset + _AT_ONCE_BYTES, entry.size_bytes or 0)
                pieces = [(at, min(_PIECE_BYTES, end - at)) for at in range(offset, end, _PIECE_BYTES)]
                yield b"".join(file.readv(pieces))
                offset = end

    def write(self, path: str, file: Path) -> None:
        with self._client(path) as client:
            parents = [str(each) for each in reversed(Path(_there(path)).parents)]
            for parent in parents:
                try:
                    client.stat(parent)
                except FileNotFoundError:
                    client.mkdir(parent, 0o700)
            client.put(str(file), _there(path))
            client.chmod(_there(path), 0o600)

    def move(self, entries: list[StoreEntry], directory: str, target: str) -> None:
        with self._client(target) as client:
            client.posix_rename(_there(directory), _there(target))

    def remove(self, entries: list[StoreEntry], directory: str) -> None:
        with self._client(directory) as client:
            for entry in entries:
                client.remove(_there(entry.path))
            client.rmdir(_there(directory))

    def close(self) -> None:
        if self._open is not None:
            _, process, ours = self._open
            self._open = None
            ours.close()
            process.kill()
            process.wait()

    @contextmanager
    def _client(self, path: str) -> Iterator[Any]:
        """A client, of the connection that is there or of a new one; errors as the harness's own."""
        from paramiko import SSHException
        from paramiko.sftp import SFTPError

        try:
            yield self._connected()
        except FileNotFoundError:
            raise UsageError(f"there is no {self.shown(path)}", GONE_HINT) from None
        except PermissionError:
            raise UsageError(f"the server refuses {self.shown(path)}", "Check its permissions.") from None
        except (EOFError, SSHException, SFTPError, OSError) as error:
            self.close()
            raise ConnectionLost(str(error).lower() or type(error).__name__) from None

    def _connected(self) -> Any:
        from paramiko import SFTPClient, SSHException

        if self._open is not None:
            return self._open[0]
        with tempfile.TemporaryFile() as stderr:
            try:
                process, pair = piped(self._argv, self._env, stderr.fileno())
            except FileNotFoundError:
                raise UsageError(
                    "the program ssh is not installed on this machine", "apt-get install openssh-client"
                ) from None
            ours = _Channel(fileno=pair.detach())
            try:
                client = SFTPClient(ours)
            except (EOFError, SSHException, OSError):
                ours.close()
                process.wait()
                raise self._refused(stderr) from None
        self._open = client, process, ours
        return client

    def _refused(self, stderr: IO[bytes]) -> Exception:
        stderr.seek(0)
        lines = [line.strip() for line in stderr.read().decode("utf-8", "replace").splitlines() if line.strip()]
        last = lines[-1] if lines else "ssh ended without a word"
        if any(each in last for each in _REFUSALS):
            return UsageError(f"{self.root} can't be reached: {last}", "`ssh` on this machine has to get there alone.")
        return ConnectionLost(last)


class _Channel(socket.socket):
    """What the library asks of a channel of its own besides."""

    def get_name(self) -> str:
        return "ssh"

    def recv_ready(self) -> bool:
        return bool(select.select([self], [], [], 0)[0])


def _there(path: str) -> str:
    """The path as the server has it: one below the account's home has no slash in front."""
    return f".{path[2:]}" if path == "/~" or path.startswith("/~/") else path


def _entry(path: str, known: Any) -> StoreEntry:
    if stat.S_ISDIR(known.st_mode or 0):
        return StoreEntry(path, is_directory=True)
    return StoreEntry(path, False, known.st_size, datetime.fromtimestamp(known.st_mtime, UTC))
