"""The options of the command: the real server's names, on the command line or as MEILI_… variables."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import UsageError
from harness.standins.meilisearch import ENGINE_VERSION

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_FLAGS = ("ignore_missing_dump", "ignore_dump_if_db_exists", "no_analytics")
_VALUES = {
    "http_addr": "localhost:7700",
    "db_path": "./data.ms",
    "dump_dir": "dumps/",
    "import_dump": None,
    "http_payload_size_limit": "100 MB",
    "master_key": None,
    "env": "development",
    "log_level": "ERROR",
    "max_index_size": "64 GiB",
    "engine_python": None,
}
MINIMUM_MASTER_KEY_BYTES = 16
"""In production, as on the real server."""


@dataclass(frozen=True, slots=True)
class EmbeddedOptions:
    """Everything on the command line and in the environment."""

    host: str
    port: int
    db_path: Path
    dump_dir: Path
    import_dump: Path | None
    ignore_missing_dump: bool
    ignore_dump_if_db_exists: bool
    payload_limit_bytes: int
    map_size_bytes: int
    engine_python: str | None
    master_key: str | None
    log_level: str


def parse_options(arguments: Sequence[str], environment: Mapping[str, str]) -> EmbeddedOptions:
    """Read the command line, and for what it leaves out the environment. Raises UsageError: a value cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.standins.meilisearch", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"embedded Meilisearch {ENGINE_VERSION}")
    for name in _VALUES:
        parser.add_argument(_option(name), metavar="VALUE", help=f"default: {_VALUES[name]}")
    for name in _FLAGS:
        parser.add_argument(_option(name), action="store_true", default=None)
    given = vars(parser.parse_args(arguments))

    def value(name: str) -> str | None:
        text = given[name] if given[name] is not None else environment.get(f"MEILI_{name.upper()}")
        return _VALUES[name] if text is None else str(text)

    def flag(name: str) -> bool:
        text = environment.get(f"MEILI_{name.upper()}", "false").lower()
        return bool(given[name]) or text not in ("false", "0", "")

    host, port = _address(str(value("http_addr")))
    dump = value("import_dump")
    _check_production(str(value("env")), value("master_key"))
    return EmbeddedOptions(
        host=host,
        port=port,
        db_path=Path(str(value("db_path"))),
        dump_dir=Path(str(value("dump_dir"))),
        import_dump=None if dump is None else Path(dump),
        ignore_missing_dump=flag("ignore_missing_dump"),
        ignore_dump_if_db_exists=flag("ignore_dump_if_db_exists"),
        payload_limit_bytes=parse_size(str(value("http_payload_size_limit"))),
        map_size_bytes=parse_size(str(value("max_index_size"))),
        engine_python=value("engine_python"),
        master_key=value("master_key") or None,
        log_level=_log_level(str(value("log_level"))),
    )


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"{_option('http_addr')}: {text!r} is not HOST:PORT", "Example: 127.0.0.1:7700.")
    return host.strip("[]") or "localhost", int(port)


def parse_size(text: str) -> int:
    """A size in bytes from `104857600`, `100MB` or `100 MiB`. Raises UsageError: it is not a size."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)", text.strip())
    if match is None or match[2].upper() not in _UNITS:
        raise UsageError(f"{text!r} is not a size in bytes", "Examples: 104857600, 100MB, 100 MiB.")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _check_production(env: str, master_key: str | None) -> None:
    if env not in ("development", "production"):
        raise UsageError(f"{_option('env')}: {env!r} is neither development nor production")
    if env == "development":
        return
    if not master_key:
        raise UsageError("a production environment needs a master key", "Set MEILI_MASTER_KEY.")
    size_bytes = len(master_key.encode())
    if size_bytes < MINIMUM_MASTER_KEY_BYTES:
        raise UsageError(
            f"the master key has {size_bytes} bytes, a production environment needs {MINIMUM_MASTER_KEY_BYTES}",
            "Set a longer MEILI_MASTER_KEY.",
        )


def _log_level(text: str) -> str:
    levels = {"OFF": "CRITICAL", "ERROR": "ERROR", "WARN": "WARNING", "INFO": "INFO", "DEBUG": "DEBUG"}
    levels["TRACE"] = "DEBUG"
    if text.upper() not in levels:
        raise UsageError(f"{_option('log_level')}: {text!r} is not one of {', '.join(levels)}")
    return levels[text.upper()]
