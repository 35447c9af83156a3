"""A restored target that is left running (`restore`): where it is, how to log in, and how to remove it."""

from __future__ import annotations

from pathlib import Path

from harness.reports.terminal import as_called
from harness.runtime.docker.host import ContainerHost
from harness.runtime.services.stack import Stack
from harness.runtime.spec import PROBE_USER


def how_to_reach(target: Stack, directory: Path) -> str:
    """Where a kept target is, how to log in, and how to remove it; the passwords go into a file of its own."""
    secrets = directory / "access"
    secrets.touch(mode=0o600)
    secrets.write_text(
        f"MYSQL_USER={target.mysql.app.user}\nMYSQL_PWD={target.mysql.app.password}\n"
        f"MEILISEARCH_KEY={target.meilisearch.key}\nAPIARY_PASSWORD={target.apiary.password}\n"
    )
    return "\n".join(
        [
            *_addresses(target),
            f"  Passwords    {secrets}",
            f"Log in: ( . {secrets}; export MYSQL_PWD; {_client(target)} )",
            as_called(f"Remove it: apiary-drill cleanup {target.drill_id}"),
        ]
    )


def _addresses(target: Stack) -> list[str]:
    if isinstance(target.mysql.tools, ContainerHost) and not target.mysql.private:
        # The listeners that this command had on loopback end with it.
        return [
            "The restored target keeps running on a remote Docker engine, at no address of this machine:",
            f"  Containers   docker ps --filter label=apiary-drill.drill={target.drill_id}",
        ]
    asked = ", and gives the password APIARY_PASSWORD" if target.apiary.password else ""
    return [
        "The restored target keeps running, reachable from this machine only:",
        f"  Apiary       {target.apiary.url}/  (every visitor is the user {PROBE_USER!r}{asked})",
        f"  MySQL        {target.mysql.host}:{target.mysql.port}, database {target.mysql.database}",
        f"  Meilisearch  {target.meilisearch.url}",
    ]


def _client(target: Stack) -> str:
    """The command that opens the server's own client, in its container where it has one."""
    mysql = target.mysql
    arguments = " ".join([mysql.client, *mysql.tool_arguments(mysql.app), mysql.database])
    if isinstance(mysql.tools, ContainerHost):
        return f"docker exec --interactive --tty --env MYSQL_PWD {mysql.tools.name} {arguments}"
    return arguments
