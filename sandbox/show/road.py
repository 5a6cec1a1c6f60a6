"""The road: what happened to each event at each hop between a customer's platform and the desk, as it happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from chalicelib.edge.relayed import queue_of
from chalicelib.errors import Retryable, Uncertain, Unfetched
from chalicelib.http import Answer
from chalicelib.vocabulary.messages import Fetched
from chalicelib.vocabulary.records import Event
from sandbox.show.masking import Masker
from sandbox.show.naming import Names, Passage
from sandbox.show.outcomes import BOT, Fact, Hop, Outcome, at_edge, at_worker, guarded, judged, postponed, tail
from sandbox.show.purposes import Calls, of_table
from sandbox.stage.journal import Journal
from sandbox.stage.poller import Handler, WorkerKilled
from sandbox.stage.purposes import Purpose
from sandbox.stage.sources import Source, json_object
from sandbox.stage.watching import TRACE_HEADER
from sandbox.stage.web import Answer as Answered
from sandbox.stage.web import Call

QUEUE_REMEMBERS_S = 300.0  # SQS FIFO: a deduplication id is refused for five minutes
# A condition did not hold: somebody else has the work, or it has ended
_HELD = {"ConditionalCheckFailedException", "TransactionCanceledException"}


@dataclass
class _Work:
    """What this thread is at, and what the product has counted meanwhile."""

    about: Passage | None = None
    attempt: int = 0
    counted: list[Fact] = field(default_factory=list)
    calls: list[Outcome] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)


Worked = _Work | None
"""What a thread is at, None where it is at nothing of the road's."""


@dataclass
class _Outside:
    """What came of a call; `known`: it is one of the road's, `message`: the platform's id of what it sent."""

    known: bool
    outcome: Outcome = "failed"
    detail: str = ""
    answer: dict[str, Any] | None = None
    message: str = ""


class _Here(threading.local):
    work: _Work | None = None


class Road:
    """`names` and `calls` tell whose what comes in and goes out is."""

    def __init__(
        self,
        journal: Journal,
        masker: Masker,
        clock: Callable[[], float],
        names: Names,
        calls: Calls,
    ) -> None:
        self._journal, self._masker, self._clock = journal, masker, clock
        self._names, self._calls = names, calls
        self._here = _Here()
        self._lock = threading.Lock()
        self.kill_next = False
        self._accepted: set[str] = set()
        self._ended: dict[str, tuple[Outcome, str]] = {}
        self._folded: dict[str, str] = {}
        self._queued: dict[str, float] = {}
        self._left: dict[str, float] = {}
        self._held: dict[str, list[dict[str, Any]]] = {}

    def taken_in(self) -> frozenset[str]:
        """The keys of the events whose webhook was answered with a 2xx."""
        with self._lock:
            return frozenset(self._accepted)

    def ignored(self) -> dict[str, str]:
        """Why agents need not see which events, by key."""
        with self._lock:
            ended = self._ended.items()
            return {key: detail for key, (outcome, detail) in ended if outcome == "ignored" or detail == BOT}

    def reset(self) -> None:
        """Forgets what has passed."""
        with self._lock:
            self.kill_next = False
            for known in (self._accepted, self._ended, self._folded, self._queued, self._left):
                known.clear()

    # --- the edge

    def delivery(self, call: Call, work: Callable[[], Answered]) -> Answered:
        """A call of the product's HTTP API, recorded where it delivers a webhook."""
        source = self._names.source_of(call)
        if source is None:
            return work()
        started, at = time.perf_counter(), self._clock()
        with self._at(_Work()) as here:
            try:
                answer = work()
                self._delivered(source, call, answer, here.counted, at, _since(started))
            finally:
                self._let_go(here.stored)
        return answer

    def _delivered(
        self, source: Source, call: Call, answer: Answered, counted: list[Fact], at: float, took: float
    ) -> None:
        body = answer.body if isinstance(answer.body, bytes) else b""
        url = f"http://{call.header('Host')}{call.path}"
        request = self._masker.request(call.method, url, dict(call.headers), call.body)
        exact = {"request": request, "answer": self._masker.answer(answer.status, body, answer.content_type)}
        self._came(source.name, call.body, answer.status, exact, counted, at, took)

    def fed(self, source: Source, work: Handler, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """A batch of the queue that the source feeds, recorded as webhooks are."""
        started, at = time.perf_counter(), self._clock()
        with self._at(_Work()) as here:
            try:
                answer = work(event, context)
                failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
                for record in event["Records"]:
                    status = 500 if record["messageId"] in failed else 200
                    request = self._masker.request("SQS", queue_of(record), {}, record["body"].encode())
                    exact = {"request": request, "answer": None}
                    took = _since(started)
                    self._came(source.name, source.delivered(record), status, exact, here.counted, at, took)
            finally:
                self._let_go(here.stored)
        return answer

    def _came(
        self,
        name: str,
        body: bytes,
        status: int,
        exact: Mapping[str, Any],
        counted: list[Fact],
        at: float,
        took: float,
    ) -> None:
        """A delivery's events have come to the edge, which has answered so."""
        outcome, detail = at_edge(counted)
        for one in self._names.passages(name, body):
            taken: Outcome = "ok" if status < 400 else "failed" if status >= 500 else "refused"
            self._record(one, "webhook", taken, f"{status}", took, at=at, exact=exact)
            self._record(one, "edge", outcome, detail, took, at=at)
            if status < 400:
                with self._lock:
                    self._accepted.add(one.key)

    def queueing(self, events: Sequence[Event]) -> None:
        """These are about to be put on a queue. A worker may be done with them before their delivery is answered:
        what it tells of them has to wait, to be told in the order of the road."""
        work = self._here.work
        if work and not work.about:
            work.stored.extend(event.dedup for event in events)
            with self._lock:
                self._held |= {event.dedup: [] for event in events if event.dedup not in self._held}

    def _let_go(self, keys: Sequence[str]) -> None:
        with self._lock:
            held = [record for key in keys for record in self._held.pop(key, [])]
            for record in held:
                self._journal.put("road", record)

    def queued(self, events: Sequence[Event]) -> None:
        """These were put on a queue, which refuses what it was given in the last five minutes."""
        now = time.monotonic()
        for event in events:
            with self._lock:
                before = self._queued.setdefault(event.dedup, now)
                if now - before >= QUEUE_REMEMBERS_S:
                    self._queued[event.dedup] = before = now
            if before != now:
                self._record(self._names.passage(event), "queue", "duplicate", "the queue has it already", 0.0)

    def counted(self, name: str, labels: Mapping[str, str]) -> None:
        """The product counts a fact: the outcome of what this thread is at."""
        if self._here.work:
            self._here.work.counted.append((name, labels))

    # --- the workers

    def work(self, event: Event, attempt: int, handle: Callable[[Event, int], object]) -> None:
        """One record of a batch, recorded; raises what the product raises."""
        about = self._names.passage(event)
        now = self._clock()
        with self._lock:
            since = self._left.pop(about.key, event.received_ms / 1000)
        waited_ms = max(0.0, (now - since) * 1000)
        self._record(about, "queue", "ok", f"attempt {attempt}", waited_ms, at=min(now, since))
        started = time.perf_counter()
        outcome: Outcome = "failed"
        detail = "the worker died"
        with self._at(_Work(about, attempt)) as here:
            try:
                handle(event, attempt)
                outcome, detail = at_worker(here.counted)
            except Retryable as later:
                outcome, detail = postponed(later, here.calls), later.reason
                raise
            except Exception as error:
                detail = type(error).__name__
                raise
            finally:
                with self._lock:
                    if outcome != "duplicate" or self._ended.get(about.key, ("", ""))[1] != BOT:
                        self._ended[about.key] = outcome, detail
                    if outcome in {"retry", "throttled", "failed"}:
                        self._left[about.key] = self._clock()
                guard = {"guard": guarded(here.counted)}
                self._record(about, "worker", outcome, detail, _since(started), at=now, exact=guard)

    def folded(self, event: Event, others: Sequence[Event]) -> None:
        """The others were shown in the message of the event, without a call of their own."""
        shown = self._names.passage(event)
        for about in map(self._names.passage, others):
            with self._lock:
                self._folded[about.key] = shown.trace
                self._left.pop(about.key, None)
                by_bot = self._ended.get(shown.key, ("", ""))[1] == BOT
                self._ended[about.key] = "ok", BOT if by_bot else "folded"
            self._record(about, "worker", "ok", "folded", 0.0, at=self._clock())

    def shown_with(self) -> dict[str, str]:
        """In whose message which events were shown, by key."""
        with self._lock:
            return dict(self._folded)

    def trace_headers(self) -> dict[str, str]:
        """By which the simulators' records tell what a call was made for: event or reply, and the attempt."""
        work = self._here.work
        if work is None or work.about is None:
            return {}
        return {TRACE_HEADER: f"{quote(work.about.trace)}/{work.attempt}"}

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, do: Callable[[], Answer]
    ) -> Answer:
        """A call that goes out, recorded where a worker makes it."""
        with self._outside(method, url, headers, body, self._calls.purpose(url, body)) as found:
            answer = do()
            found.message = self._calls.message(json_object(answer.body)) if method == "POST" else ""
            found.outcome, code = judged(answer)
            found.detail = f"{tail(url)} {code}"
            found.answer = self._masker.answer(answer.status, answer.body, answer.headers.get("content-type", ""))
        if found.known and self._calls.creates(method, url):
            self._die_once()
        return answer

    def fetch(self, url: str, headers: Mapping[str, str], do: Callable[[], Fetched]) -> Fetched:
        """A file that a worker fetches."""
        with self._outside("GET", url, headers, None, "file") as found:
            file = do()
            found.outcome, found.detail = "ok", "file"
            found.answer = {"status": 200, "body": f"{len(file.body)} bytes of {file.mime}"}
        return file

    @contextmanager
    def _outside(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, what: Purpose
    ) -> Iterator[_Outside]:
        """A hop to another host. Its caller fills in what came of it; what is raised tells it otherwise."""
        work = self._here.work
        about = work.about if work else None
        found = _Outside(known=about is not None)
        started, at = time.perf_counter(), self._clock()
        try:
            yield found
        except (Retryable, Uncertain, Unfetched) as error:
            found.outcome = "retry" if isinstance(error, Retryable) else "failed"
            found.detail = f"{tail(url)}: {error.reason}"
            raise
        finally:
            if work and about:
                work.calls.append(found.outcome)
                hop = self._calls.hop(url)
                request = self._masker.request(method, url, headers, body)
                exact = {"request": request, "answer": found.answer, "message": found.message}
                self._record(about, hop, found.outcome, found.detail, _since(started), at=at, what=what, exact=exact)

    def written(self, operation: str, asked: Mapping[str, Any], do: Callable[[], Any]) -> Any:
        """A write to the bridge's table, recorded where a worker makes it; nothing of what it holds is told."""
        about = self._here.work.about if self._here.work else None
        started, at = time.perf_counter(), self._clock()
        outcome: Outcome = "failed"
        detail = ""
        try:
            answer = do()
            outcome = "ok"
        except ClientError as error:
            detail = error.response["Error"]["Code"]
            outcome = "duplicate" if detail in _HELD else "failed"
            raise
        finally:
            if about:
                what = of_table(operation, asked)
                self._record(about, "table", outcome, detail, _since(started), at=at, what=what)
        return answer

    def _die_once(self) -> None:
        with self._lock:
            killed, self.kill_next = self.kill_next, False
        if killed:
            raise WorkerKilled("the sandbox was told to kill it half way")

    @contextmanager
    def _at(self, work: _Work) -> Iterator[_Work]:
        with self.working(work):
            yield work

    def at_work(self) -> Worked:
        """What this thread is at."""
        return self._here.work

    @contextmanager
    def working(self, work: Worked) -> Iterator[None]:
        """This thread is at that, perhaps with another."""
        before, self._here.work = self._here.work, work
        try:
            yield
        finally:
            self._here.work = before

    def _record(
        self,
        about: Passage,
        hop: Hop,
        outcome: Outcome,
        detail: str,
        took_ms: float,
        *,
        at: float | None = None,
        what: Purpose = "",
        exact: Mapping[str, Any] | None = None,
    ) -> None:
        record = {
            "trace": about.trace,
            "direction": about.direction,
            "channel": about.channel,
            "customer": about.customer,
            "hop": hop,
            "what": what,
            "at_ms": int((self._clock() if at is None else at) * 1000),
            "took_ms": round(took_ms, 1),
            "outcome": outcome,
            "detail": self._masker.text(detail),
            "echo": about.echo,
            "message": about.message,
            "guard": None,
            "request": None,
            "answer": None,
            **(exact or {}),
        }
        with self._lock:
            waiting = self._held.get(about.key) if hop not in {"webhook", "edge"} else None
            if waiting is None:
                self._journal.put("road", record)
            else:
                waiting.append(record)


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
