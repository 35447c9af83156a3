"""Loading the stored schema as Laravel does: through the program `mysql` of the image, not through the connection."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from harness.standins.apiary.config import AppConfig
from harness.standins.apiary.migrations import SchemaNotLoaded

_PATH = "/usr/local/bin:/usr/bin:/bin"


def schema_client(config: AppConfig) -> Callable[[str], None] | None:
    """What runs a script with the program that STANDIN_SCHEMA_CLIENT names; None without that variable."""
    if not config.schema_client:
        return None
    database = config.database
    where = (
        [f"--socket={database.socket}"] if database.socket else [f"--host={database.host}", f"--port={database.port}"]
    )
    # As Laravel gives it. With MYSQL_PWD the client takes the login for one without a password, and verifies nothing.
    account = [f"--user={database.user}", f"--password={database.password}"]
    argv = [config.schema_client, *account, *where, f"--database={database.database}"]

    def load(script: str) -> None:
        done = subprocess.run(
            argv,
            input=f"set foreign_key_checks = 0;\n{script}",
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": _PATH},
        )
        if done.returncode != 0:
            raise SchemaNotLoaded(
                f'The command "{config.schema_client} … < mysql-schema.sql" failed. Exit Code: {done.returncode}.'
                f" Error Output: {done.stderr.strip()}"
            )

    return load
