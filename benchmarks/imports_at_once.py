"""What two imports at once would give a fast drill.

    python -m benchmarks.imports_at_once --dump FILE

A fast drill imports one model after the other, as the procedure does. Here the models are imported two at a time, into
the target of a fast drill: local processes that do not wait for the disk.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from harness.artifacts.dump.source import open_script
from harness.base.guide import IMPORTED_MODELS
from harness.base.settings import from_environment
from harness.base.wait import wait_until
from harness.procedure.restore.load import run_script
from harness.runtime.ownership import workspace
from harness.runtime.process.runtime import ProcessRuntime
from harness.runtime.services.stack import Stack
from harness.runtime.spec import StackSpec, new_app_key
from harness.standins.apiary.models import class_name


def import_models(stack: Stack) -> float:
    """Elapsed seconds until all models are imported, two at a time, and indexed."""
    began = time.monotonic()
    app, search = stack.apiary, stack.meilisearch
    app.must_artisan("scout:sync-index-settings")
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(app.must_artisan, "scout:import", class_name(one.table)) for one in IMPORTED_MODELS]:
            done.result()
    wait_until(lambda: search.pending_tasks() == 0, what="the search's tasks", timeout_s=3600, interval_s=0.1)
    return time.monotonic() - began


def imports_at_once(dump: Path) -> float:
    """Elapsed seconds of the imports."""
    drill_id = f"benchmark-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="benchmark-imports-") as name:
        settings = replace(from_environment(os.environ), state_dir=Path(name, "state"))
        spec = StackSpec("target", drill_id, Path(name, "logs"), new_app_key(), durable=False, migrated=True)
        with workspace(settings.state_dir, drill_id) as work, ProcessRuntime(settings, work).stack(spec) as stack:
            stack.migrate()
            run_script(stack.mysql, open_script(dump))
            return import_models(stack)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dump", type=Path, required=True)
    sys.stdout.write(f"imports, two at a time: {imports_at_once(parser.parse_args().dump):.1f} s\n")


if __name__ == "__main__":
    main()
