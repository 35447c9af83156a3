"""How much to make, and where every random choice comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from random import Random

from harness.standins.apiary.database import APPLICATION_ZONE
from harness.standins.apiary.generate.extras import Extra

_MASK = 0xFFFF_FFFF_FFFF_FFFF

HISTORY_S = 5 * 365 * 86400
"""The data reaches back this far from `now`, in seconds."""

RECENT_ROWS = 50
RECENT_STEP_S = 12
"""The newest rows of a table are this far apart, so that the last ten minutes are in the data."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much to make: the sizes that the other tables follow from."""

    name: str
    users: int
    attendance: int
    files: int


SCALES: dict[str, Scale] = {
    scale.name: scale
    for scale in (
        Scale("tiny", users=60, attendance=300, files=50),
        Scale("small", users=780, attendance=9_500, files=300),
        Scale("medium", users=40_000, attendance=480_000, files=5_000),
        Scale("large", users=400_000, attendance=4_800_000, files=100_000),
    )
}
"""About 1,500, 20,000, 1,000,000 and 10,000,000 rows in all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the rows and files follow from; the same plan makes the same bytes.

    `now_s` is a Unix time: dates count back from it. `key` is the 32 bytes of `APP_KEY`. `salt` mixes the random
    seed into every choice. `extras` is what the data holds beyond Apiary.
    """

    scale: Scale
    rng_seed: int
    now_s: int
    key: bytes
    nonce: str
    salt: int
    extras: frozenset[Extra] = frozenset()

    @property
    def teams(self) -> int:
        return 12 + self.scale.users // 2_000

    @property
    def events(self) -> int:
        """Number of events; the last one carries the nonce."""
        return self.scale.users // 8

    @property
    def links(self) -> int:
        """Number of remote attendance links."""
        return self.scale.users // 20

    @property
    def devices(self) -> int:
        """Number of card readers."""
        return 4

    @property
    def dues_transactions(self) -> int:
        return self.scale.users * 13 // 10

    @property
    def trips(self) -> int:
        return 5 + self.scale.users // 400

    @property
    def assignments(self) -> int:
        """Number of people on trips."""
        return self.trips * 12

    @property
    def signatures(self) -> int:
        """Number of signed membership agreements."""
        return self.scale.users * 8 // 10

    @property
    def resumes(self) -> int:
        """Number of resumes: half of the files."""
        return self.scale.files // 2

    @property
    def scanned_agreements(self) -> int:
        """Number of agreements on paper, uploaded: one file in fifty."""
        return self.scale.files // 50

    def rng(self, purpose: str) -> Random:
        """A random stream of its own for a purpose, so that one table does not shift another."""
        return Random(f"{self.rng_seed}:{purpose}")  # noqa: S311 - reproducible, not secret

    def mix(self, purpose: int, number: int) -> int:
        """64 random bits for a numbered thing, in any order: the finaliser of SplitMix64."""
        x = (self.salt + purpose * 0x9E37_79B9_7F4A_7C15 + number * 0xD1B5_4A32_D192_ED03) & _MASK
        x = ((x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9) & _MASK
        x = ((x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB) & _MASK
        return x ^ (x >> 31)

    def moment_s(self, number: int, count: int) -> int:
        """When the thing `number` of `count` came to be: evenly over the history, the last ones just now."""
        if number > count - RECENT_ROWS:
            return self.now_s - 30 - (count - number) * RECENT_STEP_S
        return self.now_s - HISTORY_S + HISTORY_S * number // (count + 1)

    def user_of_resume(self, number: int) -> int:
        """The user of the resume `number`, from 1; each user has one at most."""
        return number * self.scale.users // self.resumes


def make_plan(
    scale: Scale, rng_seed: int, now: datetime, key: bytes, nonce: str, extras: Collection[Extra] = ()
) -> Plan:
    """Fix everything that the data follows from; `now` has a time zone."""
    salt = int.from_bytes(hashlib.sha256(str(rng_seed).encode()).digest()[:8], "big")
    return Plan(scale, rng_seed, int(now.timestamp()), key, nonce, salt, frozenset(extras))


def timestamp(moment_s: int) -> str:
    """A Unix time as MySQL's literal in the application's time zone."""
    return f"'{datetime.fromtimestamp(moment_s, APPLICATION_ZONE).replace(tzinfo=None)}'"


def date(moment_s: int) -> str:
    """The day of a Unix time as MySQL's literal in the application's time zone."""
    return f"'{datetime.fromtimestamp(moment_s, APPLICATION_ZONE).date()}'"
