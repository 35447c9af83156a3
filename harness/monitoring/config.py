"""The table `[notify]` of apiary-drill.toml: who is notified of drills. Secrets: no error shows a value of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, model_validator

from harness.base.errors import UsageError
from harness.base.settings import NotificationSettings
from harness.base.toml_files import HIDDEN, ClosedModel, read_toml, validated

TABLE = HIDDEN
WHAT = "configuration"

_Secret = Annotated[SecretStr, Field(min_length=1)]
_FileName = Annotated[str, Field(min_length=1)]


class Notify(ClosedModel):
    """The table; locations are relative to the file's own directory."""

    model_config = ConfigDict(hide_input_in_errors=True)

    urls: tuple[_Secret, ...] = Field(default=(), strict=False)
    urls_file: _FileName | None = None
    on: tuple[Literal["failure", "recovery", "silence"], ...] = Field(
        default=("failure", "recovery", "silence"), strict=False
    )
    ping: _Secret | None = None
    ping_file: _FileName | None = None
    ping_style: Literal["plain", "healthchecks"] = "plain"
    timeout_s: Annotated[float, Field(gt=0, le=300, strict=False)] = 10.0

    @model_validator(mode="after")
    def _one_source_each(self) -> Notify:
        for name in ("urls", "ping"):
            if getattr(self, name) and getattr(self, f"{name}_file"):
                raise ValueError(f"give either {name} or {name}_file")
        return self


def read_table(path: Path) -> Notify:
    """Read `[notify]` of a file, and nothing else of it: a drill with generated data needs no backup in there.

    Raises:
        UsageError: with every error of the table, each with its key and never with its value.
    """
    return validated(path, Notify, read_toml(path, WHAT).get(TABLE, {}), table=TABLE)


def settings_of(table: Notify, base: Path) -> NotificationSettings:
    """The same as settings, with what stands in files of its own.

    Args:
        base: the directory of the configuration file.

    Raises:
        UsageError: a file cannot be read, or holds nothing.
    """
    urls = tuple(url.get_secret_value() for url in table.urls)
    ping = table.ping.get_secret_value() if table.ping else None
    if table.urls_file:
        urls = _lines(base / table.urls_file, f"{TABLE}.urls_file")
    if table.ping_file:
        ping = _lines(base / table.ping_file, f"{TABLE}.ping_file")[0]
    return NotificationSettings(
        notify_urls=urls,
        notify_on=tuple(table.on),
        ping=None if ping is None else checked_ping(ping, f"{TABLE}.ping"),
        ping_style=table.ping_style,
        timeout_s=table.timeout_s,
    )


def checked_ping(url: str, where: str) -> str:
    """A URL that can be asked for. Raises UsageError: it is not http or https; the error does not show it."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{where}: not a URL that starts with https:// or http://")
    return url.strip()


def _lines(path: Path, where: str) -> tuple[str, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{where}: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{where}: {path} is not text") from None
    lines = tuple(line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    if not lines:
        raise UsageError(f"{where}: {path} contains no URL")
    return lines
