"""A dump of a database that holds everything brings every object, row and counter back."""

from collections.abc import Callable

import pytest

from harness.procedure.restore.load import run_script
from harness.runtime.services.mysql_content import read_auto_increments
from tests.contract.mysql.everything import EVERYTHING
from tests.contract.mysql.places import Place, differences, dump

KINDS = {
    "check", "column", "database", "event", "foreign-key", "index", "routine", "table", "trigger", "view",
}  # fmt: skip


@pytest.mark.parametrize("renamed", [False, True], ids=["same-name", "other-name"])
def test_a_dump_brings_every_object_row_and_counter_back(
    place: Place, new_place: Callable[..., Place], renamed: bool
) -> None:
    """Objects and digests are equal after a restore, in a database of another name too."""
    place.run(*EVERYTHING, account=place.server.app)
    expected = place.objects()
    assert {item.kind for item in expected} == KINDS
    assert {(item.kind, item.label) for item in expected if item.kind not in ("column", "index", "table")} == {
        ("database", "database"), ("check", "children.positive"), ("event", "daily"), ("event", "once"),
        ("foreign-key", "children.to_parent"), ("foreign-key", "children.to_self"), ("routine", "doing"),
        ("routine", "twice"), ("trigger", "parents.first_trigger"), ("trigger", "parents.second_trigger"),
        ("view", "a_view_of_views"), ("view", "adults"),
    } | ({("check", "children.data")} if place.flavour == "MariaDB" else set())  # fmt: skip
    target = new_place(on="elsewhere", like=place, name=f"{place.name}_2" if renamed else None)
    run_script(target.server, [dump(place)])
    assert differences(expected, target.objects()) == {}
    assert target.objects() == expected
    assert target.tables() == place.tables()
    assert {name: state.rows for name, state in target.tables().items()} == {
        "children": 2, "empty_one": 0, "loose": 3, "parents": 2, "spread": 4, "years": 2,
    }  # fmt: skip
    increments = read_auto_increments(target.kept, target.name)
    assert (increments["children"], increments["empty_one"]) == (3, 77)
    assert read_auto_increments(place.kept, place.name) == increments
