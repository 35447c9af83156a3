"""Running a command where a service lives: on this machine or in a container, as streams of bytes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from harness.base.background import alarm
from harness.base.errors import HarnessError, WaitTimeout

STDERR_LIMIT_BYTES = 64 * 1024
"""How much of a command's stderr is kept: the beginning and the end, half each."""

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended.

    Args:
        argv: what was run; no password is ever in it.
        exit_status: as a shell tells it; 128 + n after signal n.
        stdout: what it wrote, where it was asked for (`run`).
        stderr: its output there, at most STDERR_LIMIT_BYTES of it.
    """

    argv: tuple[str, ...]
    exit_status: int
    stdout: bytes
    stderr: str


class RunningCommand(Protocol):
    """A command that was started. Use it as a context manager: leaving it early ends the command."""

    def __enter__(self) -> RunningCommand: ...

    def __exit__(self, *exc: object) -> None: ...

    def write(self, data: bytes) -> None:
        """Give it bytes on standard input. Raises BrokenPipeError when it no longer reads."""

    def close_stdin(self) -> None:
        """Say that there is no more input."""

    def chunks(self) -> Iterator[bytes]:
        """What it writes to standard output, as it comes, until it ends."""

    def kill(self) -> None:
        """End it at once, from any thread: its output ends, and so does the wait for it."""

    def wait(self, timeout_s: float) -> Completed:
        """Wait for its end (stdout is empty: read it with `chunks`). Raises WaitTimeout."""


class Host(Protocol):
    """The place where the commands of a service run."""

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: bool = False, user: str | None = None
    ) -> RunningCommand:
        """Start a command; `env` is added to what the place has, `user` is a numeric id or None."""


def run(
    host: Host,
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdin: Iterable[bytes] | None = None,
    user: str | None = None,
    timeout_s: float = 600.0,
    what: str = "",
) -> Completed:
    """Run a command to its end and keep what it wrote; for small outputs.

    Args:
        stdin: chunks to feed, in step with the command's output (no deadlock however much it writes).
        timeout_s: limit for all of it, also while it says nothing.
        what: the command in words, for the error's text; its program's name unless given.

    Returns:
        Completed with `stdout`.

    Raises:
        WaitTimeout: it took longer, and was ended.
    """
    with (
        host.start(argv, env=env, stdin=stdin is not None, user=user) as command,
        limited(command, timeout_s, what or argv[0]),
    ):
        feeder = _Feeder(command, stdin) if stdin is not None else None
        stdout = b"".join(command.chunks())
        if feeder is not None:
            feeder.join()
        completed = command.wait(timeout_s)
    return Completed(completed.argv, completed.exit_status, stdout, completed.stderr)


@contextmanager
def limited(command: RunningCommand, timeout_s: float, what: str, *hints: str) -> Iterator[None]:
    """End a command that still runs after so many seconds, also while its output or its input is waited for.

    Raises:
        WaitTimeout: it was ended; whatever else the block raised came of that.
    """
    with alarm(timeout_s, command.kill) as out_of_time:
        try:
            yield
        except Exception:
            if not out_of_time.is_set():
                raise
    if out_of_time.is_set():
        raise WaitTimeout(f"timed out after {timeout_s:g} s waiting for {what} to end", *hints)


def must_succeed(completed: Completed, *hints: str) -> Completed:
    """The same command, if it ended with 0. Raises HarnessError with its output."""
    if completed.exit_status != 0:
        raise HarnessError(
            f"{completed.argv[0]} failed with exit status {completed.exit_status}", *hints, details=completed.stderr
        )
    return completed


class _Feeder:
    """Writes chunks to a command from a thread of its own; an error of the source is raised in `join`."""

    def __init__(self, command: RunningCommand, chunks: Iterable[bytes]) -> None:
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._feed, args=(command, chunks), daemon=True)
        self._thread.start()

    def _feed(self, command: RunningCommand, chunks: Iterable[bytes]) -> None:
        try:
            for chunk in chunks:
                command.write(chunk)
        except BrokenPipeError:
            pass  # the command ended before its input did: its exit status tells why
        except BaseException as error:  # handed over to the caller's thread
            self._error = error
        finally:
            command.close_stdin()

    def join(self) -> None:
        self._thread.join()
        if self._error is not None:
            raise self._error


def feed(command: RunningCommand, chunks: Iterable[bytes]) -> _Feeder:
    """Feed a running command in the background; call `join` on what comes back before `wait`."""
    return _Feeder(command, chunks)
