"""How many notes there are: enough, each with a name of its own, on both kinds of server."""

import pytest

from harness.faults.edge_cases import DATABASES
from tests.contract.edge_cases.broken import UNREADABLE, UNSAFE, Damage
from tests.contract.edge_cases.conftest import FLAVOURS
from tests.contract.edge_cases.healthy import OPTIONS
from tests.contract.edge_cases.loaded import SILENT, UNLOADABLE, Silent

NAMED = (
    "no primary key, duplicate rows", "empty tables", "a row of 17 MiB", "every byte in a blob", "BIT", "JSON",
    "geometry", "generated columns, stored and virtual, one between the others", "invisible columns", "partitions",
    "views on views, made in the other order", "objects that run as their definer", "events", "zero dates",
    "--skip-comments",
)  # fmt: skip
"""Those that must be among the healthy ones, whatever else is: without any of them people saw a false alarm."""


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_there_are_enough_healthy_ones(flavour: str) -> None:
    """At least 25 databases, besides the options that write one database in many ways."""
    here = [note.name for note in (*DATABASES, *OPTIONS) if note.only in ("", flavour)]
    assert sum(note.only in ("", flavour) for note in DATABASES) >= 25
    assert len(set(here)) == len(here)
    assert set(NAMED) <= set(here)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_there_are_enough_broken_ones(flavour: str) -> None:
    """At least 40 artifacts, some of every way to be found out."""
    groups: tuple[tuple[Damage | Silent, ...], ...] = (UNREADABLE, UNSAFE, UNLOADABLE, SILENT)
    here = [[broken.name for broken in group if broken.only in ("", flavour)] for group in groups]
    names = [name for group in here for name in group]
    assert len(names) >= 40
    assert len(set(names)) == len(names)
    assert min(len(group) for group in here) >= 10
