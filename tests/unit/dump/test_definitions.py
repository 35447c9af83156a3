"""Digests of definitions: what servers print differently and mean the same must not matter, all else must."""

from harness.artifacts.dump.definitions import Definitions
from harness.artifacts.dump.tokens import tokenize
from harness.artifacts.dump.walk import created_database, dropped_database, walk
from tests.tables import over_table


def digests(script: str) -> dict[tuple[str | None, str, str], str]:
    definitions = Definitions()
    walk([script.encode()], definitions)
    return definitions.digests


def table(columns: str, options: str = "ENGINE=InnoDB") -> str:
    """The digest of one table."""
    ((key, digest),) = digests(f"CREATE TABLE `users` (\n  {columns}\n) {options};\n").items()
    assert key == (None, "table", "users")
    return digest


@over_table(
    "statement, key",
    [
        ("CREATE TABLE `NOT` (`id` int)", (None, "table", "NOT")),
        ("CREATE TABLE `EXISTS` (`id` int)", (None, "table", "EXISTS")),
        ("CREATE TABLE IF NOT EXISTS `IF` (`id` int)", (None, "table", "IF")),
        ("CREATE TABLE /*!32312 IF NOT EXISTS*/ `EXISTS` (`id` int)", (None, "table", "EXISTS")),
        ("create table if /* a */ not\n-- b\nexists `NOT`.`IF` (`id` int)", ("NOT", "table", "IF")),
        ("CREATE PROCEDURE IF NOT EXISTS `users` () SELECT 1", (None, "procedure", "users")),
    ],
)
def test_the_name_behind_if_not_exists(statement: str, key: tuple[str | None, str, str]) -> None:
    """A name in backquotes is a name, also one of these words."""
    assert list(digests(f"{statement};\n")) == [key]


@over_table(
    "statement, created, dropped",
    [
        ("CREATE DATABASE `IF`", "IF", None),
        ("CREATE SCHEMA IF NOT EXISTS Apiary", "Apiary", None),
        ("CREATE DATABASE /*!32312 IF NOT EXISTS*/ `EXISTS` /*!40100 DEFAULT CHARACTER SET utf8mb4 */", "EXISTS", None),
        ("DROP DATABASE /*! IF EXISTS*/ `NOT`", None, "NOT"),
        ("DROP SCHEMA IF -- a\nEXISTS `IF`", None, "IF"),
        ("DROP DATABASE IF EXISTS", None, None),
        ("DROP TABLE IF EXISTS `DATABASE`", None, None),
    ],
)
def test_the_database_behind_if_exists(statement: str, created: str | None, dropped: str | None) -> None:
    tokens = tokenize(statement.encode())
    assert (created_database(tokens), dropped_database(tokens)) == (created, dropped)


@over_table(
    "mine, theirs",
    [
        ("`id` int(11) NOT NULL", "`id` int NOT NULL"),
        ("`id` bigint(20) unsigned NOT NULL", "`id` bigint unsigned NOT NULL"),
        ("`id` tinyint(4) NOT NULL", "`id` tinyint NOT NULL"),
        ("`made` year(4) DEFAULT NULL", "`made` year DEFAULT NULL"),
        ("`at` timestamp DEFAULT current_timestamp()", "`at` timestamp DEFAULT CURRENT_TIMESTAMP"),
        ("`n` int DEFAULT '0'", "`n` int DEFAULT 0"),
        ("`n` decimal(8,2) DEFAULT '-1.50'", "`n` decimal(8,2) DEFAULT -1.50"),
        (
            "`a` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NOT NULL",
            "`a` varchar(9) COLLATE utf8mb4_unicode_ci NOT NULL",
        ),
        ("`a` INT not null", "`a` int NOT NULL"),
        ("`a` varchar(9) CHARACTER SET utf8 COLLATE utf8_bin", "`a` varchar(9) COLLATE utf8mb3_bin"),
        ("`a` int,\n\n  `b` int", "`a` int, `b` int"),
        ("`a` int /* a remark */", "`a` int"),
        ("`a` int /*!80023 INVISIBLE */", "`a` int INVISIBLE"),
    ],
)
def test_what_must_not_matter(mine: str, theirs: str) -> None:
    assert table(mine) == table(theirs)


def test_options_of_a_table_must_matter_but_not_its_counter_or_an_old_name() -> None:
    """MySQL 5.7 and MariaDB up to 10.5 print `utf8`, later ones `utf8mb3`; a name in quotes is only a name."""
    inno = "ENGINE=InnoDB"
    for options in ("ENGINE=MyISAM", f"{inno} DEFAULT CHARSET=latin1", f"{inno} COMMENT='x'"):
        assert table("`id` int", options) != table("`id` int")
    plain = table("`id` int", f"{inno} DEFAULT CHARSET=utf8mb4")
    assert table("`id` int", f"{inno} AUTO_INCREMENT=1042 DEFAULT CHARSET=utf8mb4") == plain
    assert table("`id` int", f"{inno} DEFAULT CHARSET=utf8mb4 AUTO_INCREMENT = 7") == plain
    old, new = (table("`a` int", f"DEFAULT CHARSET={name} COLLATE={name}_bin") for name in ("utf8", "utf8mb3"))
    assert old == new
    assert table("`utf8` int") != table("`utf8mb3` int")
    assert table("`a` int", "DEFAULT CHARSET=utf8mb4") != table("`a` int", "DEFAULT CHARSET=utf8mb3")


@over_table(
    "mine, theirs",
    [
        ("`id` int NOT NULL", "`id` bigint NOT NULL"),
        ("`id` int NOT NULL", "`id` int unsigned NOT NULL"),
        ("`id` int NOT NULL", "`id` int NOT NULL AUTO_INCREMENT"),
        ("`is` tinyint(1) NOT NULL", "`is` tinyint NOT NULL"),
        ("`is` tinyint(1) NOT NULL", "`is` tinyint(4) NOT NULL"),
        ("`a` varchar(9)", "`a` varchar(10)"),
        ("`a` timestamp(3)", "`a` timestamp"),
        ("`n` decimal(8,2)", "`n` decimal(8,3)"),
        ("`n` int DEFAULT 0", "`n` int DEFAULT 1"),
        ("`n` int DEFAULT 0", "`n` int DEFAULT NULL"),
        ("`a` char(1) DEFAULT 'a'", "`a` char(1) DEFAULT 'A'"),
        ("`a` char(1) DEFAULT 'a'", "`a` char(1) DEFAULT 'b'"),
        ("`a` char(9) DEFAULT ''", "`a` char(9)"),
        ("`at` timestamp DEFAULT current_timestamp()", "`at` timestamp DEFAULT current_timestamp(3)"),
        ("`a` int", "`b` int"),
        ("`a` int", "`A` int"),
        ("`a` int, `b` int", "`b` int, `a` int"),
        ("`a` int", "`a` int, KEY `k` (`a`)"),
        ("`a` int, KEY `k` (`a`)", "`a` int, UNIQUE KEY `k` (`a`)"),
        ("`a` int, KEY `k` (`a`)", "`a` int, KEY `k` (`a` DESC)"),
        ("`a` int, KEY `k` (`a`)", "`a` int, KEY `l` (`a`)"),
        (
            "`a` int, CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `t` (`id`)",
            "`a` int, CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `t` (`id`) ON DELETE CASCADE",
        ),
        ("`a` varchar(9) COLLATE utf8mb4_bin", "`a` varchar(9) COLLATE utf8mb4_unicode_ci"),
        ("`a` varchar(9) CHARACTER SET latin1", "`a` varchar(9)"),
        (
            "`a` varchar(9) CHARACTER SET latin1 COLLATE latin1_bin",
            "`a` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ),
        ("`a` int GENERATED ALWAYS AS (`b` + 1) STORED", "`a` int GENERATED ALWAYS AS (`b` + 2) STORED"),
        ("`a` int GENERATED ALWAYS AS (`b` + 1) STORED", "`a` int GENERATED ALWAYS AS (`b` + 1) VIRTUAL"),
        ("`a` int COMMENT 'x'", "`a` int COMMENT 'X'"),
        ("`a` int", "`a` int /*!80023 INVISIBLE */"),
    ],
)
def test_what_must_matter(mine: str, theirs: str) -> None:
    assert table(mine) != table(theirs)


def trigger(body: str) -> str:
    """The digest of a trigger, as mysqldump writes one."""
    script = (
        "DELIMITER ;;\n"
        "/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `users_bi` BEFORE INSERT ON `users`"
        f" FOR EACH ROW BEGIN\n{body}\nEND */;;\nDELIMITER ;\n"
    )
    ((key, digest),) = digests(script).items()
    assert key == (None, "trigger", "users_bi")
    return digest


def test_a_text_in_another_case_in_a_body_must_matter_and_blanks_and_keywords_must_not() -> None:
    texts = ("NEW.kind = 'member'", "NEW.kind = 'Member'", "NEW.kind = 'member '", "NEW.`kind` = 1", "NEW.`Kind` = 1")
    bodies = [f"SET {text};" for text in (*texts, "NEW.n = 1", "NEW.n = 2")]
    assert len({trigger(body) for body in bodies}) == len(bodies)
    assert trigger("SET NEW.n = 1;") == trigger("set  new.n\n=\t1 ;")


def test_every_kind_is_found_under_its_database_and_name() -> None:
    found = digests(
        "USE `apiary`;\n"
        "CREATE TABLE IF NOT EXISTS `teams` (`id` int);\n"
        "/*!50001 CREATE ALGORITHM=UNDEFINED */\n"
        "/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */\n"
        "/*!50001 VIEW `members` AS select 1 AS `id` */;\n"
        "CREATE FUNCTION `other`.`half`(n INT) RETURNS int DETERMINISTIC RETURN n / 2;\n"
        "CREATE DEFINER=`root`@`%` PROCEDURE `tidy`() SELECT 1;\n"
        "/*!50106 CREATE*/ /*!50117 DEFINER=`root`@`%`*/"
        " /*!50106 EVENT `nightly` ON SCHEDULE EVERY 1 DAY DO SELECT 1 */;\n"
        "INSERT INTO `teams` VALUES (1);\n"
    )
    assert set(found) == {
        ("apiary", "table", "teams"),
        ("apiary", "view", "members"),
        ("other", "function", "half"),
        ("apiary", "procedure", "tidy"),
        ("apiary", "event", "nightly"),
    }
    assert all(len(digest) == 64 for digest in found.values())


def test_a_definition_that_comes_in_several_pieces_is_digested_to_its_end_and_the_last_one_counts() -> None:
    """A statement beyond a quarter of a mebibyte is read in parts; its last byte matters like its first.

    A dump makes a table in the place of each view first, and the view itself at its end.
    """
    filler = f"-- a line of a body that is very long\nSET @x = '{'a' * 47}';\n" * 3000
    assert trigger(filler + "SET NEW.n = 1;") != trigger(filler + "SET NEW.n = 2;")
    once = digests("CREATE VIEW `v` AS select 2 AS `id`;\n")
    twice = digests("CREATE VIEW `v` AS select 1 AS `id`;\nDROP VIEW `v`;\nCREATE VIEW `v` AS select 2 AS `id`;\n")
    assert twice == once


@over_table("lines", [10, 6000])
def test_a_digest_does_not_depend_on_how_the_script_was_read(lines: int) -> None:
    """A file comes in large chunks, a pipe in small ones."""
    script = (
        "DELIMITER ;;\nCREATE PROCEDURE `tidy`() BEGIN\n"
        + "".join(f"SET @v{number} = 'a text of some length, the {number}th';\n" for number in range(lines))
        + "END ;;\nDELIMITER ;\n"
    ).encode()
    found = set()
    for size in (len(script), 1 << 16, 4093):
        definitions = Definitions()
        walk((script[start : start + size] for start in range(0, len(script), size)), definitions)
        found.add(definitions.digests[None, "procedure", "tidy"])
    assert len(found) == 1


def test_an_object_is_asked_for_by_database_or_found_where_none_was_named() -> None:
    definitions = Definitions()
    walk([b"CREATE TABLE `users` (`id` int);\nUSE `apiary`;\nCREATE TABLE `teams` (`id` int);\n"], definitions)
    assert definitions.of("apiary", "table", "teams") == definitions.digests["apiary", "table", "teams"]
    assert definitions.of("apiary", "table", "users") == definitions.digests[None, "table", "users"]
    assert definitions.of("other", "table", "teams") == ""
    assert definitions.of("apiary", "view", "teams") == ""


def test_who_an_object_runs_as_is_compared_by_itself() -> None:
    """And so are the defaults that only a view is printed with, and the delimiter that happens to be set."""
    ((_, written),) = digests(
        "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */\n"
        "/*!50001 VIEW `v` AS select 1 AS `id` */;\n"
    ).items()
    for script in (
        "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 */\n/*!50001 VIEW `v` AS select 1 AS `id` */;\n",
        "DELIMITER $$\nCREATE VIEW `v` AS select 1 AS `id` $$\nDELIMITER ;\n",
        "CREATE DEFINER=CURRENT_USER() VIEW `v` AS select 1 AS `id`;\n",
    ):
        assert list(digests(script).values()) == [written]
    for script in (
        "CREATE SQL SECURITY INVOKER VIEW `v` AS select 1 AS `id`;\n",
        "CREATE ALGORITHM=MERGE VIEW `v` AS select 1 AS `id`;\n",
    ):
        assert list(digests(script).values()) != [written]
