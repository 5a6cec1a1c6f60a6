"""`python -m sandbox`. Ends in words whichever Python runs it, and without any where somebody ends it at once."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is something to stop

if sys.version_info < (3, 11):  # noqa: UP036 — who starts it by hand may have any
    sys.exit("dmdesk needs Python 3.11 or newer: make sandbox PYTHON=python3.12")


def main() -> int:
    """The command's exit code."""
    from sandbox import command

    return command.main()


if __name__ == "__main__":
    sys.exit(main())
