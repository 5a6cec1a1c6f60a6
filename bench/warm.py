"""The process in which warm code is measured: `python -m bench.warm OUT.json time|count ROUNDS [connect]`.

`count` is run under callgrind, which tells instructions apart by the marker that stands between the subjects.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from bench import edge, stub, workers
from bench.measure import Subject, cpu, warm
from bench.place import connect, environment


def main(out: Path, how: str, rounds: int, desk: str = "") -> None:
    """Writes results as JSON: of the functions, or of their workers with Amazon Connect as the desk."""
    with stub.serving() as url:
        os.environ.update(environment(url) | (connect(url) if desk else {}))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is logged is formatted and written all the same
        subjects = workers.at_connect(url) if desk else [*edge.subjects(), *workers.subjects(url)]
        if how == "time":
            out.write_bytes(msgspec.json.encode(cpu(subjects, rounds)))
        else:
            out.write_bytes(msgspec.json.encode([_count(subject, rounds) for subject in subjects]))


def _count(subject: Subject, runs: int) -> tuple[str, int]:
    """Of each run, between the first and the second marker it is ours, between the second and the third the floor."""
    warm(subject, 1)
    for number in range(1_000_000, 1_000_000 + runs):
        given = subject.make(number)
        os.getloadavg()
        subject.ours(given)
        os.getloadavg()
        subject.floor(given)
        os.getloadavg()
    return subject.name, subject.messages


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
