"""`python -m bench.peer`: AWS' sample of Instagram at Amazon Connect and this bridge, side by side, in bench/peer.md.

What is told of the sample are words and figures: it was run, unmodified, beside stubs; nothing of it is here. The
bridge's side is played by the sandbox, anew each time. Ends with 1 where a probe is not held.
"""

from __future__ import annotations

import logging
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench import instructions
from bench.measure import Result
from bench.probes import PROBES, Outcome, Probe, Stage
from sandbox.bridge import Sandbox

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "bench" / "peer.md"
ROUNDS = 9
HEAD = """# Beside AWS' sample

`make peer` writes this page. The sample is `aws-samples/sample-amazon-connect-social-integration` at 0efdde9 (April
2026), which brings Instagram to Amazon Connect: its `MsgIN` function works on a webhook before that is answered, its
`MsgOut` function on Connect's stream. What is told of it was found by running it, unmodified, beside stubs on
2026-11-20, or by reading it. The bridge's side is played by the sandbox with an Instagram account at Connect, each time
that this page is written.

## The same deliveries

The numbers are those of the sample's 22 defects; those that the sandbox does not play are in the second table.
Nothing is counted before all has come to rest.

"""
# Of each of the sample's messages: network calls, milliseconds of CPU (process, no TLS), as run on 2026-11-26.
SAMPLE: dict[str, tuple[int, str]] = {
    "text": (5, "30.2"),
    "first message": (10, "41.9"),
    "image": (8, "43-44 (2026-11-20)"),
    "agent's text": (3, "4.9"),
}
NOT_PLAYED = (
    ("8", "a write to the table that fails is swallowed, and its contact forgotten",
     "`tests/chaos/test_connect.py` strikes every write and every call of every scene, before its effect and after"),
    ("13", "no order by conversation on either side",
     "[a FIFO queue, a group per conversation](../docs/adr/0011-order.md); "
     "[what is promised of Connect's stream](../docs/connect.md#the-order-of-replies)"),
    ("15", "clients, settings and secrets anew on every message", "once per container: the calls below"),
    ("18", "Markdown and list pickers raw", "`tests/desks/connect/test_markdown.py`, "
     "[what agents and flows write](../docs/connect.md#what-agents-and-flows-write)"),
    ("19", "no deadline for calls, files of any size read whole",
     "`tests/test_http_limits.py`, `tests/test_fetching.py`"),
    ("20", "one account, one instance, one flow per stack",
     "the sandbox has five accounts at two desks in one deployment; an account may have a flow of its own"),
    ("21", "media go to a retired address of X", "X is no channel here"),
    ("22", "nobody lets Connect publish to the topic",
     "[the topic's policy](../docs/connect.md#2-the-topic-and-the-queue), and `dmdesk doctor` looks"),
)  # fmt: skip


def main() -> int:
    """Plays, measures, writes."""
    logging.disable(logging.CRITICAL)
    found = [(probe, outcome) for probe, outcome in played(PROBES)]
    PAGE.write_text(HEAD + _probes(found) + _others() + _costs() + f"\n{_circumstances()}\n", encoding="utf-8")
    broken = [(probe.tries, outcome) for probe, outcome in found if outcome != probe.wanted]
    print("\n".join(f"NOT HELD {tries}: {outcome}" for tries, outcome in broken) or f"{len(found)} probes, all held")
    return 1 if broken else 0


def played(probes: Iterable[Probe]) -> Iterable[tuple[Probe, Outcome]]:
    """What came of each, one after the other in one sandbox. What breaks over a probe is its outcome."""
    with tempfile.TemporaryDirectory(prefix="dmdesk-peer-") as folder, Sandbox(folder=Path(folder)) as running:
        stage = Stage(running)
        for probe in probes:
            print(f"peer: {probe.tries}", file=sys.stderr)
            stage.begin()
            try:
                yield probe, probe.play(stage)
            except Exception as error:
                yield probe, {"raised": repr(error)}


def _probes(found: Sequence[tuple[Probe, Outcome]]) -> str:
    rows = [
        (probe.defects, probe.tries, probe.sample, _words(outcome), "held" if outcome == probe.wanted else "NOT HELD")
        for probe, outcome in found
    ]
    return _table(("", "what is tried", "the sample", "this bridge", ""), rows)


def _words(outcome: Outcome) -> str:
    return "; ".join(f"{name}: {_value(value)}" for name, value in outcome.items())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "nothing" if not value else " / ".join(map(_value, value)) if isinstance(value[0], list) else (
            ", ".join(map(str, value))
        )  # fmt: skip
    return str(value)


def _others() -> str:
    """Where what no probe plays is held."""
    return "\n" + _table(("", "the sample", "where this bridge holds it"), NOT_PLAYED)


def _costs() -> str:
    print("peer: calls and instructions", file=sys.stderr)
    counts, times = instructions.counted("connect"), {one.name: one for one in _timed()}
    if not counts:
        return "\n## What a message costs\n\nNot measured: valgrind is not installed.\n"
    rows = []
    for name, count in counts.items():
        short, took = name.removeprefix("worker: "), times[name]
        calls, ms = SAMPLE.get(short, ("", ""))
        rows.append(
            (
                short, str(calls), f"{took.calls:.0f}", f"{count.ours:,.0f}", f"{count.floor:,.0f}",
                f"{count.ours / count.floor:.2f}×", str(ms), f"{took.ours_us / 1e3:.1f}", f"{took.floor_us / 1e3:.1f}",
            )
        )  # fmt: skip
    head = (
        "", "calls, sample", "calls, worker", "k instr., worker", "k instr., floor", "ratio", "CPU ms, sample",
        "CPU ms, worker", "CPU ms, floor",
    )  # fmt: skip
    return f"{COSTS}{_table(head, rows)}"


COSTS = """
## What a message costs

One message at a time, warm, by the real handlers against a stub that answers at once; in batches of ten it is less
([RESULTS.md](RESULTS.md)). The floor makes the worker's own calls, bare, and does nothing else. Instructions are of
user space, by callgrind, and the same on a busy machine; milliseconds are not. The sample's instructions were not
counted: its milliseconds are of 2026-11-26, and tell no more than their order. Most of them are clients that are made
anew for each message.

To each of the worker's rows comes the edge with one call, which stores the message before the platform is answered;
the sample does all of its calls before that. With it the bridge makes as many calls as the sample for a text, and more
for a first message, a file and a reply. They are: a claim before and a mark after, by which nothing is done twice; the
seat, whichever contact it is; the bridge's own copy of a file; after a reply the receipt.

"""


def _timed() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="dmdesk-peer-") as folder:
        out = Path(folder) / "out.json"
        subprocess.run([sys.executable, "-m", "bench.warm", str(out), "time", str(ROUNDS), "connect"], check=True)
        return msgspec.json.decode(out.read_bytes(), type=list[Result])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def _circumstances() -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} processors; load at the end {load}."
    )


if __name__ == "__main__":
    sys.exit(main())
