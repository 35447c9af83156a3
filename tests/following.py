"""The next step that a command printed, followed as an operator does: copied into a shell."""

import subprocess
from collections.abc import Mapping


def follow(
    printed: str, label: str, environment: Mapping[str, str], further: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command that stands on the line with this label, with a few words more where a test needs them."""
    (line,) = (line for line in printed.splitlines() if line.startswith(label))
    command = f"{line.removeprefix(label)} {further}"
    return subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
