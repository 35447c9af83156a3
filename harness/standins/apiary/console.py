"""Where the artisan commands write: lines on stdout, errors on stderr, as Laravel's console does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

_FRAMES = 48
_FRAME = "Database/Connection.php(822): Illuminate\\Database\\Connection->runQueryCallback()"


@dataclass(frozen=True, slots=True)
class Console:
    """The two streams of a command; with `traces`, as with `LOG_CHANNEL=stderr`, an exception's frames follow it."""

    stdout: TextIO
    stderr: TextIO
    traces: bool = False

    def line(self, text: str) -> None:
        """Write one line to stdout."""
        self.stdout.write(text + "\n")

    def error(self, text: str) -> None:
        """Write one line to stderr."""
        self.stderr.write(f"  ERROR  {text}\n")

    def exception(self, text: str) -> None:
        """Write what nobody caught: the cause first, and after it, to the log, one stack frame a line."""
        self.error(text)
        if self.traces:
            frames = [f"#{number} /app/vendor/laravel/framework/src/Illuminate/{_FRAME}" for number in range(_FRAMES)]
            self.stderr.write("\n".join(("[stacktrace]", *frames, f"#{_FRAMES} {{main}}", '"} ', "")))
