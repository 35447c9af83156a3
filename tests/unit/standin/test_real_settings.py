"""`scout:sync-index-settings` of the stand-in sends what the real application sends."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest

from harness.standins.apiary.config import load_config
from harness.standins.apiary.console import Console
from harness.standins.apiary.meilisearch import Meilisearch
from harness.standins.apiary.scout import sync_index_settings

REAL = Path(__file__).parents[2] / "data" / "real-apiary" / "index-settings.json"


def test_the_index_settings_are_the_real_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every index with every setting, the 671 synonyms of users among them."""
    sent: dict[str, object] = {}
    monkeypatch.setattr(
        Meilisearch, "update_settings", lambda self, index, body: sent.setdefault(index, json.loads(body))
    )
    config = load_config({"SCOUT_DRIVER": "meilisearch", "SCOUT_PREFIX": "apiary_"}, tmp_path)
    assert sync_index_settings(config, Console(StringIO(), StringIO())) == 0
    real = json.loads(REAL.read_text(encoding="utf-8"))
    assert sent == real
    assert len(real["apiary_users"]["synonyms"]) == 671
