"""The same backup under several servers: which values there are, and that all of them can be had before one starts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import docker

from harness.base.errors import HarnessError, UsageError
from harness.base.settings import Settings
from harness.runtime.docker.client import connect, engine_errors
from harness.runtime.docker.images import (
    LOCAL_MARIADB,
    LOCAL_MEILISEARCH,
    LOCAL_MYSQL,
    ImageUnavailable,
    choose,
    mysql_image_for,
    present,
)
from harness.runtime.docker.mysql import prepared
from harness.runtime.process.programs import EMBEDDED, known_servers, meilisearch_command, mysql_programs

_PROGRAMS = {"mysql": "mysqld", "meilisearch": "meilisearch"}
"""Axes, which are also names of images, and the setting that names the program of each."""
AXES = tuple(_PROGRAMS)

_VERSION = re.compile(r"(?:(mysql|mariadb)[-: ]?)?(\d+(?:\.\d+){0,2})?", re.IGNORECASE)
_MARIADB_FROM = 10
"""MySQL went from 8 to 9, MariaDB from 5 to 10: a version tells which of them is meant."""


@dataclass(frozen=True, slots=True)
class Combination:
    """One drill of a matrix: the values as they were written, and the settings that they mean."""

    values: tuple[tuple[str, str], ...]
    settings: Settings

    @property
    def label(self) -> str:
        """Such as `mysql 9.7, meilisearch v1.48`."""
        return ", ".join(f"{axis} {value}" for axis, value in self.values)


def parse_axes(options: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Values by axis, out of `AXIS=VALUE,VALUE`.

    Raises:
        UsageError: no such axis, no value, or one that is there twice.
    """
    found: dict[str, tuple[str, ...]] = {}
    for option in options:
        axis, _, text = option.partition("=")
        values = tuple(value.strip() for value in text.split(","))
        if axis not in AXES:
            raise UsageError(
                f"--matrix {option}: unknown axis {axis!r}",
                f"Write AXIS=VALUE,VALUE with one of {', '.join(AXES)}, such as mysql=8.4,9.7.",
            )
        if axis in found:
            raise UsageError(f"--matrix {option}: the axis {axis} was given twice", "Give its values in one list.")
        if "" in values:
            raise UsageError(f"--matrix {option}: a value is empty", f"Write {axis}=VALUE,VALUE.")
        if twice := next((value for value in values if values.count(value) > 1), None):
            raise UsageError(f"--matrix {option}: {twice} was given twice", "Give each value once.")
        found[axis] = values
    return found


def combinations(
    axes: Mapping[str, Sequence[str]], settings: Settings, drill_id: str, say: Callable[[str], None]
) -> tuple[Combination, ...]:
    """Every combination, with servers that are there.

    Where `auto` is asked for, Docker is taken if it has all of them, else local processes.

    Args:
        drill_id: for the labels of what is made on the engine meanwhile.
        say: gets which runtime it is, and that an image is pulled.

    Raises:
        UsageError: a value can't be had; says what there is.
        EngineUnavailable: Docker was asked for, and no engine answers.
    """
    if settings.runtime == "process":
        return _all(axes, settings, _as_processes)
    on_docker = _OnDocker(settings, drill_id, say)
    if settings.runtime == "docker":
        return _all(axes, settings, on_docker.resolve)
    try:
        found = _all(axes, settings, on_docker.resolve)
    except HarnessError as error:
        refused = error.fact
        try:
            found = _all(axes, settings, _as_processes)
        except UsageError as other:
            raise UsageError(f"{other.fact}; and in containers: {refused}", *other.hints) from None
    say(f"runtime: {'Docker' if found[0].settings.runtime == 'docker' else 'local processes'} for all of the matrix")
    return found


_Resolve = Callable[[Settings, str, str], Settings]


def _all(axes: Mapping[str, Sequence[str]], settings: Settings, resolve: _Resolve) -> tuple[Combination, ...]:
    # Each value is resolved once, and all of them before the first drill.
    known = {(axis, value): resolve(settings, axis, value) for axis, values in axes.items() for value in values}
    found = []
    for values in product(*axes.values()):
        chosen = settings
        for axis, value in zip(axes, values, strict=True):
            chosen = _joined(chosen, known[axis, value], axis)
        found.append(Combination(tuple(zip(axes, values, strict=True)), chosen))
    return tuple(found)


def _joined(settings: Settings, one: Settings, axis: str) -> Settings:
    """The settings, with what `one` says of this axis."""
    program, images = _PROGRAMS[axis], replace(settings.images, **{axis: getattr(one.images, axis)})
    return replace(settings, runtime=one.runtime, images=images, **{program: getattr(one, program)})


def _as_processes(settings: Settings, axis: str, value: str) -> Settings:
    settings = replace(settings, runtime="process")
    try:
        if axis == "meilisearch":
            meilisearch_command(replace(settings, meilisearch=value))
            return replace(settings, meilisearch=value)
        program = _program(settings, value)
        mysql_programs(replace(settings, mysqld=program))
        return replace(settings, mysqld=program)
    except UsageError:
        raise
    except HarnessError as error:
        raise UsageError(f"--matrix {axis}={value} is not available: {error.fact}", *error.hints) from error


def _program(settings: Settings, value: str) -> str:
    """A program by its name or path, or the server of this machine that has the version."""
    servers = known_servers(settings)
    wanted = _wanted(value)
    # `mysql` is the kind of server, although a client of that name is on the path.
    if wanted is None and ("/" in value or settings.which(value) is not None):
        return value
    for path, flavour, version in servers:
        if wanted is not None and _is(wanted, flavour, version):
            return str(path)
    there = ", ".join(f"{flavour} {version} ({path})" for path, flavour, version in servers) or "none"
    raise UsageError(
        f"--matrix mysql={value} is not available: this machine has no such server, only {there}",
        "`apiary-drill doctor --install` installs what it can; give another program by its path.",
    )


def _wanted(value: str) -> tuple[str, str] | None:
    """Flavour (or empty) and version (or empty) that a value names; None where it names neither."""
    match = _VERSION.fullmatch(value)
    if match is None or not (match.group(1) or match.group(2)):
        return None
    return (match.group(1) or "").lower(), match.group(2) or ""


def _is(wanted: tuple[str, str], flavour: str, version: str) -> bool:
    return wanted[0] in ("", flavour.lower()) and (not wanted[1] or f"{version}.".startswith(f"{wanted[1]}."))


class _OnDocker:
    """Finds values among images: by reference, by version, and the local ones where a version can't be pulled."""

    def __init__(self, settings: Settings, drill_id: str, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._drill_id = drill_id
        self._say = say
        self._client: docker.DockerClient | None = None

    def resolve(self, settings: Settings, axis: str, value: str) -> Settings:
        if self._client is None:
            self._client = connect(self._settings.docker)
        with engine_errors(f"looking for the image of {axis} {value}"):
            find = self._search if axis == "meilisearch" else self._mysql
            image: dict[str, Any] = {axis: find(self._client, value)}
        return replace(settings, runtime="docker", images=replace(settings.images, **image))

    def _search(self, client: docker.DockerClient, value: str) -> str:
        reference = value
        if value == EMBEDDED:
            reference = LOCAL_MEILISEARCH
        elif re.fullmatch(r"v?\d+(\.\d+){0,2}", value):
            reference = f"getmeili/meilisearch:v{value.removeprefix('v')}"
        self._must_have(client, reference, f"meilisearch={value}")
        return reference

    def _mysql(self, client: docker.DockerClient, value: str) -> str:
        wanted = _wanted(value)
        if wanted is None:
            self._must_have(client, value, f"mysql={value}")
            return value
        major = wanted[1].partition(".")[0]
        mariadb = wanted[0] == "mariadb" or (not wanted[0] and int(major or 0) >= _MARIADB_FROM)
        name, local = mysql_image_for(wanted[1], mariadb=mariadb)
        reference = f"{name.partition(':')[0]}:{wanted[1]}" if wanted[1] else name
        try:
            self._must_have(client, reference, f"mysql={value}")
        except UsageError:
            if not self._local_is(client, local, wanted):
                raise
            self._say(f"{reference} cannot be pulled: {local} has the same version and replaces it")
            return local
        return reference

    def _must_have(self, client: docker.DockerClient, reference: str, value: str) -> None:
        try:
            choose(client, reference, reference, reference, progress=self._say)
        except ImageUnavailable as error:
            raise UsageError(
                f"--matrix {value} is not available: {error.fact}",
                f"`apiary-drill images build` builds {LOCAL_MYSQL}, {LOCAL_MARIADB} and {LOCAL_MEILISEARCH} "
                "from Debian packages; a matching version is found in them.",
            ) from error

    def _local_is(self, client: docker.DockerClient, reference: str, wanted: tuple[str, str]) -> bool:
        image = present(client, reference)
        if image is None:
            return False
        made = prepared(client, self._settings, image, self._drill_id)
        return _is(wanted, made.flavour, made.version)
