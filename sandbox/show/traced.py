"""The product's own runtime, with whom it talks to overheard for the road; nothing of it behaves otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from chalicelib.aws import calls
from chalicelib.aws.queues import Queue
from chalicelib.aws.signing import signed
from chalicelib.aws.table import Table
from chalicelib.http import Answer, Outgoing
from chalicelib.observability import Metrics
from chalicelib.pipeline.batch import Batch, Work
from chalicelib.pipeline.front.asking import Asked, Asking
from chalicelib.pipeline.inbound.composing import Draft, Enricher
from chalicelib.pipeline.ports import Clock, Turn
from chalicelib.protocols.asking import Post, Reply
from chalicelib.runtime import Runtime
from chalicelib.settings import Settings
from chalicelib.vocabulary.messages import Fetched
from chalicelib.vocabulary.records import Event
from sandbox.show.road import Road, Worked

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TracedRuntime(Runtime):
    """What the sandbox puts in the place of a container's runtime."""

    def __init__(self, settings: Settings, clock: Clock, metrics: Metrics, road: Road) -> None:
        super().__init__(settings, clock, _Telling(metrics, road))
        self._road = road

    @cached_property
    def to_desk(self) -> Batch:
        return _overheard(super().to_desk, self._road)

    @cached_property
    def to_customer(self) -> Batch:
        return _overheard(super().to_customer, self._road)

    @cached_property
    def inbound(self) -> Queue:
        return _TracedQueue(self.settings.inbound_queue, self.settings.inbound_dead_letters, self._road)

    @cached_property
    def outbound(self) -> Queue:
        return _TracedQueue(self.settings.outbound_queue, self.settings.outbound_dead_letters, self._road)

    @cached_property
    def table(self) -> Table:
        overheard = _TracedDynamo(calls.client("dynamodb"), self._road)
        profile_s = self.settings.profile_days * 86_400
        return Table(self.settings.table, cast("DynamoDBClient", overheard), profile_s=profile_s)

    @cached_property
    def http(self) -> Outgoing:
        return _TracedOutgoing(self._road)

    @cached_property
    def post(self) -> Post:
        return _TracedPost(super().post, self._road)

    @cached_property
    def _asking(self) -> Enricher:
        enrich = super()._asking
        asking: Asking = cast("Any", enrich).__self__
        asking._asked = [_Carried(one, self._road) for one in asking._asked]
        return enrich

    def _fetch(self, url: str, hosts: Sequence[str], headers: Mapping[str, str]) -> Fetched:
        return self._road.fetch(url, headers, partial(super()._fetch, url, hosts, headers))


def _overheard(batch: Batch, road: Road) -> Batch:
    """The batch, whose every event passes through the road."""
    batch._work = _Overheard(batch._work, road)
    return batch


class _Overheard:
    """A worker, and how often each event has come to it."""

    def __init__(self, work: Work, road: Road) -> None:
        self._work, self._road = work, road
        self._attempts: Counter[str] = Counter()

    def handle(self, event: Event, turn: Turn) -> Sequence[str]:
        self._attempts[turn.life] += 1
        taken: list[str] = []
        self._road.work(
            event, self._attempts[turn.life], lambda event, _: taken.extend(self._work.handle(event, turn) or ())
        )
        self._road.folded(event, [one for one in turn.behind if one.id in taken])
        return taken

    def give_up(self, event: Event, turn: Turn, reason: str) -> None:
        self._work.give_up(event, turn, reason)


class _Telling:
    def __init__(self, metrics: Metrics, road: Road) -> None:
        self._metrics, self._road = metrics, road

    def count(self, name: str, value: int = 1, **labels: str) -> None:
        self._metrics.count(name, value, **labels)
        self._road.counted(name, labels)

    def measure(self, name: str, milliseconds: float, **labels: str) -> None:
        self._metrics.measure(name, milliseconds, **labels)


class _TracedDynamo:
    """A client of DynamoDB, of which the road tells the writes."""

    _WRITES = frozenset({"put_item", "update_item", "delete_item", "transact_write_items"})

    def __init__(self, client: DynamoDBClient, road: Road) -> None:
        self._client, self._road = client, road

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name not in self._WRITES:
            return method
        return lambda **asked: self._road.written(name, asked, partial(method, **asked))


class _TracedQueue(Queue):
    def __init__(self, url: str, dead_letters_url: str, road: Road) -> None:
        super().__init__(url, dead_letters_url)
        self._road = road

    def put(self, events: Sequence[Event]) -> None:
        self._road.queueing(events)
        super().put(events)
        self._road.queued(events)


class _TracedPost:
    """How the companies' own endpoints are called."""

    def __init__(self, post: Post, road: Road) -> None:
        self._post, self._road = post, road

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes, within_s: float) -> Reply:
        def do() -> Answer:
            reply = self._post(url, headers, body, within_s)
            return Answer(status=reply.status, headers={"content-type": "application/json"}, body=reply.body)

        answer = self._road.call("POST", url, headers, body, do)
        return Reply(answer.status, answer.body)


class _Carried:
    """Who is asked, perhaps by a thread of their own: what they do there is the worker's all the same."""

    def __init__(self, asked: Asked, road: Road) -> None:
        self._asked, self._road = asked, road
        self._works: dict[str, Worked] = {}

    def wanted(self, draft: Draft) -> bool:
        self._works[draft.message.id] = self._road.at_work()
        return self._asked.wanted(draft)

    def facts(self, draft: Draft) -> dict[str, str]:
        with self._road.working(self._works.pop(draft.message.id, None)):
            return self._asked.facts(draft)


class _TracedOutgoing(Outgoing):
    def __init__(self, road: Road) -> None:
        super().__init__(sign=signed)
        self._road = road

    def _call(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        read_s: float | None = None,
        whole_s: float | None = None,
    ) -> Answer:
        marked = headers | self._road.trace_headers()
        work = partial(super()._call, method, url, marked, body, read_s, whole_s)
        return self._road.call(method, url, headers, body, work)
