"""Maintenance mode: a file below `storage/framework`, as `down` and `up` of Laravel write and remove it."""

from __future__ import annotations

import json
import time
from pathlib import Path

from harness.standins.apiary.config import AppConfig


def down_file(config: AppConfig) -> Path:
    """The file whose presence means that the app answers 503."""
    return config.framework_dir / "down"


def enter(config: AppConfig) -> None:
    """Switch maintenance mode on."""
    config.framework_dir.mkdir(parents=True, exist_ok=True)
    down_file(config).write_text(
        json.dumps({"except": [], "retry": None, "status": 503, "time": int(time.time())}) + "\n", encoding="utf-8"
    )


def leave(config: AppConfig) -> bool:
    """Switch maintenance mode off; False when it was not on."""
    try:
        down_file(config).unlink()
    except FileNotFoundError:
        return False
    return True
