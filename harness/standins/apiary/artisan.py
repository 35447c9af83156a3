"""The artisan commands of the stand-in: one function per command, and the table of them.

Exit codes are those of Laravel 12 and Scout 10: commands that succeed too easily there do so here.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

import pymysql

from harness.base.expressions import SEARCH_QUEUE
from harness.base.wait import wait_until
from harness.standins.apiary import caches, maintenance, migrations, scout, tinker
from harness.standins.apiary.config import AppConfig
from harness.standins.apiary.console import Console
from harness.standins.apiary.database import connect, error_text
from harness.standins.apiary.encryption import new_app_key
from harness.standins.apiary.jobs import DEFAULT_QUEUE, open_queue
from harness.standins.apiary.meilisearch import Meilisearch, MeilisearchError
from harness.standins.apiary.models import model_of_class

_INDEXING_TIMEOUT_S = 1800.0
"""How long `meilisearch:dump` waits for the index, and then for the dump (app/Console/Commands)."""

_IDLE_PROBES = 2
"""How often in a row queue and tasks have to be empty. The real command probes every 5 s, this one 0.5 s."""

_DUMPS_KEPT = 1

_TEAMS = ("IGVC", "BattleBots", "Outreach", "RoboCup", "RoboRacing", "Core")
"""Source: database/seeders/TeamsSeeder.php; all of them self-serviceable but the last."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command line without the command: positional arguments, options, and where to write."""

    arguments: tuple[str, ...]
    options: Mapping[str, str]
    config: AppConfig
    console: Console


def _refused_in_production(call: Invocation) -> bool:
    if call.config.env != "production" or "force" in call.options:
        return False
    call.console.line("  APPLICATION IN PRODUCTION.\n\n   WARN  Command cancelled.")
    return True


def migrate(call: Invocation) -> int:
    """Create what is missing; in production only with --force. `--path` limits it to the named migrations."""
    if _refused_in_production(call):
        return 1
    paths = call.options.get("path")
    only = None if paths is None else migrations.names_of_paths(paths.split(_BETWEEN_PATHS))
    with connect(call.config.database) as connection:
        load = migrations.schema_client(call.config)
        migrations.migrate(connection, call.console.line, release=call.config.release, only=only, load=load)
    return 0


def migrate_status(call: Invocation) -> int:
    """List the migrations; 1 without the table, and with --pending=CODE that code when some are pending."""
    with connect(call.config.database) as connection:
        if migrations.ran_migrations(connection) is None:
            call.console.error("Migration table not found.")
            return 1
        pending = migrations.pending_migrations(connection, call.config.release)
        if "pending" in call.options:
            for name in pending:
                call.console.line(f"  {name} {'.' * max(3, 100 - len(name))} Pending")
            return int(call.options["pending"] or 0) if pending else 0
        for line in migrations.status_lines(connection, call.config.release):
            call.console.line(line)
    return 0


def db_seed(call: Invocation) -> int:
    """Insert the six teams of the real app; in production only with --force."""
    if _refused_in_production(call):
        return 1
    with connect(call.config.database) as connection, connection.cursor() as cursor:
        for team in _TEAMS:
            cursor.execute(
                "insert into teams (name, visible, attendable, description, self_serviceable, "
                "visible_on_kiosk) "
                "values (%s, 1, 1, %s, %s, 1)",
                (team, team, team != "Core"),
            )
    call.console.line("   INFO  Seeding database.")
    return 0


def key_generate(call: Invocation) -> int:
    """Print a fresh key; the stand-in has no .env file that it could write one to."""
    if "show" not in call.options:
        call.console.error("Unable to set application key. No APP_KEY variable was found in the .env file.")
        return 1
    call.console.line(new_app_key())
    return 0


def down(call: Invocation) -> int:
    """Switch maintenance mode on."""
    maintenance.enter(call.config)
    call.console.line("   INFO  Application is now in maintenance mode.")
    return 0


def up(call: Invocation) -> int:
    """Switch maintenance mode off."""
    left = maintenance.leave(call.config)
    call.console.line(f"   INFO  Application is {'now live' if left else 'already up'}.")
    return 0


def scout_import(call: Invocation) -> int:
    """Import one model, named by its class."""
    return _on_model(call, scout.import_model)


def scout_flush(call: Invocation) -> int:
    """Remove every document of one model, named by its class."""
    return _on_model(call, scout.flush_model)


def _on_model(call: Invocation, run: Callable[..., int]) -> int:
    if not call.arguments:
        call.console.error('Not enough arguments (missing: "model").')
        return 1
    model = model_of_class(call.arguments[0])
    if model is None:
        call.console.error(f"Model [{call.arguments[0]}] not found.")
        return 1
    return run(call.config, model, call.console)


def scout_import_all(call: Invocation) -> int:
    """Import the eleven models; 0 whatever happens."""
    return scout.import_all(call.config, call.console)


def scout_sync_index_settings(call: Invocation) -> int:
    """Send the index settings; 0 whatever happens."""
    return scout.sync_index_settings(call.config, call.console)


def meilisearch_dump(call: Invocation) -> int:
    """Wait until queue and tasks are idle, without a look at failed ones; have a dump made; keep the newest.

    The server writes the file into its own dump directory. Only if that is `storage/app/meilisearch/dumps`,
    as in production, is the dump in the files that are backed up, and are older ones removed.
    """
    with connect(call.config.database) as connection:
        queue = open_queue(call.config, connection)
        client = Meilisearch(call.config)
        idle = 0

        def drained() -> bool:
            nonlocal idle
            waiting = (queue.size(SEARCH_QUEUE) if queue else 0) + client.pending_tasks()
            idle = 0 if waiting else idle + 1
            return idle >= _IDLE_PROBES

        wait_until(drained, what="indexing to complete", timeout_s=_INDEXING_TIMEOUT_S, interval_s=0.5)
        call.console.line("Indexing complete.\nRequesting Meilisearch dump...")
        task_uid = client.create_dump()

        def finished() -> str | None:
            status = client.task_status(task_uid)
            return None if status in ("enqueued", "processing") else status

        status = wait_until(finished, what="the dump", timeout_s=_INDEXING_TIMEOUT_S, interval_s=0.2)
    if status != "succeeded":
        call.console.error(f"Dump task finished with status `{status}`.")
        return 1
    call.console.line("Dump created successfully.")
    dumps = sorted((call.config.files_dir / "meilisearch" / "dumps").glob("*.dump"), key=lambda p: p.stat().st_mtime)
    for old in dumps[:-_DUMPS_KEPT]:
        call.console.line(f"Pruning old dump `{old}`.")
        old.unlink()
    return 0


def queue_work(call: Invocation) -> int:
    """Run jobs until SIGTERM, or with --stop-when-empty until there are none.

    As in Laravel it reads the queue `default` only. Scout's jobs are on `meilisearch`: `--queue=meilisearch`.
    """
    names = call.options.get("queue", DEFAULT_QUEUE).split(",")
    connection = connect(call.config.database)
    stopped = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        queue = open_queue(call.config, connection)
        if queue is None:
            return 0

        def run_all() -> bool:
            while not stopped and any(scout.run_next_job(call.config, queue, name, call.console) for name in names):
                pass
            return stopped or "stop-when-empty" in call.options

        wait_until(run_all, what="a signal to stop", timeout_s=inf, interval_s=0.5)
    finally:
        signal.signal(signal.SIGTERM, previous)
        connection.close()
    return 0


def run_tinker(call: Invocation) -> int:
    """Echo one of the known expressions; 1 with the exception's text on stderr for anything else."""
    try:
        call.console.stdout.write(tinker.execute(call.options.get("execute", ""), call.config))
    except tinker.TinkerError as error:
        call.console.error(str(error))
        return 1
    return 0


def serve(call: Invocation) -> int:
    """Answer HTTP until SIGTERM or SIGINT."""
    # Imported here because every other command starts without the web server's modules.
    from harness.standins.apiary.web import serve as serve_http

    serve_http(
        call.config,
        call.options.get("host", "127.0.0.1"),
        int(call.options.get("port", "8000")),
        # A server that may reload its environment has one worker, whatever PHP_CLI_SERVER_WORKERS says.
        workers=call.config.workers if "no-reload" in call.options else 1,
    )
    return 0


def _prepares(run: caches.Command) -> Callable[[Invocation], int]:
    return lambda call: run(call.config, call.console)


COMMANDS: dict[str, Callable[[Invocation], int]] = {
    **{name: _prepares(run) for name, run in caches.COMMANDS.items()},
    "db:seed": db_seed,
    "down": down,
    "key:generate": key_generate,
    "meilisearch:dump": meilisearch_dump,
    "migrate": migrate,
    "migrate:status": migrate_status,
    "queue:work": queue_work,
    "scout:flush": scout_flush,
    "scout:import": scout_import,
    "scout:import-all": scout_import_all,
    "scout:sync-index-settings": scout_sync_index_settings,
    "serve": serve,
    "tinker": run_tinker,
    "up": up,
}

_BETWEEN_PATHS = ":"
_WITH_VALUE = ("execute", "host", "path", "port", "queue")
"""Options whose value may stand in the next argument."""


def run(words: list[str], config: AppConfig, console: Console) -> int:
    """Run one artisan command.

    Returns:
        Its exit code; 1 for an unknown command and for an error of the database or of Meilisearch.
    """
    arguments: list[str] = []
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, has_value, value = word[2:].partition("=")
            given = value if has_value or name not in _WITH_VALUE else next(rest, "")
            # The one option that artisan takes several times.
            options[name] = _BETWEEN_PATHS.join(filter(None, (options.get(name), given))) if name == "path" else given
        elif not word.startswith("-"):
            arguments.append(word)
    if not arguments or arguments[0] not in COMMANDS:
        console.error(f'Command "{arguments[0] if arguments else ""}" is not defined.')
        return 1
    call = Invocation(tuple(arguments[1:]), options, config, console)
    try:
        return COMMANDS[arguments[0]](call)
    except pymysql.MySQLError as error:
        console.exception(f"Illuminate\\Database\\QueryException: {error_text(error)}")
    except (MeilisearchError, migrations.SchemaNotLoaded) as error:
        console.exception(str(error))
    return 1
