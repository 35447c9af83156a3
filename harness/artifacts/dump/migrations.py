"""Which migrations the application had run when the dump was made: the names in Laravel's table of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.artifacts.dump.statements import Piece
from harness.artifacts.dump.tokens import Token
from harness.artifacts.dump.walk import Heads

TABLE = "migrations"

_NAME = re.compile(rb"'(\d{4}_\d{2}_\d{2}_\d{6}_\w+)'")
"""As `php artisan make:migration` names them (Illuminate\\Database\\Migrations\\MigrationCreator)."""

_KEPT_BYTES = 512
"""A name that is cut in two between pieces is shorter than that."""


class MigrationNames:
    """The visitor that collects them."""

    def __init__(self) -> None:
        self._heads = Heads()
        self._rest = b""
        self._names: dict[str, None] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the script; of all its databases, because only one has such a table."""
        return tuple(self._names)

    def visit(self, piece: Piece, tokens: Sequence[Token]) -> None:
        """Take note of a piece."""
        if not piece.head or self._heads.of(piece).table != TABLE:
            self._rest = b""
            return
        data = self._rest + piece.data
        for match in _NAME.finditer(data):
            self._names[match.group(1).decode("ascii", "replace")] = None
        self._rest = data[-_KEPT_BYTES:]
