"""The backup of the real Apiary in the forms of other tools: restored whole, and one row less is named."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from harness.base.model import Severity
from harness.procedure.restore.script import read_script
from tests.contract.edge_cases.conftest import Pair
from tests.contract.edge_cases.flow import compared, drilled

REAL = Path(__file__).parents[2] / "data" / "real-apiary" / "apiary.sql.gz"
_TABLE = re.compile(r"^CREATE TABLE `(\w+)` \(\n(.*?)\n\) (ENGINE=[^\n]*);$", re.DOTALL | re.MULTILINE)
_INSERT = re.compile(r"^INSERT INTO `(\w+)` VALUES .*;$", re.MULTILINE)
HEADER = """-- phpMyAdmin SQL Dump
-- version 5.2.1
-- https://www.phpmyadmin.net/
--
-- Host: localhost
-- Generation Time: Nov 22, 2026 at 02:00 AM
-- Server version: 9.7.4
-- PHP Version: 8.2.12

SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";
START TRANSACTION;
SET time_zone = "+00:00";

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
"""
FOOTER = "COMMIT;\n\n/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;\n"


def as_phpmyadmin(script: str, *, drops: bool) -> str:
    """Tables bare, then rows, then keys, counters and foreign keys by ALTER TABLE."""
    tables, keys, counters, constraints = "", "", "", ""
    rows = {match.group(1): match.group() for match in _INSERT.finditer(script)}
    for name, body, options in _TABLE.findall(script):
        lines = [line.strip().rstrip(",") for line in body.split("\n")]
        columns = [line for line in lines if line.startswith("`")]
        counted = [line for line in columns if "AUTO_INCREMENT" in line]
        plain = ",\n  ".join(line.replace(" AUTO_INCREMENT", "") for line in columns)
        number = re.search(r" AUTO_INCREMENT=(\d+)", options)
        tables += f"\n--\n-- Table structure for table `{name}`\n--\n\n"
        tables += f"DROP TABLE IF EXISTS `{name}`;\n" if drops else ""
        tables += f"CREATE TABLE `{name}` (\n  {plain}\n) {re.sub(r' AUTO_INCREMENT=[0-9]+', '', options)};\n"
        tables += "\n" + rows.get(name, "") + "\n"
        added = [line for line in lines if not line.startswith(("`", "CONSTRAINT"))]
        if added:
            keys += f"ALTER TABLE `{name}`\n  " + ",\n  ".join(f"ADD {line}" for line in added) + ";\n"
        for line in counted:
            more = f", AUTO_INCREMENT={number.group(1)}" if number else ""
            counters += f"ALTER TABLE `{name}`\n  MODIFY {line}{more};\n"
        bound = [line for line in lines if line.startswith("CONSTRAINT")]
        if bound:
            constraints += f"ALTER TABLE `{name}`\n  " + ",\n  ".join(f"ADD {line}" for line in bound) + ";\n"
    return HEADER + tables + keys + counters + constraints + FOOTER


def test_a_whole_apiary_of_phpmyadmin_passes_and_one_row_less_is_read(pair: Pair, tmp_path: Path) -> None:
    """With drops into a database that holds the tables already, where the script by itself stops at a foreign key."""
    script = gzip.decompress(REAL.read_bytes()).decode()
    path = tmp_path / "apiary.sql"
    told: set[str] = set()
    for drops in (False, True):
        path.write_text(as_phpmyadmin(script, drops=drops))
        restored, results = (compared if drops else drilled)(pair, path, "apiary")
        found = [
            (finding.code, finding.subject)
            for result in results
            for finding in result.findings
            if finding.severity is Severity.ERROR
        ]
        assert found == []
        assert (restored.info.tool, restored.info.complete) == ("phpMyAdmin", True)
        assert restored.database.rows > 1000
        told |= {finding.code for finding in restored.findings}
    assert {"drop-table-missing", "foreign-keys-checked"} <= told
    lost = re.sub(r"(INSERT INTO `teams` VALUES )\([^)]*\),", r"\1", as_phpmyadmin(script, drops=True), count=1)
    path.write_text(lost)
    content = read_script(path, "apiary").content
    (teams,) = [table.rows for table in content.tables if table.name == "teams"]
    assert teams == next(table.rows for table in restored.content.tables if table.name == "teams") - 1
