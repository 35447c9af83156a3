"""What a backup can have put into a name, and what is left of it where it is shown."""

from __future__ import annotations

import json
import sys

from harness.base.printable import printable, printable_json, printable_words


def test_what_acts_is_shown_as_an_escape() -> None:
    for text, shown in (
        ("\x1b[2Jusers\x07", r"\x1b[2Jusers\x07"),
        ("users\n✓ all is well\r", r"users\n✓ all is well\r"),
        ("a\x9b31mb\x00\x7f\t", r"a\x9b31mb\x00\x7f\t"),
        ("a\u2028b\u202ecod.exe\u2066", r"a\u2028b\u202ecod.exe\u2066"),
        ("\udcff", r"\udcff"),
        ("::error::gone", r"\x3a:error\x3a:gone"),
        ("x ::set-output name=a::b", r"x \x3a:set-output name=a\x3a:b"),
        ("x::add-mask::y", r"x\x3a:add-mask\x3a:y"),
        ("::warning", r"\x3a:warning"),
        ("a ##[group]b ##vso[task.x]", r"a \x23#[group]b \x23#vso[task.x]"),
    ):
        assert printable(text) == shown
        assert printable(shown) == shown, "twice is the same as once"


def test_what_does_not_act_is_left_as_it_is() -> None:
    for text in ("", "users", "Größe 名 😀 ✓", "a  b", r"C:\new", "::1", "App\\Models\\Team::find()", "# ## [x] <b>&"):
        assert printable(text) == text
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        assert letter.isprintable() or printable(letter) != letter or not _acts(letter)


def _acts(letter: str) -> bool:
    """Whether it ends a line for somebody, or is a control character."""
    return len(f"a{letter}b".splitlines()) > 1 or ord(letter) < 32 or 127 <= ord(letter) < 160


def test_running_text_is_on_one_line() -> None:
    assert printable_words("  Because\n  it\x1b has to.\n") == r"Because it\x1b has to."


def test_json_has_the_same_values_and_nothing_that_acts() -> None:
    value = {"a\x9b": ["##[group]x", "\u202e\u2028\x7f\ufeff", "é ✓ # ## \n\x1b"]}
    text = json.dumps(value, ensure_ascii=False, indent=2)
    safe = printable_json(text)
    assert json.loads(safe) == value
    assert not any(letter in safe for letter in "\x9b\u202e\u2028\x7f\ufeff")
    assert "##[" not in safe
    assert "é ✓ # ## " in safe
    assert safe.count("\n") == text.count("\n")
