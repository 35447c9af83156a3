"""What a start of the job runs before the application: configuration, views, events, routes and cache.

Apart from the other commands, so that a start, which runs all of them, does not wait for the other commands' modules.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from harness.standins.apiary.config import AppConfig, cache_file
from harness.standins.apiary.console import Console

Command = Callable[[AppConfig, Console], int]


def config_validate(config: AppConfig, console: Console) -> int:
    """Hold the configuration to what production has (config-validation/): 1 for any of a drill's own settings."""
    values = dict(config.values)
    wrong = []
    if config.env in ("production", "test"):
        wrong += ["cache.default"] if values["CACHE_STORE"] != "redis" else []
        wrong += ["cas.cas_masquerade"] if values["CAS_MASQUERADE"] else []
    if not config.key:
        wrong.append("app.key")
    for name in wrong:
        console.line(f"  {name}  The selected {name} is invalid.")
    console.line("  Config validation failed!" if wrong else "  Config validation passed!")
    return 1 if wrong else 0


def config_cache(config: AppConfig, console: Console) -> int:
    """Freeze what the environment says now into a file that wins over it from now on."""
    path = cache_file(config.base_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)  # it holds passwords
    path.write_text(json.dumps(dict(config.environment), indent=1) + "\n", encoding="utf-8")
    console.line("   INFO  Configuration cached successfully.")
    return 0


def config_clear(config: AppConfig, console: Console) -> int:
    """Remove the frozen configuration."""
    cache_file(config.base_dir).unlink(missing_ok=True)
    console.line("   INFO  Configuration cache cleared successfully.")
    return 0


def _says(text: str) -> Command:
    """A command that has nothing to do here: the stand-in keeps no views, events, routes or values of its own."""

    def done(_config: AppConfig, console: Console) -> int:
        console.line(f"   INFO  {text}")
        return 0

    return done


COMMANDS: dict[str, Command] = {
    "cache:clear": _says("Application cache cleared successfully."),
    "config:cache": config_cache,
    "config:clear": config_clear,
    "config:validate": config_validate,
    "event:cache": _says("Events cached successfully."),
    "responsecache:clear": _says("Response cache cleared!"),
    "route:cache": _says("Routes cached successfully."),
    "view:cache": _says("Blade templates cached successfully."),
}
