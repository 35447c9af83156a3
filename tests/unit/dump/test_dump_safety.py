"""What must not run."""

import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from harness.artifacts.dump.codes import CODES, findings_for
from harness.artifacts.dump.inspect import examine
from harness.artifacts.dump.model import ScriptFinding
from harness.artifacts.dump.safety import MOST_FINDINGS
from harness.base.model import Severity
from tests.tables import over_table


def look(script: bytes, database: str = "apiary", allowed: frozenset[str] = frozenset()) -> list[ScriptFinding]:
    found = findings_for(examine(io.BytesIO(script))[1], database, allowed)
    assert {finding.code for finding in found} <= set(CODES)
    return [finding for finding in found if finding.severity is not Severity.INFO]


REFUSED = [
    (b"\\! touch /tmp/x\n", "client-command", "\\!"),
    (b"system touch /tmp/x\n", "client-command", "system"),
    (b"system touch /tmp/x;\n", "client-command", "system"),
    (b"SYSTEM id\n", "client-command", "SYSTEM"),
    (b"source /etc/passwd\n", "client-command", "source"),
    (b"\\. /etc/passwd\n", "client-command", "\\."),
    (b"tee /tmp/x\n", "client-command", "tee"),
    (b"\\T /tmp/x\n", "client-command", "\\T"),
    (b"pager cat > /tmp/x\n", "client-command", "pager"),
    (b"\\P cat\n", "client-command", "\\P"),
    (b"edit\n", "client-command", "edit"),
    (b"connect other evil.example\n", "client-command", "connect"),
    (b"/*!50001 \\! id */;\n", "client-command", "\\!"),
    (b"DELIMITER ;;\nCOMMIT ;;\n\\! id\n;;\n", "client-command", "\\!"),
    (b"INSERT INTO t VALUES (1) \\! id\n;\n", "client-command", "\\!"),
    (b"CREATE USER u@localhost;\n", "account", "CREATE USER"),
    (b"/*!50700 ALTER USER root@localhost IDENTIFIED BY 'x' */;\n", "account", "ALTER USER"),
    (b"DROP USER root@localhost;\n", "account", "DROP USER"),
    (b"CREATE ROLE r;\n", "account", "CREATE ROLE"),
    (b"GRANT ALL ON *.* TO u;\n", "account", "GRANT"),
    (b"/* harmless */ /*!40000 GRANT ALL ON *.* TO u */;\n", "account", "GRANT"),
    (b"REVOKE ALL ON *.* FROM u;\n", "account", "REVOKE"),
    (b"SET PASSWORD = 'x';\n", "account", "SET PASSWORD"),
    (b"SET GLOBAL general_log = 1;\n", "global-variable", "general_log"),
    (b"SET PERSIST max_connections = 1;\n", "global-variable", "max_connections"),
    (b"SET @@GLOBAL.general_log = 1;\n", "global-variable", "general_log"),
    (b"SET @a = 1, @@global.general_log_file = '/tmp/x';\n", "global-variable", "general_log_file"),
    (b"SET GLOBAL gtid_purged = 'x', GLOBAL general_log = 1;\n", "global-variable", "gtid_purged"),
    (b"SELECT '<?php' INTO OUTFILE '/var/www/x.php';\n", "file-access", "INTO OUTFILE"),
    (b"SELECT 1 INTO/**/DUMPFILE '/tmp/x';\n", "file-access", "INTO DUMPFILE"),
    (b"LOAD DATA INFILE '/etc/passwd' INTO TABLE t;\n", "file-access", "LOAD DATA"),
    (b"INSERT INTO t SELECT LOAD_FILE('/etc/passwd');\n", "file-access", "LOAD_FILE"),
    (b"CREATE TABLE t (a int) DATA DIRECTORY='/tmp';\n", "file-access", "DATA DIRECTORY"),
    (b"CREATE TABLESPACE t ADD DATAFILE '/tmp/x.ibd';\n", "file-access", "CREATE TABLESPACE"),
    (b"INSERT INTO t VALUES (1,LOAD_FILE('/etc/passwd'));\n", "computed-value", "LOAD_FILE"),
    (b"INSERT INTO t VALUES (1,(SELECT 1));\n", "computed-value", "SELECT"),
    (b"INSTALL PLUGIN p SONAME 'x.so';\n", "plugin", "INSTALL PLUGIN"),
    (b"UNINSTALL COMPONENT 'file://x';\n", "plugin", "UNINSTALL COMPONENT"),
    (b"CREATE FUNCTION sys_exec RETURNS INT SONAME 'x.so';\n", "plugin", "SONAME"),
    (b"SHUTDOWN;\n", "server-control", "SHUTDOWN"),
    (b"KILL 5;\n", "server-control", "KILL"),
    (b"FLUSH PRIVILEGES;\n", "server-control", "FLUSH"),
    (b"STOP GROUP_REPLICATION;\n", "replication", "STOP GROUP_REPLICATION"),
    (b"PREPARE s FROM 'DROP USER root';\n", "dynamic-sql", "PREPARE"),
    (b"BINLOG 'abc';\n", "dynamic-sql", "BINLOG"),
    (b"CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x');\n", "remote-table", "CREATE SERVER"),
    (b"CREATE TABLE t (a int) ENGINE=FEDERATED CONNECTION='mysql://x/y';\n", "remote-table", "FEDERATED"),
    (b"INSERT INTO other.t VALUES (1);\n", "other-database", "other"),
    (b"INSERT INTO `other`.`t` SELECT 1;\n", "other-database", "other"),
    (b"CREATE TABLE `mysql`.`x` (a int);\n", "other-database", "mysql"),
    (b"DROP TABLE IF EXISTS t, `other`.t;\n", "other-database", "other"),
    (b"ALTER DATABASE other COLLATE utf8mb4_bin;\n", "other-database", "other"),
    (b"DROP DATABASE other;\n", "other-database", "other"),
    (b"UPDATE mysql.user SET authentication_string='';\n", "other-database", "mysql"),
    (b"DELETE FROM mysql.user;\n", "other-database", "mysql"),
    (b"CREATE OR REPLACE VIEW other.v AS SELECT 1;\n", "other-database", "other"),
    (b"CREATE TRIGGER other.t BEFORE INSERT ON other.u FOR EACH ROW SET @a=1;\n", "other-database", "other"),
    (b"SET NAMES gbk;\n", "unsafe-charset", "gbk"),
    (b"SET character_set_client = sjis;\n", "unsafe-charset", "sjis"),
    (b"SET sql_mode = CONCAT('A','B');\n", "ambiguous", "an SQL mode that is computed"),
]


@over_table("script, code, subject", REFUSED)
def test_what_reaches_beyond_the_database_is_an_error_with_its_line(script: bytes, code: str, subject: str) -> None:
    prefix = b"-- a comment\nCOMMIT;\n"
    found = [finding for finding in look(prefix + script) if finding.severity is Severity.ERROR]
    assert (found[0].code, found[0].subject.upper()) == (code, subject.upper())
    line = 3 if not script.startswith(b"DELIMITER") else 5
    assert found[0].line == line


@over_table(
    "script",
    [
        b"INSERT INTO t VALUES ('\\\\! id; GRANT ALL; SET GLOBAL x=1; INTO OUTFILE');\n",
        b"-- \\! id\n# system id\n/* source x */\nCOMMIT;\n",
        b"CREATE TABLE `system` (`grant` int COMMENT 'GRANT; \\\\! id');\n",
        b"INSERT INTO t VALUES (1,'x\nsystem id\n');\n",
        b"CREATE TABLE t (a int REFERENCES u (b));\n",
        b"/*!50001 CREATE VIEW `v` AS select `u`.`id` AS `id` from (`u` join `w` on(`u`.`id` = `w`.`id`)) */;\n",
        b"SET @OLD_X = @@GLOBAL.innodb_stats_auto_recalc;\n",
        b"START TRANSACTION;\nCOMMIT;\nLOCK TABLES `a` WRITE;\nUNLOCK TABLES;\n",
        b"DELIMITER ;;\nCREATE PROCEDURE p() BEGIN UPDATE u SET a = NEW.b; END ;;\nDELIMITER ;\n",
        b"ALTER DATABASE `apiary` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ;\n",
        b"INSERT INTO apiary.t VALUES (1);\n",
    ],
)
def test_what_only_looks_dangerous_is_not_found(script: bytes) -> None:
    assert look(script) == []


def test_no_dump_of_a_real_tool_is_refused(data: Path) -> None:
    files = sorted((data / "mysql-9.7").iterdir())
    assert len(files) == 20
    for file in files:
        found = findings_for(examine(file)[1], "apiary")
        assert [finding for finding in found if finding.severity is not Severity.INFO] == [], file


def test_no_dump_of_this_mariadb_is_refused(dump: Callable[..., Path]) -> None:
    for options in (("--routines", "--events", "apiary"), ("--databases", "apiary", "other"), ("--compact", "apiary")):
        found = findings_for(examine(dump(*options))[1], "apiary")
        assert [finding for finding in found if finding.severity is not Severity.INFO] == []


@over_table(
    "script, expected",
    [
        (
            b"DELIMITER ;;\nCREATE DEFINER=`root`@`%` PROCEDURE p() BEGIN GRANT ALL ON *.* TO u; END ;;\n",
            ScriptFinding(
                *("risky-body", Severity.WARNING, 2, "GRANT"),
                "the text of an object contains GRANT: it runs with its definer's rights when it is used",
                "Review it before the restored database is used.",
            ),
        ),
        (
            b"\n\nGRANT ALL ON *.* TO u;\n",
            ScriptFinding(
                *("account", Severity.ERROR, 3, "GRANT", "GRANT changes privileges of accounts"),
                "Remove the statement: the restoring account may not run it.",
            ),
        ),
    ],
)
def test_findings_have_a_message_and_a_remedy(script: bytes, expected: ScriptFinding) -> None:
    """The body of an object is a warning."""
    assert look(script) == [expected]


def test_what_stands_in_the_part_of_another_database_does_not_count() -> None:
    """It is cut out before the load."""
    script = b"USE `a`;\nGRANT ALL ON *.* TO u;\nUSE `b`;\nINSERT INTO `a`.t VALUES (1);\n"
    assert [(finding.code, finding.line) for finding in look(script, "a")] == [("account", 2)]
    assert [(finding.code, finding.line) for finding in look(script, "b")] == [("other-database", 4)]


def test_what_is_allowed_by_name_becomes_a_warning() -> None:
    found = look(b"FLUSH PRIVILEGES;\nKILL 1;\nSHUTDOWN;\n", allowed=frozenset(("server-control",)))
    assert {finding.severity for finding in found} == {Severity.WARNING}
    assert found[0].remedy == "It was accepted explicitly."


def test_gtid_purged_alone_is_no_reason_to_refuse(data: Path) -> None:
    found = findings_for(examine(data / "mysql-9.7" / "plain.sql")[1], "apiary")
    assert [(finding.code, finding.severity) for finding in found] == [("gtid-purged", Severity.INFO)]


def test_what_is_found_is_bounded_and_never_hides_another_kind() -> None:
    script = b"DROP USER a;\n" * 3000 + b"/* /*! */\n" * 3000 + b"DROP DATABASE x;\nUSE b;\nDROP USER a;\nSHUTDOWN;\n"
    found = Counter((finding.database, finding.code) for finding in examine(io.BytesIO(script))[1])
    assert found["", "account"] == found["", "ambiguous"] == MOST_FINDINGS
    assert found["", "other-database"] == found["b", "account"] == found["b", "server-control"] == 1
