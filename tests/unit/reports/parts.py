"""Parts of the report of one drill, for tests of what they say."""

from pathlib import Path

from harness.base.model import DrillResult
from harness.checks.evidence import Evidence
from harness.reports.document import Block, Fold, Grid, Paragraph
from harness.reports.page import page_of


def section(result: DrillResult, evidence: Evidence | None, directory: Path, anchor: str) -> tuple[Block, ...]:
    """The blocks of one section, those that are folded away among them."""
    document = page_of(result, evidence, directory)
    (found,) = [each for each in document.sections if each.anchor == anchor]
    blocks: list[Block] = []
    for block in found.blocks:
        blocks += block.blocks if isinstance(block, Fold) else (block,)
    return tuple(blocks)


def grid(blocks: tuple[Block, ...], caption: str) -> Grid:
    (found,) = [block for block in blocks if isinstance(block, Grid) and block.caption.startswith(caption)]
    return found


def sentences(blocks: tuple[Block, ...]) -> list[str]:
    return [block.text for block in blocks if isinstance(block, Paragraph)]
