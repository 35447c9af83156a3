"""Unusual but healthy files: data only. Most are in a directory of their own, `odd`."""

from __future__ import annotations

from harness.faults.edge_case import FileEdgeCase

_FILL = 'printf bees >"$a"'
_FILL_BOTH = 'printf bees >"$a"; printf honey >"$b"'

FILES = (
    FileEdgeCase("a name with blanks", _FILL, (b"odd/ two  bees .pdf ",)),
    FileEdgeCase("a name with a line break and a tab", _FILL, (b"odd/one\ntwo\tthree\n",)),
    FileEdgeCase("names with quotes and backslashes", _FILL_BOTH, (b'odd/it\'s "so" `x` $HOME.pdf', b"odd/a\\nb\\\\")),
    FileEdgeCase("names that are patterns", _FILL_BOTH, (b"odd/*?[a-z]{b,c}", b"odd/%s %n")),
    FileEdgeCase("a name that is not UTF-8", _FILL, (b"odd/r\xe9sum\xe9 \xff\x80.pdf",)),
    FileEdgeCase("names that look like options", _FILL_BOTH, (b"-rf", b"--checkpoint-action=exec=x")),
    FileEdgeCase(
        "one letter, composed and decomposed", _FILL_BOTH, ("odd/caf\u00e9".encode(), "odd/cafe\u0301".encode())
    ),
    FileEdgeCase("names that differ in case only", _FILL_BOTH, (b"odd/bees", b"odd/BEES")),
    FileEdgeCase("a name of 255 bytes", _FILL, (b"odd/" + b"n" * 251 + b".pdf",)),
    FileEdgeCase("an empty file", ': >"$a"', (b"odd/nothing.pdf",)),
    FileEdgeCase("an empty directory", 'mkdir "$a"', (b"odd/nobody",)),
    FileEdgeCase(
        "a deep path", f'mkdir -p "${{a%/*}}"; {_FILL}', (b"odd/" + b"twenty-bytes-or-so-d/" * 50 + b"end.pdf",)
    ),
    FileEdgeCase("two names of one file", f'{_FILL}; ln "$a" "$b"', (b"odd/one.pdf", b"odd/other.pdf")),
    FileEdgeCase(
        "a file with holes",
        'printf bees >"$a"; truncate -s 8M "$a"; printf honey >>"$a"; truncate -s 16M "$a"',
        (b"odd/holes.bin",),
    ),
    FileEdgeCase("a file that nobody may write", f'{_FILL}; chmod 0400 "$a"', (b"odd/locked.pdf",)),
    FileEdgeCase("a file that everybody may write", f'{_FILL}; chmod 0666 "$a"', (b"odd/open.pdf",)),
    FileEdgeCase("a file of 1970", f'{_FILL}; touch -d "1970-01-01 00:00:00 UTC" "$a"', (b"odd/old.pdf",)),
    FileEdgeCase("a file of the future", f'{_FILL}; touch -d "2100-01-01 00:00:00.5 UTC" "$a"', (b"odd/new.pdf",)),
)
