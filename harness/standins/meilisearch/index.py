"""An index as it is stored: one row of SQLite."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from harness.standins.meilisearch.settings import Settings

SCHEMA = """
CREATE TABLE IF NOT EXISTS indexes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, primary_key TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, settings TEXT NOT NULL,
    distribution TEXT NOT NULL, documents INTEGER NOT NULL, top INTEGER NOT NULL, directory TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outcomes (task_uid INTEGER PRIMARY KEY, outcome TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Index:
    """An index as it is stored. `top` is the highest number that a document of it ever had."""

    id: int
    uid: str
    primary_key: str | None
    created_at: str
    updated_at: str
    settings: Settings
    distribution: dict[str, int]
    documents: int
    top: int
    directory: str

    @property
    def table(self) -> str:
        return f"documents_{self.id}"

    def as_json(self) -> dict[str, Any]:
        """The index object of the API."""
        return {
            "uid": self.uid,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "primaryKey": self.primary_key,
        }


def index_of(row: sqlite3.Row) -> Index:
    values = dict(row)
    values["settings"] = json.loads(values["settings"])
    values["distribution"] = json.loads(values["distribution"])
    return Index(**values)
