"""Faults of the family edge-case: what is unusual at the source, and healthy.

Nobody believes a drill that fails for it. What is made is in edge_cases.toml and edge_case_files.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from harness.artifacts.storage.names import coded
from harness.base.errors import HarnessError
from harness.faults.context import FaultContext
from harness.faults.edge_case import NAMES, OBJECTS, TABLES, VALUES, EdgeCase
from harness.faults.edge_case_files import FILES
from harness.faults.fault import FaultFamily, FaultOptions
from harness.faults.injection_points import InjectionPoint
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import server_version

FAULTS = FaultFamily("edge-case", InjectionPoint.SOURCE)

DATABASES: tuple[EdgeCase, ...] = (*TABLES, *VALUES, *OBJECTS, *NAMES)
"""All that is unusual in a database; it fits into one."""

_SHELL = """
cd "$1"
a=$(printf %bx "$4"); a=${a%x}
b=$(printf %bx "$5"); b=${b%x}
[ "${a%%/*}" != edge ] || mkdir -p edge
eval "$3"
[ "$(id -u)" = 0 ] || exit 0
for made in edge "$a" "$b"; do
  [ ! -e "$made" ] || chown -hR "$2:$2" -- "$made"
done
"""
"""Runs a script in the storage directory, with two paths that are given as octal numbers.

An argument of a command in a container has to be UTF-8, and a substitution drops the line breaks at its end: hence
the numbers, and the x. What root makes, where the application has no user of its own, is given to the files' owner.
"""


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_Any = TypeVar("_Any", bound=_Named)


class _NameOf:
    """A name of one of these; an unknown one is refused, with all that there are."""

    def __init__(self, edge_cases: Sequence[_Named]) -> None:
        self._names = [edge_case.name for edge_case in edge_cases]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(self._names)


class EdgeCaseTableOptions(FaultOptions):
    """`only`: names of the edge_cases to make; none named means all that the server has."""

    only: Annotated[tuple[Annotated[str, _NameOf(TABLES)], ...], Field(strict=False)] = ()


class ValueOptions(FaultOptions):
    """`only`: names of the edge_cases to make; none named means all that the server has."""

    only: Annotated[tuple[Annotated[str, _NameOf(VALUES)], ...], Field(strict=False)] = ()


class EdgeCaseObjectOptions(FaultOptions):
    """`only`: names of the edge_cases to make; none named means all that the server has."""

    only: Annotated[tuple[Annotated[str, _NameOf(OBJECTS)], ...], Field(strict=False)] = ()


class EdgeCaseNameOptions(FaultOptions):
    """`only`: names of the edge_cases to make; none named means all."""

    only: Annotated[tuple[Annotated[str, _NameOf(NAMES)], ...], Field(strict=False)] = ()


class EdgeCaseFileOptions(FaultOptions):
    """`only`: names of the edge_cases to make; none named means all."""

    only: Annotated[tuple[Annotated[str, _NameOf(FILES)], ...], Field(strict=False)] = ()


@FAULTS.fault("edge-case-tables", "The source has unusual tables; they are healthy.")
def make_tables(context: FaultContext, rng: Random, options: EdgeCaseTableOptions) -> None:
    _make_in_database(context, _wanted(TABLES, options.only))


@FAULTS.fault("edge-case-values", "The source has rows with unusual values; they are healthy.")
def make_values(context: FaultContext, rng: Random, options: ValueOptions) -> None:
    _make_in_database(context, _wanted(VALUES, options.only))


@FAULTS.fault("edge-case-objects", "The source has unusual views, triggers, routines and events; they are healthy.")
def make_objects(context: FaultContext, rng: Random, options: EdgeCaseObjectOptions) -> None:
    _make_in_database(context, _wanted(OBJECTS, options.only))


@FAULTS.fault("edge-case-names", "The source has tables, columns and objects with unusual names; they are healthy.")
def make_names(context: FaultContext, rng: Random, options: EdgeCaseNameOptions) -> None:
    _make_in_database(context, _wanted(NAMES, options.only))


def _make_in_database(context: FaultContext, edge_cases: Sequence[EdgeCase]) -> None:
    for edge_case in _supported(context, edge_cases):
        _fill(context, edge_case)
        whose = "an administrator" if edge_case.as_admin else "the application"
        context.changed("edge-case", edge_case.name, f"{len(edge_case.statements)} statements, run as {whose}")


@FAULTS.fault("edge-case-files", "The source has unusual files; they are healthy.")
def make_files(context: FaultContext, rng: Random, options: EdgeCaseFileOptions) -> None:
    """Make them in the storage directory, as the application's user."""
    apiary = context.stack.apiary
    for edge_case in _wanted(FILES, options.only):
        octal = ["".join(f"\\0{byte:03o}" for byte in path) for path in edge_case.paths]
        arguments = apiary.storage_root, str(apiary.storage_uid), edge_case.script, *octal, *[""] * (2 - len(octal))
        argv = ["sh", "-euc", _SHELL, "sh", *arguments]
        made = run(apiary.storage_host, argv, env={"LC_ALL": "C"}, user=apiary.user)
        if made.exit_status != 0:
            raise HarnessError(f"{edge_case.name} could not be made", details=made.stderr)
        context.changed("edge-case", edge_case.name, ", ".join(coded(path) for path in edge_case.paths))


def _wanted(edge_cases: Sequence[_Any], only: tuple[str, ...]) -> list[_Any]:
    """Those that are named, or all, in the order of the table."""
    return [edge_case for edge_case in edge_cases if not only or edge_case.name in only]


def _supported(context: FaultContext, edge_cases: Sequence[EdgeCase]) -> list[EdgeCase]:
    """Those that this server can have."""
    with context.stack.mysql.session() as session:
        flavour, _ = server_version(session)
        packet_bytes = int(session.value("SELECT @@GLOBAL.max_allowed_packet"))
    return [
        edge_case
        for edge_case in edge_cases
        if edge_case.only in ("", flavour) and edge_case.packet_bytes <= packet_bytes
    ]


def _fill(context: FaultContext, edge_case: EdgeCase) -> None:
    """Run its statements in a session of its own: what it sets there is for it alone."""
    mysql = context.stack.mysql
    with mysql.session(None if edge_case.as_admin else mysql.app, database=mysql.database) as session:
        for statement in edge_case.statements:
            session.execute(statement)
