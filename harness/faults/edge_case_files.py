"""Unusual but healthy files: data only. Most are in a directory of their own, `edge`."""

from __future__ import annotations

from harness.faults.edge_case import FileEdgeCase

_FILL = 'printf bees >"$a"'
_FILL_BOTH = 'printf bees >"$a"; printf honey >"$b"'

FILES = (
    FileEdgeCase("a name with blanks", _FILL, (b"edge/ two  bees .pdf ",)),
    FileEdgeCase("a name with a line break and a tab", _FILL, (b"edge/one\ntwo\tthree\n",)),
    FileEdgeCase(
        "names with quotes and backslashes", _FILL_BOTH, (b'edge/it\'s "so" `x` $HOME.pdf', b"edge/a\\nb\\\\")
    ),
    FileEdgeCase("names that are patterns", _FILL_BOTH, (b"edge/*?[a-z]{b,c}", b"edge/%s %n")),
    FileEdgeCase("a name that is not UTF-8", _FILL, (b"edge/r\xe9sum\xe9 \xff\x80.pdf",)),
    FileEdgeCase("names that look like options", _FILL_BOTH, (b"-rf", b"--checkpoint-action=exec=x")),
    FileEdgeCase(
        "one letter, composed and decomposed", _FILL_BOTH, ("edge/caf\u00e9".encode(), "edge/cafe\u0301".encode())
    ),
    FileEdgeCase("names that differ in case only", _FILL_BOTH, (b"edge/bees", b"edge/BEES")),
    FileEdgeCase("a name of 255 bytes", _FILL, (b"edge/" + b"n" * 251 + b".pdf",)),
    FileEdgeCase("an empty file", ': >"$a"', (b"edge/nothing.pdf",)),
    FileEdgeCase("an empty directory", 'mkdir "$a"', (b"edge/nobody",)),
    FileEdgeCase(
        "a deep path", f'mkdir -p "${{a%/*}}"; {_FILL}', (b"edge/" + b"twenty-bytes-or-so-d/" * 50 + b"end.pdf",)
    ),
    FileEdgeCase("two names of one file", f'{_FILL}; ln "$a" "$b"', (b"edge/one.pdf", b"edge/other.pdf")),
    FileEdgeCase(
        "a file with holes",
        'printf bees >"$a"; truncate -s 8M "$a"; printf honey >>"$a"; truncate -s 16M "$a"',
        (b"edge/holes.bin",),
    ),
    FileEdgeCase("a file that nobody may write", f'{_FILL}; chmod 0400 "$a"', (b"edge/locked.pdf",)),
    FileEdgeCase("a file that everybody may write", f'{_FILL}; chmod 0666 "$a"', (b"edge/open.pdf",)),
    FileEdgeCase("a file of 1970", f'{_FILL}; touch -d "1970-01-01 00:00:00 UTC" "$a"', (b"edge/old.pdf",)),
    FileEdgeCase("a file of the future", f'{_FILL}; touch -d "2100-01-01 00:00:00.5 UTC" "$a"', (b"edge/new.pdf",)),
)
