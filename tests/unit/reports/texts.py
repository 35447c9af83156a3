"""Every text of a document in reading order: what each format has to say, and in which order."""

from collections.abc import Iterable, Iterator

from harness.reports.document import (
    SEVERITY_WORDS,
    TIMELINE_COLUMNS,
    Block,
    Bullets,
    Commands,
    Document,
    Facts,
    FindingGroup,
    Fold,
    Form,
    Grid,
    Line,
    Paragraph,
    Timeline,
    Weeks,
    compared_in,
    facts_of,
    others_of,
)


def texts(document: Document) -> Iterator[str]:
    """Every text, charts left out: their numbers stand beside them."""
    yield document.eyebrow
    yield document.title
    if document.verdict is not None:
        yield document.verdict
    yield document.sentence
    yield document.why
    yield document.caveat
    for pair in document.subject:
        yield from pair
    for tile in document.tiles:
        yield tile.label
        yield from tile.values
        yield tile.note
        yield tile.trend.text
    yield from document.lead
    for section in document.sections:
        yield section.title
        yield from texts_of(section.blocks)
    yield document.footer


def texts_of(blocks: Iterable[Block]) -> Iterator[str]:
    """The texts of some blocks."""
    for block in blocks:
        yield from _texts(block)


def _texts(block: Block) -> Iterator[str]:
    match block:
        case Paragraph() | Commands():
            yield block.text
        case Bullets():
            yield from block.items
        case Facts():
            for pair in block.items:
                yield from pair
        case Grid():
            yield block.caption
            yield from (column.title for column in block.columns)
            for row in block.rows:
                yield from row
        case Timeline():
            yield block.legend
            yield block.caption
            yield from TIMELINE_COLUMNS
            for span in block.spans:
                yield from (span.title, span.detail, span.began, span.took)
        case Form():
            yield block.caption
            yield from block.columns
        case FindingGroup():
            yield SEVERITY_WORDS[block.severity]
            yield block.finding.message
            yield block.finding.code
            yield block.finding.subject
            yield compared_in(block)
            for pair in facts_of(block):
                yield from pair
            if (others := others_of(block)) is not None:
                yield from _texts(others)
        case Fold():
            yield block.title
            yield block.summary
            yield from texts_of(block.blocks)
        case Line() | Weeks():
            return
