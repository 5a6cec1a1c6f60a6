"""What whoever starts the sandbox is told, and the folder that it has for itself."""

from __future__ import annotations

import fcntl
import itertools
from pathlib import Path
from typing import IO


class CannotRun(Exception):
    """What stands in the way, and what to do about it."""


class PortTaken(CannotRun):
    """Somebody else listens there."""


class Interrupted(Exception):
    """Somebody has ended the sandbox while it started."""


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
