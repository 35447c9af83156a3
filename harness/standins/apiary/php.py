"""The stand-in's `php`: `python -m harness.standins.apiary.php artisan <command>`, called as `php artisan …` is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from harness import __version__
from harness.base.errors import HarnessError
from harness.standins.apiary import caches
from harness.standins.apiary.config import load_config
from harness.standins.apiary.console import Console


def main(argv: list[str]) -> int:
    """Run `artisan` with the environment of this process, in its work directory.

    Returns:
        The command's exit code; 1 for any script but `artisan`, as PHP's for a file that it cannot open.
    """
    console = Console(sys.stdout, sys.stderr, traces=os.environ.get("LOG_CHANNEL") == "stderr")
    if not argv or Path(argv[0]).name != "artisan":
        console.stderr.write(f"Could not open input file: {argv[0] if argv else ''}\n")
        return 1
    try:
        config = load_config(os.environ, Path.cwd())
        if argv[1:] == ["--version"]:
            console.line(f"Apiary stand-in {__version__}")
            return 0
        if argv[1:] and argv[1] in caches.COMMANDS:
            return caches.COMMANDS[argv[1]](config, console)
        # Imported here because a start of the job runs eight commands, and most of them need none of it.
        from harness.standins.apiary import artisan

        return artisan.run(argv[1:], config, console)
    except HarnessError as error:
        console.error(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
