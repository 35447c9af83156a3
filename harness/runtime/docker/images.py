"""Which image a drill runs: the one that is asked for, the pinned default, or the one that was built here.

An image that was asked for is run or refused. A default that can't be pulled is replaced by the local image
of `apiary-drill images build`, and the report says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import docker
import docker.errors
from docker.models.images import Image
from docker.utils import parse_repository_tag

from harness.base.errors import UsageError
from harness.runtime.docker.pull import ImageUnavailable, pull

__all__ = ["ChosenImage", "ImageUnavailable", "choose", "helper_image", "mysql_image_for", "pinned"]

REPOSITORY = "apiary-drill"
"""Repository of every image that is made here; nothing of that name is ever pulled or pushed."""

IMAGE_LABEL = "apiary-drill.image"
"""Label of every image that is made here: the name of its recipe."""

LOCAL_MYSQL = f"{REPOSITORY}/mysql:sid"
LOCAL_MARIADB = f"{REPOSITORY}/mariadb:bookworm"
LOCAL_STANDIN = f"{REPOSITORY}/standin:bookworm"
LOCAL_MEILISEARCH = f"{REPOSITORY}/meilisearch-embedded:bookworm"
LOCAL_TOOL = f"{REPOSITORY}/tool:bookworm"

DEFAULT_MYSQL = "mysql:8.4"
DEFAULT_MEILISEARCH = "getmeili/meilisearch:v1.48.3"

DEFAULT_HELPER = "debian:bookworm-slim"
"""Any Debian has the GNU tar and find that reading a volume needs."""

_PULL_S = 900.0
_PULL_WITH_SUBSTITUTE_S = 60.0
"""Engines give a registry that does not answer up 15 s after each attempt; a slow one is no reason to wait for long
where another image can do."""

_UNAVAILABLE: set[tuple[str, str]] = set()
"""Engine and default image that could not be pulled: the next drill of this process does not wait for it again, and
has the same image as the first."""

_LOCAL_ONES = (LOCAL_MYSQL, LOCAL_MARIADB, LOCAL_STANDIN, LOCAL_MEILISEARCH)


@dataclass(frozen=True, slots=True)
class ChosenImage:
    """An image that is on the engine.

    Args:
        digest: the registry's digest, or empty for an image that came from none.
        instead_of: the default whose place it takes, or empty.
    """

    reference: str
    id: str
    digest: str
    instead_of: str = ""

    @property
    def label(self) -> str:
        """For reports: the reference with the digest, or with the id where there is no digest."""
        return f"{self.reference}@{self.digest}" if self.digest else f"{self.reference} ({self.id[:19]})"


def choose(
    client: docker.DockerClient,
    asked: str | None,
    default: str,
    local: str,
    *,
    progress: Callable[[str], None] = lambda _line: None,
) -> ChosenImage:
    """The image to run, pulled if need be.

    Args:
        asked: reference from the settings, or None.
        default: pinned default; it is pulled when it is not there.
        local: what takes the default's place when it can't be pulled.
        progress: gets a line before a pull, which may take minutes.

    Raises:
        ImageUnavailable: with what was tried.
        UsageError: `asked` names no version.
    """
    if asked is not None:
        found = present(client, pinned(asked))
        return found or _pulled(client, asked, progress, _PULL_S)
    found = present(client, default)
    if found is not None:
        return found
    if default in _LOCAL_ONES:
        raise ImageUnavailable(
            f"image {default} is not on this Docker engine", "`apiary-drill images build` builds it."
        )
    substitute = present(client, local)
    if substitute is None:
        try:
            return _pulled(client, default, progress, _PULL_S)
        except ImageUnavailable as error:
            raise ImageUnavailable(
                f"{error.fact}, and its replacement {local} is not on this engine",
                "`apiary-drill images build` builds it from Debian packages.",
            ) from error
    asked_for = (str(client.info().get("ID", "")), default)
    why = f"{default} could not be pulled before"
    if asked_for not in _UNAVAILABLE:
        try:
            return _pulled(client, default, progress, _PULL_WITH_SUBSTITUTE_S)
        except ImageUnavailable as error:
            why = error.fact
            _UNAVAILABLE.add(asked_for)
    progress(f"{why}; using {local} instead")
    return replace(substitute, instead_of=default)


def pinned(reference: str) -> str:
    """The reference itself, if it says which version it means: by a tag other than `latest`, a digest, or an id.

    Raises:
        UsageError: it does not, so that tomorrow's drill would run something else under the same name.
    """
    name = reference.partition("@")[0].rpartition("/")[2]
    tag = name.rpartition(":")[2] if ":" in name else ""
    if "@sha256:" in reference or reference.startswith("sha256:") or tag not in ("", "latest"):
        return reference
    raise UsageError(
        f"image {reference} has no fixed version: "
        f"{('latest' if tag else 'without a tag it means latest, which')} can be another image tomorrow",
        "Give a tag, or a digest: NAME@sha256:…",
    )


def helper_image(
    client: docker.DockerClient, apiary: str | None, *, progress: Callable[[str], None] = lambda _line: None
) -> ChosenImage:
    """An image with GNU tar and find: the Apiary that is drilled, a local one, or Debian.

    Raises:
        ImageUnavailable: none is there, and none can be pulled.
    """
    if apiary is not None:
        return choose(client, apiary, apiary, apiary, progress=progress)
    for reference in _LOCAL_ONES:
        if found := present(client, reference):
            return found
    return choose(client, None, DEFAULT_HELPER, LOCAL_STANDIN, progress=progress)


def mysql_image_for(version: str, *, mariadb: bool) -> tuple[str, str]:
    """The image of a dump's server and the local image in its place.

    Args:
        version: of the server, from the dump's header, such as `8.4.6` or `10.11.19`.

    Returns:
        Default and local reference for `choose`. A series is a tag of the official images.
    """
    match = re.match(r"\d+\.\d+", version)
    series = match.group() if match else ""
    if mariadb:
        return f"mariadb:{series or '10.11'}", LOCAL_MARIADB
    return (f"mysql:{series}" if series else DEFAULT_MYSQL), LOCAL_MYSQL


def image_of(client: docker.DockerClient, reference: str) -> Image | None:
    """What the SDK says of the image of that name, if it is on the engine."""
    try:
        return client.images.get(reference)
    except docker.errors.ImageNotFound:
        return None


def present(client: docker.DockerClient, reference: str) -> ChosenImage | None:
    """The image of that name, if it is on the engine."""
    image = image_of(client, reference)
    if image is None:
        return None
    digests = dict(str(digest).rsplit("@", 1) for digest in image.attrs.get("RepoDigests") or [])
    # One image can have come from several registries, each of which has its own digest for it.
    repository = parse_repository_tag(reference.partition("@")[0])[0]
    return ChosenImage(reference, str(image.id), digests.get(repository) or next(iter(digests.values()), ""))


def _pulled(
    client: docker.DockerClient, reference: str, progress: Callable[[str], None], silence_s: float
) -> ChosenImage:
    progress(f"pulling {reference}")
    pull(client, reference, silence_s=silence_s)
    found = present(client, reference)
    if found is None:
        raise ImageUnavailable(f"image {reference} was pulled but is not on the Docker engine")
    return found
