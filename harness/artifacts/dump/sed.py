"""What `restore_stream` leaves out, as commands for sed: a person without this program can do it by line numbers.

The commands hold for one script, byte for byte, which its digest proves before they are used.
"""

from __future__ import annotations

from harness.artifacts.dump.rewrite import RewriteReport, Trimmer
from harness.artifacts.dump.source import ScriptSource, open_script, source_name
from harness.artifacts.dump.walk import pieces_with_tokens
from harness.base.errors import UsageError

_BLANKS = b" \t\r\n\f\v"


def sed_commands(
    source: ScriptSource,
    database: str,
    *,
    definers: frozenset[str] = frozenset(),
    target: str | None = None,
    report: RewriteReport | None = None,
) -> tuple[str, ...]:
    """Commands that take out of a script what is not loaded (arguments as of `restore_stream`), one a line.

    Returns:
        For GNU sed in the C locale, with numbers of lines from 1; empty if the script is loaded as it stands.

    Raises:
        UsageError: a statement to leave out shares a line with one to keep.
    """
    trimmer = Trimmer(database, definers, target, report or RewriteReport())
    lines = _Lines(source_name(source))
    for piece, tokens in pieces_with_tokens(open_script(source)):
        lines.take(piece.data, b"".join(trimmer.filter(((piece, tokens),))))
    return lines.end()


class _Lines:
    def __init__(self, name: str) -> None:
        self._name = name
        self._line = 1  # of the next byte
        self._kept_before = False  # something on this line is kept
        self._pending: tuple[int, int] | None = None  # lines to delete, not yet passed on: more may follow
        self._commands: list[str] = []

    def take(self, data: bytes, out: bytes) -> None:
        """A piece as it stands, and what is loaded of it."""
        body = data.lstrip(_BLANKS)
        if out != data and out.strip(_BLANKS) == body.rstrip(_BLANKS):
            self._trim(data if body else data[: data.rfind(b"\n") + 1])
            data = out
            body = data.lstrip(_BLANKS)
        begins = self._line + data.count(b"\n", 0, len(data) - len(body))
        new_line = begins > self._line
        self._line += data.count(b"\n")
        if new_line:
            self._kept_before = False
        if not body:
            return
        ends = begins + body.rstrip(_BLANKS).count(b"\n")
        if not out.strip(_BLANKS):
            if self._kept_before:
                raise self._shared(begins)
            self._pending = (self._pending[0] if self._pending else begins, ends)
            return
        if self._pending is not None and self._pending[1] == begins:
            raise self._shared(begins)
        self._flush()
        if out != data:
            self._change(begins, body, out.lstrip(_BLANKS))
        self._kept_before = self._line == ends

    def end(self) -> tuple[str, ...]:
        """All commands, once the script has ended."""
        self._flush()
        return tuple(self._commands)

    def _trim(self, data: bytes) -> None:
        """Take the blanks off the ends of lines: of those before a command of the client, and of its own."""
        for line, text in enumerate(data.split(b"\n"), self._line):
            if text != text.rstrip(_BLANKS):
                self._commands.append(f"{line}s/[[:space:]]*$//")

    def _flush(self) -> None:
        if self._pending is not None:
            first, last = self._pending
            self._commands.append(f"{first}d" if first == last else f"{first},{last}d")
            self._pending = None

    def _change(self, line: int, body: bytes, out: bytes) -> None:
        if not body.startswith(b"DELIMITER") and out.startswith(b"DELIMITER "):
            delimiter, _, out = out.partition(b"\n")
            self._commands.append(f"{line}i {delimiter.decode('ascii', 'replace')}")
            out = out.lstrip(_BLANKS)
        if out == body:
            return
        start = next(at for at, (old, new) in enumerate(zip(body, out, strict=False)) if old != new)
        tail = 0
        while tail < min(len(body), len(out)) - start and body[-1 - tail] == out[-1 - tail]:
            tail += 1
        old, new = body[start : len(body) - tail], out[start : len(out) - tail]
        line_start = body.rfind(b"\n", 0, start) + 1
        line += body.count(b"\n", 0, start)
        # What is common to both may hide where the clause begins: whole words are easier to read, and safer to find.
        while start > line_start and body[start - 1 : start] not in (b" ", b"*"):
            start -= 1
            old, new = body[start : start + 1] + old, body[start : start + 1] + new
        if b"\n" in old or b"\n" in new or self._kept_before or old in body[line_start:start]:
            raise self._shared(line)
        self._commands.append(f"{line}s/{_pattern(old)}/{_replacement(new)}/")

    def _shared(self, line: int) -> UsageError:
        return UsageError(
            f"{self._name}: on line {line} one statement is to be loaded and another is not, so that no command can"
            " leave out whole lines",
            "Restore it with `apiary-drill restore`, which reads statements.",
        )


def _pattern(text: bytes) -> str:
    return _escaped(text, b"\\.*[]^$/")


def _replacement(text: bytes) -> str:
    return _escaped(text, b"\\&/")


def _escaped(text: bytes, special: bytes) -> str:
    escaped = b"".join(bytes((92, byte)) if byte in special else bytes((byte,)) for byte in text)
    return escaped.decode("utf-8", "surrogateescape")
