"""What each tool and version writes: tool, version, server, time, and whether it finished."""

import io
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from harness.artifacts.dump.inspect import examine, inspect
from harness.artifacts.dump.source import open_script
from harness.base.errors import UsageError
from harness.base.model import Severity
from harness.cli.inspection import inspection
from harness.procedure.restore.script import read_script

VERSIONS = Path(__file__).parent / "data" / "versions"
TOOLS = Path(__file__).parents[2] / "data" / "real-apiary" / "tools"
SIX = {"dup", "empty_one", "nasty", "odd `name", "sessions", "users"}
OLD = {"empty_one", "old", "users"}
EIGHT = SIX | {"gipk", "inv"}
WRITTEN = {
    # file: tool, its version, version of the server, tables of apiary, rows
    "mariadb-10.1.23.sql": ("mariadb-dump", "10.1.23-MariaDB", "10.1.23-MariaDB", SIX, 16),
    "mariadb-10.1.23-all-databases.sql.gz": ("mariadb-dump", "10.1.23-MariaDB", "10.1.23-MariaDB", SIX, 16),
    "mariadb-10.2.11.sql": ("mariadb-dump", "10.2.11-MariaDB", "10.2.11-MariaDB", SIX, 16),
    "mariadb-10.2.11-all-databases.sql.gz": ("mariadb-dump", "10.2.11-MariaDB", "10.2.11-MariaDB", SIX, 16),
    "mariadb-11.4.5.sql": ("mariadb-dump", "10.19-11.4.5-MariaDB", "11.4.5-MariaDB", SIX, 16),
    "mariadb-11.4.5-all-databases.sql.gz": ("mariadb-dump", "10.19-11.4.5-MariaDB", "11.4.5-MariaDB", SIX, 16),
    "mariadb-11.8.9-of-11.4.5.sql": ("mariadb-dump", "10.20-11.8.9-MariaDB", "11.4.5-MariaDB", SIX, 16),
    "mysql-5.5.9-ansi.sql": ("mariadb-dump", "10.2.11-MariaDB", "5.5.9", OLD, 5),
    "mysql-5.5.9-by-mariadb-10.2.11.sql": ("mariadb-dump", "10.2.11-MariaDB", "5.5.9", OLD, 5),
    "mysql-5.5.34.sql": ("mysqldump", "5.5.34", "5.5.34-log", SIX, 16),
    "mysql-5.5.34-all-databases.sql.gz": ("mysqldump", "5.5.34", "5.5.34-log", SIX, 16),
    "mysql-5.5.34-compatible.sql": ("mysqldump", "5.5.34", "5.5.34-log", SIX, 16),
    "mysql-5.6.21.sql": ("mysqldump", "5.6.21", "5.6.21-log", SIX, 16),
    "mysql-5.6.21-all-databases.sql.gz": ("mysqldump", "5.6.21", "5.6.21-log", SIX, 16),
    "mysql-5.6.21-ansi.sql": ("mysqldump", "5.6.21", "5.6.21-log", SIX, 16),
    "mysql-8.0.33.sql": ("mysqldump", "8.0.33", "8.0.33", EIGHT, 20),
    "mysql-8.0.33-all-databases.sql.gz": ("mysqldump", "8.0.33", "8.0.33", EIGHT, 20),
    "mysqlpump-8.0.33.sql": ("mysqlpump", "8.0.33", "8.0.33", EIGHT, 20),
}
ADMINER = ("Adminer", "4.8.1", "9.7.4-2")
PHPMYADMIN = ("phpMyAdmin", "5.2.1deb1+deb12u1", "9.7.4-2")
OF_THE_REAL_APIARY = {
    "adminer.sql.xz": ADMINER,
    "mysqldump-8.0.33.sql.xz": ("mysqldump", "8.0.33", "8.0.33"),
    "mysqldump-php.sql.xz": ("mysqldump-php", "", "9.7.4-2"),
    "mysqlpump-8.0.33.sql.xz": ("mysqlpump", "8.0.33", "8.0.33"),
    "npm-mysqldump.sql.xz": ("mysqldump (npm)", "", ""),
    "phpmyadmin-drops.sql.xz": PHPMYADMIN,
    "phpmyadmin-quick.sql.xz": PHPMYADMIN,
}


def test_each_version_is_read_whole() -> None:
    assert set(WRITTEN) == {path.name for path in VERSIONS.iterdir()}
    for name, (tool, version, server, tables, rows) in WRITTEN.items():
        info, findings = examine(VERSIONS / name)
        assert (info.tool, info.tool_version, info.server_version) == (tool, version, server), name
        assert (info.complete, info.foreign) == (True, None), name
        assert info.finished_at is not None, name
        assert info.finished_at.year == 2026, name
        assert inspection(info, findings, database="apiary").refused == (), name
        script = read_script(VERSIONS / name, "apiary")
        assert ({table.name for table in script.database.tables}, script.rows) == (tables, rows), name
        assert b"".join(script.chunks()), name


def test_each_tools_dump_of_the_real_apiary_is_read_whole() -> None:
    """Without its end, none is complete."""
    assert set(OF_THE_REAL_APIARY) == {path.name for path in TOOLS.iterdir()} - {"README.md"}
    for name, (tool, version, server) in OF_THE_REAL_APIARY.items():
        info, findings = examine(TOOLS / name)
        assert (info.tool, info.tool_version, info.server_version) == (tool, version, server), name
        assert (info.complete, info.foreign) == (True, None), name
        assert (info.finished_at is None) == (tool == "mysqldump (npm)"), name
        found = inspection(info, findings)
        assert (found.refused, found.exit_code) == ((), 0), name
        assert [one for one in found.findings if one.severity is Severity.ERROR] == [], name
        assert read_script(TOOLS / name, None).rows == 2461, name
        (database,) = info.databases
        assert (len(database.tables), database.rows) == (53, 2461), name
        text = lzma.decompress((TOOLS / name).read_bytes())
        assert examine(io.BytesIO(text[: len(text) * 9 // 10]))[0].complete is False, name


def test_what_mydumper_streams_is_named(tmp_path: Path) -> None:
    """`mydumper --stream` puts the name and the size of each file before it; 0.11 put the name alone."""
    for first in ("\n-- metadata.header 123", "\n-- apiary-schema-create.sql 88", "-- apiary.users.00000.sql.zst"):
        path = tmp_path / "stream"
        path.write_text(first + "\n" + "# not SQL of one script\n" * 40)
        with pytest.raises(UsageError, match=r"stream is a stream of mydumper \(--stream\), not a script of mysqldump"):
            list(open_script(path))


BODY = (
    "DROP TABLE IF EXISTS `hives`;\nCREATE TABLE `hives` (\n  `id` int NOT NULL\n);\nINSERT INTO `hives` VALUES (1);\n"
)
KEPT = (
    "/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n/*!50503 SET NAMES utf8mb4 */;\n"
    "/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;\n"
    "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"
)
BACK = (
    "/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\n/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;\n"
    "/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;\n"
)
BACK_OR = (
    "/*!40101 SET SQL_MODE=IFNULL(@OLD_SQL_MODE, '') */;\n"
    "/*!40014 SET FOREIGN_KEY_CHECKS=IFNULL(@OLD_FOREIGN_KEY_CHECKS, 1) */;\n"
    "/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;\n"
)
AT = datetime(2026, 11, 22, 2, 0, 3)
DASHES = "-" * 54


@dataclass(frozen=True)
class Sample:
    """A script, and what it says; without `end` it is cut before its end."""

    tool: str
    version: str
    server: str
    text: str
    end: str
    at: datetime | None = AT


def samples() -> Iterator[Sample]:
    done = f"\n-- Dump completed on {AT:%Y-%m-%d}  2:00:03\n"
    servers = ("5.5.62", "5.6.51-log", "5.7.44-0ubuntu0.18.04.1", "8.0.36", "8.4.3", "9.7.4", "8.0.mysql_aurora.3.04.0")
    for own, version, platform in (
        ("10.13", "5.5.62", "debian-linux-gnu (x86_64)"), ("10.13", "5.6.51", "Linux (x86_64)"),
        ("10.13", "5.7.44-48", "Linux (x86_64)"), ("10.13", "8.0.34", "Win64 (x86_64)"),
        ("10.13", "8.0.36-28", "Linux (x86_64)"), ("10.13", "8.4.3", "macos14 (arm64)"),
        ("10.13", "9.7.4", "Linux (aarch64)"),
    ):  # fmt: skip
        for server in servers:
            head = f"-- MySQL dump {own}  Distrib {version}, for {platform}\n--\n-- Host: db    Database: apiary\n"
            head += f"-- {DASHES}\n-- Server version\t{server}\n\n"
            yield Sample("mysqldump", version, server, head + KEPT + BODY, BACK + done)
    for version in ("10.3.39-MariaDB", "10.5.23-MariaDB", "10.6.18-MariaDB", "10.11.6-MariaDB"):
        head = f"-- MariaDB dump 10.19  Distrib {version}, for debian-linux-gnu (x86_64)\n--\n"
        head += "-- Host: db\tDatabase: apiary\n"
        head += f"-- {DASHES}\n-- Server version\t{version}-0+deb12u1\n\n"
        yield Sample("mariadb-dump", version, f"{version}-0+deb12u1", head + KEPT + BODY, BACK + done)
    for version in ("11.4.2-MariaDB", "11.8.3-MariaDB", "12.1.2-MariaDB"):
        head = f"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19-{version}, for Linux (x86_64)\n--\n"
        head += f"-- Host: db    Database: apiary\n-- {DASHES}\n-- Server version\t{version}\n\n"
        yield Sample("mariadb-dump", f"10.19-{version}", version, head + KEPT + BODY, BACK + done)
    begin = 'SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";\nSTART TRANSACTION;\nSET time_zone = "+00:00";\n\n'
    for version in ("4.9.7", "5.1.1deb5ubuntu1", "5.2.0", "5.2.1", "5.2.2"):
        for server in ("8.0.36", "10.4.32-MariaDB"):
            for words, at in (
                (("Host", "Generation Time: Nov 22, 2026 at 02:00 AM", "Server version", "PHP Version", "Database"),
                 datetime(2026, 11, 22, 2)),
                (("Servidor", "Tiempo de generación: 22-11-2026 a las 02:00:03", "Versión del servidor",
                  "Versión de PHP", "Base de datos"), None),
            ):  # fmt: skip
                head = f"-- phpMyAdmin SQL Dump\n-- version {version}\n-- https://www.phpmyadmin.net/\n--\n"
                head += (
                    f"-- {words[0]}: 127.0.0.1:3306\n-- {words[1]}\n-- {words[2]}: {server}\n-- {words[3]}: 8.2.12\n\n"
                )
                head += begin + f"--\n-- {words[4]}: `apiary`\n--\n\n"
                yield Sample("phpMyAdmin", version, server, head + BODY, "COMMIT;\n", at)
    begin = "SET NAMES utf8;\nSET time_zone = '+00:00';\nSET foreign_key_checks = 0;\nSET sql_mode = '';\n"
    for version in ("4.7.7", "4.8.1", "5.0.5"):
        for server in ("8.0.30", "5.5.5-10.6.5-MariaDB"):
            head = f"-- Adminer {version} MySQL {server} dump\n\n{begin}\n"
            yield Sample("Adminer", version, server, head + BODY, f"\n-- {AT:%Y-%m-%d %H:%M:%S}\n")
    for version in ("9.5.0.5332", "11.0.0.5919", "12.11.0.7065"):
        for label, server, more in (
            ("Server version:              ", "8.4.5", " - MySQL Community Server - GPL"),
            ("Server version:              ", "10.4.14-MariaDB", " - mariadb.org binary distribution"),
            ("Version du serveur:          ", "8.0.30", " - MySQL Community Server - GPL"),
        ):
            head = f"-- {DASHES}--\n-- Host:                         127.0.0.1\n-- {label} {server}{more}\n"
            head += (
                f"-- Server OS:                    Win64\n-- HeidiSQL Version:             {version}\n-- {DASHES}--\n\n"
            )
            yield Sample("HeidiSQL", version, server, head + KEPT + BODY, BACK_OR, None)
    for server in ("5.7.26", "5.5.5-10.1.38-MariaDB"):
        head = "-- mysqldump-php https://github.com/ifsnop/mysqldump-php\n--\n"
        head += f"-- Host: db\tDatabase: apiary\n-- {DASHES}\n"
        head += f"-- Server version \t{server}\n-- Date: Sun, 22 Nov 2026 02:00:00 +0100\n\n"
        yield Sample(
            "mysqldump-php",
            "",
            server,
            head + KEPT + BODY,
            BACK + f"\n-- Dump completed on: {AT:%a, %d %b %Y %H:%M:%S} +0100\n",
        )
    for version in ("5.7.29", "8.0.30", "8.0.3-rc"):
        head = f"-- Dump created by MySQL pump utility, version: {version}, Linux (x86_64)\n"
        head += f"-- Dump start time: Sun Nov 22 01:59:00 2026\n-- Server version: {version}\n\n"
        head += 'SET @OLD_SQL_MODE=@@SQL_MODE;\nSET SQL_MODE="NO_AUTO_VALUE_ON_ZERO";\n'
        yield Sample(
            "mysqlpump",
            version,
            version,
            head + BODY,
            "SET SQL_MODE=@OLD_SQL_MODE;\n-- Dump end time: Sun Nov 22 02:00:03 2026\n",
        )
    for code, server in (("50729", "5.7.29"), ("80300 (8.3.0)", "8.3.0"), ("100432", "10.4.32-MariaDB")):
        head = "/*\n Navicat Premium Data Transfer\n\n Source Server         : db\n Source Server Type    : MySQL\n"
        head += (
            f" Source Server Version : {code}\n Source Host           : db:3306\n Source Schema         : apiary\n\n"
        )
        head += " Target Server Type    : MySQL\n File Encoding         : 65001\n\n Date: 22/11/2026 02:00:03\n*/\n\n"
        head += "SET NAMES utf8mb4;\nSET FOREIGN_KEY_CHECKS = 0;\n\n"
        yield Sample("Navicat", "", server, head + BODY, "SET FOREIGN_KEY_CHECKS = 1;\n")
    for name, version, site in (("Sequel Pro", "4541", "sequelpro.com"), ("Sequel Ace", "20064", "sequel-ace.com")):
        stars = "# " + "*" * 60 + "\n"
        head = f"{stars}# {name} SQL dump\n# Version {version}\n#\n# https://{site}/\n#\n# Host: db (MySQL 5.7.23)\n"
        head += f"# Database: apiary\n# Generation Time: 2026-11-22 02:00:03 +0000\n{stars}\n\n"
        yield Sample(name, version, "5.7.23", head + KEPT + BODY, BACK)
    for version, server in (
        ("13.1.9", "10.4.20-MariaDB"),
        ("12.4.0", "5.6.26-log"),
        ("8.71", "5.5.37-0ubuntu0.13.10.1"),
    ):
        head = f"/*\nSQLyog Community v{version} (64 bit)\nMySQL - {server} : Database - apiary\n{'*' * 69}\n*/\n\n"
        yield Sample("SQLyog", version, server, head + KEPT + BODY, BACK, None)
    line = f"-- {'-' * 61}\n"
    head = f"{line}-- TablePlus 6.1.2(568)\n--\n-- https://tableplus.com/\n--\n-- Database: apiary\n"
    head += f"-- Generation Time: 2026-11-22 02:00:03.1230\n{line}\n\n"
    yield Sample("TablePlus", "6.1.2(568)", "", head + KEPT + BODY, BACK, AT.replace(microsecond=123_000))
    head = f"# {DASHES}\n# SCHEMA DUMP FOR TABLE: hives\n# {DASHES}\n\n"
    yield Sample("mysqldump (npm)", "", "", KEPT + head + BODY, BACK, None)


def test_tool_version_server_time_and_the_end_are_reported() -> None:
    """Each whole one is complete; without its end each is not. Line ends of Windows change nothing."""
    found = list(samples())
    assert len({sample.text for sample in found}) >= 100
    for sample in found:
        for text in (sample.text + sample.end, (sample.text + sample.end).replace("\n", "\r\n")):
            info = inspect(io.BytesIO(text.encode()))
            assert (info.tool, info.tool_version, info.server_version) == (
                sample.tool,
                sample.version,
                sample.server,
            ), text
            assert (info.complete, info.incomplete_because, info.finished_at) == (True, "", sample.at), text
            assert info.foreign is None
            assert (info.flavour == "mariadb") == ("MariaDB" in sample.server)
        cut = inspect(io.BytesIO(sample.text.encode()))
        assert cut.complete is False, sample.text
        assert cut.incomplete_because
