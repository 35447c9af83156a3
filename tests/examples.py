"""The files of docs/examples: their text, their commands, and Nomad's job as values."""

import re
from pathlib import Path
from typing import Any

import hcl2
import yaml
from click.testing import CliRunner
from crontab import CronTab

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


def text_of(name: str) -> str:
    """An example as it stands."""
    return (EXAMPLES / name).read_text()


def nomad_job() -> dict[str, Any]:
    """The job; each block is a list, as there may be several, and its label the only key of one that has a label."""
    (job,) = _plain(hcl2.loads(text_of("apiary-drill.nomad.hcl")))["job"][0].values()
    assert isinstance(job, dict)
    return job


def nomad_task() -> dict[str, Any]:
    """The task of the job that drills."""
    (group,) = nomad_job()["group"][0].values()
    (task,) = group["task"][0].values()
    assert isinstance(task, dict)
    return task


def scripts() -> dict[str, str]:
    """The shell of each example, by its name; of the crontab, each line."""
    service = re.search(r"^ExecStart=(.*)$", text_of("apiary-drill.service"), re.MULTILINE)
    assert service is not None
    hosted, own = (
        next(step["run"] for step in jobs["jobs"]["drill"]["steps"] if step.get("name") == "Drill")
        for jobs in (yaml.safe_load(text_of(f"github-{kind}.yml")) for kind in ("hosted", "self-hosted"))
    )
    drill, status = (job.command for job in CronTab(tab=text_of("apiary-drill.crontab")))
    return {
        "apiary-drill.service": service[1],
        "apiary-drill.crontab": drill,
        "apiary-drill.crontab (status)": status,
        "github-hosted.yml": hosted,
        "github-self-hosted.yml": own,
        "gitlab-ci.yml": "\n".join(yaml.safe_load(text_of("gitlab-ci.yml"))["restore-drill"]["script"]),
    }


def complaints(schema: str, text: str, directory: Path) -> str:
    """What the copy of a published schema that check-jsonschema brings along says of a file: nothing of a good one."""
    from check_jsonschema import main  # type: ignore[import-untyped]

    path = directory / "file.yml"
    path.write_text(text)
    answer = CliRunner().invoke(main, ["--builtin-schema", schema, str(path)])
    assert (answer.exit_code, isinstance(answer.exception, SystemExit | None)) in ((0, True), (1, True)), answer.output
    return answer.output if answer.exit_code else ""


def _plain(value: Any) -> Any:
    """Values without the quotes, heredoc marks and notes of the parser."""
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        text = value.removeprefix('"').removesuffix('"')
        heredoc = re.fullmatch(r"<<-(\w+)\n(.*?)\s*\1", text, re.DOTALL)
        return heredoc[2] if heredoc else text.replace('\\"', '"')
    return value
