"""Faults of the dump's bytes and single lines: cut or flipped, settings that say something else, foreign statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from random import Random
from typing import Annotated, Literal

from pydantic import Field

from harness.artifacts.dump.source import open_script
from harness.artifacts.dump.statements import Kind, Piece
from harness.artifacts.dump.walk import pieces_with_tokens
from harness.base.errors import HarnessError
from harness.faults.context import FaultContext
from harness.faults.fault import ArtifactOptions, Damage, FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.faults.script_edit import NO_SECTIONS, edit, first_bytes, flip, is_insert, picked, pieces, rewrite
from harness.procedure.backup.manifest import MANIFEST_NAME, write_manifest
from harness.procedure.backup.mysqldump import backup_database
from harness.procedure.backup.plan import BackupPlan

FAULTS = FaultFamily("dump", InjectionPoint.ARTIFACT)

_TABLE = re.compile(rb"\s*-- Table structure for table `")


def _setting(pattern: bytes, becomes: bytes, what: str) -> Damage:
    """Changes the first statement that fits."""
    expression = re.compile(pattern)

    def change(context: FaultContext, rng: Random, options: ArtifactOptions) -> None:
        done = False

        def changed(piece: Piece) -> bytes:
            nonlocal done
            if done or piece.kind is not Kind.STATEMENT or piece.head or not expression.search(piece.data):
                return piece.data
            done = True
            context.changed("statement", f"line {piece.line}", what)
            return expression.sub(becomes, piece.data, count=1)

        edit(context.backup.dump, changed)

    return change


class UnsafeOptions(ArtifactOptions):
    """`statement` says which kind of statement is put in."""

    statement: Literal["client-command", "account", "global-variable", "file-access", "other-database"] = "account"


_UNSAFE = {
    "client-command": b"\\! touch /tmp/apiary-drill-was-here\n",
    "account": b"GRANT ALL ON *.* TO 'somebody'@'%';\n",
    "global-variable": b"SET GLOBAL general_log = ON;\n",
    "file-access": b"SELECT * FROM users INTO OUTFILE '/tmp/apiary-drill-was-here';\n",
    "other-database": b"DELETE FROM `mysql`.`user`;\n",
}


@FAULTS.fault(
    "unsafe-statement",
    "A statement of the dump affects more than the database, or runs a command on the operator's machine.",
)
def unsafe_statement(context: FaultContext, rng: Random, options: UnsafeOptions) -> None:
    _insert_before_a_table(context, rng, _UNSAFE[options.statement], f"statement inserted: {options.statement}")


def _insert_before_a_table(context: FaultContext, rng: Random, text: bytes, what: str) -> None:
    path = context.backup.dump
    offset = picked((piece.offset for piece in pieces(path) if _begins_a_table(piece)), rng)

    def with_statement(piece: Piece) -> bytes:
        if piece.offset != offset or not _begins_a_table(piece):
            return piece.data
        context.changed("statement", f"line {piece.line}", what)
        return b"\n" + text + piece.data

    edit(path, with_statement)


def _begins_a_table(piece: Piece) -> bool:
    return piece.kind is Kind.COMMENT and _TABLE.match(piece.data) is not None


def _first_line(text: bytes, what: str) -> Damage:
    """Puts a line before everything else."""

    def prepend(context: FaultContext, rng: Random, options: ArtifactOptions) -> None:
        rewrite(context.backup.dump, lambda chunks: chain([text], chunks))
        context.changed("statement", "line 1", what)

    return prepend


@FAULTS.fault("wrong-database", "The dump belongs to the database of another application.")
def wrong_database(context: FaultContext, rng: Random, options: ArtifactOptions) -> None:
    path = context.backup.dump
    first = next((piece.offset for piece in pieces(path) if _begins_a_table(piece)), None)
    if first is None:
        raise HarnessError(NO_SECTIONS)

    def chosen(piece: Piece) -> bytes:
        if piece.offset != first or not _begins_a_table(piece):
            return piece.data
        context.changed("statement", f"line {piece.line}", "CREATE DATABASE and USE of the database `wordpress` put in")
        return b"\nCREATE DATABASE IF NOT EXISTS `wordpress`;\nUSE `wordpress`;\n" + piece.data

    edit(path, chosen)


class OversizedOptions(ArtifactOptions):
    """`size_bytes` is how long the statement becomes; the target takes 64 MiB."""

    size_bytes: Annotated[int, Field(gt=0)] = 80 << 20


@FAULTS.fault("oversized-statement", "One INSERT is larger than the target accepts (max_allowed_packet).")
def oversized_statement(context: FaultContext, rng: Random, options: OversizedOptions) -> None:
    """Make one INSERT longer than any packet may be, by a comment between two of its words."""
    path = context.backup.dump
    offset = picked((piece.offset for piece in pieces(path) if is_insert(piece)), rng)
    filling = b" " * (1 << 20)

    def changed(chunks: Iterator[bytes]) -> Iterator[bytes]:
        for piece, _ in pieces_with_tokens(chunks):
            if not is_insert(piece) or piece.offset != offset:
                yield piece.data
                continue
            at = piece.data.index(piece.head) + len(piece.head)
            yield piece.data[:at]
            whole, rest = divmod(options.size_bytes, len(filling))
            for _ in range(whole):
                yield filling
            yield filling[:rest]
            yield piece.data[at:]
            context.changed("statement", f"line {piece.line}", f"an INSERT {options.size_bytes} bytes longer")

    rewrite(path, changed)


@FAULTS.fault("old-dump", "The dump under test is an older one, consistent in itself.", InjectionPoint.SOURCE)
def old_dump(context: FaultContext, rng: Random, options: ArtifactOptions) -> Iterator[None]:
    """Keep a dump, let people go on working, and put the old one in the place of the new one."""
    mysql, old = context.stack.mysql, context.run_dir / "old-dump.sql.zst"
    dumped = backup_database(mysql, BackupPlan(), old, lambda session: None)
    with context.session() as session:
        before = int(session.value("SELECT MAX(id) FROM rsvps"))
        session.execute(
            "INSERT INTO rsvps (user_id, event_id, response, created_at, updated_at)"
            " SELECT user_id, event_id, response, created_at, updated_at FROM rsvps ORDER BY id LIMIT 5"
        )
    context.changed("row", "rsvps", f"5 rows added after the dump under test, with keys beyond {before}")
    yield
    path = context.backup.dump
    old.replace(path)
    context.changed("file", path.name, f"replaced by the dump taken before these rows, sha256 {dumped.artifact.sha256}")


@FAULTS.fault("manifest-of-another", "The manifest next to the dump belongs to another backup.")
def another_manifest(context: FaultContext, rng: Random, options: FaultOptions) -> None:
    manifest = context.backup.manifest
    others = tuple(
        replace(file, size_bytes=file.size_bytes + rng.randrange(1, 1000), sha256=rng.randbytes(32).hex())
        for file in manifest.artifacts
    )
    write_manifest(replace(manifest, artifacts=others, nonce=rng.randbytes(8).hex()), context.directory)
    context.changed("manifest", MANIFEST_NAME, "sizes, digests and nonce of another backup")


FAULTS.add(
    "wrong-charset-line",
    "The dump declares latin1, but is utf8mb4.",
    _setting(rb"SET NAMES utf8mb4", b"SET NAMES latin1", "SET NAMES says latin1"),
)
FAULTS.add(
    "wrong-time-zone-line",
    "The dump declares its times in another time zone.",
    _setting(rb"SET TIME_ZONE='\+00:00'", b"SET TIME_ZONE='+05:00'", "TIME_ZONE says +05:00"),
)
FAULTS.add(
    "unknown-definer",
    "A trigger or view runs as an account that the target does not have; the drill must omit "
    "the DEFINER and report it.",
    _setting(rb"DEFINER=`[^`]*`@`[^`]*`", b"DEFINER=`nobody`@`localhost`", "DEFINER is nobody@localhost"),
)
FAULTS.add(
    "sandbox-line",
    "The dump starts with the sandbox line of MariaDB's dump tool (harmless).",
    _first_line(b"/*M!999999\\- enable the sandbox mode */ \n", "MariaDB's sandbox line inserted"),
)
FAULTS.add(
    "gtid-line",
    "The dump sets GTID_PURGED, as mysqldump does on a replicated server (harmless).",
    _first_line(
        b"SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5';\n", "GTID_PURGED inserted"
    ),
)


class CutOptions(ArtifactOptions):
    """`keep` is the share of the bytes that stay."""

    keep: Annotated[float, Field(ge=0, lt=1, strict=False)] = 0.6


@FAULTS.fault("truncate-dump", "The dump file is truncated, as after an interrupted copy or on a full disk.")
def truncate(context: FaultContext, rng: Random, options: CutOptions) -> None:
    path = context.backup.dump
    size = path.stat().st_size
    kept = int(size * options.keep)
    with path.open("r+b") as file:
        file.truncate(kept)
    context.changed("byte", path.name, f"cut from {size} to {kept} bytes")


@FAULTS.fault(
    "truncate-inside", "The SQL is truncated inside an intact compressed file, as after a failure in a pipe into gzip."
)
def truncate_inside(context: FaultContext, rng: Random, options: CutOptions) -> None:
    """Cut the script, and compress what is left: the file is whole, what is in it is not."""
    path = context.backup.dump
    size = sum(len(chunk) for chunk in open_script(path))
    kept = int(size * options.keep)
    rewrite(path, lambda chunks: first_bytes(chunks, kept))
    context.changed("byte", path.name, f"the script in it cut from {size} to {kept} bytes")


@FAULTS.fault("flip-dump-byte", "One bit of the dump file is flipped, as on a bad disk.")
def flip_byte(context: FaultContext, rng: Random, options: ArtifactOptions) -> None:
    """Flip one bit in the second half of the file."""
    path = context.backup.dump
    size = path.stat().st_size
    offset, mask = rng.randrange(size // 2, size), 1 << rng.randrange(8)
    flip(path, offset, mask)
    context.changed("byte", path.name, f"offset {offset}, bits {mask:#04x} flipped")
