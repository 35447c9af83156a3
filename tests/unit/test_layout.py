"""The order of the imports, and who may print, sleep and read the environment (DESIGN.md), read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import harness
from tests.tables import over_table

ROOT = Path(harness.__path__[0])

ORDER = (
    "model",
    "errors",
    "printable",
    "private",
    "guide",
    "expressions",
    "timezones",
    # What the checks judge: values only, so that what gathers them need not import the checks.
    "checks.evidence",
    "rowdiff",
    "limits",
    "settings",
    "wait",
    "dump",
    "storage",
    "services",
    "runtimes",
    "images",
    "standin",
    "embedded",
    "clock",
    "snapshot",
    "backup",
    "restore",
    "handin",
    # Below the faults, one of which names checks that are not to run.
    "checks",
    "faults",
    "scenario_template",
    "expectation",
    "scenario",
    "clean_scenarios",
    "telling",
    "config",
    "verdict",
    "store",
    "schema",
    "history",
    "attestation",
    "monitoring",
    "stages",
    "control",
    "handover",
    "result",
    "drill",
    "batch",
    "workers",
    "scorecard",
    "covering",
    "reports",
    "doctor",
    "commands",
    "cli",
    "pytest_plugin",
)
"""Each one imports only what stands above it."""

ALONE = {
    "model": set[str](),
    "errors": set[str](),
    "guide": set[str](),
    "expressions": set[str](),
    "standin": {"errors", "guide", "expressions", "wait", "settings", "dump"},
    "embedded": {"errors", "guide", "expressions", "wait", "settings", "dump"},
}
"""What runs in a place of its own, or is the ground for all: it imports nothing but this."""

MODULES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_bytes()) for path in sorted(ROOT.rglob("*.py"))}

MAINS = {
    path
    for path, tree in MODULES.items()
    if path.startswith(("embedded/", "standin/"))
    for node in tree.body
    if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"
}
"""Programs of their own, in processes of their own: they have a standard output and an environment."""


def layer(name: str) -> str:
    """The layer of a module, named without `harness.`; the package's own `__init__` is below all."""
    return "checks.evidence" if name.startswith("checks.evidence") else name.split(".")[0]


def imported(tree: ast.Module) -> Iterator[str]:
    """Modules of the package that are imported, anywhere in the file, named without `harness.`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("harness.") for alias in node.names if alias.name.startswith("harness.")
            )
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "harness":
                yield from (alias.name for alias in node.names if alias.name != "__version__")
            elif node.module is not None and node.module.startswith("harness."):
                # A part of a package that is imported as `from harness.checks import evidence`.
                inner = node.module.removeprefix("harness.")
                yield from (f"{inner}.{alias.name}" for alias in node.names)


def own_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def words(path: str) -> Iterator[tuple[str, int]]:
    """Dotted names that a file uses (`os.environ`, `time.sleep`, `print`), with their lines."""
    for node in ast.walk(MODULES[path]):
        if isinstance(node, ast.Attribute | ast.Name):
            yield ast.unparse(node), node.lineno
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def users_of(*names: str) -> set[str]:
    return {path for path in MODULES for word, _ in words(path) if word in names}


def test_every_module_has_its_place_in_the_order() -> None:
    assert {layer(own_name(path)) for path in MODULES if path != "__init__.py"} <= set(ORDER)


@over_table("path", [path for path in MODULES if path != "__init__.py"])
def test_a_module_imports_only_what_stands_above_it(path: str) -> None:
    mine = layer(own_name(path))
    for name in imported(MODULES[path]):
        other = layer(name)
        assert other == mine or ORDER.index(other) < ORDER.index(mine), f"{path} imports {name}"
        assert other == mine or mine not in ALONE or other in ALONE[mine], f"{path} imports {name}"


def test_programs_of_their_own_are_known() -> None:
    assert {"embedded/__main__.py", "standin/php.py", "standin/generate/__main__.py"} <= MAINS


def test_imports_are_seen() -> None:
    """The test above would pass if nothing were found."""
    found = set(imported(MODULES["restore/script.py"]))
    assert {"checks.evidence.ScriptTable", "dump.walk.walk", "model.Finding"} <= found


def test_the_ground_is_the_standard_library_only() -> None:
    for path in ("model.py", "errors.py", "guide.py", "expressions.py", "wait.py"):
        outside = {
            (node.module or "").split(".")[0]
            for node in ast.walk(MODULES[path])
            if isinstance(node, ast.ImportFrom) and node.module not in ("__future__", "harness.errors")
        }
        assert outside <= {"collections", "dataclasses", "datetime", "enum", "typing"}, path


def test_only_waiting_sleeps() -> None:
    assert users_of("time.sleep", "asyncio.sleep") == {"wait.py"}


def test_only_the_edge_reads_the_environment() -> None:
    # The doctor hands the proxies on to the package manager.
    readers = users_of("os.environ", "os.getenv", "os.environb")
    assert readers <= {"cli.py", "commands/common.py", "commands/edge.py", "doctor.py", "pytest_plugin.py", *MAINS}


def test_nothing_reads_the_environment_while_it_is_imported() -> None:
    for path, tree in MODULES.items():
        inner = {
            id(node)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for node in ast.walk(function)
        }
        early = [
            ast.unparse(node)
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and id(node) not in inner
        ]
        assert early == [], path


PRINTERS = (
    *("print", "sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__", "logging.basicConfig", "os.write"),
    *("click.echo", "click.secho", "click.style", "click.echo_via_pager", "click.progressbar", "click.prompt"),
    *("rich.print", "rich.console.Console", "rich.text.Text", "rich.get_console", "rich.print_json"),
    *("console.out", "console.log", "console.print_json", "self._console.out"),
)
"""What writes to a terminal, or makes a text that is no longer looked at."""


def test_only_one_file_prints() -> None:
    """What a backup holds reaches a terminal through `printable` alone; a program of its own is not of this."""
    assert users_of(*PRINTERS) - MAINS == {"reports/terminal.py"}


def test_every_string_of_a_console_goes_through_printable() -> None:
    """A console is made in one file, of one class, which has no other way in."""
    source = ast.unparse(MODULES["reports/terminal.py"])
    assert "Console(" not in source.replace("class Terminal(Console)", "")
    assert (source.count("click.echo("), source.count("_echo(")) == (1, 4)
    assert "    _echo(printable(text))" in source
    assert "    _echo(printable_json(text).encode())" in source
    assert users_of("workflow_command", "harness.reports.terminal.workflow_command") == {"commands/afterwards.py"}
