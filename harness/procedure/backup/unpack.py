"""Writing an archive into a directory with GNU tar, and understanding how it ended."""

from __future__ import annotations

from harness.artifacts.storage import tar
from harness.artifacts.storage.disk import DiskFull
from harness.base.errors import ProcedureFailed
from harness.procedure.backup.scan import END_TIMEOUT_S
from harness.runtime.services.execution import Host

_FULL = ("No space left on device", "Disk quota exceeded", ": Wrote only ")
"""What tar says when the disk is full. The last one, where a part of a block still found room, names no reason:
GNU tar 1.34 on a full tmpfs says just that."""


class Unpacker:
    """Streams an archive into a directory. A context manager: leaving it before `finish` ends tar.

    Args:
        inside: see `tar.extract_command`.
    """

    def __init__(self, host: Host, root: str, *, inside: bytes = b"") -> None:
        self._root = root
        self._command = host.start(tar.extract_command(root, inside), env=tar.ENVIRONMENT, stdin=True)

    def __enter__(self) -> Unpacker:
        self._command.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._command.__exit__(*exc)

    def write(self, chunk: bytes) -> None:
        """Give tar the next bytes. Raises what `finish` raises when it has ended early."""
        try:
            self._command.write(chunk)
        except BrokenPipeError:
            self.finish()

    def finish(self) -> None:
        """Wait until everything is written.

        Raises:
            HarnessError: the disk is full: inconclusive.
            ProcedureFailed: tar failed or complained.
        """
        self._command.close_stdin()
        output = b"".join(self._command.chunks())
        ended = self._command.wait(END_TIMEOUT_S)
        if not (ended.exit_status or ended.stderr or output):
            return
        if any(text in ended.stderr for text in _FULL):
            raise DiskFull(self._root, details=tar.with_codes(ended.stderr))
        raise ProcedureFailed(
            f"tar could not extract everything into {self._root} (exit status {ended.exit_status})",
            "Its output follows; the files there are incomplete.",
            details=tar.with_codes(ended.stderr),
        )
