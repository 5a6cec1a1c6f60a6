"""A batch of a FIFO queue, record by record: a failure stops its own conversation and no other."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from chalicelib.errors import Retryable
from chalicelib.http import LONGEST_FETCH_S, USUAL_CALL_S
from chalicelib.messages import Event
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.ports import Clock, Redelivery

Handle = Callable[[Event, int], None]
"""Deals with an event; the number is how often the queue has handed it out, from 1."""

# A record is begun only if there is time for its calls: a file, a token, the call, and what is written after it.
NEEDED_S = LONGEST_FETCH_S + 2 * USUAL_CALL_S + 5
# What fails for a reason that nobody foresaw is parked after this many attempts.
ATTEMPTS = 5
LONGEST_BACKOFF_S = 300.0


class Batch:
    """Runs records through a handler and answers Lambda's partial batch response."""

    def __init__(
        self,
        handle: Handle,
        queue: Redelivery,
        metrics: Metrics,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`jitter` answers 0 to 1 and spreads retries, so that conversations do not come back all at once."""
        self._handle = handle
        self._queue = queue
        self._metrics = metrics
        self._clock = clock
        self._jitter = jitter

    def run(self, records: Sequence[dict[str, Any]], remaining_s: Callable[[], float]) -> dict[str, Any]:
        """`records` are SQS records as Lambda hands them over, `remaining_s` the function's time left (s).

        A failed record's visibility is set to its delay, and so is that of every later one of its group.
        docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        """
        stopped: dict[str, int] = {}
        failed: list[dict[str, str]] = []
        waiting: defaultdict[int, list[str]] = defaultdict(list)
        for record in records:
            group = record["attributes"]["MessageGroupId"]
            if group not in stopped:
                delay = self._one(record) if remaining_s() > NEEDED_S else self._no_time()
                if delay is None:
                    continue
                stopped[group] = delay
            failed.append({"itemIdentifier": record["messageId"]})
            waiting[stopped[group]].append(record["receiptHandle"])
        for delay, handles in waiting.items():
            self._queue.postpone(handles, delay)
        return {"batchItemFailures": failed}

    def _no_time(self) -> int:
        self._metrics.count("out_of_time")
        return 0

    def _one(self, record: dict[str, Any]) -> int | None:
        """None where the record is dealt with, else the seconds until it shall be tried again."""
        attempt = int(record["attributes"]["ApproximateReceiveCount"])
        event: Event | None = None
        try:
            event = msgspec.json.decode(record["body"], type=Event)
            self._handle(event, attempt)
        except Retryable as later:
            self._metrics.count("retried")
            delay = self._delay(event, attempt, later.after_s)
            log.warning("retry", reason=later.reason, attempt=attempt, delay_s=delay, event=event.id if event else "")
            return delay
        except Exception as error:  # a record that nobody foresaw must not block its conversation for ever
            log.error("failed", error=where(error), attempt=attempt, event=event.id if event else "")
            self._metrics.count("failed")
            if event is None or attempt < ATTEMPTS or not self._buried(event, where(error)):
                return self._delay(event, attempt, None)
        return None

    def _buried(self, event: Event, reason: str) -> bool:
        try:
            self._queue.bury(event, reason)
        except Exception as error:
            log.error("not buried", error=where(error), event=event.id)
            return False
        self._metrics.count("dead_letter", source=event.source)
        return True

    def _delay(self, event: Event | None, attempt: int, after_s: float | None) -> int:
        """Whole seconds, as the queue counts them: what the other side asked for, at the least; else longer
        each time, up to a quarter of the event's age and to five minutes. The count alone would punish an
        event for the throttling of others and for waiting behind its predecessors."""
        base = after_s
        if base is None:
            age_s = self._clock() - event.received_ms / 1000 if event else LONGEST_BACKOFF_S
            base = min(LONGEST_BACKOFF_S, 2.0 ** min(attempt - 1, 16), max(1.0, age_s / 4))
        return math.ceil(base) + int(0.2 * base * self._jitter())
