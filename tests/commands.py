"""Commands as an operator calls them: inside this process, which has imported the harness, or in one of their own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

from click.testing import CliRunner

from harness.cli.command_line import main


def called(
    *arguments: str, env: Mapping[str, str], cwd: Path | None = None, stdin: Path | None = None, alone: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end.

    Args:
        env: its whole environment.
        stdin: what it reads, through a pipe of its own process.
        alone: in a process of its own: where what it prints is followed, what it leaves outlives it, or it looks at
            what a process gets from its environment when it starts.
    """
    if alone or stdin is not None:
        with (stdin or Path(os.devnull)).open("rb") as file:
            return subprocess.run(
                [sys.executable, "-m", "harness.cli.main", *arguments],
                env={**env}, cwd=cwd, stdin=file, capture_output=True, text=True, check=False,
            )  # fmt: skip
    missing = dict.fromkeys(os.environ.keys() - env.keys())
    with chdir(cwd or Path.cwd()):
        done = CliRunner(env={**missing, **env}).invoke(main, arguments, prog_name="apiary-drill")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)
