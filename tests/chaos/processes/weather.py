"""How much there is, and how much goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Weather:
    """Shares are of 1, times in seconds.

    `desk` is the one at which everybody is answered; where it tells by a topic, that repeats and disorders. `vendors`
    and `aws` are the shares of their calls that fail, `kill_s` the time between two processes that are killed at
    random, `patience` how many calls a process of the `mortal` functions has made, from, to, before it may die at a
    line where none has died yet, `lasts_s` how long messages are written at the most, and `ends_s` when the whole is
    over.
    """

    seed: int = 1
    desk: str = "genesys"
    messages: int = 10_000
    people: int = 1_000
    lasts_s: float = 330.0
    ends_s: float = 570.0
    vendors: float = 0.1
    aws: float = 0.02
    doubled: float = 0.1
    late: float = 0.1
    skew_s: float = 3.0
    kill_s: float = 4.0
    patience: tuple[int, int] = (5, 150)
    mortal: tuple[str, ...] = ("edge", "to_desk", "to_customer", "fed")
    at_once: int = 800
    sizes: dict[str, int] = field(default_factory=lambda: {"edge": 6, "to_desk": 10, "to_customer": 10, "fed": 3})
