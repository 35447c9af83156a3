"""A second, slow and simple way to cut a script: byte by byte, as `add_line` in the client's mysql.cc does.

The tests compare the fast reader with it on scripts that are put together at random.
"""

SPACES = b" \t\r\n\f\v"


def statements(script: bytes, *, escapes: bool = True, delimiter: bytes = b";") -> list[bytes]:
    """The statements of a script, each with its delimiter, without blanks, comments and DELIMITER around.

    What stands behind the last delimiter is the last element, if it is not blank.
    """
    return cut(script, escapes=escapes, delimiter=delimiter)[0]


def cut(script: bytes, *, escapes: bool = True, delimiter: bytes = b";") -> tuple[list[bytes], bool, bytes]:
    """As `statements`, whether another statement could begin behind the script's end, and the delimiter there."""
    found: list[bytes] = []
    at = 0
    closed = True
    while at < len(script):
        while at < len(script) and script[at] in SPACES:
            at += 1
        if at >= len(script):
            break
        begin = at
        if not script.startswith(delimiter, at):
            if script.startswith(b"DELIMITER ", at):
                end = script.index(b"\n", at)
                delimiter = script[at + 10 : end]
                at, closed = end, True
                continue
            if _line_comment(script, at):
                at = _behind(script, b"\n", at)
                closed = script[at - 1 : at] == b"\n"
                continue
            if script.startswith(b"/*", at) and not script.startswith((b"/*!", b"/*M!", b"/*+"), at):
                closed = script.find(b"*/", at + 2) >= 0
                at = _behind(script, b"*/", at + 2)
                continue
        closed = False
        while at < len(script):
            byte = script[at : at + 1]
            if script.startswith(delimiter, at):
                at += len(delimiter)
                closed = True
                break
            if byte in (b"'", b'"', b"`"):
                at = _string(script, at, escapes and byte != b"`")
            elif _line_comment(script, at):
                at = _behind(script, b"\n", at)
            elif script.startswith((b"/*!", b"/*M!"), at):
                at += 3
            elif script.startswith(b"/*", at):
                at = _behind(script, b"*/", at + 2)
            elif byte == b"\\":
                at += 2
            else:
                at += 1
        found.append(script[begin:at])
    return found, closed, delimiter


def _line_comment(script: bytes, at: int) -> bool:
    if script.startswith(b"#", at):
        return True
    return script.startswith(b"--", at) and (script[at + 2 : at + 3] or b" ") in (
        b" ",
        b"\t",
        b"\r",
        b"\n",
        b"\f",
        b"\v",
        b"\0",
    )


def _behind(script: bytes, text: bytes, at: int) -> int:
    found = script.find(text, at)
    return len(script) if found < 0 else found + len(text)


def _string(script: bytes, at: int, escapes: bool) -> int:
    quote = script[at]
    at += 1
    while at < len(script):
        if script[at] == 0x5C and escapes:
            at += 2
        elif script[at] == quote:
            return at + 1
        else:
            at += 1
    return len(script)


def rows(values: bytes, *, escapes: bool = True) -> list[bytes]:
    """The rows of what follows VALUES: the content of each outermost parenthesis."""
    found: list[bytes] = []
    at = depth = begin = 0
    while at < len(values):
        byte = values[at : at + 1]
        if byte in (b"'", b'"'):
            at = _string(values, at, escapes)
            continue
        if byte == b"(":
            depth += 1
            if depth == 1:
                begin = at + 1
        elif byte == b")":
            depth -= 1
            if not depth:
                found.append(values[begin:at])
        at += 1
    return found
