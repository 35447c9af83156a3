"""Laravel's encrypted values in a script: whether one of some keys made any of them, without a server.

Such a value is base64 of a JSON object; its `mac` is the HMAC-SHA256 of `iv` and `value` as they stand there
(Illuminate\\Encryption\\Encrypter). Values of the ciphers that write no `mac` (GCM) are left to the application.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence

from harness.artifacts.dump.statements import Piece
from harness.artifacts.dump.tokens import Token
from harness.artifacts.dump.walk import Heads
from harness.base.guide import EXCLUDABLE_TABLES

BEGINNING = b"eyJpdiI6I"
"""Base64 of `{"iv":"`."""

_VALUE = re.compile(rb"""(['"])(eyJpdiI6I[A-Za-z0-9+/]+={0,2})\1""")
_LONGEST_BYTES = 1 << 20
"""Of a value that is cut in two between pieces; a longer one could be the one that fits."""


class EncryptedValues:
    """The visitor that tries keys at every value, until one fits.

    Args:
        keys: raw bytes; none of them, and nothing is read.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys
        self._heads = Heads()
        self._rest = b""
        self.fits = not keys
        self.tried = 0

    @property
    def are_foreign(self) -> bool:
        """None of several values fits a key: a single one may be damaged, and one that fits proves the key."""
        return not self.fits and self.tried > 1

    def visit(self, piece: Piece, tokens: Sequence[Token]) -> None:
        """Take note of a piece."""
        if self.fits or not piece.head:
            self._rest = b""
            return
        data = self._rest + piece.data
        if BEGINNING in data and self._heads.of(piece).table not in EXCLUDABLE_TABLES:
            for match in _VALUE.finditer(data):
                self._try(match[2])
        at = max(data.rfind(b"'"), data.rfind(b'"')) + 1
        tail = data[at : at + len(BEGINNING)]
        self._rest = data[at - 1 :] if at and not piece.last and BEGINNING.startswith(tail) else b""
        self.fits |= len(self._rest) > _LONGEST_BYTES

    def _try(self, text: bytes) -> None:
        try:
            payload = json.loads(base64.b64decode(text, validate=True))
            iv, value, mac = (payload[name].encode() for name in ("iv", "value", "mac"))
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        if not mac:
            return
        self.tried += 1
        made = (hmac.new(key, iv + value, hashlib.sha256).hexdigest().encode() for key in self._keys)
        self.fits = any(hmac.compare_digest(mac, each) for each in made)
