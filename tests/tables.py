"""One test over a table: every row is tried, and all that failed are reported at once.

A parametrized test is collected, scheduled and reported once for each row; for hundreds of rows that takes longer than
what is tested.
"""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

Test = Callable[..., None]


def over_table(columns: str, rows: Iterable[Any]) -> Callable[[Test], Test]:
    """Make one test that runs the decorated one for every row, in a `tmp_path` of its own where it asks for one.

    Args:
        columns: names of the arguments that a row has, as for `pytest.mark.parametrize`.
        rows: a tuple for each row, or a bare value where there is one column; a mapping's keys are no part of them.
    """
    names = [name.strip() for name in columns.split(",")]
    table = [dict(zip(names, row if len(names) > 1 else (row,), strict=True)) for row in rows]
    assert table, "a table without rows would pass whatever is tested"

    def over_the_table(test: Test) -> Test:
        parameters = inspect.signature(test).parameters.values()

        @functools.wraps(test)
        def whole(**fixtures: Any) -> None:
            __tracebackhide__ = True
            failed = []
            for number, row in enumerate(table):
                if "tmp_path" in fixtures:
                    own = fixtures["tmp_path"] / str(number)
                    own.mkdir()
                    row = {**row, "tmp_path": own}
                try:
                    test(**{**fixtures, **row})
                except (Exception, pytest.fail.Exception) as error:
                    trace = pytest.ExceptionInfo.from_exception(error).getrepr(style="short")
                    failed.append(f"row {number} of {test.__name__}: {row!r:.300}\n{trace}")
            if failed:
                pytest.fail(f"{len(failed)} of {len(table)} rows failed\n\n" + "\n\n".join(failed), pytrace=False)

        given = [each for each in parameters if each.name not in names]
        whole.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]
        return whole

    return over_the_table
