"""One file of a web server, such as an object behind a presigned URL: its query is a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

import requests

from harness.base.errors import HarnessError, UsageError
from harness.inputs.sources.stores import (
    CHUNK_BYTES,
    CREDENTIALS_HINT,
    DIGESTS,
    GONE_HINT,
    ConnectionLost,
    RemoteStore,
    StoreEntry,
    object_version,
    shown_url,
)

_TIMEOUT_S = (10.0, 60.0)
_MESSAGE = re.compile(rb"<Message>([\w .,'-]{1,100})</Message>")


class WebStore(RemoteStore):
    """One URL; a presigned one is signed for GET alone, so that nothing else is asked."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.root = shown_url(url)

    def shown(self, path: str) -> str:
        """Its paths are URLs without a query."""
        return path

    def stat(self, path: str) -> StoreEntry | None:
        if path != self.root and "?" in self._url:
            return None  # the signature is of one object
        with self._answer(path, 0) as answer:
            if answer.status_code == 404 and path != self.root:
                return None
            self._check(answer, path)
            headers = answer.headers
            modified = headers.get("Last-Modified")
            size = headers.get("Content-Length")
            known = {name: headers.get(f"x-amz-meta-{name}", "").lower() for name in DIGESTS}
            return StoreEntry(
                path,
                size_bytes=int(size) if size else None,
                modified_at=parsedate_to_datetime(modified) if modified else None,
                version=_version(answer),
                digests=tuple((name, value) for name, value in known.items() if value),
            )

    def read(self, entry: StoreEntry, offset: int) -> Iterator[bytes]:
        with self._answer(entry.path, offset) as answer:
            self._check(answer, entry.path)
            if _version(answer) != entry.version:
                raise HarnessError(f"{self.shown(entry.path)} was replaced while it was read", "Drill again.")
            skip = offset if answer.status_code == 200 else 0  # it sends all of it, whatever was asked for
            for chunk in answer.iter_content(CHUNK_BYTES):
                rest, skip = chunk[skip:], max(0, skip - len(chunk))
                if rest:
                    yield rest

    @contextmanager
    def _answer(self, path: str, offset: int) -> Iterator[requests.Response]:
        url = self._url if path == self.root else path
        # Bytes as they are stored: a server may compress them on the way otherwise.
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={offset}-"} if offset else {})}
        try:
            with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as answer:
                yield answer
        except requests.exceptions.SSLError:
            raise UsageError(
                f"{self.root}: its certificate is not one that this machine trusts",
                "Name the file of the authority that issued it in REQUESTS_CA_BUNDLE.",
            ) from None
        except (requests.exceptions.InvalidURL, requests.exceptions.TooManyRedirects):
            raise UsageError(f"{self.root} can't be fetched: it is not a URL of a file") from None
        except requests.RequestException as error:
            raise ConnectionLost(type(error).__name__) from None

    def _check(self, answer: requests.Response, path: str) -> None:
        status = answer.status_code
        if status in (200, 206):
            return
        match = _MESSAGE.search(answer.raw.read(4096, decode_content=True))
        status_text = f"{status}: {match[1].decode()}" if match else str(status)
        if status in (404, 410):
            raise UsageError(f"there is no {self.shown(path)} ({status_text})", GONE_HINT)
        if status in (400, 401, 403):
            raise UsageError(f"the server refuses {self.shown(path)} ({status_text})", CREDENTIALS_HINT)
        if status >= 500 or status == 429:
            raise ConnectionLost(f"the server answers {status_text}")
        raise HarnessError(f"{self.shown(path)}: the server answers {status_text}")


def _version(answer: requests.Response) -> str:
    return object_version(answer.headers.get("x-amz-version-id"), answer.headers.get("ETag"))
