"""Building the local images, and listing them. Cached by content: the hash of all inputs is a label.

A build container needs no network: packages are in the base, wheels come with the build context.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import docker
import docker.errors
from docker.models.images import Image

from harness.base.errors import UsageError
from harness.base.private import alone
from harness.base.settings import Settings
from harness.runtime.docker.client import engine_errors
from harness.runtime.docker.images import IMAGE_LABEL
from harness.runtime.images.bases import INPUTS_LABEL, base_hash, ensure_base, made_of
from harness.runtime.images.context import built
from harness.runtime.images.recipes import RECIPES, Recipe, context_files, inputs_hash
from harness.runtime.images.wheels import ensure_wheels


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image that was made here.

    Args:
        name: of the recipe or the base.
        created_at: when it was made, UTC.
        size_bytes: with the layers that it shares.
        up_to_date: whether this version of the harness would make it of the same inputs; None for a base.
        built: True when this very call made it.
    """

    name: str
    reference: str
    id: str
    created_at: datetime
    size_bytes: int
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
        fresh: fetch packages anew, for their security updates, and make every image again, even where nothing changed.
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
    bases: set[str] = set()
    for recipe in RECIPES:
        if recipe.name in wanted:
            # One that several stand on is fetched anew for the first of them.
            fresh_base = fresh and recipe.base.name not in bases
            made.append(_build(client, settings, recipe, progress, fresh=fresh, fresh_base=fresh_base))
            bases.add(recipe.base.name)
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
    progress: Callable[[str], None],
    *,
    fresh: bool,
    fresh_base: bool,
) -> ImageInfo:
    wanted = inputs_hash(recipe, base_hash(recipe.base))
    found = None if fresh else _up_to_date(client, recipe, wanted)
    if found is not None:
        return found
    # Two at once would take the layers away from each other that nobody has a name for yet.
    with alone(settings.cache_dir / "build.lock"):
        found = None if fresh else _up_to_date(client, recipe, wanted)
        return found or _made(client, settings, recipe, wanted, progress, fresh=fresh, fresh_base=fresh_base)


def _up_to_date(client: docker.DockerClient, recipe: Recipe, wanted: str) -> ImageInfo | None:
    """The image of a recipe, if it is there and made of the same inputs."""
    image = made_of(client, recipe.tag, wanted)
    return None if image is None else _info(image, {recipe.name: wanted})


def _made(
    client: docker.DockerClient,
    settings: Settings,
    recipe: Recipe,
    wanted: str,
    progress: Callable[[str], None],
    *,
    fresh: bool,
    fresh_base: bool,
) -> ImageInfo:
    progress(f"{recipe.tag}: {recipe.base.suite} with {', '.join(recipe.base.packages)}")
    base = ensure_base(client, settings, recipe.base, fresh=fresh_base)
    if recipe.wheels:
        base = ensure_wheels(client, settings, recipe, base, lambda: progress(f"{recipe.tag}: wheels"))
    progress(f"{recipe.tag}: build")
    labels = {INPUTS_LABEL: wanted, IMAGE_LABEL: recipe.name}
    image = built(client, recipe.tag, base, context_files(recipe), labels, fresh=fresh)
    with contextlib.suppress(docker.errors.APIError):
        # What lost its tag to this one is found by nobody; what a drill runs on at the moment goes next time.
        client.images.prune(filters={"dangling": True, "label": IMAGE_LABEL})
    return replace(_info(image, {recipe.name: wanted}), built=True)


def _info(image: Image, current: dict[str, str]) -> ImageInfo:
    name = image.labels.get(IMAGE_LABEL, "")
    inputs = image.labels.get(INPUTS_LABEL, "")
    return ImageInfo(
        name=name,
        reference=image.tags[0] if image.tags else str(image.id),
        id=str(image.id),
        created_at=datetime.fromisoformat(str(image.attrs["Created"])[:19]).replace(tzinfo=UTC),
        size_bytes=int(image.attrs["Size"]),
        up_to_date=inputs == current[name] if name in current else None,
    )
