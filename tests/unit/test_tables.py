"""A test over a table tries every row, tells all that failed, and can't be empty."""

from pathlib import Path

import pytest

from tests.tables import over_table


def test_every_row_is_tried_and_all_that_failed_are_reported() -> None:
    tried = []

    @over_table("number, square", [(1, 1), (2, 5), (3, 9), (4, 17)])
    def squares(number: int, square: int) -> None:
        tried.append(number)
        assert number * number == square, f"of {number}"

    with pytest.raises(pytest.fail.Exception) as caught:
        squares()
    assert tried == [1, 2, 3, 4]
    text = str(caught.value)
    assert text.startswith("2 of 4 rows failed\n")
    assert "row 1 of squares: {'number': 2, 'square': 5}" in text
    assert "of 4" in text
    assert "row 2 of squares" not in text


def test_what_is_expected_and_does_not_come_is_a_failed_row() -> None:
    """`pytest.raises` and `pytest.fail` end a test by what is no `Exception`."""

    @over_table("number", [0, 1])
    def divided(number: int) -> None:
        with pytest.raises(ZeroDivisionError):
            _ = 1 / number

    with pytest.raises(pytest.fail.Exception, match=r"^1 of 2 rows failed\n"):
        divided()


def test_a_table_without_rows_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="without rows"):
        over_table("number", [])


@over_table("name", ["a", "b"])
def test_each_row_has_a_directory_of_its_own(tmp_path: Path, name: str) -> None:
    assert list(tmp_path.iterdir()) == []
    (tmp_path / name).touch()
