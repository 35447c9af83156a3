"""Every recorded script, of every tool and option (tests/unit/dump/data), restored into both kinds of server."""

import gzip
import re
from pathlib import Path

import pytest

from harness.artifacts.dump.source import Dump, Parts
from harness.base.errors import ProcedureFailed
from tests.contract.edge_cases.conftest import Pair
from tests.contract.edge_cases.flow import compared, drilled, errors

DATA = Path(__file__).parents[2] / "unit/dump/data"
WHOLE = sorted(
    str(path.relative_to(DATA))
    for path in DATA.glob("*/*.sql*")
    if path.name not in ("no-create-info.sql", "no-data.sql", "by-mariadb-dump.sql")
    and path.parent.name != "versions"  # of other servers' versions: see OLDER, and test_dump_versions.py
)
COUNTS = {"mysql-9.7": (20, 8), "mariadb-10.5": (16, 6), "mariadb-11.8": (16, 6)}
"""Rows and tables of the database apiary; source.sql makes six tables, mysql-only.sql two more."""
REFUSED = {
    # What the other kind of server does not take is known before anything runs.
    ("MySQL", "mariadb"): "the rows of users contain values for generated columns, which MySQL rejects (error 3105)",
    ("MariaDB", "mysql"): "does not support the collation utf8mb4_0900_ai_ci (error 1273)",
}


def owned(pair: Pair, name: str, directory: Path) -> Path:
    """The script with its definer, root, replaced by the account that restores: only an administrator names others."""
    path = DATA / name
    script = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    account = f"`{pair.source.app.user}`@`%`".encode()
    copy = directory / path.name.removesuffix(".gz")
    copy.write_bytes(re.sub(rb"`root`@`localhost`|root@localhost", account, script).replace(
        b'DEFINER="root"@"localhost"', f'DEFINER="{pair.source.app.user}"@"%"'.encode()
    ))  # fmt: skip
    return copy


def test_every_tool_and_option_is_recorded() -> None:
    """The options that the issue of this feature names, by the tool that most operators have; and three tools."""
    names = {Path(name).name.split(".")[0] for name in WHOLE if name.startswith("mysql-9.7/")}
    assert names >= {
        "plain", "full", "skip-extended-insert", "complete-insert", "hex-blob", "order-by-primary", "skip-comments",
        "skip-tz-utc", "databases", "all-databases", "compact", "compact-skip-extended", "databases-compact",
    }  # fmt: skip
    assert {name.split("/")[0] for name in WHOLE} == set(COUNTS)
    assert len(WHOLE) == 31


OLDER = {
    "MySQL": ("mysql-5.5.34.sql", "mysql-5.6.21.sql", "mysql-5.6.21-ansi.sql", "mysql-8.0.33.sql"),
    "MariaDB": ("mysql-5.5.34.sql", "mysql-5.6.21.sql", "mariadb-10.1.23.sql"),
}


def test_a_script_of_an_older_server_comes_back(pair: Pair, tmp_path: Path) -> None:
    """Of the tools of 2013 to 2023, one after the other into the same database."""
    restore = drilled
    for name in OLDER[pair.flavour]:
        script = owned(pair, f"versions/{name}", tmp_path)
        read, (rows, objects) = restore(pair, script)
        assert errors((rows, objects)) == [], name
        expected = (20, 8) if "8.0" in name else (16, 6)
        assert (read.rows, len(read.database.tables), rows.compared) == (*expected, read.rows), name
        restore = compared
    if pair.flavour == "MySQL":
        with pytest.raises(ProcedureFailed, match="does not have the SQL mode NO_AUTO_CREATE_USER"):
            compared(pair, owned(pair, "versions/mariadb-10.1.23.sql", tmp_path))


@pytest.mark.parametrize("name", WHOLE)
def test_a_recorded_script_comes_back_or_is_refused_before_it_runs(pair: Pair, name: str, tmp_path: Path) -> None:
    """On its own kind of server all rows and objects are back; on the other kind the first line says why not."""
    tool = name.split("/")[0]
    script = owned(pair, name, tmp_path)
    several = "databases" in name
    wanted = ("other" if tool != "mysql-9.7" else "apiary") if several else None
    if (pair.flavour.lower() in tool) is False:
        refusal = REFUSED[pair.flavour, tool.split("-")[0]]
        with pytest.raises(ProcedureFailed, match=re.escape(refusal)):
            drilled(pair, script, "apiary" if several else None)
        assert list(pair.admin.rows(f"SHOW TABLES IN `{pair.target.database}`")) == []
        return
    read, (rows, objects) = drilled(pair, script, wanted)
    assert errors((rows, objects)) == []
    expected = (2, 1) if wanted == "other" else COUNTS[tool]
    assert (read.rows, len(read.database.tables)) == expected
    assert (rows.compared, objects.compared >= expected[1]) == (read.rows, True)


def test_the_recorded_halves_of_a_pair_come_back(pair: Pair, tmp_path: Path) -> None:
    """What --no-data wrote, then what --no-create-info wrote; both hold the trigger, which changes nothing here."""
    if pair.flavour == "MariaDB":
        source: Dump = owned(pair, "mysql-9.7/no-data.sql", tmp_path)
        with pytest.raises(ProcedureFailed, match=re.escape(REFUSED["MariaDB", "mysql"])):
            drilled(pair, source)
        return
    structure = owned(pair, "mysql-9.7/no-data.sql", tmp_path)
    without = re.sub(rb"^/\*!50003 CREATE\*/.*?;;$", b"", structure.read_bytes(), flags=re.MULTILINE | re.DOTALL)
    structure.write_bytes(without)
    script, results = drilled(pair, Parts((structure, owned(pair, "mysql-9.7/no-create-info.sql", tmp_path))))
    assert errors(results) == []
    assert (script.rows, len(script.database.tables)) == COUNTS["mysql-9.7"]


def test_mariadbs_tool_on_a_mysql_server_writes_what_mysql_refuses(pair: Pair, tmp_path: Path) -> None:
    """As the app's image does: the generated columns have values, so neither kind of server takes it unchanged."""
    refusal = REFUSED["MySQL", "mariadb"] if pair.flavour == "MySQL" else REFUSED["MariaDB", "mysql"]
    with pytest.raises(ProcedureFailed, match=re.escape(refusal)):
        drilled(pair, owned(pair, "mysql-9.7/by-mariadb-dump.sql", tmp_path))
