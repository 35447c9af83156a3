"""A set of hashes that stays small with millions of them."""

from __future__ import annotations

from array import array

_SLOTS = 1 << 10


class Hashes:
    """What `hash` gave for each of many names, in 16 to 32 bytes each; a `set` needs 70 to 150 (open addressing)."""

    def __init__(self) -> None:
        self._slots = array("q", bytes(8 * _SLOTS))  # 0 where there is none
        self._used = 0

    def __contains__(self, number: int) -> bool:
        return self._slots[self._slot(number)] != 0

    def add(self, number: int) -> None:
        at = self._slot(number)
        if self._slots[at]:
            return
        self._slots[at] = number or 1
        self._used += 1
        if self._used * 2 > len(self._slots):
            before = self._slots
            self._slots = array("q", bytes(16 * len(before)))
            for other in before:
                if other:
                    self._slots[self._slot(other)] = other

    def _slot(self, number: int) -> int:
        number = number or 1
        slots, last = self._slots, len(self._slots) - 1
        at = number & last
        while slots[at] and slots[at] != number:
            at = (at + 1) & last
        return at
