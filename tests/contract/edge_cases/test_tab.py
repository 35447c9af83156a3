"""What --tab wrote comes back: on MySQL a recorded directory (its server may write no files), on MariaDB a new one."""

import shutil
from pathlib import Path

from harness.artifacts.dump.tab import TabDirectory
from harness.runtime.services.mysql import quote_name
from tests.contract.edge_cases.conftest import Pair
from tests.contract.edge_cases.flow import drilled, errors

RECORDED = Path(__file__).parents[2] / "unit/inputs/data/tab-mysql-9.7"
MADE = (
    "CREATE TABLE every (id INT PRIMARY KEY AUTO_INCREMENT, raw BLOB, note TEXT, data JSON, bits BIT(9), place POINT,"
    " amount DECIMAL(9,3), ratio DOUBLE, born DATE, old VARCHAR(20) CHARACTER SET latin1, kind ENUM('a','é'),"
    " doubled DECIMAL(10,3) AS (amount * 2) STORED, hidden INT INVISIBLE, fixed BINARY(4))",
    "INSERT INTO every (raw, note, data, bits, place, amount, ratio, born, old, kind, hidden, fixed) VALUES"
    " (X'00010A0D091A5C2722FF', 'a\\tb\\nc\\\\d ''é'' 🐝', '{\"a\": [1, null, \"🐝\\\\n\"]}', b'101000010',"
    " ST_GeomFromText('POINT(1 2)'), 1.5, 0.1, '2000-02-29', 'é€', 'é', 5, 'ab'),"
    " (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),"
    " ('', '\\\\N', '[]', b'0', NULL, 0, 1e300, '2001-01-01', '', 'a', 0, '')",
    "CREATE TABLE nothing (id INT PRIMARY KEY)",
    "CREATE TABLE `a b` (v INT)",
    "INSERT INTO `a b` VALUES (1), (1), (NULL)",
    "CREATE VIEW zz AS SELECT id, note FROM every",
    "CREATE VIEW seen AS SELECT id, note FROM zz",
    "CREATE TRIGGER t1 BEFORE INSERT ON nothing FOR EACH ROW SET @x = 1",
)


def written(pair: Pair, directory: Path) -> TabDirectory:
    directory.mkdir()
    directory.chmod(0o777)
    if pair.flavour == "MariaDB":
        pair.fill(MADE)
        pair.dump(directory.parent / "stdout", f"--tab={directory}")
    else:
        for path in RECORDED.iterdir():
            shutil.copy(path, directory)
        for path in directory.glob("*.sql"):
            path.write_text(path.read_text().replace("`root`@`localhost`", f"`{pair.source.app.user}`@`%`"))
    return TabDirectory(directory)


def test_every_value_comes_back(pair: Pair, tmp_path: Path) -> None:
    """Compared by value with a dump of the restored tables, and read with the server's own eyes."""
    script, (rows, objects) = drilled(pair, written(pair, tmp_path / "tab"))
    assert errors((rows, objects)) == []
    assert (script.rows, rows.compared) == (6, 6)
    assert dict(rows.evidence)["compared as"] == "value"
    table = quote_name(pair.target.database, "every")
    (row,) = pair.admin.rows(
        "SELECT HEX(raw), note, bits + 0, ST_AsText(place), amount, ratio, old, kind, doubled, hidden, HEX(fixed)"
        f" FROM {table} WHERE id = 1"
    )
    assert [str(value).replace("POINT(1.0 2.0)", "POINT(1 2)") for value in row] == [
        "00010A0D091A5C2722FF", "a\tb\nc\\d 'é' 🐝", "322", "POINT(1 2)", "1.500", "0.1", "é€", "é", "3.000", "5",
        "61620000",
    ]  # fmt: skip
    assert pair.admin.value(f"SELECT COUNT(*) FROM {table} WHERE note = '\\\\N' AND raw = ''") == 1
    assert {item.name for item in script.database.objects} >= {"seen", "t1"}
