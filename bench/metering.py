"""What each job of the bridge costs, measured in the sandbox: `python -m bench.metering [MESSAGES]`.

It writes bench/figures.json. Calls are those that leave the process; units are those that DynamoDB says it has consumed
(ReturnConsumedCapacity), a condition that did not hold among them; CPU time is that of the handler's threads.
"""

from __future__ import annotations

import contextlib
import io
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError

from bench import bridge, place
from bench.figures import FIGURES, Figures, Job, read, write
from bench.measure import around_aws
from chalicelib.http import Outgoing
from chalicelib.observability import EmfMetrics

READS = frozenset({"GetItem", "Query", "BatchGetItem", "TransactGetItems", "Scan"})
# Calls of the event source mapping, which the sandbox's pollers make in the same process, and of who looks at the
# sandbox's state.
OTHERS = frozenset({"ReceiveMessage", "DeleteMessageBatch", "ListObjectsV2"})
MESSAGES = 60


class _Meter:
    """What is made of calls and bytes while it is on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Nothing has been counted."""
        self.calls: Counter[str] = Counter()
        self.writes = self.reads = self.queued = 0.0

    def called(self, service: str) -> None:
        with self._lock:
            self.calls[service] += 1

    def aws(self, service: str, operation: str, asked: Any, answer: Any) -> None:
        self.called(service)
        with self._lock:
            if operation == "SendMessageBatch":
                self.queued += sum(len(entry["MessageBody"].encode()) for entry in asked["Entries"])
            told = (answer or {}).get("ConsumedCapacity", [])
            units = sum(one["CapacityUnits"] for one in ([told] if isinstance(told, dict) else told))
            if operation in READS:
                self.reads += units
            elif service == "dynamodb":
                self.writes += units if answer is not None else 1.0  # a condition that does not hold costs a write


@contextmanager
def _metered() -> Iterator[_Meter]:
    """Every call that the bridge makes meanwhile is counted."""
    meter = _Meter()
    call = Outgoing._call

    def by_aws(client: Any, operation: str, asked: Any, go_on: Callable[[Any], Any]) -> Any:
        service = client.meta.service_model.service_name
        if operation in OTHERS:
            return go_on(asked)
        if service == "dynamodb":
            asked = asked | {"ReturnConsumedCapacity": "TOTAL"}
        try:
            answer = go_on(asked)
        except ClientError:
            meter.aws(service, operation, asked, None)
            raise
        meter.aws(service, operation, asked, answer)
        return answer

    def by_http(session: Any, method: str, url: str, *rest: Any) -> Any:
        meter.called("desk" if "/api/v2/" in url else "login" if "/oauth/token" in url else "platform")
        return call(session, method, url, *rest)

    with around_aws(by_aws), patch.object(Outgoing, "_call", by_http):
        yield meter


class _Measured:
    """The sandbox with one worker of each kind, job by job."""

    def __init__(self, one: Any, messages: int, meter: _Meter) -> None:
        self.one, self.messages, self.meter = one, messages, meter
        self.customers = [bridge.customer(number) for number in range(messages)]
        self.edge_s = 0.0
        self._line, self._rounds = _metric_bytes(), 0
        one.sandbox.gateway._function = self._timed(one.sandbox.gateway._function)

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(event: Any, context: Any) -> Any:
            start = time.thread_time()
            try:
                return function(event, context)
            finally:
                self.edge_s += time.thread_time() - start

        return run

    def edge(self, comes: Callable[[], None], name: str) -> Job:
        """What the edge spends on so many deliveries, which wait on the queue after it."""
        before = self._begun()
        comes()
        bridge.until(lambda: self.one.waiting(name) >= self.messages, 0.2)
        return self._job(self.edge_s * 1e3 / self.messages, before)

    def worker(self, name: str, comes: Callable[[], None] = lambda: None) -> Job:
        """What a worker spends on what waits for it."""
        poller, before = getattr(self.one, name), (0.0, 0.0)

        def fill() -> None:
            nonlocal before
            comes()
            before = self._begun()

        flow = self.one.drained(poller, fill, lambda: self.messages - self.one.waiting(name), self.messages)
        return self._job(flow.worker_ms, before)

    def texts(self) -> None:
        """Each customer's text in a delivery of its own, as it comes where not much is written at once."""
        self._rounds += 1
        for number, who in enumerate(self.customers):
            self.one.deliver([place.messaging(who, f"{self._rounds:04d}{number:028d}")])

    def replies(self) -> None:
        """An agent answers each conversation."""
        for conversation in sorted({found["conversation_id"] for found in self.one.taken()}):
            self.one.genesys.reply(conversation, text="It is! Shall I wrap it?")
        bridge.until(lambda: self.one.waiting("outbound") >= self.messages, 0.2)

    def echoes(self) -> None:
        """An agent answers each conversation, and the platform tells of it."""
        self.one.instagram.echo = "after"
        self.worker("outbound", self.replies)
        bridge.until(lambda: self.one.waiting("inbound") >= self.messages, 0.2)

    def looks(self) -> Job:
        """What is spent on texts that may not be shown yet: their OAuth client is at its limit."""
        self.one.genesys._access._calls_per_minute = 1
        before, waited = (0.0, 0.0), 0

        def fill() -> None:
            nonlocal before, waited
            self.texts()
            before, waited = self._begun(), self._waited()

        flow = self.one.drained(self.one.inbound, fill, self._waited, self.messages)
        return self._job(flow.worker_ms, before)

    def _waited(self) -> int:
        counts = self.one.sandbox.metrics.counts()
        return int(counts.get("waiting", 0) + counts.get("retried", 0))

    def _begun(self) -> tuple[float, float]:
        self.meter.clear()
        self.edge_s = 0.0
        return self._logged(), self._stored()

    def _job(self, cpu_ms: float, before: tuple[float, float]) -> Job:
        share, meter = 1 / self.messages, self.meter
        return Job(
            cpu_ms=round(cpu_ms, 2),
            calls={name: round(count * share, 2) for name, count in sorted(meter.calls.items()) if name != "login"},
            write_units=round(meter.writes * share, 2),
            read_units=round(meter.reads * share, 2),
            queued_bytes=round(meter.queued * share),
            logged_bytes=round((self._logged() - before[0]) * share),
            stored_bytes=round(max(0.0, self._stored() - before[1]) * share),
        )

    def _logged(self) -> float:
        """Lines of the log, and a metric's line for each that was counted."""
        running = self.one.sandbox
        running._log.flush()
        return float((running.folder / "bridge.log").stat().st_size + self._line * _counted(running))

    def _stored(self) -> float:
        """As DynamoDB counts an item: its names and values."""
        client = self.one.sandbox.aws.client("dynamodb")
        pages = client.get_paginator("scan").paginate(TableName="dmdesk")
        rows = [row for page in pages for row in page["Items"]]
        return float(
            sum(len(name) + len(str(next(iter(value.values())))) for row in rows for name, value in row.items())
        )


def _counted(running: Any) -> int:
    """How many lines of metrics the functions would have written: each counts a total, and mostly labels beside it."""
    return sum(count for name, count in running.metrics.counts().items() if ":" not in name)


def _metric_bytes() -> int:
    """How long a metric's line is."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        EmfMetrics().count("delivered", channel="instagram")
    return len(out.getvalue())


def measured(messages: int = MESSAGES) -> Figures:
    """Plays first texts of new conversations, then round trips: a text, the reply, and the echo of another reply."""
    with bridge.bench(threads=1, calls_per_minute=10**9) as one, _metered() as meter:
        bench = _Measured(one, messages, meter)
        one.drained(one.inbound, lambda: one.write([bridge.customer(messages)]), one.count, 1)
        first = bench.worker("inbound", bench.texts)
        bench.worker("outbound", bench.replies)  # nobody waits: the next text begins a turn
        edges: list[Job] = []
        text = bench.worker("inbound", lambda: edges.append(bench.edge(bench.texts, "inbound")))
        return Figures(
            when=f"{datetime.now(UTC):%Y-%m-%d}",
            edge=edges[0],
            text=text,
            first_text=first,
            reply=bench.worker("outbound", bench.replies),
            echo=bench.worker("inbound", bench.echoes),
            look=bench.looks(),
            cold_ms=read().cold_ms if FIGURES.exists() else {},
        )


if __name__ == "__main__":
    write(measured(*map(int, sys.argv[1:])))
    print(FIGURES.read_text())
