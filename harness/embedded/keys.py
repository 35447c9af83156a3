"""API keys: what is stored of them, how they are derived, what they allow.

A key is never stored. It is the HMAC-SHA256 of its uid under the master key, as on the real server, so the same
master key makes the same keys out of the same database or dump.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sqlite3
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.embedded import clock
from harness.embedded.database import Database
from harness.embedded.errors import ApiError
from harness.embedded.reading import need_object, need_string, need_strings, wrong_type

_GROUPS = {
    "documents": ("add", "get", "delete"),
    "indexes": ("create", "get", "update", "delete", "swap"),
    "tasks": ("cancel", "delete", "get"),
    "settings": ("get", "update"),
    "stats": ("get",),
    "metrics": ("get",),
    "dumps": ("create",),
    "snapshots": ("create",),
}
ACTIONS: tuple[str, ...] = (
    "*",
    "search",
    *(f"{group}.{verb}" for group, verbs in _GROUPS.items() for verb in ("*", *verbs)),
    "version",
    *(f"keys.{verb}" for verb in ("create", "get", "update", "delete")),
    *("experimental.get", "experimental.update"),
)
_FIELDS = ("description", "name", "uid", "actions", "indexes", "expiresAt")
_IMMUTABLE = ("uid", "actions", "indexes", "expiresAt", "createdAt", "updatedAt")
_PATTERN = re.compile(r"\*|[A-Za-z0-9_-]+\*?")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    uid TEXT PRIMARY KEY, name TEXT, description TEXT, actions TEXT NOT NULL, indexes TEXT NOT NULL,
    expires_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Key:
    """What is stored of a key."""

    uid: str
    name: str | None
    description: str | None
    actions: tuple[str, ...]
    indexes: tuple[str, ...]
    expires_at: str | None
    created_at: str
    updated_at: str

    def allows(self, action: str) -> bool:
        """Whether the key may do this, anywhere."""
        group = action.split(".")[0] + ".*"
        if action.startswith("keys."):  # no wildcard but the widest reaches the keys
            return action in self.actions or "*" in self.actions
        return action in self.actions or group in self.actions or "*" in self.actions

    def covers(self, index_uid: str) -> bool:
        """Whether the key may touch this index."""
        return any(
            pattern == index_uid or (pattern.endswith("*") and index_uid.startswith(pattern[:-1]))
            for pattern in self.indexes
        )

    def is_expired(self) -> bool:
        return self.expires_at is not None and clock.parse(self.expires_at) <= datetime.now(UTC)

    def value(self, master_key: str) -> str:
        """The key itself."""
        return hmac.new(master_key.encode(), self.uid.encode(), hashlib.sha256).hexdigest()

    def as_json(self, master_key: str) -> dict[str, Any]:
        """The key object of the API."""
        return {
            "name": self.name,
            "description": self.description,
            "key": self.value(master_key),
            "uid": self.uid,
            "actions": list(self.actions),
            "indexes": list(self.indexes),
            "expiresAt": self.expires_at,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        }


class KeyStore:
    """The keys on disk; a new database gets the server's two default keys.

    Args:
        directory: the database directory.
    """

    def __init__(self, directory: Path) -> None:
        fresh = not (directory / "keys.sqlite3").exists()
        self._database = Database(directory / "keys.sqlite3", _SCHEMA)
        if fresh:
            now = clock.now()
            search = "Use it to search from the frontend"
            admin = "Use it for anything that is not a search operation. Caution! Do not expose it on a public frontend"
            self.put(Key(str(uuid.uuid4()), "Default Search API Key", search, ("search",), ("*",), None, now, now))
            self.put(Key(str(uuid.uuid4()), "Default Admin API Key", admin, ("*",), ("*",), None, now, now))

    def put(self, key: Key) -> None:
        """Store a key, over the one with its uid if there is one."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    key.uid,
                    key.name,
                    key.description,
                    json.dumps(key.actions),
                    json.dumps(key.indexes),
                    key.expires_at,
                    key.created_at,
                    key.updated_at,
                ),
            )

    def all(self) -> list[Key]:
        """Every key, the newest first."""
        rows = self._database.read().execute("SELECT * FROM keys ORDER BY created_at DESC, rowid DESC")
        return [_key(row) for row in rows]

    def by_value(self, value: str, master_key: str) -> Key | None:
        """The key that a client sent."""
        for key in self.all():
            if hmac.compare_digest(key.value(master_key).encode(), value.encode()):
                return key
        return None

    def get(self, uid_or_value: str, master_key: str) -> Key:
        """A key by its uid or by itself.

        Raises:
            ApiError: api_key_not_found.
        """
        for key in self.all():
            if uid_or_value in (key.uid, key.value(master_key)):
                return key
        raise ApiError("api_key_not_found", f"API key `{uid_or_value}` not found.")

    def delete(self, key: Key) -> None:
        with self._database.write() as connection:
            connection.execute("DELETE FROM keys WHERE uid = ?", (key.uid,))

    def clear(self) -> None:
        """Delete every key: those of a dump take their place."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM keys")

    def create(self, value: Any) -> Key:
        """Make a key from a request's body.

        Raises:
            ApiError: missing_api_key_…, invalid_api_key_… or api_key_already_exists.
        """
        given = need_object(value, "bad_request", "", _FIELDS)
        for name, code in (
            ("actions", "missing_api_key_actions"),
            ("indexes", "missing_api_key_indexes"),
            ("expiresAt", "missing_api_key_expires_at"),
        ):
            if name not in given:
                raise ApiError(code, f"Missing field `{name}`")
        actions = need_strings(given["actions"], "invalid_api_key_actions", ".actions")
        for place, action in enumerate(actions):
            if action not in ACTIONS:
                listed = ", ".join(f"`{known}`" for known in ACTIONS)
                text = f"Unknown value `{action}` at `.actions[{place}]`: expected one of {listed}"
                raise ApiError("invalid_api_key_actions", text)
        indexes = need_strings(given["indexes"], "invalid_api_key_indexes", ".indexes")
        for place, pattern in enumerate(indexes):
            if not _PATTERN.fullmatch(pattern):
                raise ApiError(
                    "invalid_api_key_indexes",
                    f"Invalid value at `.indexes[{place}]`: `{pattern}` is not a valid index uid pattern. Index uid "
                    "patterns can be an integer or a string containing only alphanumeric characters, hyphens (-), "
                    "underscores (_), and optionally end with a star (*).",
                )
        now = clock.now()
        key = Key(
            uid=_uid(given.get("uid")),
            name=_optional(given.get("name"), "name"),
            description=_optional(given.get("description"), "description"),
            actions=tuple(actions),
            indexes=tuple(indexes),
            expires_at=_expiry(given["expiresAt"]),
            created_at=now,
            updated_at=now,
        )
        if any(key.uid == other.uid for other in self.all()):
            text = f"`uid` field value `{key.uid}` is already an existing API key."
            raise ApiError("api_key_already_exists", text)
        self.put(key)
        return key

    def update(self, key: Key, value: Any) -> Key:
        """Change a key's name and description; everything else is immutable."""
        for name in value if isinstance(value, dict) else ():
            if name in _IMMUTABLE:
                snake = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
                raise ApiError(
                    f"immutable_api_key_{snake}", f"Immutable field `{name}`: expected one of `description`, `name`"
                )
        given = need_object(value, "bad_request", "", ("description", "name"))
        changed = Key(
            uid=key.uid,
            name=_optional(given["name"], "name") if "name" in given else key.name,
            description=_optional(given["description"], "description") if "description" in given else key.description,
            actions=key.actions,
            indexes=key.indexes,
            expires_at=key.expires_at,
            created_at=key.created_at,
            updated_at=clock.now(),
        )
        self.put(changed)
        return changed


def _key(row: sqlite3.Row) -> Key:
    values = dict(row)
    values["actions"] = tuple(json.loads(values["actions"]))
    values["indexes"] = tuple(json.loads(values["indexes"]))
    return Key(**values)


def _optional(value: Any, name: str) -> str | None:
    return None if value is None else need_string(value, f"invalid_api_key_{name}", f".{name}")


def _uid(value: Any) -> str:
    if value is None:
        return str(uuid.uuid4())
    text = need_string(value, "invalid_api_key_uid", ".uid")
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise ApiError("invalid_api_key_uid", f"Invalid value at `.uid`: {error}") from error


def _expiry(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise wrong_type("invalid_api_key_expires_at", ".expiresAt", "a string", value)
    try:
        moment = clock.parse(value)
    except ValueError:
        moment = datetime.min.replace(tzinfo=UTC)
    if moment <= datetime.now(UTC):
        raise ApiError(
            "invalid_api_key_expires_at",
            f"Invalid value at `.expiresAt`: `{value}` is not a valid date. It should follow the RFC 3339 format to "
            "represents a date or datetime in the future or specified as a null value. e.g. 'YYYY-MM-DD' or "
            "'YYYY-MM-DD HH:MM:SS'.\n",
        )
    return clock.text_of(moment)
