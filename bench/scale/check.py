"""The model beside the sandbox, on the same inputs: `python -m bench.scale.check`.

Each round plays in the sandbox and in the model, which is given how long the sandbox takes where nobody answers late,
and nothing else of it. Where the others answer late, workers deal with ten conversations of a batch at a time, as they
are deployed, and one of them with one, as the model counts them. Several of those are not played: they give back what
they have no time for, and who gets it next is luck.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench.scale.inputs import Deployment, Times
from bench.scale.model import Arrival, Bridge, Limits

CHECKED = Path(__file__).parent / "checked.json"
WITHIN = 0.2
CLIENTS = (1, 2, 4)
WORKERS = ((1, 1), (1, 10), (4, 10))
# Everybody answers so late that the machine's own work is the lesser part: others may use it meanwhile.
KNOWN, LATE_S, LINE = 20, 2.0, 10
# Calls of a client in a minute: few, so that the machine's own work is the lesser part here, too.
CALLS = 20


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """How long one worker of the sandbox takes a message where everybody answers at once (s)."""

    first_text: float
    text: float
    reply: float


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What was played, and how long it took in either (s)."""

    name: str
    sandbox_s: float
    model_s: float

    @property
    def ratio(self) -> float:
        """The model's beside the sandbox's."""
        return self.model_s / self.sandbox_s

    @property
    def within(self) -> bool:
        """Whether they agree."""
        return abs(self.ratio - 1) <= WITHIN


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All rounds, when they were played, and how loaded the machine was at the end."""

    when: str
    load: float
    rounds: list[Checked]


def read() -> Report:
    """What was last checked."""
    return msgspec.json.decode(CHECKED.read_bytes(), type=Report)


# --- the sandbox's side, each in a process of its own


def _base(*_: int) -> Base:
    from bench import bridge

    with bridge.bench(threads=1, calls_per_minute=10**9) as one:
        one.warm()
        customers = [bridge.customer(number) for number in range(KNOWN)]

        def texts(round_: int) -> float:
            flow = one.drained(one.inbound, lambda: one.write(customers, round_), one.count, KNOWN)
            return 1 / flow.per_s

        return Base(first_text=texts(0), text=texts(1), reply=_answered(one, KNOWN).over_s / KNOWN)


def _answered(one: Any, messages: int) -> Any:
    """What the outbound workers do with an answer to each conversation."""
    from bench import bridge

    def told() -> int:
        return sum(found["kind"] == "receipt" for found in one.genesys.messages())

    def fill() -> None:
        for conversation in sorted({found["conversation_id"] for found in one.taken()[1:]}):  # not of the first of all
            one.genesys.reply(conversation, text="It is! Shall I wrap it?")
        bridge.until(lambda: one.waiting("outbound") >= messages, 0.2)

    return one.drained(one.outbound, fill, told, messages)


def _late(threads: int, at_once: int) -> list[float]:
    """Everybody answers late: so many texts of as many conversations; a line of one conversation beside others; and
    so many replies (s)."""
    from bench import bridge

    with bridge.bench(threads=threads, calls_per_minute=10**9, at_once=at_once) as one:
        one.warm()
        customers = [bridge.customer(number) for number in range(KNOWN)]

        def drained(fill: Callable[[], None], messages: int) -> float:
            return float(one.drained(one.inbound, fill, one.count, messages).over_s)

        drained(lambda: one.write(customers), KNOWN)
        for target, path in (("genesys", "/inbound/open/"), ("instagram", "/messages")):
            one.sandbox.faults.add(target, "delay", delay_ms=LATE_S * 1e3, path=path)
        texts = drained(lambda: one.write(customers, 1), KNOWN)

        def line() -> None:
            for round_ in range(LINE):
                one.write(customers[:1], 2 + round_)
            one.write(customers[1:LINE], 2)

        return [texts, drained(line, 2 * LINE - 1), _answered(one, KNOWN).over_s]


def _clients(count: int, _: int) -> list[float]:
    from bench import bridge

    bridge.LIMIT, bridge.PART = CALLS, 1
    return [bridge.clients(count).took_s]


# --- the model's side


def _times(base: Base, late_s: float = 0.0) -> Times:
    return Times(
        edge=0.0, text=base.text, first_text=base.first_text, reply=base.reply, echo=0.0, look=base.text / 2,
        desk=late_s, platform=late_s, platform_calls=2.0,
    )  # fmt: skip


def modelled(
    arrivals: Sequence[Arrival],
    times: Times,
    workers: int,
    clients: int = 1,
    limits: Limits | None = None,
    at_once: int = 1,
) -> float:
    """How long the model takes for it (s)."""
    deployment = Deployment(
        maximum_concurrency=workers, oauth_clients=clients, overlap=at_once, webhooks_burst=1e9, replies_burst=1e9
    )  # they are on the queue already
    far = Limits(client_calls=10**9, sends_s=1e9, table_writes_s=1e9)
    bridge = Bridge(list(arrivals), deployment, times, limits or far, {}, echoes=False, processors=os.cpu_count() or 1)
    return bridge.run().took_s


def main() -> None:
    """Plays all rounds, writes what came of them, and ends with 1 where the two do not agree."""
    base = _played("base", 1, Base)
    rounds = [one for workers, at_once in WORKERS for one in _rounds_of(workers, at_once, base)]
    rounds += [_at_limit(count, base) for count in CLIENTS]
    report = Report(when=f"{datetime.now(UTC):%Y-%m-%d}", load=round(os.getloadavg()[0], 1), rounds=rounds)
    CHECKED.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    for one in rounds:
        print(f"{one.name}: sandbox {one.sandbox_s:.1f} s, model {one.model_s:.1f} s, {one.ratio:.2f}×")
    sys.exit(not all(one.within for one in rounds))


def _rounds_of(workers: int, at_once: int, base: Base) -> list[Checked]:
    """Those in which the others answer late."""
    texts, line, replies = _played("late", workers, list[float], at_once)
    late = _times(base, LATE_S)
    each: list[Arrival] = [(0.0, "text", str(number)) for number in range(KNOWN)]
    of_one: list[Arrival] = [(0.0, "text", "0")] * LINE + each[1:LINE]
    back: list[Arrival] = [(0.0, "reply", str(number)) for number in range(KNOWN)]
    how = f"{workers} worker{'s' if workers > 1 else ''}, {at_once} at once, answers {LATE_S:g} s late"
    return [
        Checked(name=f"{name}, {how}", sandbox_s=took, model_s=modelled(given, late, workers, at_once=at_once))
        for name, took, given in (
            (f"{KNOWN} texts", texts, each),
            (f"{LINE} texts of one customer beside {LINE - 1} of others", line, of_one),
            (f"{KNOWN} replies", replies, back),
        )
    ]


def _at_limit(count: int, base: Base) -> Checked:
    """The burst of bench/bridge.py's clients: first texts, half as many again as the clients may send at once."""
    from bench.bridge import WINDOW_S, customer

    messages = CALLS * count * 3 // 2
    [took] = _played("clients", count, list[float])
    burst: list[Arrival] = [(0.0, "first_text", customer(number)) for number in range(messages)]
    limits = Limits(client_calls=CALLS, client_s=WINDOW_S, sends_s=1e9, table_writes_s=1e9)
    return Checked(
        name=f"{messages} texts through {count} OAuth client{'s' if count > 1 else ''} of {CALLS} calls a minute",
        sandbox_s=took,
        model_s=modelled(burst, _times(base), 4, count, limits),
    )


PARTS: dict[str, Callable[[int, int], Any]] = {"base": _base, "late": _late, "clients": _clients}


def _played(part: str, number: int, kind: Any, at_once: int = 1) -> Any:
    with tempfile.TemporaryDirectory(prefix="dmdesk-scale-") as folder:
        out = Path(folder) / "out.json"
        command = [sys.executable, "-m", "bench.scale.check", str(out), part, str(number), str(at_once)]
        subprocess.run(command, check=True)
        return msgspec.json.decode(out.read_bytes(), type=kind)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_bytes(msgspec.json.encode(PARTS[sys.argv[2]](int(sys.argv[3]), int(sys.argv[4]))))
    else:
        main()
