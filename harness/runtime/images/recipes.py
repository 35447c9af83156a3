"""What the local images are made of: one recipe each, and the table of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from harness.runtime.docker.images import LOCAL_MARIADB, LOCAL_MEILISEARCH, LOCAL_MYSQL, LOCAL_STANDIN

# Read by the image itself, so a change of any of these makes another image.
_HARNESS = (
    "__init__.py",
    *(f"base/{name}.py" for name in ("__init__", "errors", "expressions", "guide", "wait")),
    "artifacts/__init__.py",
    "artifacts/dump",
    "standins",
)

_LEFT_OUT = ("__pycache__",)


@dataclass(frozen=True, slots=True)
class Base:
    """A base system: what `mmdebstrap` installs from the mirror of this machine.

    Args:
        name: tag of the base image.
        suite: Debian suite; `sid` is where Debian keeps MySQL.
        packages: besides the minimal system.
    """

    name: str
    suite: str
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image.

    Args:
        name: for `images build NAME`.
        tag: its reference.
        base: what it stands on.
        dockerfile: file of this folder.
        scripts: files of this folder that go into the build context, by the name that they have there.
        python: True when wheels and the harness's own modules go in.
    """

    name: str
    tag: str
    base: Base
    dockerfile: str
    scripts: tuple[tuple[str, str], ...] = ()
    python: bool = False


_PYTHON = Base("base-python", "bookworm", ("python3", "tar", "ca-certificates"))

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
        python=True,
    ),
    Recipe(
        name="meilisearch",
        tag=LOCAL_MEILISEARCH,
        base=_PYTHON,
        dockerfile="meilisearch.dockerfile",
        scripts=(("meilisearch.sh", "meilisearch"),),
        python=True,
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
    if of.python:
        package = files("harness")
        for name in _HARNESS:
            found.update(_tree(package / name, f"harness/{name}"))
    return found


def requirements() -> bytes:
    """The pinned wheels, with their hashes."""
    return (files("harness.runtime.images") / "python-requirements.txt").read_bytes()


def inputs_hash(of: Recipe, base_hash: str) -> str:
    """SHA-256 over everything that decides what the image becomes, as far as that is known here."""
    digest = hashlib.sha256(base_hash.encode())
    for path, content in sorted(context_files(of).items()):
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    if of.python:
        digest.update(requirements())
    return digest.hexdigest()


def _tree(entry: Traversable, path: str) -> dict[str, bytes]:
    if entry.is_file():
        return {path: entry.read_bytes()}
    found: dict[str, bytes] = {}
    for child in entry.iterdir():
        if child.name not in _LEFT_OUT:
            found.update(_tree(child, f"{path}/{child.name}"))
    return found
