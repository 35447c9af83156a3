"""The searchable models: their tables, their PHP class names, and the settings of their indexes.

Source: config/scout.php and `toSearchableArray` of the models in RoboJackets/apiary at 354ae4ba.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

from harness.base.guide import IMPORTED_MODELS, NOT_IMPORTED_MODELS, SearchModel

Settings: TypeAlias = "dict[str, list[str] | dict[str, bool] | dict[str, list[str]]]"
"""The settings of one index, as Meilisearch's API takes them."""

_CLASSES: dict[str, str] = {
    "airports": "Airport",
    "attendance": "Attendance",
    "dues_transactions": "DuesTransaction",
    "events": "Event",
    "sponsors": "Sponsor",
    "sponsor_domains": "SponsorDomain",
    "sponsor_users": "SponsorUser",
    "teams": "Team",
    "travel": "Travel",
    "travel_assignments": "TravelAssignment",
    "users": "User",
    "resumes": "Resume",
}

PERSON_COLUMNS: tuple[str, ...] = (
    "first_name",
    "preferred_name",
    "legal_middle_name",
    "last_name",
    "uid",
    "gt_email",
    "gmail_address",
    "clickup_email",
    "github_username",
)
"""The columns of a user that a search for someone else's record looks at."""


def class_name(table: str) -> str:
    """The model's PHP class: `App\\Models\\User` for `users`."""
    return f"App\\Models\\{_CLASSES[table]}"


def model_of_class(name: str) -> SearchModel | None:
    """The model of a PHP class name, with or without its namespace; None when there is none."""
    short = name.replace("/", "\\").removeprefix("\\").removeprefix("App\\Models\\")
    for model in (*IMPORTED_MODELS, *NOT_IMPORTED_MODELS):
        if _CLASSES[model.table] == short:
            return model
    return None


def index_settings() -> dict[str, Settings]:
    """What `scout:sync-index-settings` sends, by table. `resumes` has no settings, as in the real app.

    `user_first_name` and the `user_…` ranking rules of travel_assignments are spelled as the real app spells
    them: no document has such a field.
    """
    text = Path(__file__).with_name("index-settings.json").read_text(encoding="utf-8")
    settings: dict[str, Settings] = json.loads(text)
    return settings
