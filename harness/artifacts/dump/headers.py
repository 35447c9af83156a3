"""Who wrote a script, when, and from which server: what the comments of dump tools say, each in its own way.

Each line was seen in public files (2026-11). Labels are translated in some tools: values are known by their form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

_VERSION = re.compile(r"\d{1,2}\.\d{1,2}\.\d{1,3}(?![\d.])[\w.+~:-]*")
_LABELLED = re.compile(r"(?:--|#) ?([^:]{2,40}):\s+(.*)")
_MYSQLDUMP = re.compile(r"-- (?P<brand>MySQL|MariaDB) dump (?P<own>[^,\s]+)(?:\s+Distrib (?P<distribution>[^,\s]+))?")
"""MariaDB 11 writes `-- MariaDB dump 10.19-11.4.2-MariaDB, for Linux`, all others have "Distrib"."""
_BLOCK_SERVER = re.compile(r"Source Server Version\s*: (\d{1,9})(?: \(([^)]+)\))?")
_SQLYOG = re.compile(r"SQLyog [A-Za-z ]*v(\S+).*?MySQL - (\S+) : Database - (\S+)", re.DOTALL)
_TIMES = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S UTC",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a %b %d %H:%M:%S %Y",
    "%b %d, %Y at %I:%M %p",
    "%d/%m/%Y %H:%M:%S",
)
_SECONDS = re.compile(r":\d\d:\d\d(?: |$)")
WITH_LAST_LINE = frozenset(("mysqldump", "mariadb-dump", "mysqldump-php", "mysqlpump", "Adminer", "unknown"))
(
    "Tools that write a last line when they have finished; the dumps of others are complete only if their "
    "settings are restored."
)


@dataclass
class Header:
    """What the comments held so far.

    Attributes:
        tool: such as `mysqldump` or `phpMyAdmin`; `unknown` if no comment says.
        server: version of the server that was dumped.
        databases: names, one for each header that says one.
        made_at: when the dump was begun; only some tools say so.
        finished: what each last line says; None for one without a date.
    """

    tool: str = "unknown"
    version: str = ""
    server: str = ""
    databases: list[str] = field(default_factory=list)
    made_at: datetime | None = None
    finished: list[datetime | None] = field(default_factory=list)
    headers: int = 0
    commented: bool = False

    def comment(self, text: str) -> str:
        """Take note of one comment; `header`, `footer`, `cut` (a last line without its end) or empty."""
        for pattern, act in _ACTIONS:
            if (match := pattern.match(text)) is not None:
                return act(self, match) or ""
        if self.tool in ("phpMyAdmin", "Sequel Pro", "Sequel Ace", "unknown") and not self.server:
            self._by_its_form(text)
        return ""

    def _begin(self, tool: str, version: str = "", server: str = "", database: str = "") -> str:
        self.headers += 1
        self.commented = True
        if self.headers == 1:
            self.tool, self.version = tool, version
            self.server = server or self.server
        if database:
            self.databases.append(database)
        return "header"

    def _by_its_form(self, text: str) -> None:
        """`-- Serverversie: 8.0.36`, `# Hôte: db (MySQL 5.5.29)`, `-- Version du serveur:  10.4.32-MariaDB - …`."""
        match = _LABELLED.match(text)
        if match is None:
            return
        value = match.group(2).strip()
        inner = re.search(r"\(MySQL (\S+)\)", value)
        if inner is not None:
            self.server = inner.group(1)
        elif _VERSION.match(value) and not re.match(r"PHP|HeidiSQL", match.group(1)):
            self.server = value.split()[0]

    def _end(self, stamp: str) -> str:
        self.commented = True
        self.finished.append(moment(stamp))
        return "footer"


def moment(text: str) -> datetime | None:
    """A time as one of the tools writes it, in the local time of the machine that wrote it; None if it is not one."""
    plain = " ".join(text.split())
    for form in _TIMES:
        try:
            return datetime.strptime(plain, form).replace(tzinfo=None)
        except ValueError:
            continue
    return None


Action = Callable[[Header, "re.Match[str]"], "str | None"]


def _mysqldump(header: Header, match: re.Match[str]) -> str:
    version = match.group("distribution") or match.group("own")
    maria = match.group("brand") == "MariaDB" or "MariaDB" in version
    return header._begin("mariadb-dump" if maria else "mysqldump", version)


def _host(header: Header, match: re.Match[str]) -> None:
    header.commented = True
    header.databases.append(match.group(1))


def _server(header: Header, match: re.Match[str]) -> None:
    header.commented = True
    header.server = header.server or match.group(1)


def _footer(header: Header, match: re.Match[str]) -> str:
    stamp = re.sub(r"^ on:? ?", "", match.group(1))
    if not match.string.endswith("\n") and (not _SECONDS.search(stamp) or moment(stamp) is None):
        return "cut"  # every tool ends this line with its date or with a new line
    return header._end(stamp)


def _made(header: Header, match: re.Match[str]) -> None:
    header.made_at = header.made_at or moment(match.group(1))


def _version(header: Header, match: re.Match[str]) -> None:
    if header.tool in ("phpMyAdmin", "Sequel Pro", "Sequel Ace"):
        header.version = header.version or match.group(1)


def _navicat(header: Header, match: re.Match[str]) -> str:
    text = match.string
    server, name = "", re.search(r"Source (?:Schema|Database)\s*: (\S+)", text)
    if (code := _BLOCK_SERVER.search(text)) is not None:
        number = int(code.group(1))
        server = code.group(2) or f"{number // 10000}.{number // 100 % 100}.{number % 100}"
        server += "-MariaDB" if number >= 100000 and "MariaDB" not in server else ""
    result = header._begin("Navicat", "", server, name.group(1) if name is not None else "")
    if (date := re.search(r"Date: (\S+ \S+)", text)) is not None:
        header.made_at = moment(date.group(1))
    return result


def _adminer_end(header: Header, match: re.Match[str]) -> str | None:
    return header._end(match.group(1)) if header.tool == "Adminer" else None


def _npm(header: Header, match: re.Match[str]) -> str | None:
    return header._begin("mysqldump (npm)") if header.tool == "unknown" and not header.commented else None


_ACTIONS: tuple[tuple[re.Pattern[str], Action], ...] = (
    (_MYSQLDUMP, _mysqldump),
    (re.compile(r"-- Host: \S*\s+Database: (.*?)\s*$", re.MULTILINE), _host),
    (re.compile(r"-- Server version:?\s+(\d\S*)"), _server),
    (re.compile(r"-- Dump completed(.*?)\s*$"), _footer),
    (re.compile(r"-- Dump end time: (.+?)\s*$"), lambda header, match: header._end(match.group(1))),
    (re.compile(r"(?:-- Dump start time|-- Date|(?:--|#) Generation Time): (.+?)\s*$"), _made),
    (re.compile(r"(?:--|#) [Vv]ersion (\d\S*)\s*$"), _version),
    (re.compile(r"-- phpMyAdmin SQL Dump"), lambda header, _: header._begin("phpMyAdmin")),
    (re.compile(r"# (Sequel Pro|Sequel Ace) SQL dump"), lambda header, match: header._begin(match.group(1))),
    (re.compile(r"# Database: (\S+)"), _host),
    (
        re.compile(r"-- Adminer (\S+) (?:MySQL|MariaDB) (\S+) dump"),
        lambda header, match: header._begin("Adminer", match.group(1), match.group(2)),
    ),
    (re.compile(r"-- (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: UTC)?)\s*$"), _adminer_end),
    (re.compile(r"-- HeidiSQL Version:\s+(\S+)"), lambda header, match: header._begin("HeidiSQL", match.group(1))),
    (re.compile(r"-- TablePlus (\S+)"), lambda header, match: header._begin("TablePlus", match.group(1))),
    (re.compile(r"-- mysqldump-php http"), lambda header, _: header._begin("mysqldump-php")),
    (
        re.compile(r"-- Dump created by MySQL pump utility, version: ([^,\s]+)"),
        lambda header, match: header._begin("mysqlpump", match.group(1)),
    ),
    (re.compile(r"# (?:SCHEMA|DATA|TRIGGER) DUMP FOR"), _npm),
    (re.compile(r"/\*\s+Navicat .*Data Transfer"), _navicat),
    (
        re.compile(r"/\*\s*" + _SQLYOG.pattern, re.DOTALL),
        lambda header, match: header._begin("SQLyog", *match.groups()),
    ),
)
