"""Who runs a drill, on which machine, and with which configuration."""

from __future__ import annotations

import hashlib
import os
import platform
import pwd
import socket
from pathlib import Path

from harness import __version__
from harness.base.model import Origin


def origin_here(configuration: Path | str, sudo_user: str = "") -> Origin:
    """This process: its account, its machine, and the versions.

    Args:
        configuration: the file that it follows, or what else it does, in words.
        sudo_user: the account that sudo was called by, or empty.
    """
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container, an account need not have a name
        user = f"uid {os.getuid()}"
    return Origin(
        user=f"{sudo_user} as {user}" if sudo_user and sudo_user != user else user,
        host=socket.gethostname(),
        system=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        version=__version__,
        configuration=str(configuration),
        configuration_sha256=_digest(configuration) if isinstance(configuration, Path) else "",
    )


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
