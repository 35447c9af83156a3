"""What dump tools write, statement by statement. The same list is what may run: everything else is refused.

A form is an expression over a statement's tokens, written with one blank between two of them: words in upper case, a
backtick for a quoted name, a quote for a string, 0 for a number, other signs as they are. A statement has to match
under every reading of its versioned comments, because MySQL and MariaDB read them differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.artifacts.dump.assigned import depth_behind, parts_of
from harness.artifacts.dump.compound import DEFINED, NAME, QUALIFIED, SIGNS, UNLESS, is_one_statement
from harness.artifacts.dump.tokens import Token

_NAMES = rf"{QUALIFIED}(?: , {QUALIFIED})*"
_OPTION = r"(?:DEFAULT )?(?:CHARACTER SET|CHARSET|COLLATE|ENCRYPTION|COMMENT)(?: =)? (?:\w+|'|`)"

MYSQL, MARIADB, PERCONA = "mysqldump 5.5 to 9.7", "mariadb-dump 10.x to 12.x", "Percona Server's mysqldump 5.7 and 8.0"
ALL = "every tool"


class StatementForm(NamedTuple):
    """One form of statement.

    Attributes:
        pattern: over the statement's tokens; see the module.
        tools: which tools write it, with their versions or options.
        left_out: the code of the finding that says that the harness leaves it out; empty if it runs.
        rest: which further rule holds it: `body`, `table`, `alter` or `set`; empty for none.
    """

    pattern: re.Pattern[str]
    tools: str
    left_out: str = ""
    rest: str = ""


def _form(pattern: str, tools: str = ALL, *, left_out: str = "", rest: str = "") -> StatementForm:
    return StatementForm(re.compile(pattern, re.DOTALL), tools, left_out, rest)


FORMS = (
    _form(rf"CREATE (?:OR REPLACE )?TABLE {UNLESS}{QUALIFIED} \( .*", rest="table"),
    _form(rf"DROP (?:TABLE|VIEW)(?: IF EXISTS)? {_NAMES}"),
    _form(rf"LOCK TABLES {QUALIFIED} (?:READ(?: LOCAL)?|WRITE)(?: , {QUALIFIED} (?:READ(?: LOCAL)?|WRITE))*"),
    _form(r"UNLOCK TABLES"),
    _form(rf"ALTER TABLE {QUALIFIED} .*", "phpMyAdmin, Adminer, mysqlpump; DISABLE KEYS: every tool", rest="alter"),
    _form(rf"USE {NAME}"),
    _form(rf"CREATE (?:DATABASE|SCHEMA) {UNLESS}{NAME}(?: {_OPTION})*"),
    _form(rf"DROP (?:DATABASE|SCHEMA)(?: IF EXISTS)? {NAME}", "mysqldump --add-drop-database, Adminer"),
    _form(rf"ALTER DATABASE {NAME}(?: {_OPTION})+", "mysqldump --routines"),
    _form(rf"{DEFINED}(?:JSON (?:RELATIONAL )?DUALITY )?VIEW {UNLESS}{QUALIFIED} .*", rest="body"),
    _form(rf"{DEFINED}TRIGGER {UNLESS}{QUALIFIED} (?:BEFORE|AFTER) .*", rest="body"),
    _form(rf"{DEFINED}(?:AGGREGATE )?(?:PROCEDURE|FUNCTION) {UNLESS}{QUALIFIED} \( .*", rest="body"),
    _form(rf"{DEFINED}EVENT {UNLESS}{QUALIFIED} ON SCHEDULE .*", rest="body"),
    _form(rf"{DEFINED}PACKAGE (?:BODY )?{UNLESS}{QUALIFIED} .*", MARIADB, rest="body"),
    _form(rf"CREATE LIBRARY {UNLESS}{QUALIFIED} .*", "mysqldump 9.2 and later", rest="body"),
    _form(rf"DROP (?:PROCEDURE|FUNCTION|TRIGGER|EVENT|SEQUENCE|LIBRARY|PACKAGE(?: BODY)?)(?: IF EXISTS)? {QUALIFIED}"),
    _form(rf"CREATE (?:OR REPLACE )?SEQUENCE {UNLESS}{QUALIFIED}(?: (?:[A-Z_]+|0|=|-))*", MARIADB),
    _form(rf"(?:DO|SELECT) SETVAL \( {QUALIFIED} , (?:- )?0 , 0(?: , 0)? \)", MARIADB),
    _form(r"START TRANSACTION|BEGIN|COMMIT(?: WORK)?", "phpMyAdmin, Navicat, mysqldump --no-autocommit"),
    _form(
        rf"ANALYZE TABLE {QUALIFIED} UPDATE HISTOGRAM ON {NAME}(?: , {NAME})* WITH 0 BUCKETS"
        r"(?: (?:AUTO|MANUAL) UPDATE)?",
        "mysqldump 8.0 and later",
    ),
    # What only the server that was dumped needs: left out of the load (rewrite.py).
    _form(
        r"CHANGE (?:MASTER(?: ')?|REPLICATION SOURCE) TO .*|(?:START|STOP) (?:ALL )?(?:SLAVES?|REPLICA)(?: ')?",
        "mysqldump --source-data, --master-data, --dump-slave, --dump-replica",
        left_out="replication",
    ),
    _form(
        r"SELECT COUNT \( \* \) INTO @ \w+ FROM (?:INFORMATION|PERFORMANCE)_SCHEMA \. \w+ "
        r"WHERE \w+ = '(?: AND \w+ = ')?",
        PERCONA,
        left_out="dynamic-sql",
    ),
    _form(r"SET @ ROCKSDB\w+ = '", PERCONA, left_out="dynamic-sql"),
    _form(r"SET @ \w+ = IF \( @ \w+ , ' , ' \)", PERCONA, left_out="dynamic-sql"),
    _form(r"SET .*", rest="set"),
    _form(r"PREPARE \w+ FROM @ \w+|EXECUTE \w+|DEALLOCATE PREPARE \w+", PERCONA, left_out="dynamic-sql"),
)
"""Beside INSERT and REPLACE with VALUES, which are read row by row (rows.py)."""

_FIRST = """
    SET CREATE DROP LOCK UNLOCK ALTER USE DO SELECT START STOP BEGIN COMMIT ANALYZE CHANGE PREPARE EXECUTE
    DEALLOCATE INSERT REPLACE DELIMITER FLUSH
"""
FIRST_WORDS = frozenset(_FIRST.split())
"""The words with which statements of dump tools begin."""
_SESSION = """
    SQL_MODE FOREIGN_KEY_CHECKS UNIQUE_CHECKS TIME_ZONE AUTOCOMMIT SQL_NOTES NOTE_VERBOSITY CHARACTER_SET_CLIENT
    CHARACTER_SET_RESULTS CHARACTER_SET_CONNECTION COLLATION_CONNECTION SQL_LOG_BIN SQL_QUOTE_SHOW_CREATE INSERT_ID
    SQL_SAFE_UPDATES SQL_REQUIRE_PRIMARY_KEY SYSTEM_VERSIONING_INSERT_HISTORY DEFAULT_STORAGE_ENGINE STORAGE_ENGINE
    SHOW_OLD_TEMPORALS NET_READ_TIMEOUT NET_WRITE_TIMEOUT LOCK_WAIT_TIMEOUT WAIT_TIMEOUT GROUP_CONCAT_MAX_LEN
    ROCKSDB_BULK_LOAD EXPLICIT_DEFAULTS_FOR_TIMESTAMP SQL_GENERATE_INVISIBLE_PRIMARY_KEY
    INFORMATION_SCHEMA_STATS_EXPIRY COLLATION_DATABASE CHARACTER_SET_DATABASE
"""

SESSION_VARIABLES = frozenset(_SESSION.split())
"""What the headers of mysqldump and of each other tool set for their session, and what restore guides add."""

_LEFT_OUT_VARIABLES = frozenset(("GTID_PURGED", "GTID_SLAVE_POS", "INNODB_STATS_AUTO_RECALC"))
"""Variables of the whole server that mysqldump sets; the harness leaves them out."""

_SYSTEM_VALUE = r"@ @ (?:(?:SESSION|LOCAL|GLOBAL) \. )?\w+"
_USER_VARIABLE = r"@ (?:\w+|`|')"
_VALUE = rf"(?:'|(?:- )?0|\w+|{_SYSTEM_VALUE}|{_USER_VARIABLE}|IFNULL \( {_USER_VARIABLE} , (?:'|0|\w+) \))"
_SESSION_SCOPE = r"(?:(?:SESSION|LOCAL) |@ @ (?:(?:SESSION|LOCAL) \. )?)?"
_SETS_SESSION = re.compile(rf"{_SESSION_SCOPE}(?P<name>\w+) (?:: )?= {_VALUE}")
_SETS_SERVER = re.compile(r"(?:GLOBAL |@ @ GLOBAL \. )(?P<name>\w+) (?:: )?= (?:'(?: ')*|0|\w+|@ \w+)")
_KEEPS = re.compile(rf"{_USER_VARIABLE} (?:: )?= (?:{_SYSTEM_VALUE}|{_USER_VARIABLE})")
_NAMES_SET = re.compile(r"NAMES (?:\w+|'|`)(?: COLLATE (?:\w+|'))?")
_ALTERATIONS = frozenset(("ADD", "MODIFY", "DISABLE", "ENABLE", "AUTO_INCREMENT"))
_NEVER_IN_TABLES = frozenset(("SELECT", "TABLE", "OUTFILE", "DUMPFILE"))
_NEVER_AS_OPTION = frozenset(("VALUES", "CONNECTION", "UNION", "LIKE", "AS", "IGNORE", "REPLACE"))


def admitted(tokens: Sequence[Token]) -> StatementForm | None:
    """The form that a statement has, or None if no dump tool writes such a thing.

    Args:
        tokens: all tokens of the statement, without its delimiter, all of its versioned comments opened.
    """
    text = normalised(tokens)
    for form in FORMS:
        if form.pattern.fullmatch(text) and (not form.rest or _RESTS[form.rest](tokens)):
            return form
    return None


def normalised(tokens: Sequence[Token]) -> str:
    """The tokens as the forms see them."""
    return " ".join(SIGNS.get(token.kind, token.text) for token in tokens)


def _assignments(tokens: Sequence[Token]) -> Iterator[str]:
    for part in parts_of(tokens[1:]):
        yield normalised(part)


def _is_setting(tokens: Sequence[Token]) -> bool:
    for text in _assignments(tokens):
        if _NAMES_SET.fullmatch(text) or _KEEPS.fullmatch(text):
            continue
        session, server = _SETS_SESSION.fullmatch(text), _SETS_SERVER.fullmatch(text)
        if session is not None and session.group("name") in SESSION_VARIABLES:
            continue
        if server is None or server.group("name") not in _LEFT_OUT_VARIABLES:
            return False
    return True


def _is_table(tokens: Sequence[Token]) -> bool:
    """A CREATE TABLE with columns and options: no rows from elsewhere, no files elsewhere."""
    depth = groups = 0
    for index, token in enumerate(tokens):
        depth, opened = depth_behind(token, depth)
        groups += opened and depth == 1
        if token.kind != "word" or not groups:
            if token.text == ";" and token.kind == "mark":
                return False
            continue
        word, before = token.text, tokens[index - 1]
        if word in _NEVER_IN_TABLES or (not depth and word in _NEVER_AS_OPTION):
            return False
        if word == "VALUES" and before.text == "(":
            return False
    return depth == 0


def _is_alteration(tokens: Sequence[Token]) -> bool:
    at = 5 if tokens[3].text == "." and tokens[3].kind == "mark" else 3
    words = {token.text for token in tokens[at:] if token.kind == "word"}
    if words & _NEVER_IN_TABLES or any(token.text == ";" and token.kind == "mark" for token in tokens):
        return False
    return all(part and part[0].kind == "word" and part[0].text in _ALTERATIONS for part in parts_of(tokens[at:]))


_RESTS = {"body": is_one_statement, "table": _is_table, "alter": _is_alteration, "set": _is_setting}
