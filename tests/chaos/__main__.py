"""`make chaos`: storms of a seed that is drawn or given, and what became of every message. Ends with 1 where anything
became what it must not."""

from __future__ import annotations

import argparse
import logging
import sys
from random import SystemRandom

from tests.chaos.order import figures
from tests.chaos.storm import Storm, Weather, tally

MOST = 5_000


def main() -> int:
    """Two storms, one of the vendors' and one of AWS' faults, and the order of what overtakes."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000), help="the same storm again")
    parser.add_argument("--messages", type=int, default=600, help=f"both ways together, up to {MOST}")
    given = parser.parse_args()
    messages = max(20, min(MOST, given.messages))
    size = {"messages": messages, "people": messages // 5, "lasts_s": 4.0 * messages, "kills": messages // 15}
    logging.disable(logging.CRITICAL)
    print(f'seed {given.seed}, {messages} messages (ARGS="--seed {given.seed} --messages {messages}" repeats them)')
    wrong: dict[str, int] = {}
    for name, weather in {
        "10 % of the vendors' calls fail": Weather(seed=given.seed, **size),
        "10 % of AWS' calls fail": Weather(seed=given.seed, http=0.0, aws=0.1, **size),
    }.items():
        storm = Storm(weather)
        storm.run()
        found = tally(storm)
        print(f"\n{name}; {storm.lab.kills} processes killed; {len(storm.lab.steps.names)} steps\n{found}")
        wrong |= {f"{name}: {what}": number for what, number in found.faults.items()}
    print(f"\nconversations of 20 read in another order, every other webhook 1.5 s late\n{figures()}")
    print(
        "\n" + "\n".join(f"WRONG {what}: {number}" for what, number in wrong.items())
        if wrong
        else "\nall as it must be"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
