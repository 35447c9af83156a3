"""The report of a drill as people see it: on a phone, on a desktop, in the dark and on paper."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, Route, ViewportSize
from pypdf import PdfReader

pytestmark = pytest.mark.xdist_group("browser")

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
SCREENS: tuple[tuple[dict[str, int], Literal["light", "dark"]], ...] = (
    (PHONE, "light"), (PHONE, "dark"), (DESKTOP, "light"), (DESKTOP, "dark"),
)  # fmt: skip

VERDICTS = ("PASS", "FAIL", "INCONCLUSIVE")
PAPER = ("A4", "Letter")
FULL = 0.6
"""Of a page's height: what every page but the last is filled to."""


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


def accessible(browser: Browser, path: Path, rules: set[str], *, screens: slice = slice(None)) -> None:
    """On each screen: an accessibility engine finds nothing, nothing is too wide, nothing comes from elsewhere."""
    with opened(browser, path, PHONE) as (page, asked):
        assert overflow(page) <= 0
        unfold(page)
        for size, scheme in SCREENS[screens]:
            page.set_viewport_size(ViewportSize(width=size["width"], height=size["height"]))
            page.emulate_media(color_scheme=scheme)
            assert overflow(page) <= 0
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()
            assert rules <= {rule["id"] for rule in results.response["passes"]}
        assert asked == []


def filled(pdf: bytes) -> list[float]:
    """How far down each page its lowest text stands, from 0 to 1; the line with the page's number is left out."""
    shares = []
    for page in PdfReader(io.BytesIO(pdf)).pages:
        height = float(page.mediabox.height)
        lowest = [height]

        def place(text: str, outer: list[float], inner: list[float], *_: object, lowest: list[float] = lowest) -> None:
            y = outer[5] + inner[5] * outer[3]
            if text.strip() and y > 36:  # above the margin, of 13 mm
                lowest.append(y)

        page.extract_text(visitor_text=place)
        shares.append(1 - min(lowest) / height)
    return shares


def prints_well(browser: Browser, path: Path) -> dict[str, int]:
    """How many pages it has on each paper, from the browser's own print; none but the last is half empty."""
    counts = {}
    with opened(browser, path, DESKTOP) as (page, _):
        for paper in PAPER:
            shares = filled(page.pdf(format=paper))
            assert min(shares[:-1]) > FULL, (path.name, paper, shares)
            counts[paper] = len(shares)
        for longer_px in range(0, 160, 20):  # a page's end comes anywhere between the last blocks
            page.evaluate("length => document.querySelector('main').style.paddingTop = `${length}px`", longer_px)
            assert filled(page.pdf())[-1] > 0.15, f"the last page holds the footer alone when {longer_px} px longer"
    return counts


def readable_pictures(page: Page) -> int:
    """How many there are; each text is at least ten pixels high, stands inside, and on no other one."""
    pictures = page.locator("svg.picture").all()
    for picture in pictures:
        frame = picture.bounding_box()
        boxes = [box for text in picture.locator("text").all() if (box := text.bounding_box()) is not None]
        assert frame is not None
        for box in boxes:
            assert box["height"] >= 10
            assert box["x"] >= frame["x"] - 1
            assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1
        for one, other in combinations(boxes, 2):
            beside = one["x"] + one["width"] <= other["x"] + 1 or other["x"] + other["width"] <= one["x"] + 1
            above = one["y"] + one["height"] <= other["y"] + 3 or other["y"] + other["height"] <= one["y"] + 3
            assert beside or above, picture.inner_text()
    return len(pictures)


def on_first_screen(page: Page, size: dict[str, int]) -> None:
    """Verdict, subject and each figure are seen without scrolling."""
    for shown in (page.locator(".verdict"), page.locator(".subjects"), *page.locator(".tile").all()):
        box = shown.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= size["height"], shown.inner_text()


def overflow(page: Page) -> int:
    """How many pixels the page is wider than the screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def test_the_first_screen_has_the_verdict_and_the_four_figures(browser: Browser, reports: dict[str, Path]) -> None:
    """Without scrolling, on a phone too: sign, word and colour, what it was restored into, each figure."""
    colours = set()
    for verdict in VERDICTS:
        for size in (PHONE, DESKTOP):
            with opened(browser, reports[verdict], size) as (page, _):
                assert page.locator(".stamp strong").inner_text() == verdict
                assert page.locator(".stamp svg").is_visible()
                colours.add((verdict, page.locator(".stamp").evaluate("it => getComputedStyle(it).backgroundColor")))
                tiles = page.locator(".tile")
                assert tiles.locator(".label").all_inner_texts() == [
                    "Recovery time", "Recovery point", "Verified", "Findings",
                ]  # fmt: skip
                on_first_screen(page, size)
                assert page.locator(".verdict .why").count() == (verdict != "PASS"), "why, beside the verdict"
                assert page.locator("h2").all_inner_texts() == [
                    "Findings", "Timeline", "Recovery objectives", "Backup", "Environment", "What was checked",
                    "Not proven", "Evidence",
                ]  # fmt: skip
    assert len(colours) == len({colour for _, colour in colours}) == 3, "one colour for each verdict"


def test_on_paper_a_pass_has_four_pages_and_none_is_half_empty(browser: Browser, reports: dict[str, Path]) -> None:
    """As our own PDF, and printed by the browser on either paper."""
    own = filled(reports["PASS"].with_suffix(".pdf").read_bytes())
    assert len(own) <= 4
    assert min(own[:-1]) > FULL
    for verdict in VERDICTS:
        counts = prints_well(browser, reports[verdict])
        assert verdict != "PASS" or max(counts.values()) <= 4


@pytest.mark.parametrize("verdict", VERDICTS)
def test_an_accessibility_engine_finds_nothing(browser: Browser, reports: dict[str, Path], verdict: str) -> None:
    """Contrast, structure, names; on all four screens of the page that holds most, and on two of the others."""
    screens = slice(None) if verdict == "FAIL" else slice(None, None, 3)
    accessible(browser, reports[verdict], {"color-contrast", "heading-order", "landmark-one-main"}, screens=screens)


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
    """On a phone as well."""
    for size in (PHONE, DESKTOP):
        with opened(browser, reports["PASS"], size) as (page, _):
            unfold(page)
            readable_pictures(page)
