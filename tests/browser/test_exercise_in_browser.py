"""The document of an exercise over twelve drills, as those see it who prepare and sign it."""

import io
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from harness.records.history.database import History
from tests.browser.conftest import command
from tests.browser.test_report_in_browser import (
    DESKTOP,
    PHONE,
    accessible,
    on_first_screen,
    opened,
    overflow,
    prints_well,
    readable_pictures,
)
from tests.unit.history.quarter import quarter_of_drills

pytestmark = pytest.mark.xdist_group("browser")

CONFIG = """
[backup]
name = "production"
directory = "backups/*"

[exercise]
organisation = "RoboJackets"
systems = ["Apiary (production)", "Apiary (staging)"]
owners = ["Head of IT", "Treasurer"]
objectives = ["Members can log in again within one hour."]
"""


LINES = """cells => cells.map(cell => {
    const range = document.createRange()
    range.selectNodeContents(cell)
    return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size
})"""
"""In how many lines the text of each cell is set."""


@pytest.fixture(scope="session")
def exercise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, made by the command."""
    place = tmp_path_factory.mktemp("exercise")
    history = History(place / "history.sqlite3")
    for entry in quarter_of_drills():
        history.append(entry)
    (place / "apiary-drill.toml").write_text(CONFIG)
    answer = command(
        "exercise", "--quarter", "2026Q4", "--format", "html", "--out", str(place),
        "--config", str(place / "apiary-drill.toml"), place=place,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return place / "exercise-2026Q4.html"


def test_an_accessibility_engine_finds_nothing(browser: Browser, exercise: Path) -> None:
    """Contrast, structure, names."""
    accessible(browser, exercise, {"color-contrast", "heading-order", "landmark-one-main", "svg-img-alt"})


def test_the_first_screen_is_for_a_board_and_the_proof_follows(browser: Browser, exercise: Path) -> None:
    """What came out, whether each backup restored the last time, four figures; the sections in their order."""
    for size in (PHONE, DESKTOP):
        with opened(browser, exercise, size) as (page, _):
            on_first_screen(page, size)
            assert page.locator(".verdict .why").inner_text() == "The latest drill of every backup passed."
            assert page.locator(".tile .label").all_inner_texts() == [
                "Drills passed", "Objectives missed", "Longest gap", "Open findings",
            ]  # fmt: skip
            assert page.locator("h2").all_inner_texts() == [
                "Summary", "Objectives", "Drills", "Findings and actions", "What was proven, by kind of failure",
                "Changes since the last period", "Open points", "Environment", "Controls answered by this report",
                "Participants and decisions", "Evidence",
            ]  # fmt: skip


def test_every_drill_is_a_line_that_can_be_read(browser: Browser, exercise: Path) -> None:
    """A table on a desktop; on a phone at most three lines for a drill, without zeros. Days and verdicts stay whole."""
    for size, most in (PHONE, 75), (DESKTOP, 40):
        with opened(browser, exercise, size) as (page, _):
            rows = page.locator("#drills table").first.locator("tbody tr")
            assert rows.count() == 12
            for row in rows.all():
                assert row.locator(".whole").evaluate_all(LINES) == [1, 1]
                box = row.bounding_box()
                assert box is not None
                assert box["height"] < most
            zeros = rows.locator(".zero").count()
            assert zeros > 0
            assert rows.locator(".zero:visible").count() == (0 if size == PHONE else zeros)


def test_folding_works_without_scripts(browser: Browser, exercise: Path) -> None:
    with opened(browser, exercise, PHONE, scripts=False) as (page, _):
        results = page.locator("#evidence details")
        assert not results.locator("table").is_visible()
        results.locator("summary").click()
        assert results.locator("table").is_visible()


def test_on_paper_there_are_lines_to_sign(browser: Browser, exercise: Path) -> None:
    """Empty lines are high enough for a hand (8 mm), the first page is the summary, and the results are unfolded."""
    with opened(browser, exercise, DESKTOP) as (page, _):
        page.emulate_media(media="print")
        assert overflow(page) <= 0
        lines = page.locator(".form tbody tr")
        assert lines.count() == 14
        heights = [box["height"] for line in lines.all() if (box := line.bounding_box()) is not None]
        assert min(heights) >= 8 * 96 / 25.4
        pages = PdfReader(io.BytesIO(page.pdf(format="A4", prefer_css_page_size=True))).pages
    prints_well(browser, exercise)
    texts = [" ".join(each.extract_text().split()) for each in pages]
    assert "Name Role Date Signature" in texts[0], "the page that is signed is the first"
    assert "Open corrective actions" in texts[0]
    assert "Source results of this document" in " ".join(texts)
    assert f"Page 1 of {len(pages)}" in texts[0]


def test_pictures_are_as_readable_as_the_text_beside_them(browser: Browser, exercise: Path) -> None:
    for size in (PHONE, DESKTOP):
        with opened(browser, exercise, size) as (page, _):
            assert readable_pictures(page) == 5
