"""Objects in S3, or in any store that speaks as it does: credentials, region and endpoint as boto3 finds them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.base.errors import HarnessError, UsageError
from harness.inputs.sources.stores import (
    CHUNK_BYTES,
    CREDENTIALS_HINT,
    DIGESTS,
    GONE_HINT,
    ConnectionLost,
    RemoteTree,
    StoreEntry,
    object_version,
)

_REFUSED = ("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "AuthorizationHeaderMalformed")


class S3Store(RemoteTree):
    """One bucket."""

    def __init__(self, bucket: str) -> None:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError
        except ImportError:
            raise UsageError(
                "s3:// needs the package boto3, which is not installed", "pip install 'apiary-restore-drill[s3]'"
            ) from None
        self.root = f"s3://{bucket}/"
        self._bucket = bucket
        try:
            self._client = boto3.session.Session().client(
                "s3", config=Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard"})
            )
        except (BotoCoreError, ValueError) as error:
            raise UsageError(f"{self.root} cannot be used: {str(error).rstrip('.')}", CREDENTIALS_HINT) from None

    def stat(self, path: str) -> StoreEntry | None:
        path = path.lstrip("/")
        with self._errors(path):
            try:
                head = self._client.head_object(Bucket=self._bucket, Key=path, ChecksumMode="ENABLED")
            except self._client.exceptions.ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if status in (400, 401, 403):  # what is refused, and why, is in the body of an answer: HEAD has none
                    self._client.get_object(Bucket=self._bucket, Key=path, Range="bytes=0-0")["Body"].close()
                if status != 404:
                    raise
                listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=path.rstrip("/") + "/", MaxKeys=1)
                return StoreEntry(path.rstrip("/"), is_directory=True) if listed.get("KeyCount") else None
        digests = {name: head["Metadata"][name].lower() for name in DIGESTS if head["Metadata"].get(name)}
        for name in ("sha256", "sha1"):
            checksum = head.get(f"Checksum{name.upper()}", "")
            if checksum and "-" not in checksum:  # else it is one of the digests of parts
                digests[name] = base64.b64decode(checksum).hex()
        return self._entry(path, head, head["ContentLength"], tuple(digests.items()))

    def children(self, path: str) -> Iterator[StoreEntry]:
        prefix = f"{path.strip('/')}/".lstrip("/")
        with self._errors(path):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/"):
                for each in page.get("CommonPrefixes", ()):
                    yield StoreEntry(each["Prefix"].rstrip("/"), is_directory=True)
                for each in page.get("Contents", ()):
                    if each["Key"] != prefix:
                        yield self._entry(each["Key"], each, each["Size"], ())

    def read(self, entry: StoreEntry, offset: int) -> Iterator[bytes]:
        kind, _, value = entry.version.partition(" ")
        pinned = {"VersionId": value} if kind == "version" else {"IfMatch": f'"{value}"'} if kind == "ETag" else {}
        where = {"Range": f"bytes={offset}-"} if offset else {}
        with self._errors(entry.path):
            body = self._client.get_object(Bucket=self._bucket, Key=entry.path, **pinned, **where)["Body"]
            try:
                yield from body.iter_chunks(CHUNK_BYTES)
            finally:
                body.close()

    def write(self, path: str, file: Path) -> None:
        with self._errors(path):
            self._client.upload_file(str(file), self._bucket, path)

    def move(self, entries: list[StoreEntry], directory: str, target: str) -> None:
        for entry in entries:
            with self._errors(entry.path):
                source = {"Bucket": self._bucket, "Key": entry.path}
                self._client.copy(source, self._bucket, f"{target}/{entry.name}")
        self.remove(entries, directory)

    def remove(self, entries: list[StoreEntry], directory: str) -> None:
        for entry in entries:
            with self._errors(entry.path):
                self._client.delete_object(Bucket=self._bucket, Key=entry.path)

    def close(self) -> None:
        self._client.close()

    def _entry(self, path: str, known: dict[str, Any], size: int, digests: tuple[tuple[str, str], ...]) -> StoreEntry:
        version = object_version(known.get("VersionId"), known.get("ETag"))
        return StoreEntry(path, False, size, known["LastModified"], version, digests)

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        """Errors of the library as the harness's own."""
        from boto3.exceptions import S3UploadFailedError
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError

        try:
            yield
        except ClientError as error:
            code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 404:
                raise UsageError(f"there is no {self.shown(path)} ({code})", GONE_HINT) from None
            if status in (401, 403) or code in _REFUSED:
                raise UsageError(f"the store refuses {self.shown(path)} ({code})", CREDENTIALS_HINT) from None
            if status == 412:
                raise HarnessError(f"{self.shown(path)} was replaced while it was read", "Drill again.") from None
            if status >= 500 or status == 429:
                raise ConnectionLost(f"the store answers {status} ({code})") from None
            raise HarnessError(f"{self.shown(path)}: the store answers {status} ({code})") from None
        except (HTTPClientError, IncompleteReadError) as error:
            raise ConnectionLost(type(error).__name__) from None
        except S3UploadFailedError as error:
            raise HarnessError(f"cannot write {self.shown(path)}: {error}", CREDENTIALS_HINT) from None
        except BotoCoreError as error:  # no credentials, a profile that is not there, a session that has ended
            raise UsageError(f"{self.root} cannot be used: {str(error).rstrip('.')}", CREDENTIALS_HINT) from None
