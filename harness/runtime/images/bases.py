"""Base systems: `mmdebstrap` writes one as a tar stream, the engine imports it as it comes."""

from __future__ import annotations

import hashlib
import io

import docker
from docker.models.images import Image

from harness.artifacts.dump.source import ChunkStream
from harness.base.errors import MissingProgram, ServerFailed
from harness.base.settings import Settings
from harness.runtime.docker.client import engine_errors
from harness.runtime.docker.images import IMAGE_LABEL, REPOSITORY, image_of
from harness.runtime.images.mirror import apt_options, debian_mirror
from harness.runtime.images.recipes import Base
from harness.runtime.process.host import LocalHost

INPUTS_LABEL = "apiary-drill.inputs"

_LIMIT_S = 900.0
_EPOCH = "1764547200"
"""Newest time of a file in a base (2025-12-01): two builds from the same packages give the same bytes."""

# Nothing in a server's image reads them, and they are a third of it.
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


def base_hash(base: Base) -> str:
    """SHA-256 over what decides what the base becomes; the state of the mirror is not part of it."""
    return hashlib.sha256(repr((base, _EPOCH, (*_LEFT_OUT, *base.left_out))).encode()).hexdigest()


def made_of(client: docker.DockerClient, reference: str, wanted: str) -> Image | None:
    """The image of a name, if it is on the engine and was made of these inputs."""
    with engine_errors(f"looking for {reference}"):
        image = image_of(client, reference)
    return image if image is not None and image.labels.get(INPUTS_LABEL) == wanted else None


def ensure_base(client: docker.DockerClient, settings: Settings, base: Base, *, fresh: bool) -> str:
    """The id of the base image; it is made when there is none from the same inputs, or when asked.

    Raises:
        MissingProgram: no mmdebstrap, or no Debian mirror.
        ServerFailed: mmdebstrap or the engine failed.
    """
    reference = f"{REPOSITORY}/{base.name}:{base.suite}"
    wanted = base_hash(base)
    if not fresh and (image := made_of(client, reference, wanted)) is not None:
        return str(image.id)
    if settings.which("mmdebstrap") is None:
        raise MissingProgram(
            "building images requires mmdebstrap, which is not installed",
            "As root on Debian: `apt-get install mmdebstrap`.",
        )
    host = LocalHost({**settings.base_env, **settings.fetch_env, "SOURCE_DATE_EPOCH": _EPOCH})
    with host.start(_command(settings, base)) as command:
        with engine_errors(f"importing {reference}"):
            client.api.import_image_from_stream(
                io.BufferedReader(ChunkStream(command.chunks(), reference), 1 << 20),
                repository=reference.partition(":")[0],
                tag=base.suite,
                changes=[f"LABEL {INPUTS_LABEL}={wanted} {IMAGE_LABEL}={base.name}"],
            )
        completed = command.wait(_LIMIT_S)
    if completed.exit_status != 0:
        # What the engine imported is half a system.
        client.images.remove(reference, force=True)
        raise ServerFailed(
            f"mmdebstrap could not build {base.name} from {base.suite}: exit status {completed.exit_status}",
            details=completed.stderr[-2000:],
        )
    return str(client.images.get(reference).id)


def _command(settings: Settings, base: Base) -> list[str]:
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        *(f"--aptopt={option}" for option in apt_options(settings)),
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in (*_LEFT_OUT, *base.left_out)),
        f"--include={','.join(base.packages)}",
        # The options of this machine (a proxy, say) are nobody else's business.
        '--customize-hook=rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap" "$1/etc/apt/sources.list"',
        '--customize-hook=rm -rf "$1"/usr/share/doc "$1"/var/log/*.log',
        base.suite,
        "-",
        debian_mirror(settings),
    ]
