"""The stand-in's `php`: `python -m harness.standins.apiary.php artisan <command>`, called as `php artisan …` is."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from harness import __version__
from harness.base.errors import HarnessError
from harness.standins.apiary import caches
from harness.standins.apiary.config import load_config
from harness.standins.apiary.console import Console

_OF_A_FIRST_LOGIN = ("asymmetric.padding", "hashes", "serialization")
"""What PyMySQL imports for an account that the server has not seen since it started: a third of its import."""


class _Deferred(ModuleType):
    """A module that is imported when something of it is used; LazyLoader cannot defer a package whose parts need it."""

    def __getattr__(self, name: str) -> object:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def _defer(name: str) -> None:
    package, _, own = name.rpartition(".")
    if name not in sys.modules:
        sys.modules[name] = _Deferred(name)
        setattr(import_module(package), own, sys.modules[name])


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
        for name in _OF_A_FIRST_LOGIN:
            _defer(f"cryptography.hazmat.primitives.{name}")
        from harness.standins.apiary import artisan

        return artisan.run(argv[1:], config, console)
    except HarnessError as error:
        console.error(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
