"""`make chaos`: the bridge in processes that are killed and whose calls fail, and what became of every message. Ends
with 1 where a promise broke."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path
from random import SystemRandom

from sandbox.registry import DESKS
from tests.chaos import in_memory
from tests.chaos.processes.run import ROOT, Run
from tests.chaos.processes.site import Site
from tests.chaos.processes.weather import Weather

# A receipt is told again where its answer is lost, and where a process dies over a batch of which it has told some.
ALLOWED = ("receipts_again", "notices_again")
JUDGING_S = 45.0


def main() -> int:
    given = _arguments()
    if given.backlog:
        return in_memory.backlog(given.seed, given.backlog)
    if given.in_memory:
        return in_memory.main(given.seed, given.messages or in_memory.MESSAGES)
    logging.disable(logging.CRITICAL)
    began_s = time.monotonic()
    weather = _weather(given)
    print(
        f'seed {given.seed} (ARGS="--desk {given.desk} --seed {given.seed}" draws the same again): up to '
        f"{weather.messages} messages in {weather.people} conversations; {weather.vendors:.0%} of the vendors' and "
        f"{weather.aws:.0%} of AWS' calls fail; it ends within {given.minutes:g} minutes"
    )

    def say(words: str) -> None:
        print(f"{time.monotonic() - began_s:5.0f} s  {words}", flush=True)

    with Site(given.folder, weather) as site:
        run = Run(site, say)
        found = run.go()
        named = found.named(ALLOWED)
        traces = run.tell(identifier for _, identifier in named)
    print(f"\n{found}\n\n{_did(site, run)}, in {time.monotonic() - began_s:.0f} s")
    broken = {what: number for what, number in found.faults.items() if not what.endswith(ALLOWED)}
    broken |= {f"a function raised {error}": 1 for error in site.failed}
    if not broken:
        print("\nevery promise was kept")
        return 0
    print("\n" + "\n".join(f"BROKEN {what.replace('_', ' ')}: {number}" for what, number in broken.items()))
    if found.unfinished:
        print("some messages were still on their way: a busy machine needs more --minutes, or fewer --messages")
    print("\n".join(f"{fault.replace('_', ' ')}: dmdesk trace {identifier}" for fault, identifier in named))
    print(f"what these told at the end: {traces}; the logs of all processes: {given.folder}")
    return 1


def _did(site: Site, run: Run) -> str:
    """What the run went through."""
    died = site.deaths.read_text(encoding="utf-8").splitlines()
    places = {line.rpartition(", ")[0] for line in died}
    both = {place for place in places if {f"{place}, before", f"{place}, after"} <= set(died)}
    half = "".join(f"\n  at this line on one side only: {place}" for place in sorted(places - both))
    return (
        f"{site.died} processes died, {len(died)} of them at {len(places)} lines that write ({len(both)} before and "
        f"after it){half}\n{run.struck} calls to vendors failed; {run.replayed['replayed']} came back by "
        "dmdesk replay --all"
    )


def _weather(given: argparse.Namespace) -> Weather:
    whole_s = given.minutes * 60
    return Weather(
        seed=given.seed,
        desk=given.desk,
        messages=given.messages or Weather.messages,
        people=given.people,
        lasts_s=whole_s * 0.55,
        ends_s=whole_s - JUDGING_S,
        vendors=given.vendors,
        aws=given.aws,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000), help="draws the same again")
    parser.add_argument("--desk", choices=list(DESKS), default=Weather.desk, help=f"(default {Weather.desk})")
    parser.add_argument(
        "--messages", type=int, help=f"both ways together, as many as the time allows (default {Weather.messages})"
    )
    parser.add_argument("--people", type=int, default=Weather.people, help=f"conversations (default {Weather.people})")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long it may take (default 10)")
    parser.add_argument("--vendors", type=float, default=Weather.vendors, help="the share of their calls that fail")
    parser.add_argument("--aws", type=float, default=Weather.aws, help="the share of its calls that fail")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "chaos", help="for logs (default build/chaos)")
    parser.add_argument(
        "--in-memory", action="store_true", help="two storms over a world in memory, in a minute, instead"
    )
    parser.add_argument(
        "--backlog", type=int, default=0, help="only this: so many messages in memory against the desk's limit"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
