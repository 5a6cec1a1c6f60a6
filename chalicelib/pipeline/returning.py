"""What lies on the shelf goes back onto its queue: in the order in which it came, once, and then leaves the shelf."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest

import msgspec

from chalicelib.errors import Malformed
from chalicelib.pipeline.parking import fits, lightened
from chalicelib.pipeline.ports import ClearedShelf, Homecoming
from chalicelib.vocabulary.records import UNCOUNTED, Event, Parked
from chalicelib.wire import digest

# So many go back together: whoever is cut off puts no more than these again, which the queue refuses.
TOGETHER = 10
Cut = Callable[[str, bytes, float], list[Event]]
"""The events of a source's delivery that came then (epoch s), as the edge makes them. Raises Malformed."""


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """Something parked, and the key under which it lies."""

    key: str
    parked: Parked

    @property
    def source(self) -> str:
        """Whose it is: a channel's or a desk's name, or what stood in its place."""
        return self.parked.event.source if self.parked.event else self.key.split("/")[2]

    @property
    def came_ms(self) -> int:
        """When the edge took it (epoch ms)."""
        return self.parked.event.received_ms if self.parked.event else self.parked.parked_ms


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """An event that goes back: the id under which its queue takes it this time, and where it lies until then."""

    event: Event
    id: str
    shelved: Shelved


class Returning:
    """Reads what is shelved, and puts it back. `queues` are by the names that parked things have."""

    def __init__(self, queues: Mapping[str, Homecoming], shelf: ClearedShelf, cut: Cut) -> None:
        self._queues = queues
        self._shelf = shelf
        self._cut = cut

    def read(self, key: str) -> Shelved | None:
        """What lies under the key, None where nothing does any more. Raises Malformed where nobody can read it, and
        Retryable."""
        try:
            return Shelved(key=key, parked=msgspec.json.decode(self._shelf.fetch(key), type=Parked))
        except LookupError:
            return None
        except msgspec.MsgspecError as error:
            raise Malformed(str(error)) from error

    def back(self, shelved: Sequence[Shelved], done: Callable[[int], object]) -> list[tuple[Shelved, str]]:
        """Puts all of it back, in order; `done` is told after each step how many more have left the shelf, and ends
        it by raising. Answers what stays there, and why. Raises Retryable where a queue or the bucket takes no more:
        what follows then stays, too.

        Each has an id that is the same on every try, so that whoever is cut off begins anew: what the queue has, it
        refuses for five minutes, and later a worker knows it by its claim.
        """
        ready, left = self.ready(shelved)
        events = in_order(ready)
        waits = Counter(returned.shelved.key for returned in events)
        for start in range(0, len(events), TOGETHER):
            some = events[start : start + TOGETHER]
            self._put(some)
            waits.subtract(returned.shelved.key for returned in some)
            gone = list({returned.shelved.key for returned in some if not waits[returned.shelved.key]})
            if gone:
                self._shelf.remove(gone)
            done(len(gone))
        return left

    def ready(self, shelved: Sequence[Shelved]) -> tuple[list[Returned], list[tuple[Shelved, str]]]:
        """The events that can go back, and what cannot, with the reason. Changes nothing."""
        ready: list[Returned] = []
        left: list[tuple[Shelved, str]] = []
        for thing in shelved:
            try:
                ready += self._events(thing)
            except Malformed as no:
                left.append((thing, str(no)))
        return ready, left

    def _events(self, shelved: Shelved) -> list[Returned]:
        parked = shelved.parked
        queue = self._queues.get(parked.queue)
        if queue is None:
            raise Malformed(f"there is no queue {parked.queue}")
        if parked.event is not None:
            events = [parked.event]
        else:
            events = self._cut(shelved.source, parked.body, parked.parked_ms / 1000)
        events = [msgspec.structs.replace(event, order=parked.order or UNCOUNTED) for event in events]
        if not all(fits(event, queue) for event in events):
            raise Malformed("no queue takes it in any form")
        return [
            Returned(event=event, id=digest(event.dedup, "returned", str(parked.parked_ms)), shelved=shelved)
            for event in events
        ]

    def _put(self, events: Sequence[Returned]) -> None:
        carried: dict[str, list[tuple[Event, str]]] = defaultdict(list)
        for returned in events:
            name = returned.shelved.parked.queue
            light = lightened(returned.event, self._queues[name], self._shelf)
            if light is not None:
                carried[name].append((light, returned.id))
        for name, pairs in carried.items():
            self._queues[name].put_again(pairs)


def in_order(events: Sequence[Returned]) -> list[Returned]:
    """Each conversation's events as they came, those of several by turns, so that one of many holds up no other."""
    groups: dict[tuple[str, str], list[Returned]] = defaultdict(list)
    for returned in events:
        groups[returned.shelved.parked.queue, returned.event.group].append(returned)
    turns = zip_longest(*(_as_they_came(group) for group in groups.values()))
    return [returned for turn in turns for returned in turn if returned is not None]


def _as_they_came(group: list[Returned]) -> list[Returned]:
    """By the queue's own count. What has none takes its place by when the edge took it; a delivery's events stay as
    they stand in it."""
    counted = sorted(
        (returned for returned in group if _count(returned)),
        key=lambda returned: (_count(returned), returned.shelved.parked.parked_ms),
    )
    others = sorted(
        (returned for returned in group if not _count(returned)),
        key=lambda returned: (returned.event.received_ms, returned.shelved.parked.parked_ms),
    )
    ordered: list[Returned] = []
    for returned in counted:
        while others and others[0].event.received_ms < returned.event.received_ms:
            ordered.append(others.pop(0))
        ordered.append(returned)
    return [*ordered, *others]


def _count(returned: Returned) -> tuple[int, ...]:
    """The order as numbers, () where there is none."""
    numbers = returned.event.order.split(".")
    if not all(number.isdecimal() for number in numbers) or not int(numbers[0]):
        return ()
    return tuple(int(number) for number in numbers)
