"""Small PDF files that are PDFs: one page with a line of text, and bytes that do not compress."""

from __future__ import annotations


def make_pdf(text: str, padding: bytes) -> bytes:
    """A valid PDF 1.4 document.

    Args:
        text: printable ASCII, shown on its page.
        padding: bytes of a stream that no page shows; they give the file its size and its own digest.

    Returns:
        The file's content: about 750 bytes more than the padding.
    """
    shown = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    content = f"BT /F1 18 Tf 72 720 Td ({shown}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R /StandinPadding 6 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(padding), padding),
    )
    parts = [b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"]
    offset = len(parts[0])
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(offset)
        part = b"%d 0 obj\n%b\nendobj\n" % (number, body)
        parts.append(part)
        offset += len(part)
    table = b"".join(b"%010d 00000 n \n" % each for each in offsets)
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table))
    parts.append(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, offset))
    return b"".join(parts)
