"""What the local images are made of: one recipe each, and the table of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable

from harness.runtime.docker.images import LOCAL_MARIADB, LOCAL_MEILISEARCH, LOCAL_MYSQL, LOCAL_STANDIN, LOCAL_TOOL

# Read by the image itself, so a change of any of these makes another image.
_STANDINS = (
    "__init__.py",
    *(f"base/{name}.py" for name in ("__init__", "errors", "expressions", "guide", "wait")),
    "artifacts/__init__.py",
    "artifacts/dump",
    "standins",
)
_EVERYTHING = ("",)

_LEFT_OUT = ("__pycache__",)


@dataclass(frozen=True, slots=True)
class Base:
    """A base system: what `mmdebstrap` installs from the mirror of this machine.

    Args:
        name: tag of the base image.
        suite: Debian suite; `sid` is where Debian keeps MySQL.
        left_out: patterns of paths in these packages that nothing here needs.
    """

    name: str
    suite: str
    packages: tuple[str, ...]
    left_out: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image.

    Args:
        name: for `images build NAME`.
        scripts: files of this folder that go into the build context, by the name that they have there.
        wheels: file of this folder that pins the wheels that go in; empty for none.
        modules: of the harness, which go in.
        for_drills: True when drills run it, so that it is made unless others are named.
    """

    name: str
    tag: str
    base: Base
    dockerfile: str
    scripts: tuple[tuple[str, str], ...] = ()
    wheels: str = ""
    modules: tuple[str, ...] = ()
    for_drills: bool = True


_PYTHON = Base("base-python", "bookworm", ("python3", "tar", "ca-certificates"))
# With what docs/sources.md names: where backups are and how they are encrypted; what sets a PDF; and the Docker client,
# through which engines with TLS are reached. Debian 12 has it in one package with the engine.
_TOOL = Base(
    "base-tool",
    "bookworm",
    (
        *("python3", "tar", "ca-certificates", "openssh-client"),
        *("age", "gpg", "gpg-agent", "openssl", "restic", "borgbackup", "rclone"),
        *("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core", "docker.io"),
    ),
    left_out=("/usr/sbin/dockerd", "/usr/sbin/docker-proxy", "/usr/bin/containerd*", "/usr/bin/ctr", "/usr/sbin/runc"),
)

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="mysql",
        tag=LOCAL_MYSQL,
        base=Base("base-mysql", "sid", ("mysql-server-core", "mysql-client-core")),
        dockerfile="mysql.dockerfile",
        scripts=(("mysql-entrypoint.sh", "entrypoint"),),
    ),
    Recipe(
        name="mariadb",
        tag=LOCAL_MARIADB,
        base=Base("base-mariadb", "bookworm", ("mariadb-server-core", "mariadb-client")),
        dockerfile="mariadb.dockerfile",
        scripts=(("mysql-entrypoint.sh", "entrypoint"),),
    ),
    Recipe(
        name="standin",
        tag=LOCAL_STANDIN,
        base=_PYTHON,
        dockerfile="standin.dockerfile",
        scripts=(("php.sh", "php"),),
        wheels="python-requirements.txt",
        modules=_STANDINS,
    ),
    Recipe(
        name="meilisearch",
        tag=LOCAL_MEILISEARCH,
        base=_PYTHON,
        dockerfile="meilisearch.dockerfile",
        scripts=(("meilisearch.sh", "meilisearch"),),
        wheels="python-requirements.txt",
        modules=_STANDINS,
    ),
    Recipe(
        name="tool",
        tag=LOCAL_TOOL,
        base=_TOOL,
        dockerfile="tool.dockerfile",
        scripts=(("tool.sh", "apiary-drill"),),
        wheels="tool-requirements.txt",
        modules=_EVERYTHING,
        for_drills=False,
    ),
)


def recipe(name: str) -> Recipe:
    """The recipe of that name. Raises KeyError."""
    return next(found for found in RECIPES if found.name == name)


def context_files(of: Recipe) -> dict[str, bytes]:
    """The build context without the wheels: content by path."""
    here = files("harness.runtime.images")
    found = {"Dockerfile": (here / of.dockerfile).read_bytes()}
    for name, target in of.scripts:
        found[target] = (here / name).read_bytes()
    for name in of.modules:
        found.update(_tree(files("harness") / name, f"harness/{name}".rstrip("/")))
    return found


def requirements(of: Recipe) -> bytes:
    """The pinned wheels, with their hashes; empty for none."""
    return (files("harness.runtime.images") / of.wheels).read_bytes() if of.wheels else b""


def wheels_dockerfile() -> bytes:
    """What the image of the wheels is made with, below those that have any."""
    return (files("harness.runtime.images") / "wheels.dockerfile").read_bytes()


def inputs_hash(of: Recipe, base_hash: str) -> str:
    """SHA-256 over everything that decides what the image becomes, as far as that is known here."""
    digest = hashlib.sha256(base_hash.encode())
    for path, content in sorted(context_files(of).items()):
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    if of.wheels:
        digest.update(wheels_dockerfile() + requirements(of))
    return digest.hexdigest()


def _tree(entry: Traversable, path: str) -> dict[str, bytes]:
    if entry.is_file():
        return {path: entry.read_bytes()}
    found: dict[str, bytes] = {}
    for child in entry.iterdir():
        if child.name not in _LEFT_OUT:
            found.update(_tree(child, f"{path}/{child.name}"))
    return found
