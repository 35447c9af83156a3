"""Commands on this machine: the Host of the process runtime."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.base.errors import MissingProgram, WaitTimeout
from harness.runtime.process.usage import CHILDREN
from harness.runtime.services.execution import CHUNK_BYTES, STDERR_LIMIT_BYTES, Completed


class BoundedText:
    """Keeps the beginning and the end of a stream of bytes that may be long."""

    def __init__(self, limit_bytes: int) -> None:
        self._half = limit_bytes // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def add(self, data: bytes) -> None:
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room < len(data) else b""
        if len(self._tail) > self._half:
            self._dropped += len(self._tail) - self._half
            del self._tail[: -self._half]

    def text(self) -> str:
        gap = f"\n… {self._dropped} bytes omitted …\n".encode() if self._dropped else b""
        return bytes(self._head + gap + self._tail).decode("utf-8", "replace")


class LocalCommand:
    """A child process with pipes; its stderr is read by a thread, so that it can't stand still."""

    def __init__(self, process: subprocess.Popen[bytes], argv: Sequence[str]) -> None:
        self._process = process
        self._argv = tuple(argv)
        self._stderr = BoundedText(STDERR_LIMIT_BYTES)
        self._reader = threading.Thread(target=self._read_stderr, daemon=True)
        self._reader.start()

    def __enter__(self) -> LocalCommand:
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            CHILDREN.ended(self._process, 0)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            CHILDREN.ended(self._process)
        self._reader.join(timeout=5)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # unread input of a command that ended

    def write(self, data: bytes) -> None:
        assert self._process.stdin is not None, "started without stdin"
        self._process.stdin.write(data)

    def close_stdin(self) -> None:
        assert self._process.stdin is not None, "started without stdin"
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            return  # it ended before it read everything: its exit status says so

    def chunks(self) -> Iterator[bytes]:
        assert self._process.stdout is not None
        # read1 gives what is there, so that a reader sees the first bytes when they come.
        while chunk := self._process.stdout.read1(CHUNK_BYTES):  # type: ignore[attr-defined]
            yield chunk

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def wait(self, timeout_s: float) -> Completed:
        try:
            status = CHILDREN.ended(self._process, timeout_s)
        except subprocess.TimeoutExpired:
            raise WaitTimeout(
                f"timed out after {timeout_s:g} s waiting for {self._argv[0]} to end", details=self._stderr.text()
            ) from None
        self._reader.join(timeout=5)
        return Completed(self._argv, status if status >= 0 else 128 - status, b"", self._stderr.text())

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        while chunk := self._process.stderr.read1(65536):  # type: ignore[attr-defined]
            self._stderr.add(chunk)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return


@dataclass(frozen=True, slots=True)
class LocalHost:
    """Starts commands on this machine, each in a process group of its own.

    Args:
        env: the environment of every command; nothing is inherited from the harness's own.
        cwd: work directory of the commands, or None for the harness's own.
        purpose: what they are for, where the time of a drill is shown.
    """

    env: Mapping[str, str] = field(default_factory=dict, repr=False)  # with passwords
    cwd: str | None = None
    purpose: str = "tools"

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: bool = False, user: str | None = None
    ) -> LocalCommand:
        """Start a command. Raises MissingProgram when there is none of that name."""
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"LANG": "C.UTF-8", **self.env, **(env or {})},
                cwd=self.cwd,
                start_new_session=True,
                user=int(user) if user is not None else None,
                # Not root's own groups: what the user may do is the question.
                group=int(user) if user is not None else None,
                extra_groups=[] if user is not None else None,
            )
        except FileNotFoundError:
            raise MissingProgram(
                f"cannot run {argv[0]!r}: no such program", "`apiary-drill doctor` shows how to install it."
            ) from None
        except OSError as error:  # no right to run it, or nothing that this machine can run
            raise MissingProgram(f"cannot run {argv[0]!r}: {(error.strerror or str(error)).lower()}") from error
        CHILDREN.started(process, self.purpose)
        return LocalCommand(process, argv)
