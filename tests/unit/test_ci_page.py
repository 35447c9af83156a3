"""The workflow in docs/ci.md is one that GitHub takes, and needs nothing that does not exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from harness.cli.main import main
from harness.reports.pdf import PACKAGES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def text() -> str:
    """The workflow as it stands in the page."""
    (found,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)
    return str(found)


def steps(text: str) -> list[dict[str, str]]:
    return list(yaml.safe_load(text)["jobs"]["drill"]["steps"])


def test_the_schema_of_workflows_takes_it(text: str, tmp_path: Path) -> None:
    """The copy of the schema that check-jsonschema brings along; and it refuses what is none."""

    def checked(content: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "restore-drill.yml"
        path.write_text(content)
        argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    good = checked(text)
    assert good.returncode == 0, good.stdout + good.stderr
    assert checked(text.replace("runs-on:", "runs-in:")).returncode == 1


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
