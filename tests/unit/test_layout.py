"""The repository: its rooms and documents, and the page of CI."""

import ast
import json
import os
import re
import shlex
import subprocess
import tomllib
from collections import Counter
from functools import cache
from importlib import resources
from pathlib import Path

import click
import pytest
import yaml

import harness
from harness.cli.command_line import main
from harness.reports.pdf import PACKAGES
from tests.examples import complaints

pytestmark = pytest.mark.xdist_group("layout")  # one worker reads the package, once

PACKAGE = Path(harness.__path__[0])


@cache
def modules() -> dict[str, ast.Module]:
    return {
        path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_bytes()) for path in sorted(PACKAGE.rglob("*.py"))
    }


@cache
def mains() -> set[str]:
    """Programs of their own, in processes of their own: they have a standard output and an environment."""
    return {
        path
        for path, tree in modules().items()
        if path.startswith("standins/")
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"
    }


@cache
def words(path: str) -> frozenset[str]:
    """Dotted names that a file uses (`os.environ`, `time.sleep`, `print`)."""
    found = set()
    for node in ast.walk(modules()[path]):
        if isinstance(node, ast.Attribute | ast.Name):
            found.add(ast.unparse(node))
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def users_of(*names: str) -> set[str]:
    return {path for path in modules() if words(path) & set(names)}


def test_programs_of_their_own_are_known() -> None:
    assert {
        "standins/meilisearch/__main__.py",
        "standins/apiary/php.py",
        "standins/apiary/generate/__main__.py",
    } <= mains()


def test_the_ground_is_the_standard_library_only() -> None:
    ground = {f"base/{name}.py" for name in ("errors", "guide", "expressions", "wait")}
    for path in (path for path in modules() if path in ground or path.startswith("base/model/")):
        outside = {
            (node.module or "").split(".")[0]
            for node in ast.walk(modules()[path])
            if isinstance(node, ast.ImportFrom)
            and node.module not in ("__future__", "harness.base.errors")
            and not str(node.module).startswith("harness.base.model.")
        }
        assert outside <= {"collections", "dataclasses", "datetime", "enum", "typing"}, path


def test_only_waiting_sleeps() -> None:
    assert users_of("time.sleep", "asyncio.sleep") == {"base/wait.py"}


def test_only_the_edge_reads_the_environment() -> None:
    # The doctor hands the proxies on to the package manager.
    readers = users_of("os.environ", "os.getenv", "os.environb")
    assert (
        readers
        <= {f"cli/{name}.py" for name in ("main", "common", "context", "prerequisites", "pytest_plugin")} | mains()
    )


def test_nothing_reads_the_environment_while_it_is_imported() -> None:
    for path, tree in modules().items():
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
    assert users_of(*PRINTERS) - mains() == {"reports/terminal.py"}


def test_every_string_of_a_console_goes_through_printable() -> None:
    """A console is made in one file, of one class, which has no other way in."""
    source = ast.unparse(modules()["reports/terminal.py"])
    assert "Console(" not in source.replace("class Terminal(Console)", "")
    assert (source.count("click.echo("), source.count("_echo(")) == (1, 4)
    assert "    _echo(printable(text))" in source
    assert "    _echo(printable_json(text).encode())" in source
    assert users_of("workflow_command", "harness.reports.terminal.workflow_command") == {"cli/post_run.py"}


def test_files_of_the_package_are_where_they_are_read_from() -> None:
    """A file that moved with its folder would be missed by a drill in containers only."""
    read = []
    for path in modules():
        text = (PACKAGE / path).read_text()
        read += [
            resources.files(package) / name for package, name in re.findall(r'files\("([\w.]+)"\) / "([^"]+)"', text)
        ]
        read += [
            (PACKAGE / path).with_name(name) for name in re.findall(r'Path\(__file__\)\.with_name\("([^"]+)"', text)
        ]
    assert len(read) > 6
    for place in read:
        assert place.is_dir() or place.is_file(), place


def test_one_class_name_means_one_thing_and_no_file_name_repeats_everywhere() -> None:
    """A private class of a name that is also public counts as the same name."""
    classes: dict[str, list[str]] = {}
    for path, tree in modules().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name.removeprefix("_"), []).append(path)
    assert {name: paths for name, paths in classes.items() if len(paths) > 1} == {}
    files = Counter(path.rpartition("/")[2] for path in modules())
    assert {name for name, count in files.items() if count > 4} == {"__init__.py"}


def test_the_rooms_are_described_in_the_order_in_which_they_import() -> None:
    root = Path(__file__).parents[2]
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rooms = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    design, contributing = (root / "docs/design.md").read_text(), (root / "CONTRIBUTING.md").read_text()
    assert re.findall(r"^\| `(\w+)/` \|", design, re.MULTILINE) == rooms
    named = re.findall(r"^\| .* \| `(\w+)` \|$", contributing, re.MULTILINE)
    assert (len(named), set(named) - set(rooms)) == (10, set())


ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def text() -> str:
    """The workflow as it stands in the page."""
    (found,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)
    return str(found)


def steps(text: str) -> list[dict[str, str]]:
    return list(yaml.safe_load(text)["jobs"]["drill"]["steps"])


def test_the_schema_of_workflows_takes_it(text: str, tmp_path: Path) -> None:
    assert complaints("vendor.github-workflows", text, tmp_path) == ""
    assert complaints("vendor.github-workflows", text.replace("runs-on:", "runs-in:"), tmp_path) != ""


def test_its_shell_is_shell_and_its_files_are_in_the_repository(text: str) -> None:
    for step in steps(text):
        script = step.get("run", "")
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert os.access(ROOT / ".ci" / "setup", os.X_OK)
    assert ".ci/setup python3 .venv" in text


def test_its_command_has_only_options_that_exist(text: str) -> None:
    """Parsed by the command line itself, which does not run it; a real image needs a backup, and `run` has none."""
    script = next(
        step["run"] for step in steps(text) if "apiary-drill" in step.get("run", "") and "--junit" in step["run"]
    )
    line = next(part for part in script.replace("\\\n", " ").splitlines() if "apiary-drill" in part)
    for path in ('"$RUNNER_TEMP/apiary.env"', '"$RUNNER_TEMP/app-key"'):
        line = line.replace(path, str(ROOT / "README.md"))
    line = line.replace('"$APIARY_BACKUP"', str(ROOT))
    program, name, *arguments = shlex.split(line)
    assert (program, name) == (".venv/bin/apiary-drill", "verify")
    context = click.Context(main)
    command = main.get_command(context, name)
    assert command is not None
    parsed = command.make_context(name, arguments, parent=context).params
    assert {"html", "pdf", "markdown", "junit", "apiary_image"} <= {key for key, value in parsed.items() if value}
    assert parsed["runtime"] == "docker"


def test_it_installs_what_a_pdf_needs_and_keeps_the_reports_when_the_drill_fails(text: str) -> None:
    assert all(f" {package}" in text for package in PACKAGES)
    kept = next(step for step in steps(text) if "upload-artifact" in step.get("uses", ""))
    assert kept["if"] == "${{ !cancelled() }}"
    assert "runs" not in str(kept), "the run directory holds a backup"


def test_the_tables_for_pipelines_name_what_there_is() -> None:
    """Every command with `--json` has its line, and every field of a result that the page names is in its schema."""
    page = (ROOT / "docs" / "ci.md").read_text()
    table = page.partition("## JSON")[2].partition("Of a result")[0]
    named = {
        name for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`([a-z ]+)", cell)
    }
    context = click.Context(main)
    groups = {name: main.get_command(context, name) for name in main.list_commands(context)}
    commands: dict[str, click.Command] = {name: command for name, command in groups.items() if command is not None}
    for name, group in groups.items():
        if isinstance(group, click.Group):
            commands |= {f"{name} {inner}": command for inner, command in group.commands.items()}
    speaking = {name for name, command in commands.items() if any("--json" in each.opts for each in command.params)}
    assert {name.strip().removesuffix(" --matrix") for name in named} - {""} == speaking
    schema = json.loads((ROOT / "docs/schema/result-1.schema.json").read_text())
    block = page.partition("Of a result")[2].partition("```")[2].partition("```")[0]
    for line in block.strip().splitlines():
        fields = re.findall(r"\.([a-z_]+)", line.partition("  ")[0])
        properties = schema["properties"]
        if "[] |" in line:
            item = properties[fields[0]]["items"]["$ref"].rpartition("/")[2]
            fields, properties = fields[1:], schema["$defs"][item]["properties"]
        assert set(fields) <= set(properties), line
