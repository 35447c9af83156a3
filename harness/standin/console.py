"""Where the artisan commands write: lines on stdout, errors on stderr, as Laravel's console does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

import pymysql


@dataclass(frozen=True, slots=True)
class Console:
    """The two streams of a command."""

    stdout: TextIO
    stderr: TextIO

    def line(self, text: str) -> None:
        """Write one line to stdout."""
        self.stdout.write(text + "\n")

    def error(self, text: str) -> None:
        """Write one line to stderr."""
        self.stderr.write(f"  ERROR  {text}\n")


def error_text(error: Exception) -> str:
    """An error as the real app's log has it: MySQL's with its number, the others with their text."""
    if isinstance(error, pymysql.MySQLError) and len(error.args) > 1:
        return f"SQLSTATE[HY000] [{error.args[0]}] {error.args[1]}"
    return str(error)
