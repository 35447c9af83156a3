"""Faults of the dump's objects: tables, views, triggers and routines that are missing, and tables that lost a part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from random import Random

from harness.artifacts.dump.statements import Piece
from harness.base.errors import HarnessError
from harness.faults.context import BackupCopy, FaultContext
from harness.faults.fault import ArtifactOptions, Damage, FaultFamily
from harness.faults.injection_points import InjectionPoint
from harness.faults.script_edit import (
    NO_SECTIONS,
    created_table,
    edit,
    line_name,
    picked,
    pieces,
    program_of,
    section_of,
    table_lines,
    with_table_lines,
)

FAULTS = FaultFamily("dump", InjectionPoint.ARTIFACT)

_FUNCTION = "drill_fault_double"


class ObjectOptions(ArtifactOptions):
    """`name` is the one to take out; any one unless it is given."""

    name: str | None = None


class PartOptions(ArtifactOptions):
    """`table` is the one to change and `name` its part (column, index, constraint); any one unless given."""

    table: str | None = None
    name: str | None = None


def _sections(kind: str, what: str) -> Damage:
    """Leaves out the sections of one table or view."""

    def leave_out(context: FaultContext, rng: Random, options: ObjectOptions) -> None:
        path = context.backup.dump
        there = (found[1] for piece in pieces(path) if (found := section_of(piece)) and found[0] == kind)
        name = picked((name for name in there if options.name in (None, name)), rng)
        if name is None:
            raise HarnessError(f"the dump contains no such {what}")
        dropping = False

        def without(piece: Piece) -> bytes:
            nonlocal dropping
            section = section_of(piece)
            if section is not None:
                dropping = section[0].endswith(kind) and section[1] == name
                if dropping:
                    context.changed(what, name, f"section on line {piece.line} removed")
            return b"" if dropping else piece.data

        edit(path, without)

    return leave_out


@FAULTS.fault("header-only", "The dump has its header and footer, but no tables.")
def header_only(context: FaultContext, rng: Random, options: ArtifactOptions) -> None:
    """Leave out every table and view, and keep what stands before and after them."""
    path, left_out, dropping = context.backup.dump, 0, False

    def without(piece: Piece) -> bytes:
        nonlocal dropping, left_out
        section = section_of(piece)
        if section is not None:
            dropping = bool(section[0])
            left_out += dropping
        return b"" if dropping else piece.data

    edit(path, without)
    if not left_out:
        raise HarnessError(NO_SECTIONS)
    context.changed("file", path.name, f"{left_out} sections of tables and views removed: all of them")


@FAULTS.fault("drop-trigger", "One trigger is missing from the dump.")
def drop_trigger(context: FaultContext, rng: Random, options: ObjectOptions) -> None:
    _drop_program(context, context.backup, rng, "trigger", options.name)


@FAULTS.fault(
    "drop-routine",
    "A function of the source is missing from the dump, as with mysqldump without --routines.",
    InjectionPoint.SOURCE,
)
def drop_routine(context: FaultContext, rng: Random, options: ArtifactOptions) -> Iterator[None]:
    """Make a function at the source, and leave it out of the dump: mysqldump leaves them out without `--routines`."""
    with context.session() as session:
        session.execute(f"CREATE FUNCTION {_FUNCTION}(n INT) RETURNS INT DETERMINISTIC NO SQL RETURN n + n")
    context.changed("function", _FUNCTION, "created at the source")
    yield
    _drop_program(context, context.backup, rng, "function", _FUNCTION)


def _drop_program(context: FaultContext, backup: BackupCopy, rng: Random, kind: str, wanted: str | None) -> None:
    there = (found[1] for piece in pieces(backup.dump) if (found := program_of(piece)) and found[0] == kind)
    name = picked((name for name in there if wanted in (None, name)), rng)
    if name is None:
        raise HarnessError(f"the dump contains no such {kind}")
    dropping = False

    def without(piece: Piece) -> bytes:
        nonlocal dropping
        if piece.first:
            dropping = program_of(piece) == (kind, name)
            if dropping:
                context.changed(kind, name, f"statement on line {piece.line} removed")
        return b"\n" if dropping else piece.data

    edit(backup.dump, without)


def _part(fits: Callable[[bytes, list[bytes]], bool], change: Callable[[bytes], bytes | None], what: str) -> Damage:
    """Changes one line of one CREATE TABLE, or takes it out.

    Args:
        fits: whether a line will do, given all lines of its table.
        change: the line as it becomes, or None to take it out.
    """

    def change_part(context: FaultContext, rng: Random, options: PartOptions) -> None:
        path = context.backup.dump
        candidates = (
            (name, line)
            for piece in pieces(path)
            if (name := created_table(piece)) is not None and options.table in (None, name)
            for line in table_lines(piece)
            if fits(line, table_lines(piece)) and options.name in (None, line_name(line))
        )
        chosen = picked(candidates, rng)
        if chosen is None:
            raise HarnessError(f"no table of the dump has such a part ({what})")

        def changed(piece: Piece) -> bytes:
            if created_table(piece) != chosen[0]:
                return piece.data
            context.changed("definition", f"{chosen[0]}.{line_name(chosen[1])}", f"{what}, table of line {piece.line}")
            lines = [change(line) if line == chosen[1] else line for line in table_lines(piece)]
            return with_table_lines(piece, [line for line in lines if line is not None])

        edit(path, changed)

    return change_part


_INDEX = re.compile(rb"\s*KEY `[^`]+` \(`([^`]+)`")
_FOREIGN = re.compile(rb"\s*CONSTRAINT `[^`]+` FOREIGN KEY \(`([^`]+)`")
_COLUMN = re.compile(rb"\s*`")
_COLLATION = rb" COLLATE utf8mb4_\w+"


def _is_index(line: bytes, lines: list[bytes]) -> bool:
    """An index that no foreign key needs: the server would make that one again by itself."""
    match = _INDEX.match(line)
    needed = {found.group(1) for other in lines if (found := _FOREIGN.match(other))}
    return match is not None and match.group(1) not in needed


def _column(pattern: bytes, becomes: bytes, what: str) -> Damage:
    """Changes the part of a column's line that fits."""
    found = re.compile(pattern)
    return _part(
        lambda line, _: bool(_COLUMN.match(line) and found.search(line)), lambda line: found.sub(becomes, line), what
    )


FAULTS.add("drop-table", "One table is missing from the dump, with its rows.", _sections("table", "table"))
FAULTS.add("drop-view", "One view is missing from the dump.", _sections("view", "view"))
FAULTS.add(
    "drop-index", "One index is missing from a table of the dump.", _part(_is_index, lambda line: None, "index removed")
)
FAULTS.add(
    "drop-foreign-key",
    "One foreign key is missing from a table of the dump.",
    _part(lambda line, _: bool(_FOREIGN.match(line)), lambda line: None, "foreign key removed"),
)
FAULTS.add(
    "drop-auto-increment",
    "A column of the dump lost its AUTO_INCREMENT.",
    _column(rb" AUTO_INCREMENT", b"", "AUTO_INCREMENT removed"),
)
FAULTS.add(
    "drop-default", "A column of the dump lost its default.", _column(rb" DEFAULT '[^']*'", b"", "DEFAULT removed")
)
FAULTS.add(
    "change-charset",
    "A column of the dump has another character set, which supports fewer characters.",
    _column(_COLLATION, b" CHARACTER SET latin1 COLLATE latin1_swedish_ci", "character set is latin1"),
)
FAULTS.add(
    "unknown-collation",
    "A column of the dump has a collation that the target does not support.",
    _column(_COLLATION, b" COLLATE utf8mb4_klingon_ci", "collation is utf8mb4_klingon_ci"),
)
