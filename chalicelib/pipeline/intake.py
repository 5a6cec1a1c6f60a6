"""What lies on a queue, read: fetched with its bytes, put into the bridge's words, parked where nobody can read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from chalicelib.errors import Malformed, Retryable
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.ports import Redelivery, Turn
from chalicelib.rules.freshness import ADVICE, doubt
from chalicelib.vocabulary.records import Event

Happened = TypeVar("Happened")
Read_co = TypeVar("Read_co", covariant=True)


class Parses(Protocol[Read_co]):
    """A channel's or a desk's translator."""

    def parse(self, event: Event) -> Read_co:
        """What happened, in the bridge's words. Raises Malformed where the event cannot be read."""


class Intake(Generic[Happened]):
    """One queue, from its worker's side."""

    def __init__(
        self, translators: Mapping[str, Parses[Happened]], parking: Parking, queue: Redelivery, metrics: Metrics
    ) -> None:
        """`translators` by the events' sources."""
        self._translators = translators
        self._parking = parking
        self._queue = queue
        self._metrics = metrics

    def whole(self, event: Event) -> Event:
        """The event with its bytes, wherever they waited. Raises Retryable."""
        return self._parking.fetched(event)

    def read(self, event: Event, turn: Turn) -> Happened | None:
        """What happened, None where the event was parked: nobody can read it, or its age does not let it be what it
        seems. Raises Retryable."""
        whole = self._parking.fetched(event)
        no = doubt(event)
        if no is not None:
            self._parking.park(whole, turn, no, ADVICE[no])
            return None
        try:
            return self._translators[event.source].parse(whole)
        except Malformed as error:
            self._parking.park(whole, turn, "unreadable", str(error))
            return None

    def peek(self, event: Event) -> Happened | None:
        """What an event holds whose turn has not come, None where that cannot be told now: nothing is asked for, parked
        or counted for it. Never raises."""
        if event.aside or doubt(event) is not None:
            return None
        try:
            return self._translators[event.source].parse(event)
        except Exception as error:  # it is dealt with, whatever it is, when its turn comes
            log.info("not to be had", kind="event", event=event.id, error=where(error))
            return None

    def read_again(self, event: Event) -> Happened | None:
        """What an event holds that nobody can deal with; None where even reading it fails. Raises Retryable."""
        try:
            return self._translators[event.source].parse(self._parking.fetched(event))
        except Retryable:
            raise
        except Exception as error:
            log.error("what is given up cannot be read", error=where(error), event=event.id)
            return None

    def park(self, event: Event, turn: Turn, reason: str, advice: str) -> None:
        """Keeps the event, with its bytes, for its return. Raises Retryable."""
        self._parking.park(self._parking.fetched(event), turn, reason, advice)

    def bury(self, event: Event, turn: Turn, reason: str) -> None:
        """Gives the event up, as it came. Raises Retryable."""
        self._queue.bury(event, reason, turn.life, turn.order)
        self._metrics.count("dead_letter", source=event.source)
