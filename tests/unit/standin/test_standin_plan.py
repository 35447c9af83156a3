"""Random choices are reproducible in any order; people and literals keep their promises."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from harness.standins.apiary.generate.literals import quote
from harness.standins.apiary.generate.plan import SCALES, Plan, make_plan
from harness.standins.apiary.generate.uploads import uploads
from harness.standins.apiary.generate.words import person


def plan(scale: str = "small", rng_seed: int = 1) -> Plan:
    return make_plan(SCALES[scale], rng_seed, datetime(2026, 11, 22, tzinfo=UTC), bytes(32), "n")


def test_a_choice_depends_on_seed_purpose_and_number_only() -> None:
    assert plan().mix(3, 4) == plan("large").mix(3, 4)
    choices = itertools.product((1, 2), repeat=3)
    assert len({plan(rng_seed=seed).mix(purpose, number) for seed, purpose, number in choices}) == 8


def test_every_user_has_a_uid_of_its_own_that_is_a_file_name() -> None:
    uids = [person(plan(), number).uid for number in range(1, 5_000)]
    assert len(set(uids)) == len(uids)
    assert all(uid.isascii() and uid.isalnum() for uid in uids)


def test_moments_never_go_back_and_end_half_a_minute_ago() -> None:
    for count in (100, 5_000):
        moments = [plan().moment_s(number, count) for number in range(1, count + 1)]
        assert moments == sorted(moments)
        assert moments[-1] == plan().now_s - 30


def test_there_are_as_many_uploads_as_the_scale_says_each_with_its_own_path() -> None:
    for scale in SCALES:
        paths = [upload.path for upload in uploads(plan(scale))]
        assert len(paths) == len(set(paths)) == SCALES[scale].files


def test_a_literal_is_quoted() -> None:
    assert quote("a'b\\c\0d\ne\rf\x1ag\"é🤖") == "'a\\'b\\\\c\\0d\\ne\\rf\\Zg\"é🤖'"
