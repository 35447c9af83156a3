"""A whole Apiary by each tool: PASS; with one row less: FAIL that names the table. All go into one target in turn."""

from __future__ import annotations

import gzip
import lzma
import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.model import Severity, Verdict
from harness.base.settings import Settings
from harness.checks.evidence import Evidence
from harness.checks.verdict import decide, findings_of, judge
from harness.drill.flow import restored
from harness.drill.run import Run
from harness.drill.steps.collect import Restored, collect
from harness.drill.steps.read import read_backup
from harness.drill.steps.restore import Restoration, restore
from harness.inputs.app_key import read_app_key
from harness.inputs.backup import BackupUnderTest
from harness.procedure.restore.load import run_script
from harness.procedure.restore.redump import redump
from harness.procedure.restore.script import check_compatibility, read_script
from harness.procedure.snapshot import read_database
from harness.runtime.services.stack import Stack
from tests.drills.conftest import drill_of
from tests.drills.test_real_apiary import REAL
from tests.unit.inputs.test_cases import CHOICE, PROBE, before_tables

pytestmark = pytest.mark.xdist_group("real-apiary")

ROWS = 2461
LOST = re.compile(rb"\(\s*246,\s*'rschuster92'.*?(?=\(\s*247,\s*')", re.DOTALL)
"""One row of users, up to the next; with what stands between two INSERTs, where each has one row."""
WITHOUT_DEFINERS = b"""CREATE VIEW `members` AS SELECT `id` FROM `users`;
DELIMITER ;;
CREATE TRIGGER `teams_bu` BEFORE UPDATE ON `teams` FOR EACH ROW BEGIN SET NEW.`name` = TRIM(NEW.`name`); END;;
DELIMITER ;
"""


def scripts() -> dict[str, bytes]:
    """What each tool wrote (tests/data/real-apiary/tools), and mysqldump's own with what others make of it."""
    own = gzip.decompress((REAL / "apiary.sql.gz").read_bytes())
    end = b"/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */"
    changed = CHOICE + before_tables(PROBE)(own).replace(end, WITHOUT_DEFINERS + end)
    recorded = sorted((REAL / "tools").glob("*.sql.xz"))  # of phpMyAdmin the harder form: no drops, keys by ALTER TABLE
    return {
        "Workbench's USE, Percona's header, DEFINER taken out": changed,
        **{
            path.name.removesuffix(".sql.xz"): lzma.decompress(path.read_bytes())
            for path in recorded
            if "drops" not in path.name
        },
    }


def test_a_whole_apiary_of_each_tool_passes_and_one_row_less_fails(settings: Settings, tmp_path: Path) -> None:
    """Every row, file and document is compared; the row that is gone is one that others refer to."""
    tools = scripts()
    assert set(tools) > {"adminer", "mysqldump-php", "npm-mysqldump", "phpmyadmin-quick"}
    first, *others = tools.items()
    whole = BackupUnderTest(
        written(tmp_path, *first), REAL / "storage.tar.gz", app_key=read_app_key(REAL / "app-key"), name="tools"
    )
    with drill_of(settings, "tools") as drill, restored(drill, whole) as (target, what):
        check(drill, target, what, *first)
        for tool, text in others:
            read = read_backup(drill, replace(whole, dump=written(tmp_path, tool, text)))
            script = check_compatibility(read.script, target.mysql)
            work = Restoration(target, script, read.storage, drill.limits)
            restore(work, drill.clock, drill.plan.choices.stages, drill.faults)
            check(drill, target, Restored(read, work, what.fresh), tool, text)


def written(directory: Path, name: str, text: bytes) -> Path:
    path = directory / f"{name}.sql"
    path.write_bytes(text)
    return path


def check(drill: Run, target: Stack, what: Restored, tool: str, text: bytes) -> None:
    """What was restored passes; the same with one row less, run over it, does not."""
    evidence = collect(drill, target, what)
    verdict, found, compared = judged(evidence)
    assert (verdict, found) == (Verdict.PASS, []), tool
    assert (compared["rows-script"], compared["table-set"]) == (ROWS, 53), tool
    less, lost = LOST.subn(b"", text, count=1)
    assert lost == 1, tool
    verdict, found, compared = judged(with_script(evidence, less, target, what))
    assert (verdict, compared["rows-script"]) == (Verdict.FAIL, ROWS - 1), tool
    assert {code for code, _ in found} == {"orphans"}, tool
    assert all("rows of users" in message for _, message in found), (tool, found)


def with_script(evidence: Evidence, text: bytes, target: Stack, what: Restored) -> Evidence:
    """The evidence of another script over the one that was restored: of the database, which alone differs."""
    assert isinstance(what.backup.dump, Path)
    what.backup.dump.write_bytes(text)
    script = check_compatibility(read_script(what.backup.dump, None), target.mysql)
    run_script(target.mysql, script.chunks(), packets_fit=True)
    expected, again = redump(target.mysql, script, what.backup.plan)
    with target.mysql.session() as session:
        database = read_database(session, target.mysql.database)
    return replace(evidence, script=expected, redump=again, target=database)


def judged(evidence: Evidence) -> tuple[Verdict, list[tuple[str, str]], dict[str, int]]:
    """The verdict, the errors, and how much each check compared."""
    results = judge(evidence)
    verdict, _ = decide(results)
    errors = [(one.code, one.message) for one in findings_of(results) if one.severity is Severity.ERROR]
    return verdict, errors, {result.check: result.compared for result in results}
