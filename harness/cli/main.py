"""The program: an interruption ends it in order from its first line on, also while the command line is imported."""

import sys

try:
    import signal
    from typing import Any

    from harness.base.errors import EXIT_INTERRUPTED
    from harness.base.interruption import terminable
except KeyboardInterrupt:
    sys.exit(130)  # nothing was started


def main(**options: Any) -> None:
    """Run the command line, and exit with its code: 130 once a signal has interrupted it, whatever became of that.

    Before and after, a signal ends the process as the system does it: without a traceback.

    Args:
        options: as click's `main` takes them.
    """
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        with terminable():
            from harness.cli.command_line import main as command_line

            command_line(**options)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
