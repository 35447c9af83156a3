"""The searchable models: their tables, their PHP class names, and the settings of their indexes.

Source: config/scout.php and `toSearchableArray` of the models in RoboJackets/apiary at 354ae4ba.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TypeAlias

from harness.guide import IMPORTED_MODELS, NOT_IMPORTED_MODELS, SearchModel

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

_RULES = ("words", "typo", "proximity", "attribute", "sort", "exactness")
_PEOPLE_COUNTS = (
    "revenue_total:desc",
    "attendance_count:desc",
    "envelopes_count:desc",
    "signatures_count:desc",
)


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


def _person(prefix: str) -> list[str]:
    return [f"{prefix}.{column}" for column in PERSON_COLUMNS]


def _settings(
    searchable: list[str],
    *,
    filterable: list[str] | None = None,
    ranking: tuple[str, ...] | None = (),
    key: str = "id",
) -> Settings:
    settings: Settings = {"displayedAttributes": [key], "searchableAttributes": searchable}
    if ranking is not None:
        settings["rankingRules"] = [*_RULES, *ranking]
    if filterable is not None:
        settings["filterableAttributes"] = filterable
    settings["typoTolerance"] = {"disableOnNumbers": True}
    return settings


def index_settings() -> dict[str, Settings]:
    """What `scout:sync-index-settings` sends, by table. `resumes` has no settings, as in the real app.

    `user_first_name` and the `user_…` ranking rules of travel_assignments are spelled as the real app spells
    them: no document has such a field. The synonyms of users are a list of nicknames of our own.
    """
    synonyms = json.loads((files("harness.standin") / "nicknames.json").read_text(encoding="utf-8"))
    users = _settings(
        [*PERSON_COLUMNS, "gtid", "phone", "gtDirGUID"],
        filterable=["class_standing_id", "major_id", "team_id", "permission_id", "role_id"],
        ranking=(*_PEOPLE_COUNTS, "gtid:desc"),
    )
    users["synonyms"] = synonyms
    return {
        "airports": _settings(["iata", "name", "city", "state"], ranking=None, key="iata"),
        "attendance": _settings(
            [*_person("attendee"), "gtid", "attendable.name"],
            filterable=["team_id", "event_id", "user_id"],
            ranking=("updated_at_unix:desc",),
        ),
        "dues_transactions": _settings(
            [
                *_person("user"),
                *(f"package.{name}" for name in ("name", "effective_start", "effective_end")),
                *("package.access_start", "package.access_end", "status", "payable_type"),
            ],
            filterable=["dues_package_id", "user_id", "merchandise_id"],
            ranking=(*(f"user.{rule}" for rule in _PEOPLE_COUNTS), "updated_at_unix:desc"),
        ),
        "events": _settings(
            ["name", "location", "start_time", "end_time", *_person("organizer")],
            ranking=("start_time_unix:desc", "end_time_unix:desc"),
        ),
        "sponsors": _settings(["name"], ranking=("end_date_unix:desc",)),
        "sponsor_domains": _settings(["domain_name"]),
        "sponsor_users": _settings(["email"]),
        "teams": _settings(
            [
                *("name", "mailing_list_name", "slack_channel_name", "google_group", "description"),
                *_person("project_manager"),
            ],
            filterable=["user_id"],
            ranking=("attendance_count:desc",),
        ),
        "travel": _settings(
            [
                *("name", "destination", "departure_date", "return_date"),
                *_person("primary_contact"),
                *("included_with_fee", "not_included_with_fee"),
            ],
            ranking=("departure_date_unix:desc", "return_date_unix:desc"),
        ),
        "travel_assignments": _settings(
            [
                *("user_first_name", *_person("user")[1:]),
                *(f"travel.{name}" for name in ("name", "destination", "departure_date", "return_date")),
            ],
            filterable=["user_id", "trip_id"],
            ranking=(*(f"user_{rule}" for rule in _PEOPLE_COUNTS), "updated_at_unix:desc"),
        ),
        "users": users,
    }
