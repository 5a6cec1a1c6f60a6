"""How many messages a second one worker carries where each call takes its time: `python -m bench.overlap OUT.json
AT_ONCE`. The floor makes the same calls, one after the other.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bench import stub, workers
from bench.measure import Subject, warm
from bench.place import environment

ANSWERED_S = 0.02
ROUNDS = 7


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Messages a second, by the wall clock: medians."""

    name: str
    ours: float
    floor: float


def main(out: Path, at_once: int) -> None:
    """Writes both roads' rates as JSON."""
    with stub.serving(ANSWERED_S) as url:
        os.environ.update(environment(url) | {"DMDESK_AT_ONCE": str(at_once)})
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        steady = [subject for subject in workers.subjects(url) if "steady" in subject.name]
        out.write_bytes(msgspec.json.encode([_rate(subject) for subject in steady]))


def _rate(subject: Subject) -> Rate:
    warm(subject, 1)
    ours, floor = [], []
    for number in range(1_000, 1_000 + ROUNDS):
        given = subject.make(number)
        ours.append(_took_s(subject.ours, given))
        floor.append(_took_s(subject.floor, given))
    messages = subject.messages
    return Rate(name=subject.name, ours=messages / statistics.median(ours), floor=messages / statistics.median(floor))


def _took_s(work: Callable[[Any], object], given: Any) -> float:
    began = time.perf_counter()
    work(given)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
