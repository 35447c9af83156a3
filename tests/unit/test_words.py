"""The words of the field: what a person reads never says the project's former private words (one table of patterns)."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.tables import over_table

ROOT = Path(__file__).parents[2]
_TOPS = ("harness", "docs", "tests", "benchmarks", "scenarios")


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """All of them, read once, and by the worker that needs them."""
    return tuple(_texts())


def _texts() -> Iterator[tuple[str, str]]:
    """Every text that reaches a person: strings of the package without docstrings, pages, scenarios."""
    for path in sorted((ROOT / "harness").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if "standins" in path.parts:
            continue
        tree = ast.parse(path.read_text())
        described = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
                yield f"{name}:{node.lineno}", node.value
    for page in (
        ROOT / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "scenarios").glob("*.toml")),
    ):
        yield page.relative_to(ROOT).as_posix(), page.read_text()


@over_table(
    "former, instead",
    [
        (r"\bin vain\b", "timed out after … waiting for"),
        (r"(can't|not to|cannot) be had\b", "is not available"),
        (r"\bis no JSON\b", "is not valid JSON"),
        (r"\ba (time|URL|number) that is none\b", "is not a …"),
        (r"\bsteps 2 to 6 of the guide\b", "recovery time (RTO): stop, files, database, start, reindex"),
        (r"\b[Ff]alse red\b", "false positive"),
        (r"\bcalled broken\b", "false positive"),
        (r"\bobituary\b", "exit report"),
        (r"\bupstream loss\b", "source data loss"),
        (r"\bno-way-out\b", "network-isolation"),
        (r"\bcould-not-tell\b", "check-inconclusive"),
        (r"\bclient-said\b", "client-warning"),
        (r"\bno-drops\b", "drop-table-missing"),
        (r"\bcompared something\b", "checks ran"),
        (r"\bInto what it was restored\b", "Environment"),
        (r"\bHow long, and how much would be lost\b", "Recovery objectives"),
        (r"\bbelongs into the search\b", "Search index matches the database"),
        (r"\bkeys that were never used\b", "AUTO_INCREMENT is ahead of existing keys"),
        (r"\bLet no server wait\b", "Disable fsync."),
        (r"\bstands against restoring\b", "No problems found."),
        (r"\bAt most so many\b", "Maximum number of …"),
        (r"^So many drills\b", "Number of …"),
        (r"\bA backup that was handed in\b", "the backup's own name"),
        (r"\b[Bb]roken on purpose\b", "fault injected"),
        (r"\bstages?\b", "step, or injection point"),
        (r"\b(told|said|[Hh]anded in|[Tt]he guide)\b", "reported, output, verified, the documented procedure"),
    ],
)
def test_a_former_word_is_not_reported(former: str, instead: str) -> None:
    found = [where for where, text in texts() if re.search(former, text, re.MULTILINE)]
    assert not found, f"say “{instead}” for “{former}” in: {', '.join(found)}"


def test_no_value_is_called_by_a_private_word() -> None:
    """A name says what the value is: a message, an answer, lines, a summary."""
    word = re.compile(r"(\b|_)((?i:told|said)|stages?)(\b|_)|Stage")
    modules = [path for top in ("harness", "tests", "benchmarks") for path in (ROOT / top).rglob("*.py")]
    named = [path for path in modules if word.search(path.read_text())]
    assert named == [Path(__file__)]


def test_what_a_page_or_a_module_cites_is_there() -> None:
    """Paths in backticks, and links between pages."""
    there = {path.relative_to(ROOT).as_posix() for top in _TOPS for path in (ROOT / top).rglob("*")}
    missing = []
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        text = page.read_text()
        linked = (link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if not link.startswith("http"))
        missing += [f"{page.name}: {link}" for link in linked if not (page.parent / link).exists()]
        for cited in re.findall(r"`((?:\w[\w.-]*/)+[\w.-]+\.(?:py|sh|sql|md|dockerfile)|\w+\.py)`", text):
            if not any(path == cited or path.endswith(f"/{cited}") for path in there):
                missing.append(f"{page.name}: {cited}")
    assert missing == []
