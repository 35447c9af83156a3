"""The pinned wheels of an image, as an image of their own below it: they change seldom, and the package often."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import docker

from harness.base.errors import MissingProgram, ServerFailed
from harness.base.settings import Settings
from harness.runtime.docker.images import IMAGE_LABEL, REPOSITORY
from harness.runtime.images.bases import INPUTS_LABEL, made_of
from harness.runtime.images.context import built
from harness.runtime.images.recipes import Recipe, requirements, wheels_dockerfile
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run

_PYTHON_VERSION = "3.11"
"""Debian 12's, which is what the Python base is made of."""

_PLATFORMS = {
    "x86_64": ("manylinux2014_x86_64", "manylinux_2_28_x86_64", "manylinux_2_34_x86_64"),
    "aarch64": ("manylinux2014_aarch64", "manylinux_2_28_aarch64", "manylinux_2_34_aarch64"),
}
"""Wheels that run on Debian 12 (glibc 2.36), by the machine."""


def ensure_wheels(
    client: docker.DockerClient, settings: Settings, recipe: Recipe, base: str, progress: Callable[[], None]
) -> str:
    """The id of the recipe's base with its wheels; made where none is there of the same base and pins.

    Raises:
        MissingProgram, ServerFailed: wheels that cannot be had, or the engine failed.
    """
    name = recipe.wheels.replace("requirements.txt", "wheels")
    reference = f"{REPOSITORY}/{name}:{recipe.base.suite}"
    dockerfile = wheels_dockerfile()
    wanted = hashlib.sha256(b"\0".join((base.encode(), dockerfile, requirements(recipe)))).hexdigest()
    if (image := made_of(client, reference, wanted)) is not None:
        return str(image.id)
    progress()
    with tempfile.TemporaryDirectory(prefix="apiary-drill-wheels-") as scratch:
        site = Path(scratch, "site")
        _fetch_wheels(client, settings, requirements(recipe), site)
        labels = {INPUTS_LABEL: wanted, IMAGE_LABEL: name}
        return str(built(client, reference, base, {"Dockerfile": dockerfile}, labels, site=site).id)


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
