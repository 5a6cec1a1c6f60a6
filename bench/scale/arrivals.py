"""When customers and agents write, drawn from how they do (`inputs.Traffic`)."""

from __future__ import annotations

import random
from collections.abc import Callable

from bench.scale.inputs import HOUR_S, Traffic
from bench.scale.model import Arrival


def busiest(traffic: Traffic, seconds: float, seed: int = 7) -> list[Arrival]:
    """So long a stretch of the busiest hour, the burst after its first fifth."""
    begins = seconds / 5

    def texts_s(at: float) -> float:
        bursts = begins <= at < begins + traffic.burst_s
        return traffic.burst_turns_s if bursts else traffic.turns_s

    return _drawn(traffic, seconds, texts_s, lambda _: traffic.turns_s, traffic.burst_turns_s, seed)


def day(traffic: Traffic, seed: int = 7) -> list[Arrival]:
    """A whole day by its curve, the burst at the beginning of the busiest hour."""
    whole, peak = sum(traffic.curve), traffic.curve.index(max(traffic.curve)) * HOUR_S

    def replies_s(at: float) -> float:
        hour = min(int(at / HOUR_S), len(traffic.curve) - 1)
        return traffic.messages_a_day / 2 * traffic.curve[hour] / whole / HOUR_S

    def texts_s(at: float) -> float:
        return replies_s(at) * (traffic.burst if peak <= at < peak + traffic.burst_s else 1.0)

    return _drawn(traffic, len(traffic.curve) * HOUR_S, texts_s, replies_s, traffic.burst_turns_s, seed)


def _drawn(
    traffic: Traffic,
    seconds: float,
    texts_s: Callable[[float], float],
    replies_s: Callable[[float], float],
    most_s: float,
    seed: int,
) -> list[Arrival]:
    """Poisson's arrivals, thinned out to the rates; who writes is one of as many as write within the hour."""
    dice = random.Random(seed)
    known = max(1, int(traffic.turns_s * HOUR_S / traffic.texts_a_conversation))
    arrivals: list[Arrival] = []
    for rate, most, reply in ((texts_s, most_s, False), (replies_s, traffic.turns_s, True)):
        at, number = dice.expovariate(most), 0
        while at < seconds:
            if dice.random() * most < rate(at):
                number += 1
                first = not reply and dice.random() < traffic.first
                kind = "reply" if reply else "first_text" if first else "text"
                arrivals.append((at, kind, f"new {number}" if first else f"known {dice.randrange(known)}"))
            at += dice.expovariate(most)
    return sorted(arrivals)
