"""Nothing lost, nothing doubled, all in order: found out by comparing what both simulated sides recorded, by ids."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import msgspec

from chalicelib.vocabulary.records import Event
from sandbox.show.naming import Names, Passage
from sandbox.show.order import out_of_order
from sandbox.stage.clock import Clock


@dataclass(frozen=True)
class Taken:
    """One thing that a simulated vendor took: for which event or reply, at which attempt, and what it was: the id
    that the bridge gave it, or all that was sent."""

    trace: str
    attempt: str
    what: str


@dataclass
class Findings:
    """The records of both sides. `customers` are the events that the platforms accepted from customers and `agents`
    the replies that the desk accepted, each once; `waiting` the keys of what is in the queues, `parked` of what lies
    in the bucket or among the dead letters, `given_up` of the webhooks that nobody took; `delivered` the keys of those
    that the bridge has taken; `ignored` why it left out which; `folded` with which trace's message it showed which;
    `told` the replies whose failure the desk was told of; `at_desk` and `at_platform` what arrived, oldest first. A
    passage's `written_ms` serves to compare it with others.
    """

    customers: Mapping[str, Passage]
    agents: Mapping[str, Passage]
    delivered: frozenset[str] = frozenset()
    given_up: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    parked: frozenset[str] = frozenset()
    ignored: Mapping[str, str] = field(default_factory=dict)
    folded: Mapping[str, str] = field(default_factory=dict)
    told: frozenset[str] = frozenset()
    at_desk: tuple[Taken, ...] = ()
    at_platform: tuple[Taken, ...] = ()


def prove(found: Findings) -> dict[str, Any]:
    """What GET /proof answers."""
    alone = {one.trace for one in found.at_desk}
    folded = {one.trace for key, one in found.customers.items() if found.folded.get(key) in alone}
    seen = alone | folded
    got = {one.trace for one in found.at_platform}
    left_out = _left_out(found, seen)
    unaccounted = [key for key, one in found.customers.items() if one.trace not in seen and key not in left_out] + [
        key for key, one in found.agents.items() if one.trace not in got and one.trace not in found.told
    ]
    still = {key: _whereabouts(found, key) for key in unaccounted}
    return {
        "customers_sent": len(found.customers),
        "agents_saw": sum(one.trace in seen for one in found.customers.values()),
        "agents_sent": len(found.agents),
        "customers_got": sum(one.trace in got for one in found.agents.values()),
        "refused_and_told": sum(one.trace in found.told for one in found.agents.values()),
        "ignored": dict(sorted(Counter(left_out.values()).items())),
        "parked": sum(where == "parked" for where in still.values()),
        "in_flight": sum(where == "in_flight" for where in still.values()),
        "lost": sum(where == "lost" for where in still.values()),
        "doubled": doubled(found.at_desk, by_attempt=False)
        + doubled(found.at_platform, by_attempt=True)
        + len(folded & alone),
        "out_of_order": _late(found.at_desk, found.customers) + _late(found.at_platform, found.agents),
    }


def _late(arrived: Iterable[Taken], written: Mapping[str, Passage]) -> int:
    return out_of_order((one.trace for one in arrived), {one.trace: one for one in written.values()})


def _left_out(found: Findings, seen: set[str]) -> dict[str, str]:
    """Why which events of customers' that agents do not see were left out on purpose, by key."""
    taken_back = {
        one.trace.removeprefix("deleted:") for one in found.customers.values() if one.trace.startswith("deleted:")
    }
    reasons: dict[str, str] = {}
    for key, one in found.customers.items():
        kind, _, message = one.trace.partition(":")
        arrived = key in found.delivered and key not in found.waiting
        if one.trace in seen:
            continue
        if key in found.ignored:
            reasons[key] = found.ignored[key]
        # a message that was taken back before it was shown: the bridge must not show it any more
        elif kind == "message" and message in taken_back and arrived:
            reasons[key] = "unsent_before_shown"
    return reasons


def _whereabouts(found: Findings, key: str) -> str:
    if key in found.parked:
        return "parked"
    if key in found.waiting:
        return "in_flight"
    return "lost" if key in found.delivered or key in found.given_up else "in_flight"


def doubled(taken: Iterable[Taken], *, by_attempt: bool) -> int:
    """How many things were taken more than once.

    A desk is given an id by the bridge, which makes the same message the same. A platform is not: there the same
    content for the same reply is a repetition if it came with another attempt, since one attempt sends each part
    once, and parts may be alike.
    """
    times: dict[tuple[str, str], Counter[str]] = {}
    for one in taken:
        times.setdefault((one.trace if by_attempt else "", one.what), Counter())[one.attempt] += 1
    if by_attempt:
        return sum(len(attempts) - 1 for attempts in times.values())
    return sum(attempts.total() - 1 for attempts in times.values())


class Witness:
    """Remembers what customers did, from what their platforms delivered."""

    def __init__(self, names: Names, clock: Clock) -> None:
        self._names, self._clock = names, clock
        self._lock = threading.Lock()
        self._events: dict[str, Passage] = {}

    def saw(self, source: str, raw: bytes) -> None:
        """A platform is about to deliver this. When it was written is kept as if the clock had never been moved."""
        moved_ms = int(self._clock.offset_s * 1000)
        with self._lock:
            for one in self._names.passages(source, raw):
                if not one.echo:
                    written_ms = one.written_ms and one.written_ms - moved_ms
                    self._events.setdefault(one.key, one._replace(written_ms=written_ms))

    def events(self) -> dict[str, Passage]:
        """By key."""
        with self._lock:
            return dict(self._events)

    def reset(self) -> None:
        with self._lock:
            self._events.clear()


def taken(calls: Iterable[Mapping[str, Any]], what: Callable[[Mapping[str, Any]], str]) -> tuple[Taken, ...]:
    """Those of a simulator's recorded calls that a worker made. `what` tells what was taken, "" where nothing was."""
    made = [(str(call.get("trace", "")), what(call)) for call in calls]
    return tuple(
        Taken(unquote(trace.rpartition("/")[0]), trace.rpartition("/")[2], told)
        for trace, told in made
        if trace and told
    )


def keys_of(messages: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The keys of the events that a queue's messages hold: one may hold several, and a burial has an id of its own."""
    held = [event_of(str(message.get("Body", ""))) for message in messages]
    return frozenset(one.dedup for event in held if event for one in event.bundle or (event,))


def event_of(body: str) -> Event | None:
    """The event that a queue's message holds; None of a message that is none."""
    try:
        return msgspec.json.decode(body, type=Event)
    except msgspec.MsgspecError:  # nobody's event: put there by hand
        return None
