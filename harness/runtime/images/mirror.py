"""Where Debian packages come from: the mirror and the options that this machine's apt is configured for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.base.errors import MissingProgram
from harness.base.settings import Settings
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run

_HINT = "Build the images on a Debian machine, or copy them from one with `docker save` and `docker load`."

# What apt has to know to fetch from here: proxies, certificates, and how old an index may be.
_OPTIONS = re.compile(r'(Acquire::(?:https?::|Check-Valid-Until|Check-Date|Retries)\S*) "([^"]*)";')


def debian_mirror(settings: Settings, options: Sequence[str] = ()) -> str:
    """The address of the Debian mirror in this machine's apt sources.

    Args:
        options: of apt, where it is to read other lists than the system's.

    Raises:
        MissingProgram: no apt here, or no Debian mirror among its sources.
    """
    if settings.which("apt-get") is None:
        raise MissingProgram("images are built from Debian packages, but this machine has no apt-get", _HINT)
    listed = run(
        LocalHost(settings.base_env),
        ["apt-get", *options, "indextargets", "--format", "$(REPO_URI)|$(LABEL)|$(COMPONENT)", "Created-By: Packages"],
        timeout_s=60,
    )
    for line in listed.stdout.decode().splitlines():
        address, label, component = line.split("|")
        if (label, component) == ("Debian", "main"):
            return address
    raise MissingProgram(
        "images are built from Debian packages, but this machine's apt sources contain no Debian mirror",
        "Run `apt-get update` once to load the package lists.",
        _HINT,
    )


def apt_options(settings: Settings) -> list[str]:
    """The options of this machine's apt that a fetch through the same mirror needs."""
    dumped = run(LocalHost(settings.base_env), ["apt-config", "dump"], timeout_s=60)
    return [f'{name} "{value}"' for name, value in _OPTIONS.findall(dumped.stdout.decode()) if value]
