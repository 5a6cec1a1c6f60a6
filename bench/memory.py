"""Peak memory of a worker that is at ten large files: `python -m bench.memory OUT.json AT_ONCE [ROOM]`.

A process of its own for each: what a process has once taken, it does not give back.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from bench import stub
from bench.place import Context, environment, messaging, record
from bench.workers import BATCH, inbound


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """After a batch of texts, and after one of ten pictures of 25 MB (MB); how many of those had to come again."""

    texts_mb: float
    files_mb: float
    again: int


def main(out: Path, at_once: int, room: int | None = None) -> None:
    """Writes the peak as JSON; `room` is how many files may be held at a time, the product's number by default."""
    with stub.serving() as url:
        os.environ.update(environment(url) | {"DMDESK_AT_ONCE": str(at_once)})
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if room:
            _holds(room)
        texts, _ = _handled("", 0)
        files, again = _handled(f"{url}/large.png", 1)
    out.write_bytes(msgspec.json.encode(Peak(texts_mb=texts, files_mb=files, again=again)))


def _holds(room: int) -> None:
    from threading import BoundedSemaphore

    from chalicelib import runtime

    runtime.current().media.room._free = BoundedSemaphore(room)


def _handled(picture: str, run: int) -> tuple[float, int]:
    import app

    records = [
        record(inbound(messaging(f"5550000000{run}{place:05d}", f"{run:020d}{place:012d}", picture)), str(place))
        for place in range(BATCH)
    ]
    answer = app.to_desk({"Records": records}, Context())
    return _peak_mb(), len(answer["batchItemFailures"])


def _peak_mb() -> float:
    """ru_maxrss would tell the peak of the process that forked us, too."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
