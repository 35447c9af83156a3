"""The report of a drill as people see it: on a phone, on a desktop, in the dark and on paper."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, Route
from pypdf import PdfReader

pytestmark = pytest.mark.xdist_group("browser")

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
SCREENS = ((PHONE, "light"), (DESKTOP, "dark"))
"""Colours depend on the scheme alone, and what is beside what on the width: two screens have all of it."""

VERDICTS = ("PASS", "FAIL", "INCONCLUSIVE")


@contextmanager
def opened(
    browser: Browser, path: Path, size: dict[str, int], scheme: str = "light", *, scripts: bool = True
) -> Iterator[tuple[Page, list[str]]]:
    """The page, and what it asked for besides itself."""
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=scripts,
    )
    asked: list[str] = []

    def look(route: Route, request: Request) -> None:
        if request.url == path.as_uri():
            route.continue_()
        else:
            asked.append(request.url)
            route.abort()

    context.route("**/*", look)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    yield page, asked
    assert complaints == []
    context.close()


def unfold(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()


def overflow(page: Page) -> int:
    """How many pixels the page is wider than the screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def test_the_first_screen_has_the_verdict_and_the_four_figures(browser: Browser, reports: dict[str, Path]) -> None:
    """Without scrolling, on a phone too: sign, word and colour, what it was restored into, each figure."""
    colours = set()
    for verdict in VERDICTS:
        for size in (PHONE, {"width": 1280, "height": 800}):
            with opened(browser, reports[verdict], size) as (page, _):
                assert page.locator(".stamp strong").inner_text() == verdict
                assert page.locator(".stamp svg").is_visible()
                colours.add((verdict, page.locator(".stamp").evaluate("it => getComputedStyle(it).backgroundColor")))
                tiles = page.locator(".tile")
                assert tiles.locator(".label").all_inner_texts() == [
                    "Recovery time", "Recovery point", "Verified of expected", "Findings",
                ]  # fmt: skip
                for shown in (page.locator(".verdict"), page.locator(".subjects"), *tiles.all()):
                    box = shown.bounding_box()
                    assert box is not None
                    assert box["y"] + box["height"] <= size["height"], f"{verdict}: {shown.inner_text()}"
                assert page.locator("h2").all_inner_texts() == [
                    "Findings", "Timeline", "Recovery objectives", "Backup", "Environment", "What was checked",
                    "Not proven", "Evidence",
                ]  # fmt: skip
    assert len(colours) == len({colour for _, colour in colours}) == 3, "one colour for each verdict"


def test_on_paper_a_pass_has_four_pages_and_none_is_half_empty(reports: dict[str, Path]) -> None:
    """By the place of the lowest text on each page but the last."""
    pages = PdfReader(reports["PASS"].with_suffix(".pdf")).pages
    assert len(pages) <= 4
    for page in pages[:-1]:
        lowest = [float(page.mediabox.height)]

        def place(text: str, _: object, matrix: list[float], *__: object, lowest: list[float] = lowest) -> None:
            if text.strip() and not text.startswith("Page "):
                lowest.append(matrix[5])

        page.extract_text(visitor_text=place)
        assert min(lowest[1:]) < float(page.mediabox.height) / 2


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=["phone-light", "desktop-dark"])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_an_accessibility_engine_finds_nothing(
    browser: Browser, reports: dict[str, Path], verdict: str, size: dict[str, int], scheme: str
) -> None:
    """Contrast, structure, names; nothing is wider than the screen, and nothing comes from elsewhere."""
    with opened(browser, reports[verdict], size, scheme) as (page, asked):
        assert overflow(page) <= 0
        unfold(page)
        assert overflow(page) <= 0
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        checked = {rule["id"] for rule in results.response["passes"]}
        assert {"color-contrast", "heading-order", "landmark-one-main"} <= checked
        assert asked == []


def test_folding_works_without_scripts(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["PASS"], PHONE, scripts=False) as (page, asked):
        tables = page.locator("details", has_text="Checksums").first
        inside = tables.locator("table")
        assert not inside.is_visible()
        tables.locator("summary").click()
        assert inside.is_visible()
        tables.locator("summary").press("Enter")
        assert not inside.is_visible()
        assert asked == []


def test_on_paper_everything_is_open_and_nothing_of_the_screen_is_left(
    browser: Browser, reports: dict[str, Path]
) -> None:
    """The browser's own print: what is folded away on the screen is in it, the links to sections are not."""
    with opened(browser, reports["FAIL"], DESKTOP) as (page, _):
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert page.locator("details table").first.is_visible()
        assert overflow(page) <= 0
        pages = PdfReader(io.BytesIO(page.pdf(format="A4", prefer_css_page_size=True))).pages
    text = " ".join(" ".join(each.extract_text().split()) for each in pages)
    assert "FAIL The backup does not restore correctly." in text
    assert "Same cause" in text
    assert "apiary_dues_transactions" in text
    assert f"Page 1 of {len(pages)}" in text


def test_a_dark_page_is_dark_and_paper_is_not(browser: Browser, reports: dict[str, Path]) -> None:
    def background(page: Page) -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    with opened(browser, reports["PASS"], DESKTOP, "dark") as (page, _):
        assert background(page) == "rgb(18, 24, 31)"
        page.emulate_media(media="print")
        assert background(page) == "rgb(255, 255, 255)"


def test_pictures_are_as_readable_as_the_text_beside_them(browser: Browser, reports: dict[str, Path]) -> None:
    """On a phone as well: their text is at least ten pixels high, and stands inside of them."""
    for size in (PHONE, DESKTOP):
        with opened(browser, reports["PASS"], size) as (page, _):
            unfold(page)
            for picture in page.locator("svg.picture").all():
                frame = picture.bounding_box()
                assert frame is not None
                for text in picture.locator("text").all():
                    box = text.bounding_box()
                    assert box is not None
                    assert box["height"] >= 10
                    assert box["x"] >= frame["x"] - 1
                    assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1
