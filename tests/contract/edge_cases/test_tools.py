"""The backup of the real Apiary as phpMyAdmin wrote it, restored on both kinds of server; one row less is read."""

import lzma
import re
from pathlib import Path

from harness.base.model import Severity
from harness.procedure.restore.script import read_script
from tests.contract.edge_cases.conftest import Pair
from tests.contract.edge_cases.flow import compared, drilled

TOOLS = Path(__file__).parents[2] / "data" / "real-apiary" / "tools"
ROWS = 2461


def test_a_whole_apiary_of_phpmyadmin_passes_and_one_row_less_is_read(pair: Pair, tmp_path: Path) -> None:
    """Without drops, and with drops into a database that holds the tables already."""
    codes: set[str] = set()
    for name, restore in (("quick", drilled), ("drops", compared)):
        restored, results = restore(pair, TOOLS / f"phpmyadmin-{name}.sql.xz", "apiary")
        found = [
            (finding.code, finding.subject)
            for result in results
            for finding in result.findings
            if finding.severity is Severity.ERROR
        ]
        assert found == []
        assert (restored.info.tool, restored.info.complete, restored.database.rows) == ("phpMyAdmin", True, ROWS)
        codes |= {finding.code for finding in restored.findings}
    assert "drop-table-missing" in codes
    whole = lzma.decompress((TOOLS / "phpmyadmin-drops.sql.xz").read_bytes())
    path = tmp_path / "apiary.sql"
    path.write_bytes(re.sub(rb"(INSERT INTO `teams` [^;]*?VALUES\n)\(.*?\),\n", rb"\1", whole, count=1))
    content = read_script(path, "apiary").content
    (teams,) = [table.rows for table in content.tables if table.name == "teams"]
    assert teams == next(table.rows for table in restored.content.tables if table.name == "teams") - 1
    # "Disable foreign key checks" is an option; without it, the script by itself stops at a key.
    path.write_bytes(whole.replace(b"SET FOREIGN_KEY_CHECKS=0;\n", b"").replace(b"SET FOREIGN_KEY_CHECKS=1;\n", b""))
    restored, results = compared(pair, path, "apiary")
    assert {finding.severity for result in results for finding in result.findings} <= {Severity.INFO, Severity.WARNING}
    assert "foreign-keys-checked" in {finding.code for finding in restored.findings}
