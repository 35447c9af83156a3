"""A script through the whole procedure, without the rest of a drill around it."""

from harness.artifacts.dump.source import Dump
from harness.base.model import CheckResult, Severity
from harness.checks.schema import check_script_objects
from harness.checks.tables import check_script_rows
from harness.procedure.backup.plan import BackupPlan
from harness.procedure.restore.load import run_script
from harness.procedure.restore.redump import redump
from harness.procedure.restore.script import Script, check_compatibility, read_script
from tests.contract.edge_cases.conftest import Pair

PLAN = BackupPlan(excluded_tables=())


def drilled(
    pair: Pair, dump: Dump, database: str | None = None, allowed: frozenset[str] = frozenset()
) -> tuple[Script, tuple[CheckResult, CheckResult]]:
    """Read, compare with the target, run, dump again: what the checks say of rows and of objects."""
    # Whoever writes into the operator's own database, as ALTER DATABASE by its name would, gets an error.
    source = pair.source.database.replace("_", "\\_")
    pair.admin.execute(f"REVOKE ALL ON `{source}`.* FROM '{pair.source.app.user}'@'%'")
    return compared(pair, dump, database, allowed=allowed)


def compared(
    pair: Pair, dump: Dump, database: str | None = None, *, allowed: frozenset[str] = frozenset()
) -> tuple[Script, tuple[CheckResult, CheckResult]]:
    """The same, once more into the same target."""
    script = check_compatibility(read_script(dump, database, allowed=allowed), pair.target)
    run_script(pair.target, script.chunks())
    expected, again = redump(pair.target, script, PLAN)
    rows = check_script_rows(expected.tables, again.tables, {}, expected.compared_as)
    return script, (rows, check_script_objects(expected.objects, again.objects))


def errors(results: tuple[CheckResult, ...]) -> list[str]:
    """Every error finding, in words."""
    return [
        f"{finding.code} {finding.subject}: {finding.message}"
        for result in results
        for finding in result.findings
        if finding.severity is Severity.ERROR
    ]
