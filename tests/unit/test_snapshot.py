"""The parts of the snapshot that need no server: its sidecars, what is probed, what counts as encrypted."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path

import zstandard

from harness.base.model import IdSet
from harness.checks.references import read_references
from harness.procedure.snapshot import _is_payload, _spread, read_kept_row_digests
from tests.tables import over_table


def test_references_come_back_as_bytes_also_names_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "references.jsonl"
    path.write_text('["resumes/\\udcff \\u00e9.pdf", "resumes id=1"]\n["x", "signatures id=2 (scanned_agreement)"]\n')
    assert list(read_references(path)) == [
        (b"resumes/\xff \xc3\xa9.pdf", "resumes id=1"),
        (b"x", "signatures id=2 (scanned_agreement)"),
    ]


def test_row_digests_of_one_table_are_read_out_of_all(tmp_path: Path) -> None:
    path = tmp_path / "rows.tsv.zst"
    with zstandard.open(path, "wt", encoding="ascii") as file:
        file.write("users\t[1]\taa\nteam_user\t[1, 2]\tbb\nusers\t[2]\tcc\n")
    assert list(read_kept_row_digests(path, "users")) == [("[1]", "aa"), ("[2]", "cc")]
    assert list(read_kept_row_digests(path, "team_user")) == [("[1, 2]", "bb")]
    assert list(read_kept_row_digests(path, "user")) == []


@over_table(
    "ids, picked",
    [
        ([], []),
        ([7], [7]),
        ([7, 9], [7, 9]),
        (range(1, 102), [1, 51, 101]),
        ([*range(1, 11), *range(91, 102)], [1, 91, 101]),
        (["a", "b", "c", "d", "e"], ["a", "c", "e"]),
        ([1, "a"], [1, "a"]),
    ],
)
def test_the_first_the_last_and_one_between_are_probed(ids: list[int | str], picked: list[int | str]) -> None:
    assert _spread(IdSet.of(ids), 3) == picked


@over_table("rng_seed", range(30))
def test_probed_ids_are_distinct_ids_of_the_set(rng_seed: int) -> None:
    rng = random.Random(rng_seed)
    ids = IdSet.of(rng.sample(range(1000), rng.choice([1, 2, 3, 4, 5, 6, 300])))
    picked = _spread(ids, 5)
    assert set(picked) <= set(ids)
    assert len(picked) == len(set(picked)) == min(5, len(ids))
    assert _spread(ids, 5) == picked


def payload(fields: object) -> str:
    return base64.b64encode(json.dumps(fields).encode()).decode()


@over_table(
    "text, encrypted",
    [
        (payload({"iv": "a", "value": "b", "mac": "c", "tag": ""}), True),
        (payload({"iv": "a", "value": "b"}), False),
        (payload(5), False),
        (payload([["iv"]]), False),
        ("eyJpdiI6", False),
        ("eyJpdiI6 é", False),
        ("", False),
    ],
)
def test_what_laravel_encrypted_is_distinguished_from_other_text(text: str, encrypted: bool) -> None:
    assert _is_payload(text) is encrypted
