"""Names and texts: from many languages, and with everything that a dump has to quote."""

from __future__ import annotations

from dataclasses import dataclass

from harness.standins.apiary.generate.plan import Plan

FIRST_NAMES: tuple[str, ...] = (
    "Alice", "Benjamin", "Chloé", "Daniel", "Élodie", "François", "Grace", "Håkon", "Íris", "José",
    "Katarzyna", "Léa", "Michael", "Nguyễn", "Olivia", "Paweł", "Quentin", "Renée", "Søren", "Tomáš",
    "Ümit", "Valentina", "William", "Xóchitl", "Yūki", "Zoë", "Åsa", "Anna-Lena", "Siobhán", "D'Arcy",
    "Aïsha", "Björn", "Matthew", "Samantha", "Robert", "Katherine", "Joshua", "Priya", "Wei", "Fatima",
    "Oluwaseun", "Anastasia", "Дмитрий", "Ольга", "Γιώργος", "美咲", "伟", "민준", "محمد", "שירה", "अनन्या",
    "ธนา",
)  # fmt: skip
LAST_NAMES: tuple[str, ...] = (
    "Burdell", "Smith", "O'Brien", "Müller", "García", "Nowak", "Łukasiewicz", "Nguyễn", "Ångström",
    "Dvořák", "Øverland", "Şahin", "Papadopoulos", "Ivanova", "Kowalczyk", "Fernández-López", "Tanaka",
    "Wang", "Kim", "Patel", "Okonkwo", "Haddad", "Cohen", "Rossi", "Dubois", "Silva", "Jensen", "Virtanen",
    "Horváth", "Popescu", "Ó'Murchú", "St.\u00a0John", "Zhang", "Lee", "Johnson", "Williams", "Brown",
    "Jones", "Miller", "Davis", "佐藤", "王", "김", "Петров", "Παππάς",
)  # fmt: skip

UNUSUAL_TEXTS: tuple[str, ...] = (
    'It\'s "quoted", and \\ is a backslash',
    "line one\nline two\r\nline three\tend",
    "-- Dump completed on 2020-01-01  0:00:00",
    "a),(b); drop table `users`; /*!40101 not a comment */",
    "NUL between\0these words, and Ctrl-Z: \x1a",
    "robots 🤖🦾, family 👩‍👩‍👧‍👦, flags 🇺🇸🇫🇷, thumbs 👍🏽",
    "e\u0301 is not é to a byte, but is to a reader",
    "right to left: مرحبا بالعالم, and back",
    "100 % of $5.00 & <b>bold</b> 'x' \\0 \\n \\Z %s %d",
    "trailing spaces   ",
    "ﬁ ligature, ﷺ, ℌ, 𝔘𝔫𝔦𝔠𝔬𝔡𝔢, \u200bzero width",
    "",
)
"""Contents of free text: each one breaks a tool that quotes or splits carelessly."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user as far as other tables and files refer to one."""

    id: int
    uid: str
    gtid: int
    first_name: str
    last_name: str
    deleted: bool


def person(plan: Plan, number: int) -> Person:
    """The user with this id, from 1. About three in a hundred are deleted, none of the first twenty."""
    bits = plan.mix(1, number)
    first = FIRST_NAMES[bits % len(FIRST_NAMES)]
    last = LAST_NAMES[(bits >> 16) % len(LAST_NAMES)]
    letters = "".join(c for c in (first[:1] + last).lower() if "a" <= c <= "z") or "x"
    return Person(
        number, f"{letters}{number}", 903_000_000 + number, first, last, number > 20 and (bits >> 32) % 32 == 0
    )


def unusual_text(bits: int) -> str:
    """One of the unusual texts."""
    return UNUSUAL_TEXTS[bits % len(UNUSUAL_TEXTS)]
