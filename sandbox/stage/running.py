"""What whoever starts the sandbox is told, and the folder that it has for itself."""

from __future__ import annotations

import fcntl
import itertools
import os
import select
import signal
from pathlib import Path
from typing import IO

INTERRUPTED = 130
"""The exit code of what was ended by Ctrl-C, as shells have it."""


class CannotRun(Exception):
    """What stands in the way, and what to do about it."""


class PortTaken(CannotRun):
    """Somebody else listens there."""


class Interrupted(Exception):
    """Somebody has ended the sandbox while it started."""


class Interrupt:
    """Ctrl-C, or a SIGTERM. An Event that a handler sets would not do: its lock may be held by the code that is
    interrupted, and the signal may come to a thread that does not wait."""

    def __init__(self) -> None:
        self._told, self._tell = os.pipe()
        os.set_blocking(self._tell, False)
        self._times = 0

    def listen(self) -> None:
        """From now on these signals are meant. Whoever sends another does not want to wait: the process ends."""
        signal.set_wakeup_fd(self._tell, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._heard())

    def _heard(self) -> None:
        self._times += 1
        if self._times > 1:
            os._exit(INTERRUPTED)  # the embedded AWS ends with us

    def is_set(self) -> bool:
        return self.wait(0)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Until a signal came, or the time is over; tells whether one has come."""
        return bool(select.select([self._told], [], [], timeout_s)[0])


NEVER = Interrupt()
"""Where nobody listens for signals."""


class Folder:
    """The first of `place`, `place-2`, `place-3` … that no other sandbox uses; free again when this process ends."""

    def __init__(self, place: Path) -> None:
        """Raises CannotRun where nothing can be written to it."""
        try:
            self.path, self._held = _taken(place)
        except OSError as error:
            raise CannotRun(
                f"cannot write logs to {place}: {error.strerror}. Mend that, or name another folder with --logs"
            ) from error

    def release(self) -> None:
        """Another may have it."""
        self._held.close()


def _taken(place: Path) -> tuple[Path, IO[bytes]]:
    for path in itertools.chain([place], (place.with_name(f"{place.name}-{n}") for n in itertools.count(2))):
        path.mkdir(parents=True, exist_ok=True)
        held = (path / ".held").open("wb", buffering=0)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.write(b"a sandbox writes here\n")  # a full disk tells now
        except BlockingIOError:
            held.close()
        except OSError:
            held.close()
            raise
        else:
            return path, held
    raise AssertionError("there is always another number")
