"""One target in this process, with what libFuzzer wants behind its name; see `__main__`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["harness.artifacts", "harness.procedure", "harness.cli.config"]):
    from tests.fuzz.targets import TARGETS, read


def main() -> None:
    target = TARGETS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], lambda data: read(target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
