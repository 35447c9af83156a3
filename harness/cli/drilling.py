"""A drill with everything around it: signals, leftovers, a work directory, what follows its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from harness.artifacts.dump.source import Dump
from harness.base.interruption import terminable
from harness.base.model import DrillResult
from harness.base.settings import Settings
from harness.cli.context import is_quiet, say, show_result
from harness.cli.post_run import Finished, run_hooks
from harness.drill.plan import DrillPlan, new_drill_id
from harness.drill.run import Run
from harness.records.run_directory import RunDirectory
from harness.reports.console import ConsoleProgress
from harness.reports.terminal import as_called, console_for
from harness.runtime.choice import choose_runtime
from harness.runtime.docker.host import ContainerHost
from harness.runtime.ownership import sweep, workspace
from harness.runtime.services.stack import Stack
from harness.runtime.spec import PROBE_USER


@contextmanager
def drilling(
    settings: Settings,
    name: str,
    *,
    as_json: bool,
    dump: Dump | None = None,
    keep: bool = False,
    flavours: Mapping[str, str] = MappingProxyType({}),
    quiet: bool = False,
) -> Iterator[tuple[DrillPlan, Callable[[Run, DrillResult], None]]]:
    """What a drill needs around it: signals, leftovers of killed ones, a work directory, and the summary of its result.

    Args:
        dump: an existing script; an image of its server's version is taken unless one is named.
        keep: leave the restored target running, and say how to reach and how to remove it.
        flavours: the database server that a role needs, `MySQL` or `MariaDB`.
        quiet: don't print the result: it is one of several.
    """
    drill_id = new_drill_id(name)
    console = console_for(stderr=as_json, quiet=is_quiet())
    with terminable():
        for leftover in sweep(settings.state_dir):
            console.plain(f"removed leftovers of an interrupted drill: {leftover.drill_id}")
        store = RunDirectory(settings.runs_dir / drill_id)
        with workspace(settings.state_dir, drill_id, keep=keep) as directory:
            runtime = choose_runtime(
                settings,
                directory,
                lambda line: console.print(line, style="dim"),
                dump=dump,
                keep=("target",) if keep else (),
                flavours=flavours,
            )

            def finish(run: Run, result: DrillResult) -> None:
                if not quiet:
                    show_result(result, store.directory, as_json=as_json)
                run_hooks(Finished(result, store.directory, settings), say)
                report = store.path("report.html")
                if report.exists():
                    console.whole(f"  Report: {report}")
                if keep and run.target is not None:
                    # A command that is to be copied stays on one line.
                    for line in ("", *how_to_reach(run.target, directory).splitlines()):
                        console.whole(line)

            yield DrillPlan(drill_id, runtime, settings, store, ConsoleProgress(console), keep=keep), finish


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
