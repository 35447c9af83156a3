"""Broken dumps fail, each for the right reason, and the first line says the cause."""

import re
from pathlib import Path

import pytest

from harness.artifacts.dump.codes import CODES
from harness.base.errors import BrokenArtifact, HarnessError, UnsafeArtifact, UsageError
from harness.base.model import Severity
from harness.procedure.restore.load import run_script
from harness.procedure.restore.script import read_script
from tests.contract.edge_cases.broken import UNREADABLE, UNSAFE, Damage
from tests.contract.edge_cases.conftest import Kind, Pair, new_pair
from tests.contract.edge_cases.flow import drilled
from tests.contract.edge_cases.loaded import SILENT, UNLOADABLE, Silent

GOOD = (
    "CREATE TABLE guests (id INT PRIMARY KEY, name VARCHAR(40), born DATE)",
    "INSERT INTO guests VALUES (1, 'Burdell', '2026-08-01'), (2, NULL, NULL)",
    "CREATE TABLE kinds (kind ENUM('bee', 'wasp'))",
    "INSERT INTO kinds VALUES ('wasp')",
    "CREATE TABLE sums (a INT, b INT, c INT AS (a + b))",
    "INSERT INTO sums (a, b) VALUES (1, 2)",
    "CREATE TABLE numbers (n INT)",
    "INSERT INTO numbers VALUES (424242)",
    "CREATE VIEW adults AS SELECT id, name FROM guests",
)


@pytest.fixture(scope="module")
def dumped(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A script that is whole, by the real tool of the server; and the mark in its names."""
    with new_pair(kind) as pair:
        pair.fill(GOOD)
        options = ("--set-gtid-purged=OFF",) if pair.flavour == "MySQL" else ()
        script = pair.dump(tmp_path_factory.mktemp("good") / "good.sql", *options).read_bytes()
    return script, pair.mark.encode()


@pytest.fixture
def good(pair: Pair, dumped: tuple[bytes, bytes]) -> bytes:
    """The same script, of this test's operator."""
    script, mark = dumped
    return script.replace(mark, pair.mark.encode())


def broken(good: bytes, damage: Damage | Silent, directory: Path) -> Path:
    path = directory / "apiary.sql"
    path.write_bytes(damage.change(good))
    assert path.read_bytes() != good, "the change changed nothing"
    return path


def name_of(damage: Damage | Silent) -> str:
    return damage.name.replace(" ", "-")


def test_the_script_that_is_broken_here_is_whole(pair: Pair, good: bytes, tmp_path: Path) -> None:
    """Otherwise every test below would pass for the wrong reason."""
    path = tmp_path / "apiary.sql"
    path.write_bytes(good)
    script, results = drilled(pair, path)
    assert [finding for result in results for finding in result.findings] == []
    assert script.rows == 5


@pytest.mark.parametrize("damage", [*UNREADABLE, *UNSAFE, *UNLOADABLE], ids=name_of)
def test_a_broken_dump_is_stopped(pair: Pair, good: bytes, damage: Damage, tmp_path: Path) -> None:
    """By the right kind of error, whose first line names the cause; what must not run never touched the server."""
    if damage.only not in ("", pair.flavour):
        # The other kind's own tool writes it like that, and the script that is whole passes above.
        assert damage.change(good) == good
        assert b"(1,2,3)" in good
        return
    path = broken(good, damage, tmp_path)
    with pytest.raises(damage.error) as stopped:
        drilled(pair, path)
    first = str(stopped.value).splitlines()[0]
    assert re.match(damage.message.replace("{name}", "apiary.sql"), first), first
    assert stopped.value.hints or "ERROR" in first, "an error says what to do"
    if isinstance(stopped.value, (BrokenArtifact, UnsafeArtifact, UsageError)):
        there = pair.admin.value(
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = %s", (pair.target.database,)
        )
        assert there == 0, "nothing of it ran"


@pytest.mark.parametrize("damage", SILENT, ids=name_of)
def test_what_loads_without_an_error_is_found(pair: Pair, good: bytes, damage: Silent, tmp_path: Path) -> None:
    """The client ends with 0 and says nothing: only comparing shows what is wrong. It does so where the operator allows
    what no tool writes as well."""
    allowed = frozenset(("unexpected-statement", "runs-routine"))
    _, results = drilled(pair, broken(good, damage, tmp_path), allowed=allowed)
    found = {(f.code, f.subject) for result in results for f in result.findings if f.severity is Severity.ERROR}
    assert found == set(damage.findings)


def test_emoji_in_a_set_that_the_tool_writes_as_question_marks(pair: Pair, tmp_path: Path) -> None:
    """SHOW CREATE TABLE has no emoji in members of ENUM and SET: such a dump loses them, on both kinds of server."""
    pair.fill(("CREATE TABLE t (s SET('x', '🐝'))", "INSERT INTO t VALUES ('🐝'), ('x')"))
    _, (rows, _) = drilled(pair, pair.dump(tmp_path / "dump.sql"))
    assert [(found.code, found.subject) for found in rows.findings] == [("content-digest", "t")]


def test_allowed_by_name_is_not_refused(pair: Pair, good: bytes, tmp_path: Path) -> None:
    """What was refused as unsafe gets as far as the server, whose own wall is next."""
    (grant,) = [damage for damage in UNSAFE if damage.name == "a grant"]
    path = broken(good, grant, tmp_path)
    script = read_script(path, None, allowed=frozenset(("account",)))
    findings = [(found.code, found.severity, found.remedy) for found in script.findings if found.code == "account"]
    assert findings == [("account", Severity.WARNING, "It was accepted explicitly.")]
    with pytest.raises(HarnessError, match=r"ERROR (1044|1045|1142|1227|1410) "):
        run_script(pair.target, script.chunks())


@pytest.mark.parametrize(
    "command",
    ["\\! touch {}", "system touch {}", "SELECT 1; \\! touch {}", "tee {}", "pager touch {}", "source {}", "\\. {}"],
)
def test_nothing_gets_a_shell_with_everything_allowed(pair: Pair, good: bytes, tmp_path: Path, command: str) -> None:
    """Every code is allowed by name: the load still runs without the client's commands."""
    mark = tmp_path / "made"
    at = good.index(b"\n-- Dump completed")
    path = tmp_path / "apiary.sql"
    path.write_bytes(good[:at] + b"\n" + command.format(mark).encode() + b"\n" + good[at:])
    with pytest.raises(HarnessError, match=r"ERROR|truncated"):
        run_script(pair.target, read_script(path, None, allowed=frozenset(CODES)).chunks())
    assert not mark.exists()
