"""Only what dump tools write may run: each hostile statement is refused, and what tools write is not."""

import io
from contextlib import suppress

from harness.artifacts.dump.admitted import FORMS, admitted
from harness.artifacts.dump.codes import CODES, findings_for
from harness.artifacts.dump.inspect import examine
from harness.artifacts.dump.model import ScriptFinding
from harness.artifacts.dump.rewrite import restore_stream
from harness.artifacts.dump.tokens import tokenize
from harness.base.errors import HarnessError
from harness.base.model import Severity
from harness.cli.inspection import inspection

TABLE = b"CREATE TABLE teams (id int, name text, slug text);\n"
ELSEWHERE = b"CREATE TABLE e (a int) ENGINE=MyISAM DATA DIRECTORY='/somewhere'"
BLANKS = b" " * 300_000
STRING_IN_A_MODE = b"INSERT INTO teams VALUES (1,'x','\\');CREATE USER e; -- ');"
NO_TOOL, FILES, REMOTE = "unexpected-statement", "file-access", "remote-table"

HOSTILE = {
    # ../shared/cases/hostile.md of 2026-11-29
    b"SET STATEMENT max_statement_time=1000 FOR " + ELSEWHERE + b";": NO_TOOL,
    b"BEGIN NOT ATOMIC " + ELSEWHERE + b"; END;": NO_TOOL,
    b"DELIMITER //\nBEGIN NOT ATOMIC " + ELSEWHERE + b"; END//\nDELIMITER ;": NO_TOOL,
    b"CREATE PROCEDURE p() " + ELSEWHERE + b"; CALL p();": "runs-routine",
    b"DELIMITER //\nCREATE PROCEDURE p() " + ELSEWHERE + b"; CALL p(); //\nDELIMITER ;": NO_TOOL,
    b"/*!50000 " + BLANKS + ELSEWHERE + b" */;": FILES,
    b"INSERT INTO teams (name,slug) SELECT `LOAD_FILE`('/etc/passwd'),'x';": FILES,
    b"INSERT INTO teams (id,name) VALUES (1,'x') ON DUPLICATE KEY UPDATE name=LOAD_FILE('/etc/passwd');": NO_TOOL,
    b"(SELECT 'x' INTO OUTFILE '/tmp/x');": FILES,
    b"DELIMITER //\nBEGIN NOT ATOMIC EXECUTE IMMEDIATE CONCAT('CREATE',' USER e'); END//\nDELIMITER ;": NO_TOOL,
    b"SET STATEMENT max_statement_time=1000 FOR CREATE USER e;": NO_TOOL,
    b"SET STATEMENT max_statement_time=1000 FOR INSERT INTO mysql.global_priv VALUES ('a','b','{}');": NO_TOOL,
    b"XA START 'x'; INSERT INTO teams (name) VALUES ('xa'); XA END 'x'; XA PREPARE 'x';": NO_TOOL,
    b"ALTER INSTANCE DISABLE INNODB REDO_LOG;": NO_TOOL,
    b"LOCK INSTANCE FOR BACKUP;": NO_TOOL,
    b"IMPORT TABLE FROM '/etc/passwd';": NO_TOOL,
    b"CREATE RESOURCE GROUP g TYPE=USER;": NO_TOOL,
    b"CREATE TABLE e AS SELECT * FROM mysql.user;": NO_TOOL,
    b"SET CHARACTER SET gbk;": NO_TOOL,
    b"SET @c='gbk'; SET character_set_client=@c;": NO_TOOL,
    # of the same kinds
    b"GRANT" + BLANKS + b" ALL ON *.* TO u;": "account",
    b"/*!50000" + BLANKS + b"GRANT ALL ON *.* TO u */;": "account",
    b"/* " + BLANKS + b"*/ DROP USER u;": "account",
    b"/*!50000 /* " + BLANKS + b"*/ DROP USER u */;": "account",
    b"INSERT INTO teams VALUES (1,`LOAD_FILE`('/etc/passwd'),'x');": "computed-value",
    b"INSERT INTO teams VALUES (1,(SELECT 1),'x');": "computed-value",
    b"INSERT INTO teams VALUES (1,f(1),'x');": "computed-value",
    b"INSERT INTO teams VALUES (1,'x','y') AS n ON DUPLICATE KEY UPDATE name='z';": NO_TOOL,
    b"INSERT INTO teams VALUES (1,'x','y') RETURNING id;": NO_TOOL,
    b"INSERT INTO teams SET name='x';": NO_TOOL,
    b"REPLACE INTO teams SELECT * FROM teams;": NO_TOOL,
    b"TRUNCATE TABLE teams;": NO_TOOL,
    b"DELETE FROM teams;": NO_TOOL,
    b"UPDATE teams SET name='x';": NO_TOOL,
    b"RENAME TABLE teams TO gone;": NO_TOOL,
    b"WITH x AS (SELECT 1) SELECT * FROM x;": NO_TOOL,
    b"TABLE mysql.user INTO OUTFILE '/tmp/x';": FILES,
    b"VALUES ROW(1) INTO OUTFILE '/tmp/x';": FILES,
    b"((SELECT 1));": NO_TOOL,
    b"HANDLER teams OPEN;": "runs-routine",
    b"CALL p();": "runs-routine",
    b"DO SLEEP(100000);": "runs-routine",
    b"SELECT SLEEP(100000);": NO_TOOL,
    b"SELECT 1;": NO_TOOL,
    b"EXECUTE IMMEDIATE 'x';": "dynamic-sql",
    b"PREPARE s FROM 'DROP USER x';": "dynamic-sql",
    b"CREATE TABLE e (a int) SELECT 1;": NO_TOOL,
    b"CREATE TABLE e (a int) (SELECT 1);": NO_TOOL,
    b"CREATE TABLE e (a int) (TABLE teams);": NO_TOOL,
    b"CREATE TABLE e (a int) (VALUES (1));": NO_TOOL,
    b"CREATE TABLE e LIKE mysql.user;": NO_TOOL,
    b"CREATE TABLE e (a int) INDEX DIRECTORY='/tmp';": FILES,
    b"CREATE TABLE e (a int) PARTITION BY HASH (a) (PARTITION p DATA DIRECTORY = '/tmp');": FILES,
    b"CREATE TABLE e (a int) PARTITION BY HASH (a) (PARTITION p ENGINE = FEDERATED);": REMOTE,
    b"CREATE TABLE e (a int) ENGINE=InnoDB, ENGINE='CONNECT';": REMOTE,
    b"CREATE TABLE e (a int) ENGINE=MERGE UNION=(mysql.user);": NO_TOOL,
    b"CREATE TEMPORARY TABLE e (a int);": NO_TOOL,
    b"ALTER TABLE teams RENAME TO gone;": NO_TOOL,
    b"ALTER TABLE teams ADD b int, DISCARD TABLESPACE;": NO_TOOL,
    b"ALTER TABLE teams EXCHANGE PARTITION p WITH TABLE x;": NO_TOOL,
    b"ALTER TABLE teams ENGINE=FEDERATED;": REMOTE,
    b"ALTER TABLE teams DROP COLUMN name;": NO_TOOL,
    b"SET GLOBAL general_log=1;": "global-variable",
    b"SET SESSION max_heap_table_size=1;": NO_TOOL,
    b"SET @x = (SELECT 1);": NO_TOOL,
    b"SET @x = LOAD_FILE('/etc/passwd');": FILES,
    b"SET PERSIST max_connections=1;": "global-variable",
    b"SET GLOBAL gtid_purged='', GLOBAL general_log=1;": "global-variable",
    b"SET DEFAULT ROLE ALL TO u;": "account",
    b"SET RESOURCE GROUP g;": NO_TOOL,
    b"SET collation_connection = gbk_chinese_ci;": "unsafe-charset",
    b"SAVEPOINT s;": NO_TOOL,
    b"SIGNAL SQLSTATE '45000';": NO_TOOL,
    b"FLUSH TABLES WITH READ LOCK;": "server-control",
    b"LOCK TABLES mysql.user WRITE;": "other-database",
    b"BACKUP STAGE START;": NO_TOOL,
    # two statements under one delimiter
    b"DELIMITER //\nCOMMIT; DROP USER x//\nDELIMITER ;": NO_TOOL,
    b"DELIMITER //\nUSE apiary; DROP USER x//\nDELIMITER ;": "client-command",
    b"DELIMITER //\nCREATE TABLE e (a int); DROP USER x//\nDELIMITER ;": NO_TOOL,
    b"DELIMITER //\nCREATE VIEW v AS SELECT 1; DROP USER x//\nDELIMITER ;": NO_TOOL,
    b"DELIMITER //\nCREATE PROCEDURE p() SELECT 1; DROP USER x//\nDELIMITER ;": NO_TOOL,
    b"DELIMITER //\nCREATE PROCEDURE p() UPDATE t begin SET a=1; DROP USER x; END//\nDELIMITER ;": NO_TOOL,
    b"DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT begin FROM t; END; DROP USER x; END//\nDELIMITER ;": NO_TOOL,
    b"DELIMITER //\nCREATE PROCEDURE p() BEGIN DO begin; END; DROP USER x; END//\nDELIMITER ;": NO_TOOL,
    b"DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT t.case; END; DROP USER x; END//\nDELIMITER ;": NO_TOOL,
    # one statement to one server, and another one to the other
    b"CREATE /*!999999 TABLE */ USER e;": NO_TOOL,
    b"CREATE /*!80000 TABLE */ USER e (a int);": NO_TOOL,
    b"CREATE /*M!100100 TABLE */ USER e (a int);": NO_TOOL,
    b"/*!999999 CREATE TABLE e (a int) */ DROP USER x;": NO_TOOL,
    b"/*!100000 COMMIT */ /*!50000 SHUTDOWN */;": NO_TOOL,
    b"SET /*!80000 sql_mode='' */ /*M!100000 GLOBAL general_log=1 */;": "global-variable",
    # text of the backup that would run during the load
    b"CREATE TRIGGER t BEFORE INSERT ON teams FOR EACH ROW SET NEW.name=SLEEP(9);\n"
    b"INSERT INTO teams VALUES (1,'x','y');": "runs-routine",
    b"INSERT INTO teams VALUES (1,'x','y');\nCREATE TRIGGER t BEFORE INSERT ON teams FOR EACH ROW SET NEW.name='x';\n"
    b"INSERT INTO teams VALUES (2,'x','y');": "runs-routine",
    b"CREATE VIEW v AS SELECT * FROM teams;\nINSERT INTO v VALUES (1,'x','y');": "runs-routine",
    # read otherwise by a client: MySQL's drops a line's rest behind \\NUL, MariaDB's a byte behind \\LF
    b"INSERT INTO teams VALUES (1,'a\\\0','x',\n'); CREATE USER e; -- ');": "ambiguous",
    b"INSERT INTO teams VALUES (1,'a\\\n','x',');CREATE USER e;-- ');": "ambiguous",
    b"SET @a='a\\\0',\n'; CREATE USER e; -- ';": "ambiguous",
    b"CREATE TABLE e (`a\\\0` int, `b` int);": "ambiguous",
    b"/*!50001 CREATE VIEW v AS SELECT /* a */ '*/' AS b; CREATE USER e; -- ' */;": "account",
    b"/*!50001 SELECT /* a */ 1; CREATE USER e */;": "account",
    b"/*M!100100 CREATE VIEW v AS SELECT /* a */ 1 AS b */;": "ambiguous",
    b"/*!50001 CREATE VIEW v AS SELECT /*+ a */ 1 AS `*/; CREATE USER e; -- ` */;": "ambiguous",
    b"COMMIT;DELIMITER //\nCREATE USER e; //\n": "ambiguous",
    b"/* a */ DELIMITER //\nCREATE USER e; //\n": "ambiguous",
    b"DELIMITER //\nCREATE PROCEDURE p() BEGIN DO 1;\nDELIMITER /\n* BEGIN */ END; DROP USER e; END//\n": "ambiguous",
    b"CREATE VIEW v AS SELECT $$ ' $$; CREATE USER e; -- ';": "ambiguous",
    b";DELIMITER //\nCREATE PROCEDURE p() BEGIN DO 1; CREATE USER e; END//\nDELIMITER ;": "ambiguous",
    b"CREATE VIEW v AS SELECT 1 /* a /*/; CREATE USER e; -- */;": "ambiguous",
    b"/*!50001 CREATE VIEW v AS SELECT 1; CREATE USER e; -- /* a */;": "ambiguous",
    b"/*\n/*! */ SET @a='*/; CREATE USER e; -- ';": "ambiguous",
    b"SET @a=1 /*\n/*+ */, @b='*/; CREATE USER e; -- ';": "ambiguous",
    b"/*M!100100 CREATE VIEW v AS SELECT 1 # */; CREATE USER e;\n*/;": "ambiguous",
    b"/*!50001 CREATE /*M!100100 VIEW */ v AS SELECT 1 */;": "ambiguous",
    b"/*!80000 CREATE VIEW v AS SELECT '*/ COMMIT; CREATE USER e; -- ' */;": "ambiguous",
    b"INSERT INTO teams VALUES (1,$$'$$,'x');\nCREATE USER e;\nINSERT INTO teams VALUES (2,$$'$$,'x');": "ambiguous",
    b"INSERT INTO $a$ VALUES (1,'x','y');": "ambiguous",
    b"INSERT INTO teams VALUES (1,'a\ndelimiter b'/\n*!50000 ,SLEEP(9) */,'x');": "ambiguous",
    b"INSERT INTO\ndelimiter\nVALUES (1,'x','y');": "ambiguous",
    b"/* a * b */\nDELIMITER //\nCOMMIT; CREATE USER e//\nDELIMITER ;": "ambiguous",
    b"DELIMITER // x\nCOMMIT; CREATE USER e//\nDELIMITER ;": "ambiguous",
    b"DELIMITER \xc3\xa9\nCOMMIT\xc3\xa9 CREATE USER e\xc3\xa9\nDELIMITER ;": "ambiguous",
    # a mode in which a string ends elsewhere, set behind the reader's back
    b"/*!80000 SET sql_mode='NO_BACKSLASH_ESCAPES' */;\nINSERT INTO t VALUES ('\\',');DROP USER e; -- ');": "ambiguous",
    b"SET sql_mode=1048576;\n" + STRING_IN_A_MODE: "ambiguous",
    b"SET sql_mode='NO_\\BACKSLASH_ESCAPES';\n" + STRING_IN_A_MODE: "ambiguous",
    b"SET @k=@@sql_mode, sql_mode/**/='NO_BACKSLASH_ESCAPES';\n" + STRING_IN_A_MODE: "ambiguous",
    b"/*!40101 /* a */ SET sql_mode/**/='NO_BACKSLASH_ESCAPES' */;\n" + STRING_IN_A_MODE: "ambiguous",
    b"SET net_write_timeout=1048576; SET @k=@@sql_mode; SET @k=@@net_write_timeout; SET sql_mode=@k;\n"
    + STRING_IN_A_MODE: "ambiguous",
    b"SET @k=@@sql_mode;\nINSERT INTO teams VALUES (1,'x',@k:='NO_BACKSLASH_ESCAPES');\nSET sql_mode=@k;\n"
    + STRING_IN_A_MODE: "computed-value",
    b"SET character_set_client=utf8mb4, character_set_client=gbk;": "unsafe-charset",
    b"SET NAMES utf8mb4, character_set_connection=sjis;": "unsafe-charset",
    b"SET character_set_client=28;": "unsafe-charset",
    b"SET net_write_timeout=28; SET @c=@@net_write_timeout; SET character_set_client=@c;": "unsafe-charset",
    b"SET character_set_results=gbk; SET @c=@@character_set_results; SET character_set_client=@c;": "unsafe-charset",
    # longer than any tool writes
    b"CREATE TABLE e (a int) COMMENT='" + b"x" * (5 << 20) + b"' DATA DIRECTORY='/tmp';": "unread-statement",
}


FURTHER = {
    b"CREATE TABLE e (a int) ENGINE=InnoDB DATA DIRECTORY='/somewhere';": FILES,
    b"CREATE TABLE e (a int) ENGINE=MyISAM INDEX DIRECTORY='/somewhere';": FILES,
    b"CREATE TABLE e (a int) ENGINE=Aria DATA DIRECTORY='/somewhere' INDEX DIRECTORY='/somewhere';": FILES,
    b"CREATE TABLE e (a int) ENGINE=InnoDB PARTITION BY HASH (a) (PARTITION p DATA DIRECTORY = '/somewhere');": FILES,
    b"CREATE TABLE e (a int) ENGINE=MyISAM PARTITION BY HASH (a) (PARTITION p DATA DIRECTORY = '/somewhere');": FILES,
    b"CREATE TABLESPACE t ADD DATAFILE '/somewhere/t.ibd';": FILES,
    b"CREATE UNDO TABLESPACE u ADD DATAFILE '/somewhere/u.ibu';": FILES,
    b"CREATE LOGFILE GROUP g ADD UNDOFILE '/somewhere/u';": FILES,
    b"CREATE TABLE e (a int) ENGINE=CONNECT TABLE_TYPE=DOS FILE_NAME='/somewhere/c'; INSERT INTO e VALUES (1);": REMOTE,
    b"CREATE TABLE e (a text) ENGINE=CSV DATA DIRECTORY='/somewhere'; INSERT INTO e VALUES ('x');": FILES,
    b"SELECT * FROM teams INTO OUTFILE '/somewhere/x';": FILES,
    b"SELECT 'x' INTO DUMPFILE '/somewhere/x';": FILES,
    b"LOAD DATA INFILE '/etc/passwd' INTO TABLE teams (name);": FILES,
    b"LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE teams (name);": FILES,
    b"LOAD XML INFILE '/etc/passwd' INTO TABLE teams;": FILES,
    b"SET GLOBAL general_log_file='/somewhere/log'; SET GLOBAL general_log=1;": "global-variable",
    b"SET GLOBAL slow_query_log_file='/somewhere/log';": "global-variable",
    b"SET GLOBAL event_scheduler=ON;": "global-variable",
    b"SET GLOBAL local_infile=1;": "global-variable",
    b"CREATE FUNCTION f RETURNS STRING SONAME 'udf.so';": "plugin",
    b"INSTALL PLUGIN p SONAME 'p.so';": "plugin",
    b"INSTALL COMPONENT 'file://component_x';": "plugin",
    b"INSTALL SONAME 'ha_connect';": "plugin",
    b"CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1');": REMOTE,
    b"GRANT ALL ON *.* TO CURRENT_USER();": "account",
    b"CREATE ROLE r; GRANT r TO CURRENT_USER();": "account",
    b"CREATE DATABASE further;": "",
    b"DROP DATABASE mysql;": "other-database",
    b"UPDATE mysql.user SET plugin='';": "other-database",
    b"INSERT INTO mysql.func VALUES ('f',0,'udf.so','function');": "other-database",
    b"CREATE TRIGGER mysql.t BEFORE INSERT ON mysql.user FOR EACH ROW SET @x=1;": "other-database",
    b"CREATE DEFINER='root'@'localhost' PROCEDURE p() SQL SECURITY DEFINER CREATE USER e; CALL p();": "runs-routine",
    b"CREATE DEFINER='root'@'localhost' VIEW v AS SELECT * FROM mysql.user;": "",
    b"CREATE EVENT ev ON SCHEDULE EVERY 1 SECOND DO CREATE USER e;": "",
    b"CHANGE MASTER TO MASTER_HOST='127.0.0.1'; START SLAVE;": "",
    b"CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1'; START REPLICA;": "",
    b"PURGE BINARY LOGS BEFORE NOW();": "server-control",
    b"RESET MASTER; RESET BINARY LOGS AND GTIDS;": "replication",
    b"KILL 1;": "server-control",
    b"SHUTDOWN;": "server-control",
    b"RESTART;": "server-control",
    b"CLONE LOCAL DATA DIRECTORY = '/somewhere/clone';": "server-control",
    b"\\! touch /somewhere/x\n": "client-command",
    b"system touch /somewhere/x\n": "client-command",
    b"tee /somewhere/x\n": "client-command",
}
"""Of the same kinds; each server knows some of them only."""

LEFT_OUT = {
    b"CREATE DATABASE further;": "another database of the dump, which is not restored",
    b"CREATE DEFINER='root'@'localhost' VIEW v AS SELECT * FROM mysql.user;": "its DEFINER is left out, and a warning",
    b"CREATE EVENT ev ON SCHEDULE EVERY 1 SECOND DO CREATE USER e;": "stored, and never run: a warning names its text",
    b"CHANGE MASTER TO MASTER_HOST='127.0.0.1'; START SLAVE;": "--source-data writes it, and it is left out",
    b"CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1'; START REPLICA;": "--source-data writes it: left out",
}
"""What tools write, and what becomes of it instead of a refusal."""


def errors(findings: tuple[ScriptFinding, ...]) -> list[str]:
    found = findings_for(findings, "apiary")
    assert {finding.code for finding in found} <= set(CODES)
    return [finding.code for finding in found if finding.severity is Severity.ERROR]


def test_every_hostile_statement_is_refused_for_its_reason() -> None:
    """Alone and between what tools write, by `inspect`."""
    assert {statement for statement, code in FURTHER.items() if not code} == LEFT_OUT.keys()
    for statement, code in {**HOSTILE, **FURTHER}.items():
        for script in (TABLE + statement + b"\n", b"COMMIT;\n" + TABLE + statement + b"\n-- Dump completed\n"):
            read = examine(io.BytesIO(script))
            found = errors(read[1])
            assert code in found if code else not found, (statement[:200], found)
            assert not code or inspection(*read).refused, statement[:200]


WRITTEN = (
    b"CREATE DEFINER=`r`@`%` PROCEDURE `p`(IN a INT) COMMENT 'x'\nBEGIN\n DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN\n"
    b" ROLLBACK; END;\n IF a THEN BEGIN SELECT CASE WHEN 1 THEN 2 END; END; END IF;\n"
    b" x: WHILE a DO SET a=a-1; END WHILE;\nEND",
    b"CREATE FUNCTION f(a int) RETURNS varchar(30) CHARSET utf8mb4 DETERMINISTIC BEGIN RETURN 1; END",
    b"CREATE TRIGGER t AFTER INSERT ON u FOR EACH ROW FOLLOWS `x` l: BEGIN case 1 when 1 then set @a=1; end case;\n"
    b" DECLARE CONTINUE HANDLER FOR NOT FOUND, 1062 BEGIN END; END l",
    b"CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2020-01-01' ON COMPLETION NOT PRESERVE ENABLE DO BEGIN\n"
    b" DELETE FROM a; END",
    b"/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`l`*/ /*!50003 TRIGGER `b` BEFORE INSERT ON `u`"
    b" FOR EACH ROW SET NEW.x = 1 */",
    b"/*!50001 CREATE ALGORITHM=UNDEFINED */ /*!50013 DEFINER=`r`@`l` SQL SECURITY DEFINER */"
    b" /*!50001 VIEW `v` AS select 1 */",
    b"CREATE TABLE `t` (`a` int) ENGINE=InnoDB /*!50100 PARTITION BY RANGE (`a`)\n"
    b" (PARTITION p0 VALUES LESS THAN (10) ENGINE = InnoDB) */",
    b"SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'uuid:1-5'",
    b"SET GLOBAL gtid_slave_pos='0-1-2'",
    b"SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN",
    b"/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
    b"/*!40014 SET FOREIGN_KEY_CHECKS=IFNULL(@OLD_FOREIGN_KEY_CHECKS, 1) */",
    b"/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */",
    b'SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO"',
    b"SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci",
    b"ALTER TABLE `hives` ADD PRIMARY KEY (`id`), ADD KEY `a` (`b`,`c`)",
    b"ALTER TABLE `hives` MODIFY `id` int UNSIGNED NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=3",
    b"ALTER TABLE `a` ADD CONSTRAINT `f` FOREIGN KEY (`b`) REFERENCES `c` (`id`) ON DELETE CASCADE",
    b"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `apiary` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */"
    b" /*!80016 DEFAULT ENCRYPTION='N' */",
    b"/*!80002 ANALYZE TABLE `t` UPDATE HISTOGRAM ON `a` WITH 100 BUCKETS */",
    b"DO SETVAL(`s`, 1, 0)",
    b"CREATE SEQUENCE `s` start with 1 minvalue 1 maxvalue 9 increment by -1 cache 1000 nocycle ENGINE=InnoDB",
    b"LOCK TABLES `a` WRITE, `b` READ LOCAL",
)  # fmt: skip


def test_what_tools_write_is_admitted() -> None:
    for statement in WRITTEN:
        assert admitted(tokenize(statement)) is not None, statement
        script = b"DELIMITER $$\n" + statement + b"$$\nDELIMITER ;\n"
        assert errors(examine(io.BytesIO(script))[1]) == [], statement


def test_every_form_says_which_tools_write_it() -> None:
    assert all(form.tools for form in FORMS)
    assert {form.left_out for form in FORMS} == {"", "replication", "dynamic-sql"}


def test_a_name_in_quotes_that_make_a_string_is_reported_as_that() -> None:
    """What mysqldump 5.5 to 8.0 write with --compatible=ansi and --events, or a trigger."""
    for written in (
        b'/*!50106 CREATE*/ /*!50117 DEFINER="r"@"l"*/ /*!50106 EVENT "e" ON SCHEDULE EVERY 1 DAY DO SELECT 1 */',
        b'/*!50003 CREATE*/ /*!50017 DEFINER="r"@"l"*/ /*!50003 TRIGGER "t" BEFORE INSERT ON "u" FOR EACH ROW SET @a=1'
        b" */",
    ):
        script = b"SET sql_mode='%b';\nDELIMITER ;;\n" + written + b";;\nDELIMITER ;\n"
        (found,) = [one for one in examine(io.BytesIO(script % b""))[1] if one.severity is Severity.ERROR]
        assert (found.code, found.line) == ("unexpected-statement", 3)
        assert "has a name in double quotes, where they make a string" in found.message
        assert "without that option" in found.remedy
        assert [one for one in examine(io.BytesIO(script % b"ANSI"))[1] if one.severity is Severity.ERROR] == []


def test_a_statement_that_ends_too_early_is_read_all_the_same() -> None:
    """Whatever word it ends behind: the server refuses it, and what reads it here ends with a finding or an error."""
    for statement in WRITTEN:
        for token in tokenize(statement):
            script = statement[: token.at] + b";\nCOMMIT;\n"
            with suppress(HarnessError):
                examine(io.BytesIO(script))
                b"".join(restore_stream(io.BytesIO(script), "apiary"))
