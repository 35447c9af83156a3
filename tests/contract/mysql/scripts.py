"""Scripts put together at random for the reader and the real clients: a soup of what quotes, comments and delimiters
are made of, and statements of real dumps in which something was put, left out or changed."""

import random
from functools import cache
from pathlib import Path

from harness.artifacts.dump.statements import Kind, scan
from harness.artifacts.dump.walk import statement_of
from tests.unit.dump.test_dump_admitted import WRITTEN
from tests.unit.dump.test_dump_differential import script_of

DATA = Path(__file__).parents[2] / "unit" / "dump" / "data"
DUMPS = (
    "mysql-9.7/full.sql",
    "mysql-9.7/skip-extended-insert.sql",
    "mariadb-11.8/full.sql",
    "mariadb-10.5/compact.sql",
)
PUT = (
    *(b"/* a */", b"/*", b"*/", b"/*!50003 ", b"/*!80000 ", b"/*!999999 ", b"/*M!100100 ", b"/*!", b"*/*", b"/*+ a */"),
    *(
        b"-- ' a\n",
        b"--",
        b"--\x01",
        b'# " a\n',
        b"#",
        b"\n",
        b"\r\n",
        b"\0",
        b" ",
        b"\xc2\xa0",
        b"\xff",
        b"\\",
        b"\\N",
    ),
    *(b"'", b'"', b"`", b"''", b"\\'", b"'a'", b"`a`", b'"a"', b"(", b")", b",", b"@", b"=", b".", b"1", b"-"),
    *(b";", b"; DO 1", b"; SELECT 1", b"; CREATE USER e", b"; UPDATE t SET a=1 ", b";\nDO 1;\n", b"//", b";;"),
    *(b"$$", b"$a$"),
    *(
        b" SELECT 1 ",
        b" AS SELECT 1 ",
        b" BEGIN ",
        b" END ",
        b" CASE ",
        b" DO ",
        b" CALL p() ",
        b"\nDELIMITER //\n",
        b"\ndelimiter",
        b";DELIMITER //\n",
    ),
)
"""What is put somewhere into a statement."""
DELIMITERS = (b";", b";", b";", b";;", b"//", b"$$", b"end")


@cache
def pool() -> tuple[bytes, ...]:
    """Statements of real dumps, without their delimiters, each once."""
    found = dict.fromkeys(WRITTEN)
    for name in DUMPS:
        for piece in scan([(DATA / name).read_bytes()]):
            if piece.kind is Kind.STATEMENT and piece.last and not piece.run and len(piece.data) < 3000:
                found[statement_of(piece).strip()] = None
    return tuple(found)


def changed(chance: random.Random, statement: bytes) -> bytes:
    """The statement with one to three changes, none of which sets the SQL mode."""
    data = statement
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(len(data) + 1) if chance.random() < 0.7 else chance.choice((0, len(data)))
        upto = at + (0 if chance.random() < 0.7 else chance.randint(1, 8))
        data = data[:at] + (chance.choice(PUT) if chance.random() < 0.9 else b"") + data[upto:]
    # What a mode is after a statement that failed is no question of reading.
    return data if b"sql_mode" not in data.lower() else statement


def dump_of(chance: random.Random) -> bytes:
    """Some statements of real dumps, one or none of them changed, under one delimiter or another."""
    delimiter = b";"
    script = [b"-- MySQL dump 10.13\n\n"] if chance.random() < 0.5 else []
    statements = chance.choices(pool(), k=chance.randint(2, 6))
    odd = chance.randrange(len(statements))
    for number, statement in enumerate(statements):
        if chance.random() < 0.3:
            delimiter = chance.choice(DELIMITERS)
            script.append(b"DELIMITER " + delimiter + b"\n")
        script.append((changed(chance, statement) if number == odd else statement) + delimiter + b"\n")
    return b"".join(script)


def soup_of(chance: random.Random) -> bytes:
    """What the unit test of the reader compares with a reader of one byte at a time."""
    return script_of(chance)[0]


KEPT = (
    b"\xff;\n-- ,\n\xff",  # nothing but what a client takes away: it sends nothing
    b"INSERT INTO `t` VALUES (-1,'-'),(3,NU\nDELIMITER //\nLL);\nCOMMIT;\n",
    b"INSERT INTO `t` VALUES (1,'a\ndelimiter b'),\n(2,'b'\n'c');\nCOMMIT;\n",
    b"INSERT INTO `t` VALUES (1,'a\ndelimiter b'/\n*!50000 +1 */);\n",
    b"INSERT INTO `t` VALUES (1,$$'$$);\nCOMMIT;\nINSERT INTO t VALUES (2,$a$'$a$);\n",
    b"/*!50001 SET @/*M!100100 a = @@collation_connection *//*!999999 ;\n/*!40014 SET @b=@@unique_checks */;\n",
    b"/*M!100100 /*!50003 SET @a = @@character_set_client */;\nDELIMITER ;\n/*!50003 COMMIT */;\n",
    b";#`/*!50001 */-\\;'-- \0\\\nINSERT INTO `t` VALUES ('\"');\n",
    b"COMMIT; -- \0 COMMIT;\n",
    b"/*!50003 TRIGGER `b` BEFORE INSERT ON `u` FOR EACH ROW \ndelimiterW.x = 1 */;\nCOMMIT;\n",
    b"/*!4/*LTER TABLE `nasty` DISABLE KEYS */*/;\nCOMMIT;\n",
    b"/*+ /*/*M!;-- /*!50001 `/*M!/*!50001 ",
    b"INSERT INTO t VALUES (1 /* a\n','\\\\/*/);\nINSERT INTO t VALUES (2);\n",
    b"/* a /*/\nCOMMIT;\nCOMMIT;\n",
    b"COMMIT; /* a *//*M!100100 COMMIT */;\nCOMMIT;\n",
    b"1 /*M!''*/;/*M!-- \\'",
    b"/* a *//*+ a */;\nCOMMIT;\n",
    b"SELECT /* a */\xc3\xa9a;\nCOMMIT;\n",
    b"/*!40101 SET @a=/*+ a */1 */\\N*/;\nCOMMIT;\n",
    b"*/\xff;#;\nCOMMIT;\n",
    b"INSERT INTO t VALUES (1 /* a *//*' a */);\nCOMMIT;\n",
    b";DELIMITER //\nCOMMIT;\nCOMMIT//\nCOMMIT;\n",
    b"DELIMITER a;\nCOMMIT;\n",
    b"/*!50001 SET ; DO 1 /* a */;\nCOMMIT;\n",
    b"/*!50003 CREATE*/ /*!50017 DE/*F*/ /*!50003 TRIGGER b */;\nCOMMIT;\n",
    b"/*!40000/*+ a */ ALTER `g/*!50003 ipk` */;\nCOMMIT;\n",
    b"DELIMITER //\n/*M!100616 SET @a=1 *///\nCOMMIT//\n",
    b"DELIMITER //\nSELECT 1 /*+ a *///\nCOMMIT//\n",
    b"/*!50003 SET time_zone \n/* a */delimiter = @saved_time_zone */;\nCOMMIT;\n",
    b"COMMIT;\r\n\r\nDELIMITER //\r\nCOMMIT//\r\nDELIMITER ;\r\nCOMMIT;\r\n",
    b"-- a\n \nDELIMITER //\nCOMMIT//\n",
    *(
        comment + b"\nDELIMITER //\nCOMMIT//\nDELIMITER ;\nCOMMIT;\n"
        for comment in (b"/* a b */", b"/* a * b */", b"/* a/b */", b"-- a", b"COMMIT; /* a */")
    ),
    *(
        b"DELIMITER " + rest + b"\nCOMMIT;\nCOMMIT//\nDELIMITER ;\nCOMMIT;\n"
        for rest in (b"// x", b"'//'", b'"//', b"'/ /'", b"// /* a */", b"/\\/", b"//;", b"\xc3\xa9", b"x" * 20, b"")
    ),
)
"""What the reader once took for something else than a client did."""
