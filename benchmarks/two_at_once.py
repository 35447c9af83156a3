"""What two connections and two imports at once would give a fast drill: the limit of a machine, measured.

    python -m benchmarks.two_at_once --dump FILE

A fast drill loads the script through one client and imports one model after the other. Here the same script is cut into
tables, whose rows are loaded by two clients at once, and what follows the tables by one; then the models are imported
two at a time. The target is that of a fast drill: local processes that do not wait for the disk.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.artifacts.dump.source import open_script
from harness.base.guide import IMPORTED_MODELS
from harness.base.settings import from_environment
from harness.base.wait import wait_until
from harness.procedure.restore.load import client_arguments
from harness.runtime.ownership import workspace
from harness.runtime.process.runtime import ProcessRuntime
from harness.runtime.services.execution import run
from harness.runtime.services.mysql import MySqlServer
from harness.runtime.services.stack import Stack
from harness.runtime.spec import StackSpec, new_app_key
from harness.standins.apiary.models import class_name

_TABLE = re.compile(rb"^(?=--\n-- Table structure for table )", re.MULTILINE)
_AFTER = re.compile(rb"^--\n-- (?:Dumping |Temporary |Final )(?!data )|^/\*!40103 SET TIME_ZONE=@OLD", re.MULTILINE)
_ROWS = re.compile(rb"^--\n-- Dumping data for table .*\n--\n", re.MULTILINE)
_UNCHECKED = b"SET foreign_key_checks = 0, unique_checks = 0;\n"


def cut(script: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The tables' definitions, what two clients get of their rows, of about the same size, and what follows the tables.

    Definitions go through one client: two that make tables with foreign keys to each other's end in a deadlock (1213).
    """
    header, *tables = _TABLE.split(script)
    after = _AFTER.search(tables[-1])
    if after is not None:
        tables[-1], last = tables[-1][: after.start()], header + tables[-1][after.start() :]
    else:
        last = b""
    header += _UNCHECKED
    definitions, rows = zip(*(_ROWS.split(table, maxsplit=1) for table in tables if _ROWS.search(table)), strict=True)
    shares: list[list[bytes]] = [[header], [header]]
    for each in sorted(rows, key=len, reverse=True):
        min(shares, key=lambda share: sum(map(len, share))).append(each)
    return header + b"".join(definitions), [b"".join(share) for share in shares], last


def load(server: MySqlServer, script: bytes) -> None:
    """As a drill loads it. Raises SystemExit where the client fails."""
    arguments, environment = client_arguments(server), server.tool_environment(server.app)
    ended = run(server.tools, arguments, env=environment, stdin=[script], timeout_s=3600)
    if ended.exit_status:
        raise SystemExit(ended.stderr[:300])


def at_once(calls: Iterable[Callable[[], object]]) -> float:
    """Elapsed seconds of all of them, two at a time."""
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(call) for call in calls]:
            done.result()
    return time.monotonic() - began


def import_models(stack: Stack) -> float:
    """Elapsed seconds until all models are imported, two at a time, and indexed."""
    began = time.monotonic()
    app, search = stack.apiary, stack.meilisearch
    app.must_artisan("scout:sync-index-settings")
    at_once(partial(app.must_artisan, "scout:import", class_name(model.table)) for model in IMPORTED_MODELS)
    wait_until(lambda: search.pending_tasks() == 0, what="the search's tasks", timeout_s=3600, interval_s=0.1)
    return time.monotonic() - began


def two_at_once(dump: Path, *, index: bool = True) -> tuple[float, float]:
    """Elapsed seconds of the load and, if it is asked for, of the imports."""
    definitions, shares, last = cut(b"".join(open_script(dump)))
    drill_id = f"benchmark-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="benchmark-two-") as name:
        settings = replace(from_environment(os.environ), state_dir=Path(name, "state"))
        spec = StackSpec("target", drill_id, Path(name, "logs"), new_app_key(), durable=False, migrated=True)
        with workspace(settings.state_dir, drill_id) as work, ProcessRuntime(settings, work).stack(spec) as stack:
            stack.migrate()
            loaded_s = at_once([partial(load, stack.mysql, definitions)])
            loaded_s += at_once(partial(load, stack.mysql, share) for share in shares)
            loaded_s += at_once([partial(load, stack.mysql, last)])
            return loaded_s, import_models(stack) if index else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dump", type=Path, required=True)
    loaded_s, imported_s = two_at_once(parser.parse_args().dump)
    sys.stdout.write(f"load, two clients: {loaded_s:.1f} s; imports, two at a time: {imported_s:.1f} s\n")


if __name__ == "__main__":
    main()
