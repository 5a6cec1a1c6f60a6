"""`python -m bench [--quick]`: prints the table, and writes it to bench/RESULTS.md."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from bench import (
    bridge,
    cold,
    edge,
    figures,
    front,
    instructions,
    memory,
    overlap,
    package,
    translation,
    units,
    workers,
)
from bench.measure import Result
from bench.table import Row, table

RESULTS = Path(__file__).parent / "RESULTS.md"
COLD_MOST, EDGE_COLD_MS = 1.1, 300.0
# Of what the bare handler carries in the sandbox; and of what bare calls one after the other do, where each takes long.
CARRIED_LEAST, OVERLAP_LEAST = 0.9, 7.0
# How many calls go out for a message, by feature, and how much later it may be where nobody answers them (ms).
ASKED, DEAD_MS = {"crm": 1, "triage": 1, "crm and triage": 2}, 1000.0
T = TypeVar("T")
Section = tuple[str, list[Row]]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench", description="How fast the bridge is, beside its floor.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds; no instructions, no thousand conversations")
    quick = parser.parse_args().quick
    began = time.monotonic()
    starts = _starts(quick)
    whole = [*_cold(starts), *_pure_and_counted(quick), *_whole(quick)]
    sections = [_warm(quick), _written(), _front(quick), *whole, _overlap(), _memory(), _units(starts)]
    text = f"{table(sections)}\n\n{_circumstances(quick, time.monotonic() - began)}\n"
    print(text)
    RESULTS.write_text(f"# Results\n\nRead docs/performance.md for what the rows and floors are.\n\n{text}")


def _run(kind: type[T], module: str, *arguments: str) -> T:
    """What a measuring process wrote."""
    print(f"bench: {module} {' '.join(arguments)}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="dmdesk-bench-") as folder:
        out = Path(folder) / "out.json"
        subprocess.run([sys.executable, "-m", f"bench.{module}", str(out), *arguments], check=True)
        return msgspec.json.decode(out.read_bytes(), type=kind)


def _warm(quick: bool) -> Section:
    rows = []
    for one in _run(list[Result], "warm", "time", "5" if quick else "11"):
        share = {"floor": one.floor_us, "ratio": one.ratio, "most": one.goal}
        rows.append(Row(name=one.name, unit="µs", ours=one.ours_us, **share))
        rows.append(Row(name=f"{one.name}: network calls", unit="calls", ours=one.calls, floor=one.calls,
                        highest=one.most_calls))  # fmt: skip
    sign = next(one for one in _run(list[Result], "warm", "time", "1", "connect") if one.name == workers.SIGN)
    rows.append(Row(name=f"{sign.name}: network calls", unit="calls", ours=sign.calls, floor=sign.calls,
                    highest=sign.most_calls))  # fmt: skip
    return "CPU time per webhook or message, warm", rows


def _front(quick: bool) -> Section:
    """Off is the floor. One call more goes to whoever is asked; beside it stand those of the table, which remembers."""
    found = _run(front.InFront, "front", "100" if quick else "200")
    off, rows = found.off, []
    for one in [off, *found.features]:
        rows.append(Row(name=f"{one.name}: network calls", unit="calls", ours=one.calls, floor=off.calls))
        rows.append(Row(name=f"{one.name}: of them to who is asked", unit="calls", ours=one.asked,
                        highest=ASKED.get(one.name, 0)))  # fmt: skip
        rows.append(Row(name=f"{one.name}: CPU", unit="ms", ours=one.cpu_ms, floor=off.cpu_ms))
    for one in [off, *found.dead]:
        rows.append(Row(name=f"{one.name}: a message, p50", unit="ms", ours=one.p50_ms, floor=off.p50_ms))
        rows.append(Row(name=f"{one.name}: a message, p99", unit="ms", ours=one.p99_ms, floor=off.p99_ms,
                        highest=off.p99_ms + DEAD_MS))  # fmt: skip
        rows.append(Row(name=f"{one.name}: the slowest", unit="ms", ours=one.most_ms))
    rows.append(Row(name="modules loaded with all of it off", unit="", ours=found.loaded, highest=0))
    return "In front of the desk: one message of a customer who is new", rows


def _written() -> Section:
    found = _run(dict[str, float], "units")
    rows = [Row(name=name, unit="units", ours=count) for name, count in found.items()]
    whole = Row(name="together", unit="units", ours=sum(found.values()), highest=units.GOAL)
    return "DynamoDB's write units of a round trip", [*rows, whole]


def _pure_and_counted(quick: bool) -> list[Section]:
    """Both at once: they take long, and what is counted does not mind company."""
    with ThreadPoolExecutor(1) as pool:
        counted = pool.submit(instructions.counted) if not quick else None
        return [_pure(quick), *(_counted(counted.result()) if counted else [])]


def _counted(counts: dict[str, instructions.Count]) -> list[Section]:
    rows = [
        Row(name=name, unit="k instr.", ours=count.ours, floor=count.floor, most=_goal(name))
        for name, count in counts.items()
    ]
    return [("The same in instructions, user space, by callgrind", rows)] if rows else []


def _goal(name: str) -> float | None:
    return edge.GOALS.get(name, workers.GOAL if "steady" in name else None)


def _starts(quick: bool) -> tuple[package.Package, list[cold.Pair]]:
    print("bench: the package, cold starts", file=sys.stderr)
    found = package.package()
    return found, cold.starts(found.folder, found.plain, 3 if quick else 9)


def _cold(starts: tuple[package.Package, list[cold.Pair]]) -> list[Section]:
    found, roles = starts
    rows = []
    for one in roles:
        highest = EDGE_COLD_MS if one.role == "edge" else None
        for name, unit in (("cpu_ms", "CPU time, ms"), ("wall_ms", "wall clock, ms"), ("peak_mb", "peak memory, MB")):
            rows.append(
                Row(
                    name=f"{one.role}: {unit.partition(',')[0]}",
                    unit=unit[-2:],
                    ours=getattr(one.ours, name),
                    floor=getattr(one.floor, name),
                    ratio=getattr(one.ratio, name),
                    most=COLD_MOST if unit.endswith("ms") else None,
                    highest=highest if name == "wall_ms" else None,
                )
            )
    sizes = [
        Row(name="zipped", unit="MB", ours=found.zipped / 1e6, highest=20),
        Row(name="unzipped", unit="MB", ours=found.unzipped / 1e6),
    ]
    return [("Cold start: import and first event, from the package", rows), ("Package", sizes)]


def _pure(quick: bool) -> Section:
    print("bench: translation, by pyperf", file=sys.stderr)
    found = translation.medians(quick)
    return "Pure code, per event", [Row(name=name, unit="µs", ours=ours, floor=floor) for name, ours, floor in found]


def _whole(quick: bool) -> list[Section]:
    found = _run(bridge.Whole, "bridge", "whole", "40" if quick else "150")
    inbound, bare, same, outbound = found.inbound, found.bare, found.same, found.outbound
    rows = [
        Row(name="inbound, one worker", unit="msgs/s", ours=inbound.per_s, floor=bare.per_s, ratio=found.of_bare,
            least=CARRIED_LEAST),
        Row(name="inbound, one worker, beside the same calls", unit="msgs/s", ours=inbound.per_s, floor=same.per_s,
            ratio=found.of_same, least=CARRIED_LEAST),
        Row(name="inbound: the worker's CPU", unit="ms/msg", ours=inbound.worker_ms, floor=bare.worker_ms),
        Row(name="inbound: the worker's CPU, beside the same calls", unit="ms/msg", ours=inbound.worker_ms,
            floor=same.worker_ms),
        Row(name="inbound: the emulator's CPU", unit="ms/msg", ours=inbound.emulator_ms, floor=bare.emulator_ms),
        Row(name="inbound: the emulator's CPU, beside the same calls", unit="ms/msg", ours=inbound.emulator_ms,
            floor=same.emulator_ms),
        Row(name="inbound: simulators' and pollers' CPU", unit="ms/msg", ours=inbound.simulators_ms,
            floor=bare.simulators_ms),
        Row(name="outbound, one worker", unit="msgs/s", ours=outbound.per_s),
        Row(name="outbound: the worker's CPU", unit="ms/msg", ours=outbound.worker_ms),
        Row(name="outbound: the emulator's CPU", unit="ms/msg", ours=outbound.emulator_ms),
        Row(name="outbound: simulators' and pollers' CPU", unit="ms/msg", ours=outbound.simulators_ms),
        Row(name="webhook to Genesys, p50", unit="ms", ours=found.delay.p50_ms, floor=found.bare_delay.p50_ms),
        Row(name="webhook to Genesys, p99", unit="ms", ours=found.delay.p99_ms, floor=found.bare_delay.p99_ms),
    ]  # fmt: skip
    return [
        ("The whole bridge in the sandbox", rows),
        _poisoned(20 if quick else 1000),
        *([] if quick else [_clients()]),
    ]


def _units(starts: tuple[package.Package, list[cold.Pair]]) -> Section:
    """Also into bench/figures.json, from which bench/scale reads."""
    print("bench: calls and units, job by job", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "bench.metering"], check=True)
    cold_ms = {one.role: round(one.ours.cpu_ms, 1) for one in starts[1]}
    found = msgspec.structs.replace(figures.read(), cold_ms=cold_ms)
    figures.write(found)
    rows = []
    for name in ("edge", "first_text", "text", "reply", "echo"):
        job: figures.Job = getattr(found, name)
        rows += [
            Row(name=f"{name.replace('_', ' ')}: calls", unit="calls", ours=sum(job.calls.values())),
            Row(name=f"{name.replace('_', ' ')}: DynamoDB, written", unit="units", ours=job.write_units),
            Row(name=f"{name.replace('_', ' ')}: DynamoDB, read", unit="units", ours=job.read_units),
        ]
    return "What DynamoDB says a message costs, in a turn of text, reply and echo", rows


def _poisoned(conversations: int) -> Section:
    found = _run(bridge.Poison, "bridge", "poison", str(conversations))
    title = f"{conversations:,} conversations of 10 messages, one poisoned, four workers"
    return title, [
        Row(name="messages of the others that came through", unit="msgs", ours=found.taken, floor=found.expected,
            lowest=found.expected),
        Row(name="of these twice", unit="msgs", ours=found.twice, highest=0),
        Row(name="conversations out of order", unit="conv.", ours=found.out_of_order, highest=0),
        Row(name="rate", unit="msgs/s", ours=found.per_s),
    ]  # fmt: skip


def _overlap() -> Section:
    rows = []
    for at_once in ("1", "10"):
        for one in _run(list[overlap.Rate], "overlap", at_once):
            rows.append(Row(name=f"{one.name}, {at_once} at once", unit="msgs/s", ours=one.ours, floor=one.floor,
                            least=OVERLAP_LEAST if at_once == "10" else CARRIED_LEAST))  # fmt: skip
    return f"One worker where each call takes {overlap.ANSWERED_S * 1e3:.0f} ms", rows


def _memory() -> Section:
    rows = []
    for at_once in ("1", "10"):
        found = _run(memory.Peak, "memory", at_once)
        rows.append(Row(name=f"{at_once} at once", unit="MB", ours=found.files_mb, floor=found.texts_mb, highest=400))
    return "Peak memory of a worker with ten files of 25 MB; the floor is a batch of texts", rows


def _clients() -> Section:
    calls, seconds = bridge.LIMIT // bridge.PART, bridge.WINDOW_S / bridge.PART
    title = f"OAuth clients at Genesys' limit of 300 calls in 60 s, scaled to {calls} in {seconds:.0f} s"
    rows = []
    for count in (1, 2, 4):
        found = _run(bridge.Clients, "bridge", "clients", str(count))
        rows.append(Row(name=f"{count}: {found.messages:,} messages", unit="s", ours=found.took_s, floor=found.limit_s))
    return title, rows


def _circumstances(quick: bool, took_s: float) -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {'quick' if quick else 'full'} run of {took_s:.0f} s, "
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors; "
        f"load at the end {load}. Where it is above the number of processors, times are noise; instructions are not."
    )


if __name__ == "__main__":
    main()
