"""Stores that are named by a URL: what each of them can do, and which one is meant."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from harness.base.errors import UsageError

CHUNK_BYTES = 1 << 20
CREDENTIALS_HINT = "Look whether the credentials have expired, and whether they may read this (docs/sources.md)."
GONE_HINT = "Look whether it was made at all, and whether the store's own retention removed it."


DIGESTS = ("sha256", "sha512", "sha1", "md5")
"""Names under which metadata of an object may hold a digest of it."""


class ConnectionLost(Exception):
    """The connection was lost, or none could be made: another one may go on from where this one was."""


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """A file or a directory in a store.

    Args:
        path: below the store's root.
        size_bytes: None where the store does not say.
        version: of the object, or its ETag; empty where the store has none.
        digests: pairs of algorithm and hexadecimal digest that the store keeps beside it.
    """

    path: str
    is_directory: bool = False
    size_bytes: int | None = None
    modified_at: datetime | None = None
    version: str = ""
    digests: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rstrip("/").rpartition("/")[2]


class RemoteStore(abc.ABC):
    """One store. Every method raises ConnectionLost, UsageError (refused, or not there) or HarnessError."""

    root: str
    """What its paths begin with for people: no user, password or query is in it."""

    def shown(self, path: str) -> str:
        """A path for people."""
        return self.root + path

    @abc.abstractmethod
    def stat(self, path: str) -> StoreEntry | None:
        """What stands there, or None."""

    @abc.abstractmethod
    def read(self, entry: StoreEntry, offset: int) -> Iterator[bytes]:
        """The bytes of that very version of a file, from an offset on."""

    def close(self) -> None:
        """End the connection."""
        return


class RemoteTree(RemoteStore):
    """A store with directories, which can be listed and written."""

    @abc.abstractmethod
    def children(self, path: str) -> Iterator[StoreEntry]:
        """What a directory holds, in no order."""

    @abc.abstractmethod
    def write(self, path: str, file: Path) -> None:
        """Make a file with the content of a local one."""

    @abc.abstractmethod
    def move(self, entries: list[StoreEntry], directory: str, target: str) -> None:
        """Give a directory another name; the last of its entries gets there last, where that is not one step."""

    @abc.abstractmethod
    def remove(self, entries: list[StoreEntry], directory: str) -> None:
        """Remove a directory and the files in it."""


def object_version(version: str | None, tag: str | None) -> str:
    """An object's version as a store behind S3's interface reports it, or else its ETag; empty where it has neither."""
    if version and version != "null":
        return f"version {version}"
    tag = (tag or "").strip('"')
    return f"ETag {tag}" if tag else ""


def is_url(text: str) -> bool:
    """Whether a location is one of a store."""
    return text.partition("://")[0] in ("s3", "sftp", "http", "https") and "://" in text


def is_pattern(text: str) -> bool:
    """Whether a path is one of several, as in a shell."""
    return any(sign in text for sign in "*?[")


def shown_url(url: str) -> str:
    """A URL without its secrets: user, password, and a web server's query."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    if scheme in ("http", "https"):
        path = path.partition("?")[0]
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"


def open_store(url: str, env: Mapping[str, str]) -> tuple[RemoteStore, str]:
    """The store that a URL names, and the path in it; no connection is made yet.

    Raises:
        UsageError: it is not such a URL, or what speaks with this kind of store is not installed.
    """
    scheme, _, rest = url.partition("://")
    place, _, path = rest.partition("/")
    if not place or not path.strip("/"):
        raise UsageError(f"{shown_url(url)} names no file or directory", "Write s3://BUCKET/KEY or sftp://HOST/PATH.")
    if scheme == "s3":
        from harness.inputs.sources.s3 import S3Store

        return S3Store(place), path
    if scheme == "sftp":
        from harness.inputs.sources.sftp import SftpStore

        return SftpStore(place, env), f"/{unquote(path)}"
    from harness.inputs.sources.web import WebStore

    return WebStore(url), shown_url(url)
