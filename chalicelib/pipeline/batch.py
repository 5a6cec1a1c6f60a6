"""A batch of a FIFO queue: several conversations at a time, each event by event, so that what is silent or fails holds
up its own conversation and no other (docs/adr/0020-beside-each-other.md)."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import msgspec

from chalicelib.errors import Misconfigured, MoreMayCome, RateLimited, Retryable, Waiting
from chalicelib.http import LONGEST_FETCH_S, USUAL_CALL_S
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.beside import Pause, beside, quiet
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.company import Company
from chalicelib.pipeline.ports import Clock, Redelivery, Turn
from chalicelib.pipeline.room import PATIENCE_S
from chalicelib.rules.budgets import backoff_s, waits_s
from chalicelib.vocabulary.records import Event

# An event is begun only if there is time for its calls: a file, for which there may be no room at first, a token, the
# call, and what is written after it.
NEEDED_S = LONGEST_FETCH_S + PATIENCE_S + 2 * USUAL_CALL_S + 5
# Nobody writes two messages within this (ms): what is closer may come from two clocks, or from a coarse one.
APART_MS = 500

Pair = tuple[dict[str, Any], Event]
"""A record as Lambda hands it over, and its event."""


class Work(Protocol):
    """What a queue's events go through."""

    def handle(self, event: Event, turn: Turn) -> Sequence[str] | None:
        """Deals with an event; answers the ids of those behind it that are dealt with alongside. Raises Retryable."""

    def give_up(self, event: Event, turn: Turn, reason: str) -> None:
        """Buries an event that nobody can deal with, and tells who has to know. Raises Retryable."""


class Batch:
    """Runs records through a worker and answers Lambda's partial batch response."""

    def __init__(
        self,
        work: Work,
        queue: Redelivery,
        budgets: Budgets,
        metrics: Metrics,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
        at_once: int = 1,
        pause: Pause = quiet,
    ) -> None:
        """`jitter` answers 0 to 1 and spreads retries, so that conversations do not come back all at once; `at_once` is
        how many conversations are dealt with at a time, once there was a `pause` in which none has ended."""
        self._work = work
        self._queue = queue
        self._budgets = budgets
        self._metrics = metrics
        self._clock = clock
        self._jitter = jitter
        self._at_once = at_once
        self._pause = pause

    def run(self, records: Sequence[dict[str, Any]], remaining_s: Callable[[], float]) -> dict[str, Any]:
        """`records` are SQS records as Lambda hands them over, `remaining_s` the function's time left (s).

        A failed record's visibility is set to its delay, and so is that of every later one of its group.
        docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        """
        failed: list[dict[str, str]] = []
        waiting: defaultdict[int, list[str]] = defaultdict(list)
        groups = _ordered([(record, _event(record)) for record in records])  # the longest waiting first
        work = partial(self._group, remaining_s=remaining_s, company=Company())
        for group, (number, delay) in zip(groups, beside(work, groups, self._at_once, self._pause), strict=True):
            for record, _ in group[number:]:
                failed.append({"itemIdentifier": record["messageId"]})
                waiting[delay].append(record["receiptHandle"])
        for delay, handles in waiting.items():
            self._queue.postpone(handles, delay)
        return {"batchItemFailures": failed}

    def _group(self, group: Sequence[Pair], remaining_s: Callable[[], float], company: Company) -> tuple[int, int]:
        """How many of the records are dealt with, and the seconds until the others shall be tried again."""
        looks = [look for number, (record, event) in enumerate(group) for look in _looks(number, record, event)]
        taken: set[str] = set()
        for place, (number, event, life, order) in enumerate(looks):
            if event.id in taken:
                continue
            with company.joined(lambda: remaining_s() - NEEDED_S) as apart:
                if remaining_s() < NEEDED_S:
                    self._metrics.count("out_of_time")
                    return number, 0
                turn = Turn(
                    life=life,
                    order=order,
                    remaining_s=remaining_s,
                    received=int(group[number][0]["attributes"]["ApproximateReceiveCount"]),
                    behind=tuple(later.event for later in looks[place + 1 :] if later.event.id not in taken),
                    apart=apart,
                )
                delay = self._handled(event, turn, taken)
            if delay is not None:
                return number, delay
        return len(group), 0

    def _handled(self, event: Event, turn: Turn, taken: set[str]) -> int | None:
        """None where the event is dealt with, and the ids of what was dealt with alongside are `taken`; else the
        seconds until it shall be tried again."""
        try:
            taken.update(self._work.handle(event, turn) or ())
        except MoreMayCome as later:
            return math.ceil(later.after_s or 0.0)
        except Waiting as later:
            self._waits(later, event, turn.received)
            return self._whole(waits_s(turn.received, later.after_s))
        except Retryable as later:
            self._metrics.count("retried")
            delay = self._backoff(turn, later)
            log.warning("retry", reason=later.reason, delay_s=delay, event=event.id, attempt=turn.received)
            return delay
        except Exception as error:  # an event that nobody foresaw must not block its conversation for ever
            log.error("failed", error=where(error), event=event.id, attempt=turn.received)
            self._metrics.count("failed")
            if not self._budgets.spent(turn, "unforeseen") or not self._given_up(event, turn, where(error)):
                return self._backoff(turn, Retryable("unforeseen"))
        return None

    def _waits(self, later: Waiting, event: Event, attempt: int) -> None:
        if isinstance(later, Misconfigured):
            self._metrics.count("misconfigured")
            log.error("misconfigured", reason=later.reason, advice=later.advice, event=event.id, attempt=attempt)
        else:
            self._metrics.count("waiting")
            log.info("waiting", reason=later.reason, event=event.id, attempt=attempt)

    def _given_up(self, event: Event, turn: Turn, reason: str) -> bool:
        try:
            self._work.give_up(event, turn, reason)
        except Exception as error:
            log.error("not buried", error=where(error), event=event.id)
            return False
        return True

    def _backoff(self, turn: Turn, later: Retryable) -> int:
        tried = self._budgets.tried(turn, "call")
        throttled = isinstance(later, RateLimited)
        return self._whole(backoff_s(tried, self._clock(), turn.received, throttled=throttled, asked_s=later.after_s))

    def _whole(self, seconds: float) -> int:
        """Whole seconds, as the queue counts them, and up to a fifth more."""
        return math.ceil(seconds) + int(0.2 * seconds * self._jitter())


def _order(record: dict[str, Any], number: int | None) -> str:
    """The queue's count of the record, with the event's place in its bundle."""
    order = str(record["attributes"].get("SequenceNumber", ""))
    return order if number is None or not order else f"{order}.{number:04d}"


class Look(NamedTuple):
    """An event as it comes to its turn: in which record of its group, and what its turn knows of it."""

    record: int
    event: Event
    life: str
    order: str


def _looks(number: int, record: dict[str, Any], event: Event) -> list[Look]:
    """The record's events, one by one."""
    if not event.bundle:
        return [Look(number, event, record["messageId"], event.order or _order(record, None))]
    return [
        Look(number, single, f"{record['messageId']}/{place}", single.order or _order(record, place))
        for place, single in enumerate(event.bundle)
    ]


def _event(record: dict[str, Any]) -> Event:
    """The record's event; what is none is one that says so, and ends as anything unforeseen does."""
    try:
        return msgspec.json.decode(record["body"], type=Event)
    except msgspec.MsgspecError:
        return Event(
            source="", account="", party="", id=record["messageId"], received_ms=0,
            raw=msgspec.Raw(msgspec.json.encode(record["body"])),
        )  # fmt: skip


def _ordered(batch: list[Pair]) -> list[list[Pair]]:
    """Events of one group that lie on the queue together, in the order of the platform's clock, where it tells one:
    webhooks may overtake each other (docs/adr/0011-order.md). The queue's order decides else. Of the groups, which have
    no order to each other, that goes first which has waited longest: its window closes first."""
    groups: defaultdict[str, list[Pair]] = defaultdict(list)
    for record, event in batch:
        group = groups[record["attributes"]["MessageGroupId"]]
        place = len(group)
        while place and event.sent_ms and group[place - 1][1].sent_ms - event.sent_ms >= APART_MS:
            place -= 1
        group.insert(place, (record, event))
    return sorted(groups.values(), key=lambda group: group[0][1].sent_ms or group[0][1].received_ms)
