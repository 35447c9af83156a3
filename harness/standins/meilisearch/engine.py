"""The search engine (milli) in a process of its own, and the few tricks that its Python binding needs.

Why a process: the binding holds Python's global lock while it indexes, so a server with milli inside would not
answer `/health` for seconds; and it panics (with half a stack of Rust on stderr) where others return an error.

What the binding lacks, and what is done about it:
- no primary key can be named, and inference fails for documents with two fields in `…id`: every document gets a
  made-up `id` of hyphens and underscores, which no query can match because both only separate words;
- no searchable attributes can be set: only the searchable values are handed over, one field per attribute, in
  their order, which is the order of their weight;
- a search answers 20 documents at most and cannot skip any: every document also holds its own address, word for word
  one hexadecimal digit of its number in private use characters of Unicode, which no query contains; further searches
  walk the address space (negative words) until nothing new comes.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from harness.standins.meilisearch.pointers import leaves, values_at

ANSWER_LIMIT = 20
"""How many documents one search of the binding returns at most (milli's default limit)."""

_DIGITS = [chr(0xE000 + digit) for digit in range(16)]
_PLACES = [chr(0xE010 + place) for place in range(7)]


class EngineFailed(Exception):
    """The engine refused, panicked or died."""


class Engine:
    """The engine's process, seen from the server. One call at a time; it is started when it is first needed.

    Args:
        map_size_bytes: upper limit of each index's file; the file is sparse, so a generous one costs nothing.
        python: a Python that has milli, where this one has not; it needs nothing else.
    """

    def __init__(self, map_size_bytes: int, python: str | None = None) -> None:
        self._map_size_bytes = map_size_bytes
        self._python = python
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def add(self, directory: Path, attributes: list[str], documents: list[tuple[int, bytes]]) -> None:
        """Add or replace documents: (number, one line of JSON) each; returns when they are on disk."""
        self._call("add", directory, attributes, documents)

    def delete(self, directory: Path, numbers: list[int]) -> None:
        """Delete documents by number; unknown ones are ignored."""
        self._call("delete", directory, numbers)

    def clear(self, directory: Path) -> None:
        """Delete every document."""
        self._call("clear", directory)

    def drop(self, directory: Path) -> None:
        """Close an index and delete its files."""
        self._call("drop", directory)

    def search(self, directory: Path, query: str, want: int, top: int) -> list[int]:
        """The numbers of the documents that match, best first, at most `want`.

        The first 20 are in the engine's order; those behind them in the order of their numbers.
        `top` is the highest number in use.
        """
        answer = self._call("search", directory, query, want, top)
        assert isinstance(answer, list)
        return answer

    def close(self) -> None:
        """Stop the process at once: what it was writing is rolled back when the index is opened again."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()
            process.wait()

    def _call(self, operation: str, directory: Path, *arguments: Any) -> Any:
        with self._lock:
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                pickle.dump((operation, str(directory), *arguments), process.stdin, pickle.HIGHEST_PROTOCOL)
                process.stdin.flush()
                failed, answer = pickle.load(process.stdout)  # noqa: S301 # our own child process wrote it
            except (OSError, EOFError, pickle.UnpicklingError) as error:
                self._discard(process)
                raise EngineFailed(f"the engine's process ended with exit code {process.returncode}") from error
            if failed:
                self._discard(process)
                raise EngineFailed(answer)
        return answer

    def _discard(self, process: subprocess.Popen[bytes]) -> None:
        """End a process that failed; the next call starts another one."""
        process.kill()
        process.wait()
        self._process = None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was left to be written has nobody to read it
                    pipe.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise EngineFailed("the server is stopping")
        if self._process is None:
            self._process = subprocess.Popen(
                [self._python or sys.executable, "-m", __name__, str(self._map_size_bytes)],
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])} if self._python else None,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._process


def key_of(number: int) -> str:
    """The made-up identifier of a document inside the engine."""
    return format(number, "b").replace("0", "-").replace("1", "_")


def number_of(key: str) -> int:
    return int(key.replace("-", "0").replace("_", "1"), 2)


def address_of(number: int) -> str:
    """A document's number in words that nobody types, one per hexadecimal digit, lowest place first."""
    return " ".join(_word(place, (number >> (4 * place)) & 15) for place in range(len(_PLACES)))


def _word(place: int, digit: int) -> str:
    return _PLACES[place] + _DIGITS[digit]


def project(number: int, line: bytes, attributes: list[str]) -> dict[str, Any]:
    """What the engine gets to see of a document: its searchable values, its key, its address."""
    document = json.loads(line)
    seen: dict[str, Any] = {"id": key_of(number)}
    if attributes == ["*"]:
        seen["d"] = document
    else:
        for place, path in enumerate(attributes):
            values = [leaf for value in values_at(document, path) for leaf in leaves(value)]
            seen[f"a{place}"] = values[0] if len(values) == 1 else values
    seen["z"] = address_of(number)
    return seen


class _Searcher:
    """Collects every match of a query out of searches that answer 20 each."""

    def __init__(self, index: Any, query: str, want: int) -> None:
        self._index = index
        self._query = query
        self._want = want
        self._found: dict[int, None] = {}

    def collect(self, top: int) -> list[int]:
        if len(self._ask("")) == ANSWER_LIMIT:
            places = max(1, (top.bit_length() + 3) // 4)
            self._walk(places - 1, "", 0, 16)
        return list(self._found)[: self._want]

    def _walk(self, place: int, excluded: str, low: int, high: int) -> None:
        """Find what matches in the documents with a digit from `low` to `high` at this place, halving as needed."""
        if len(self._found) >= self._want:
            return
        others = "".join(f"-{_word(place, digit)} " for digit in range(16) if not low <= digit < high)
        if (low, high) != (0, 16) and len(self._ask(excluded + others)) < ANSWER_LIMIT:
            return
        if high - low > 1:
            middle = (low + high) // 2
            self._walk(place, excluded, low, middle)
            self._walk(place, excluded, middle, high)
        elif place > 0:
            self._walk(place - 1, excluded + others, 0, 16)

    def _ask(self, excluded: str) -> list[int]:
        # the exclusions stand in front: the last word of a query is the one that matches as a prefix
        documents = self._index.get_documents(self._index.search(excluded + self._query))
        numbers = [number_of(document["id"]) for document in documents]
        self._found.update(dict.fromkeys(numbers))
        return numbers


class _EngineProcess:
    """The loop in the engine's process."""

    def __init__(self, map_size_bytes: int) -> None:
        self._map_size_bytes = map_size_bytes
        self._open: dict[str, Any] = {}

    def serve(self, source: IO[bytes], sink: IO[bytes]) -> None:
        while True:
            try:
                request = pickle.load(source)  # noqa: S301 # the parent wrote it
            except EOFError:  # the server is gone
                return
            try:
                answer: tuple[bool, Any] = (False, self._answer(*request))
            except BaseException as error:  # a Rust panic derives from BaseException
                self._open.clear()
                answer = (True, f"{type(error).__name__}: {error}")
            pickle.dump(answer, sink, pickle.HIGHEST_PROTOCOL)
            sink.flush()
            if answer[0]:
                return  # a panic may leave a lock behind; the next call starts a new process

    def _answer(self, operation: str, directory: str, *arguments: Any) -> Any:
        index = self._index(directory)
        if operation == "add":
            attributes, documents = arguments
            if documents:
                index.add_documents([project(number, line, attributes) for number, line in documents])
        elif operation == "delete":
            index.delete_documents([key_of(number) for number in arguments[0]])
        elif operation == "clear":
            index.clear_documents()
        elif operation == "drop":
            del index
            self._open.pop(directory)
            shutil.rmtree(directory)
        else:
            query, want, top = arguments
            return _Searcher(index, query, want).collect(top)
        return None

    def _index(self, directory: str) -> Any:
        import milli  # here, so that the server itself can tell in one line that the extra is missing

        if directory not in self._open:
            Path(directory).mkdir(parents=True, exist_ok=True)
            self._open[directory] = milli.Index(directory, self._map_size_bytes)
        return self._open[directory]


if __name__ == "__main__":
    # a Ctrl-C in the terminal goes to the whole group; the server decides when this process ends
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _EngineProcess(int(sys.argv[1])).serve(sys.stdin.buffer, sys.stdout.buffer)
