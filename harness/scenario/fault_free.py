"""Drills in which nothing is broken, each with data and choices of its own: a healthy backup must never be called bad.

One number makes one scenario, always the same: the data, how the backup is taken, and what is unusual about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TypeVar

from harness.base import guide
from harness.faults import FAMILIES
from harness.scenario.definition import BackupChoices, Data, FaultChoice, Scenario
from harness.standins.apiary.generate.extras import EXTRAS

T = TypeVar("T")

_DUMP_OPTIONS = ("--skip-extended-insert", "--complete-insert", "--hex-blob", "--quick")
"""Of mysqldump, MySQL's and MariaDB's alike; none of them changes what comes back.

`--order-by-primary` is not among them: with it MySQL 9.7's mysqldump does not dump a table of
`edge-case-names` (error 1054).
"""


def fault_free_scenarios(count: int, first: int = 1) -> Iterator[Scenario]:
    """So many scenarios at the smallest scale, numbered from `first` on."""
    for number in range(first, first + count):
        yield _fault_free(number)


def _fault_free(number: int) -> Scenario:
    rng = Random(f"clean:{number}")  # noqa: S311 - reproducible, not secret
    edge_cases = tuple(sorted(FAMILIES["edge-case"]))
    return Scenario(
        name=f"fault-free-{number}",
        why="Fault-free drill: whatever the data and the kind of backup, the drill has to pass.",
        data=Data(scale="tiny", rng_seed=number, extras=_some(rng, EXTRAS)),
        backup=BackupChoices(
            mode=rng.choice(("hot", "quiesced")),
            excluded_tables=rng.choice((guide.EXCLUDABLE_TABLES, (), _some(rng, guide.EXCLUDABLE_TABLES))),
            excluded_directories=rng.choice((guide.EXCLUDABLE_DIRECTORIES, ())),
            further_databases=rng.choice(((), ("neighbour",))),
            storage_form=rng.choice(("tar.zst", "copy")),
            dump_options=_some(rng, _DUMP_OPTIONS),
        ),
        fault=tuple(FaultChoice(name=name) for name in _some(rng, edge_cases)),
    )


def _some(rng: Random, things: tuple[T, ...]) -> tuple[T, ...]:
    """Some of them, in their order; none and all of them are as likely as any other number."""
    chosen = set(rng.sample(range(len(things)), rng.randrange(len(things) + 1)))
    return tuple(thing for place, thing in enumerate(things) if place in chosen)
