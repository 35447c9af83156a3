"""A system user of its own for a server that root starts: what a backup makes a server do, it cannot do to the machine.

The second wall behind the reader of scripts: a statement that got past it makes the server write as a user who owns
nothing but the server's own directory. The application is the user whom its files belong to, as in production: it has
to write next to what was restored, and what was restored keeps its owners.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from harness.base.errors import ServerFailed
from harness.base.settings import Settings
from harness.runtime.process.host import LocalHost
from harness.runtime.services.execution import run

FIRST_UID, UIDS = 60578, 606
"""Numbers that no distribution and no tool gives to anybody (systemd's "Users, Groups, UIDs and GIDs"), and that a
container with the usual 65,536 of them has."""

_SYS_PTRACE = 19  # capabilities(7)


@dataclass(frozen=True, slots=True)
class ServerUser:
    """A user without a name, a home or a group of others.

    Args:
        uid: its number, of the user and of its group.
        setpriv: the program that starts others as somebody else.
    """

    uid: int
    setpriv: Path

    def command(self, argv: Sequence[str]) -> list[str]:
        """The same command as this user, who cannot become anybody else again.

        Root's home and a drill's directory are closed to others, and programs and data are in them. So the user may
        read and enter what root may, and write nothing but its own.
        """
        return [
            str(self.setpriv),
            f"--reuid={self.uid}",
            f"--regid={self.uid}",
            "--clear-groups",
            "--no-new-privs",
            # access(2) takes the capability away from a user who is not root, unless asked to keep it.
            "--securebits=+no_setuid_fixup",
            *(f"--{which}=-all,+dac_read_search" for which in ("inh-caps", "ambient-caps", "bounding-set")),
            "--",
            *argv,
        ]

    def hand_over(self, directory: Path) -> None:
        """Make it the owner of a directory and everything in it. Raises ServerFailed."""
        try:
            os.lchown(directory, self.uid, self.uid)
            for parent, directories, files in os.walk(directory):
                for name in (*directories, *files):
                    os.lchown(Path(parent, name), self.uid, self.uid)
        except OSError as error:
            raise ServerFailed(
                f"cannot make user {self.uid} the owner of {directory}: {error.strerror}",
                "Set APIARY_DRILL_STATE_DIR to a directory on a local file system, or run the drill as a "
                "non-root user.",
            ) from error


def server_user(settings: Settings, drill_id: str, server: str, env: Mapping[str, str]) -> ServerUser | None:
    """A user for one server of a drill, such as `target/mysql`; see `user_with`."""
    return user_with(settings, FIRST_UID + crc32(f"{drill_id}/{server}".encode()) % UIDS, env)


def user_with(settings: Settings, uid: int, env: Mapping[str, str]) -> ServerUser | None:
    """The user of a number; None where the harness is not root, or this machine does not allow it.

    The latter is so in a container without the capabilities DAC_READ_SEARCH (to hand on) and SYS_PTRACE (a drill's
    processes are known by their environment), neither of which Docker gives by itself, and without `setpriv`
    (util-linux). The server runs as root there, as the harness does.
    """
    setpriv = settings.which("setpriv") if os.geteuid() == 0 and _sees_other_users() else None
    if setpriv is None:
        return None
    user = ServerUser(uid, setpriv)
    return user if run(LocalHost(env), user.command(["true"]), timeout_s=30).exit_status == 0 else None


def _sees_other_users() -> bool:
    """Whether this process has SYS_PTRACE, without which another user's environment is closed to root as well."""
    try:
        effective = re.search(r"^CapEff:\s*([0-9a-f]+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    except OSError:
        return False
    return effective is not None and bool(int(effective[1], 16) >> _SYS_PTRACE & 1)
