"""`make chaos ARGS=--in-memory`: storms over a world in memory, hours of them in seconds, each the same for the same
seed."""

from __future__ import annotations

import logging
from dataclasses import replace

from tests.chaos.backlog import played
from tests.chaos.connected import AGAIN, Gale
from tests.chaos.order import figures
from tests.chaos.storm import Storm, Weather, tally
from tests.chaos.talks import hand_overs

MESSAGES = 600
MOST = 5_000
HAND_OVERS = 1_000


def main(seed: int, messages: int) -> int:
    """Storms of the vendors' faults, of AWS', and with Amazon Connect as the desk, a thousand hand-overs from a bot,
    and the order of what overtakes. 1 where anything became what it must not."""
    messages = max(20, min(MOST, messages))
    vendors = Weather(seed=seed, messages=messages, people=messages // 5, lasts_s=4.0 * messages, kills=messages // 15)
    logging.disable(logging.CRITICAL)
    print(f'seed {seed}, {messages} messages (ARGS="--in-memory --seed {seed} --messages {messages}" repeats them)')
    wrong: dict[str, int] = {}
    for name, weather in {
        "10 % of the vendors' calls fail": vendors,
        "10 % of AWS' calls fail": replace(vendors, http=0.0, aws=0.1),
    }.items():
        storm = Storm(weather)
        storm.run()
        found = tally(storm)
        print(f"\n{name}; {storm.lab.kills} processes killed; {len(storm.lab.steps.names)} steps\n{found}")
        wrong |= {f"{name}: {what}": number for what, number in found.faults.items()}
    wrong |= _at_connect(seed, messages)
    wrong |= _hand_overs(seed)
    print(f"\nconversations of 20 read in another order, every other webhook 1.5 s late\n{figures()}")
    print(
        "\n" + "\n".join(f"WRONG {what}: {number}" for what, number in wrong.items())
        if wrong
        else "\nall as it must be"
    )
    return 1 if wrong else 0


def _hand_overs(seed: int) -> dict[str, int]:
    """People take over from a bot, and what became of it that must not."""
    found = hand_overs(HAND_OVERS, seed)
    print(f"\npeople take over from a bot, while processes are killed at one call in sixty\n{found}")
    return {f"a bot before the desk: {words}": 1 for words in found.wrong}


def backlog(seed: int, messages: int) -> int:
    """A backlog against the desk's limit. 1 where anything became what it must not."""
    logging.disable(logging.CRITICAL)
    found = played(messages, max(1, messages // 50), seed)
    print(f'seed {seed} (ARGS="--backlog {messages} --seed {seed}" repeats it)\n{found}')
    print("\n".join(f"WRONG {what}: {number}" for what, number in found.faults.items()) or "all as it must be")
    return 1 if found.faults else 0


def _at_connect(seed: int, messages: int) -> dict[str, int]:
    """A storm over Amazon Connect, and what became of it that must not."""
    gale = Gale(seed, people=messages // 5, messages=messages, lasts_s=4.0 * messages)
    gale.run()
    lab, found = gale.lab, gale.faults()
    print(
        f"\nAmazon Connect as the desk; 10 % of the vendors' calls fail; {lab.kills} processes killed; "
        f"{sum(len(texts) for texts in lab.wrote.values())} messages, {len(gale.answers)} answers, "
        f"{sum(len(lab.chats(person)) for person in gale.people)} contacts of {len(gale.people)} customers, "
        f"{gale.ends.total()} of them ended meanwhile\n"
        + "\n".join(f"{what.replace('_', ' '):32}{number:6}" for what, number in found.items())
    )
    return {f"Amazon Connect: {what}": number for what, number in found.items() if number and what != AGAIN}
