"""One build by the engine: its context as a tar archive, and no network."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import docker
import docker.errors
from docker.models.images import Image

from harness.base.errors import ServerFailed
from harness.runtime.docker.client import engine_errors

_CREATED = datetime(2025, 12, 1, tzinfo=UTC)
"""Time of every file in a build context, so that the same inputs are the same context."""


def built(
    client: docker.DockerClient,
    tag: str,
    base: str,
    contents: Mapping[str, bytes],
    labels: Mapping[str, str],
    *,
    site: Path | None = None,
    fresh: bool = False,
) -> Image:
    """Build an image, and give it its tag.

    Args:
        base: id of the image that it stands on.
        contents: of the build context, by path.
        site: a directory that goes into the context as `site`.
        fresh: take no layer of an earlier build.

    Raises:
        ServerFailed: the build failed; with the end of its log.
    """
    with tempfile.TemporaryFile(prefix="apiary-drill-build-") as context:
        _write_context(context, contents, site)
        with engine_errors(f"building {tag}"):
            try:
                image, _ = client.images.build(
                    fileobj=context,
                    custom_context=True,
                    tag=tag,
                    buildargs={"BASE": base},
                    labels=dict(labels),
                    network_mode="none",
                    rm=True,
                    forcerm=True,
                    nocache=fresh,
                )
            except docker.errors.BuildError as error:
                log = "".join(str(line.get("stream", "")) for line in error.build_log)
                raise ServerFailed(f"cannot build {tag}: {error.msg}", details=log[-2000:]) from error
    return image


def _write_context(target: IO[bytes], contents: Mapping[str, bytes], site: Path | None) -> None:
    """Write the build context as a tar archive with fixed times and owners."""
    with tarfile.open(fileobj=target, mode="w") as archive:
        for path, content in sorted(contents.items()):
            archive.addfile(_header(path, len(content)), io.BytesIO(content))
        for file in sorted(site.rglob("*")) if site is not None else []:
            if file.is_file() and site is not None:
                with file.open("rb") as content_file:
                    archive.addfile(_header(f"site/{file.relative_to(site)}", file.stat().st_size), content_file)
    target.seek(0)


def _header(path: str, size_bytes: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(path)
    header.size = size_bytes
    header.mode = 0o644
    header.mtime = int(_CREATED.timestamp())
    return header
