"""Building the local images, and listing them. Cached by content: the hash of all inputs is a label.

A build container needs no network: packages are in the base, wheels come with the build context.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import docker
import docker.errors
from docker.models.images import Image

from harness.base.errors import MissingProgram, ServerFailed, UsageError
from harness.base.settings import Settings
from harness.runtime.docker.client import engine_errors
from harness.runtime.docker.images import IMAGE_LABEL
from harness.runtime.images.bases import INPUTS_LABEL, base_hash, ensure_base
from harness.runtime.images.recipes import RECIPES, Recipe, context_files, inputs_hash, requirements
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run

_PYTHON_VERSION = "3.11"
"""Debian 12's, which is what the Python base is made of."""

_PLATFORMS = {
    "x86_64": ("manylinux2014_x86_64", "manylinux_2_28_x86_64", "manylinux_2_34_x86_64"),
    "aarch64": ("manylinux2014_aarch64", "manylinux_2_28_aarch64", "manylinux_2_34_aarch64"),
}
"""Wheels that run on Debian 12 (glibc 2.36), by the machine."""

_CREATED = datetime(2025, 12, 1, tzinfo=UTC)
"""Time of every file in a build context, so that the same inputs are the same context."""


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image that was made here.

    Args:
        name: of the recipe or the base.
        reference: its tag.
        id: the engine's id, `sha256:…`.
        created_at: when it was made, UTC.
        size_bytes: with the layers that it shares.
        inputs_hash: SHA-256 over what it was made of.
        up_to_date: whether this version of the harness would make it of the same inputs; None for a base.
        built: True when this very call made it.
    """

    name: str
    reference: str
    id: str
    created_at: datetime
    size_bytes: int
    inputs_hash: str
    up_to_date: bool | None = None
    built: bool = False


def build_images(
    client: docker.DockerClient,
    settings: Settings,
    names: Iterable[str] | None = None,
    *,
    fresh: bool = False,
    progress: Callable[[str], None] = lambda _line: None,
) -> list[ImageInfo]:
    """Make the local images that are missing or made of other inputs.

    Args:
        names: recipes to make, or None for those that drills run.
        fresh: fetch packages anew, for their security updates, even where nothing changed.
        progress: gets a line for each thing that is begun.

    Returns:
        All that were asked for, in the order of the recipes.

    Raises:
        UsageError: a name that is no recipe.
        MissingProgram, ServerFailed: see bases.ensure_base; wheels that cannot be had.
    """
    wanted = set(names) if names is not None else {recipe.name for recipe in RECIPES if recipe.for_drills}
    unknown = wanted - {recipe.name for recipe in RECIPES}
    if unknown:
        raise UsageError(
            f"unknown images: {', '.join(sorted(unknown))}",
            f"Available: {', '.join(recipe.name for recipe in RECIPES)}.",
        )
    made = []
    refreshed: set[str] = set()
    for recipe in RECIPES:
        if recipe.name in wanted:
            again = fresh and recipe.base.name not in refreshed
            made.append(_build(client, settings, recipe, again, progress))
            refreshed.add(recipe.base.name)
    return made


def list_images(client: docker.DockerClient) -> list[ImageInfo]:
    """The images that were made here and are on the engine, newest first."""
    current = {recipe.name: inputs_hash(recipe, base_hash(recipe.base)) for recipe in RECIPES}
    with engine_errors("listing images"):
        images = client.images.list(filters={"label": IMAGE_LABEL})
    found = [_info(image, current) for image in images if image.tags]
    return sorted(found, key=lambda info: info.created_at, reverse=True)


def _build(
    client: docker.DockerClient,
    settings: Settings,
    recipe: Recipe,
    fresh: bool,
    progress: Callable[[str], None],
) -> ImageInfo:
    wanted = inputs_hash(recipe, base_hash(recipe.base))
    found = None if fresh else _up_to_date(client, recipe, wanted)
    if found is not None:
        return found
    settings.cache_dir.mkdir(parents=True, exist_ok=True)
    # Two at once would take the layers away from each other that nobody has a name for yet.
    with (settings.cache_dir / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = None if fresh else _up_to_date(client, recipe, wanted)
        return found or _made(client, settings, recipe, wanted, fresh, progress)


def _up_to_date(client: docker.DockerClient, recipe: Recipe, wanted: str) -> ImageInfo | None:
    """The image of a recipe, if it is there and made of the same inputs."""
    with engine_errors(f"looking for {recipe.tag}"):
        try:
            image = client.images.get(recipe.tag)
        except docker.errors.ImageNotFound:
            return None
    return _info(image, {recipe.name: wanted}) if image.labels.get(INPUTS_LABEL) == wanted else None


def _made(
    client: docker.DockerClient,
    settings: Settings,
    recipe: Recipe,
    wanted: str,
    fresh: bool,
    progress: Callable[[str], None],
) -> ImageInfo:
    progress(f"{recipe.tag}: {recipe.base.suite} with {', '.join(recipe.base.packages)}")
    base = ensure_base(client, settings, recipe.base, fresh=fresh)
    contents = context_files(recipe)
    with (
        tempfile.TemporaryDirectory(prefix="apiary-drill-build-") as scratch,
        Path(scratch, "context.tar").open("w+b") as context,
    ):
        site = Path(scratch, "site")
        if recipe.wheels:
            progress(f"{recipe.tag}: wheels")
            _fetch_wheels(client, settings, requirements(recipe), site)
        _write_context(context, contents, site if recipe.wheels else None)
        progress(f"{recipe.tag}: build")
        with engine_errors(f"building {recipe.tag}"):
            try:
                image, _ = client.images.build(
                    fileobj=context,
                    custom_context=True,
                    tag=recipe.tag,
                    buildargs={"BASE": base},
                    labels={INPUTS_LABEL: wanted, IMAGE_LABEL: recipe.name},
                    network_mode="none",
                    rm=True,
                    forcerm=True,
                    nocache=fresh,
                )
            except docker.errors.BuildError as error:
                log = "".join(str(line.get("stream", "")) for line in error.build_log)
                raise ServerFailed(f"cannot build {recipe.tag}: {error.msg}", details=log[-2000:]) from error
    with contextlib.suppress(docker.errors.APIError):
        # What lost its tag to this one is found by nobody; what a drill runs on at the moment goes next time.
        client.images.prune(filters={"dangling": True, "label": IMAGE_LABEL})
    info = _info(image, {recipe.name: wanted})
    return ImageInfo(info.name, info.reference, info.id, info.created_at, info.size_bytes, wanted, True, built=True)


def _fetch_wheels(client: docker.DockerClient, settings: Settings, wanted: bytes, site: Path) -> None:
    """Unpack the pinned wheels for the image's Python; nothing is compiled and no script of theirs runs."""
    machine = str(client.info()["Architecture"])
    if machine not in _PLATFORMS:
        raise MissingProgram(
            f"the Docker engine runs on {machine}, for which images cannot be built",
            f"Use an engine on {' or '.join(_PLATFORMS)}.",
        )
    pinned = site.with_name("requirements.txt")
    pinned.write_bytes(wanted)
    completed = run(
        LocalHost({**settings.base_env, **settings.fetch_env}),
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"),
            *(f"--platform={platform}" for platform in _PLATFORMS[machine]),
            *("--implementation=cp", f"--python-version={_PYTHON_VERSION}"),
            *(f"--target={site}", "-r", str(pinned)),
        ],
        timeout_s=600,
    )
    if completed.exit_status != 0:
        raise ServerFailed(
            f"pip could not download the wheels for the images: exit status {completed.exit_status}",
            "It used pip's configuration on this machine (index, proxy, certificates).",
            details=completed.stderr[-2000:],
        )


def _write_context(target: io.BufferedRandom, contents: dict[str, bytes], site: Path | None) -> None:
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


def _info(image: Image, current: dict[str, str]) -> ImageInfo:
    name = image.labels.get(IMAGE_LABEL, "")
    inputs = image.labels.get(INPUTS_LABEL, "")
    return ImageInfo(
        name=name,
        reference=image.tags[0] if image.tags else str(image.id),
        id=str(image.id),
        created_at=datetime.fromisoformat(str(image.attrs["Created"])[:19]).replace(tzinfo=UTC),
        size_bytes=int(image.attrs["Size"]),
        inputs_hash=inputs,
        up_to_date=inputs == current[name] if name in current else None,
    )
