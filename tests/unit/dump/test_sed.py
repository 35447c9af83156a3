"""The commands for sed do what the stream for the client does: shown with the real sed, over every script at hand."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.artifacts.dump.inspect import examine
from harness.artifacts.dump.rewrite import restore_stream
from harness.artifacts.dump.sed import sed_commands
from harness.artifacts.dump.source import open_script
from harness.artifacts.dump.statements import Kind, scan
from harness.base.errors import HarnessError, UsageError
from tests.tables import over_table

TESTS = Path(__file__).parents[2]
SCRIPTS = sorted(
    path
    for folder in ("unit/dump/data", "data/cases", "data/real-apiary")
    for path in (TESTS / folder).rglob("*.sql*")
    if path.name != "source.sql"  # written by hand, with several statements on a line
)


def statements(script: bytes) -> list[bytes]:
    """What a client sends, without comments and blanks."""
    return [
        piece.data.strip()
        for piece in scan([script])
        if piece.kind not in (Kind.BLANK, Kind.COMMENT) and piece.data.strip()
    ]


def by_sed(path: Path, commands: tuple[str, ...], directory: Path) -> bytes:
    script, given = directory / "script.sql", directory / "commands.sed"
    script.write_bytes(b"".join(open_script(path)))
    given.write_bytes("\n".join(commands).encode("utf-8", "surrogateescape"))
    return subprocess.run(["sed", "-f", given, script], env={"LC_ALL": "C"}, capture_output=True, check=True).stdout


@over_table("path", SCRIPTS)
def test_sed_leaves_out_what_the_drill_leaves_out(path: Path, tmp_path: Path) -> None:
    try:
        info = examine(path)[0]
    except HarnessError:
        return
    for database in [one.name for one in info.databases if one.used] or [""]:
        definers = frozenset(mention.name for mention in info.definers)
        loaded = b"".join(restore_stream(path, database, definers=definers, target="other"))
        commands = sed_commands(path, database, definers=definers, target="other")
        assert statements(by_sed(path, commands, tmp_path)) == statements(loaded), path


def test_statements_that_share_a_line_are_named(tmp_path: Path) -> None:
    script = tmp_path / "one-line.sql"
    script.write_bytes(b"CREATE TABLE a (b INT);\nSET @@GLOBAL.GTID_PURGED='x'; INSERT INTO a VALUES (1);\n")
    with pytest.raises(UsageError, match="on line 2 one statement is to be loaded and another is not"):
        sed_commands(script, "")
