"""The files of docs/examples are what their programs take, by each one's own tool, schema or types."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
from crontab import CronTab

from harness.cli.command_line import main
from tests.engines import must_find
from tests.examples import EXAMPLES, complaints, nomad_job, text_of
from tests.tables import over_table

NOMAD = {
    "job": "affinity all_at_once constraint datacenters group id meta migrate multiregion name namespace node_pool "
    "parameterized periodic priority region reschedule spread type ui update",
    "periodic": "cron crons enabled prohibit_overlap time_zone",
    "group": "affinity constraint consul count disconnect ephemeral_disk max_client_disconnect max_run_duration meta "
    "migrate name network prevent_reschedule_on_lost reschedule restart scaling service shutdown_delay spread "
    "stop_after_client_disconnect task update volume",
    "restart": "attempts delay interval mode render_templates",
    "reschedule": "attempts delay delay_function interval max_delay unlimited",
    "volume": "type source read_only sticky access_mode attachment_mode mount_options per_alloc",
    "task": "action affinity artifact config constraint consul csi_plugin dispatch_payload driver env identity "
    "kill_signal kill_timeout kind leader lifecycle logs meta name resources restart scaling schedule secret service "
    "shutdown_delay template user vault volume_mount",
    "volume_mount": "destination propagation_mode read_only selinux_label volume",
    "template": "change_mode change_script change_signal data destination env error_on_missing_key gid "
    "left_delimiter once perms right_delimiter source splay uid vault_grace wait",
    "resources": "cores cpu device disk iops memory memory_max network numa secrets",
    # Of the driver, docs: job-declare/task-driver/docker.
    "config": "args command entrypoint group_add image network_mode volumes work_dir",
}
"""What a block may hold: the `hcl` tags of Nomad's own Go module of types (nomad/api of 2026-10-16)."""


@over_table(
    "name, schema, key, other",
    [
        ("github-hosted.yml", "vendor.github-workflows", "runs-on:", "runs-in:"),
        ("github-self-hosted.yml", "vendor.github-workflows", "runs-on:", "runs-in:"),
        ("gitlab-ci.yml", "vendor.gitlab-ci", "when: always", "when: ever"),
    ],
)
def test_the_published_schema_takes_it_and_no_misspelt_one(
    name: str, schema: str, key: str, other: str, tmp_path: Path
) -> None:
    assert complaints(schema, text_of(name), tmp_path) == ""
    assert complaints(schema, text_of(name).replace(key, other), tmp_path) != ""


def test_systemd_takes_the_service_and_the_timer(tmp_path: Path) -> None:
    """It also looks for the program; it says that it does not know a key, and exits with 0 all the same."""
    analyze = must_find("systemd-analyze", "systemd")

    def answer(old: str, new: str) -> tuple[int, str]:
        for name in ("apiary-drill.service", "apiary-drill.timer"):
            text = text_of(name).replace("/srv/drills/.venv/bin/apiary-drill", "/bin/true").replace(old, new)
            (tmp_path / name).write_text(text)
        argv = [analyze, "verify", "--man=no", *map(str, sorted(tmp_path.glob("apiary-drill.*")))]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    assert answer("", "") == (0, "")
    assert "Unknown key 'Persistant' in section [Timer]" in answer("Persistent", "Persistant")[1]
    assert "Failed to parse service type" in answer("oneshot", "oneshoot")[1]
    assert "Failed to parse calendar specification" in answer("Mon 03:17", "Mon 03:77")[1]


def test_cron_takes_every_line_of_the_crontab() -> None:
    jobs = list(CronTab(tab=text_of("apiary-drill.crontab")))
    assert [(str(job.slices), job.is_valid(), job.command[:17]) for job in jobs] == [
        ("17 3 * * 1", True, "cd /srv/drills &&"),
        ("5 9 * * *", True, "cd /srv/drills &&"),
    ]
    assert all("%" not in job.command for job in jobs), "cron makes a newline of it"
    assert len(list(CronTab(tab=text_of("apiary-drill.crontab").replace("17 3", "17 25")))) == 1


def unknown(kind: str, block: dict[str, Any]) -> set[str]:
    """Names in a block, and in those inside of it, that Nomad has no place for."""
    known = set(NOMAD[kind].split())
    found = {f"{kind}.{name}" for name in block.keys() - known}
    for name, inner in block.items():
        for each in inner if name in NOMAD and isinstance(inner, list) else ():
            labelled = name in ("group", "task", "volume")
            found |= unknown(name, next(iter(each.values())) if labelled else each)
    return found


def test_nomad_has_a_place_for_all_that_the_job_says() -> None:
    job = nomad_job()
    assert unknown("job", job) == set()
    (group,) = job["group"][0].values()
    (task,) = group["task"][0].values()
    assert unknown("job", {**job, "periodics": []}) == {"job.periodics"}
    assert (job["type"], list(job["periodic"][0])) == ("batch", ["crons", "time_zone", "prohibit_overlap"])
    assert (group["restart"][0]["attempts"], group["restart"][0]["mode"]) == (0, "fail")
    assert (group["reschedule"][0]["attempts"], group["reschedule"][0]["unlimited"]) == (0, False)
    volumes = {name: volume for each in group["volume"] for name, volume in each.items()}
    assert {each["volume"] for each in task["volume_mount"]} == volumes.keys() == {"backups", "drills"}
    assert volumes["backups"]["read_only"]
    secret = next(each for each in task["template"] if each["destination"].startswith("secrets/"))
    assert (secret["perms"], f"{secret['uid']}:{secret['gid']}") == ("0400", task["user"])


STANDIN = """\
#!/bin/sh
# A `nomad` of which only the answers are known: what it is asked, and the statuses that it has for each question.
echo "$*" >> "$STANDIN/asked"
case "$2" in
allocs)
    line=$(head -n 1 "$STANDIN/allocs")
    [ "$(wc -l < "$STANDIN/allocs")" -le 1 ] || sed -i 1d "$STANDIN/allocs"
    [ "$line" != "refused" ] || { echo "Error retrieving allocations: refused" >&2; exit 1; }
    printf '%b' "$line"
    ;;
*) cat "$STANDIN/$2" >&2; [ ! -s "$STANDIN/$2" ] ;;
esac
"""
GONE = "its allocations to end"
WELL = "a healthy allocation"


@over_table(
    "word, allocations, refusal, status, message",
    [
        ("stop", ["running\\ncomplete\\n", "running\\ncomplete\\n", "complete\\ncomplete\\n"], "", 0, ""),
        ("stop", [""], "", 0, ""),
        ("stop", ["running\\n"], "", 1, f"apiary: timed out after 6 s waiting for {GONE}"),
        ("stop", ["unknown\\n"], "", 1, f"apiary: timed out after 6 s waiting for {GONE}"),  # a node that is lost
        ("stop", ["refused"], "", 1, "Error retrieving allocations: refused"),
        ("stop", ["complete\\n"], 'No job(s) with prefix or ID "apiary" found', 1, "No job(s) with prefix or ID"),
        ("start", ["pending \\ncomplete \\n", "running <nil>\\n", "running true\\ncomplete \\n"], "", 0, ""),
        ("start", ["running false\\n"], "", 1, f"apiary: timed out after 6 s waiting for {WELL}"),
        ("start", ["failed true\\n"], "", 1, f"apiary: timed out after 6 s waiting for {WELL}"),
        ("start", ["running true\\n"], 'Job "apiary" has not been stopped', 1, "has not been stopped"),
        ("restart", [], "", 2, "usage: "),
    ],
)
def test_stop_and_start_of_nomad_wait_for_the_application(
    word: str, allocations: list[str], refusal: str, status: int, message: str, tmp_path: Path
) -> None:
    """With a stand-in for the program `nomad`: what the script does with its answers. Nobody waits for real."""
    for name, text in (("nomad", STANDIN), ("sleep", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "allocs").write_text("".join(f"{line}\n" for line in allocations))
    for name in ("stop", "start"):
        (tmp_path / name).write_text(refusal)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "STANDIN": str(tmp_path)}
    script = tmp_path / "nomad-backup.sh"
    script.write_text(text_of(script.name).replace("seconds=300", "seconds=6"))
    done = subprocess.run(["sh", script, word], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, message in done.stderr, bool(message) == bool(done.stderr)) == (status, True, True), (
        done.stderr
    )
    if word != "restart":
        first, *others = (tmp_path / "asked").read_text().splitlines()
        assert first == f"job {word} apiary"
        assert all(each.startswith("job allocs -t {{range .}}{{.ClientStatus}}") for each in others)
        assert (others == []) == bool(refusal)


def test_the_backup_of_nomad_has_only_options_that_exist(tmp_path: Path) -> None:
    """Parsed by the command line itself; stop and start are the script's own, called without a shell."""
    script = text_of("nomad-backup.sh")
    line = script.partition("exec ")[2].partition(";;")[0].replace("\\\n", " ")
    for theirs, ours in (("/srv/backups/$(date +%F)", str(tmp_path / "new")), ("$0", "/etc/nomad-backup.sh")):
        assert theirs in line
        line = line.replace(theirs, ours)
    program, name, *arguments = shlex.split(line)
    context = click.Context(main)
    command = main.get_command(context, name)
    assert (program, name, command is not None) == ("apiary-drill", "backup", True)
    assert command is not None
    parsed = command.make_context(name, arguments, parent=context).params
    stop, start = (shlex.split(parsed[f"{kind}_command"]) for kind in ("stop", "start"))
    assert (stop, start) == (["/etc/nomad-backup.sh", "stop"], ["/etc/nomad-backup.sh", "start"])


def test_every_example_is_named_in_the_page_and_installs_what_is_in_the_repository() -> None:
    root = EXAMPLES.parents[1]
    page = (root / "docs" / "unattended.md").read_text()
    for path in EXAMPLES.iterdir():
        assert f"(examples/{path.name})" in page, path.name
    for name in ("github-hosted.yml", "gitlab-ci.yml"):
        assert ".ci/setup python3 .venv" in text_of(name)
    assert (root / ".ci" / "setup").exists()
