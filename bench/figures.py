"""What each job of the bridge costs: the one place from which bench/scale reads it.

`python -m bench.metering` measures it and writes bench/figures.json; a full `python -m bench` does so, too.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

FIGURES = Path(__file__).parent / "figures.json"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job, per message: CPU time (ms), network calls by whom they go to, DynamoDB's units, bytes that go onto a
    queue, into the log (metrics' lines among them), and stay in the table."""

    cpu_ms: float
    calls: dict[str, float]
    write_units: float = 0.0
    read_units: float = 0.0
    queued_bytes: float = 0.0
    logged_bytes: float = 0.0
    stored_bytes: float = 0.0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured; `look` is at a text that has to wait for its OAuth client's minute, `cold_ms` the
    CPU time of a role's import and first event, of the last whole run of `python -m bench`."""

    when: str
    edge: Job
    text: Job
    first_text: Job
    reply: Job
    echo: Job
    look: Job
    cold_ms: dict[str, float]


def read() -> Figures:
    """The figures as they were last measured."""
    return msgspec.json.decode(FIGURES.read_bytes(), type=Figures)


def write(figures: Figures) -> None:
    """Puts them into the place from which all read."""
    FIGURES.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
