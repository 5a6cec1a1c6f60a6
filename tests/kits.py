"""The workers over fakes, put together as the runtime's are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Protocol

import msgspec

from chalicelib.pipeline.assembly import Common, Given
from chalicelib.pipeline.batch import Batch, Work
from chalicelib.pipeline.front.guards import Book
from chalicelib.pipeline.inbound import assembly as inbound
from chalicelib.pipeline.inbound.composing import Enricher
from chalicelib.pipeline.inbound.to_desk import ToDesk
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.outbound import assembly as outbound
from chalicelib.pipeline.outbound.to_customer import ToCustomer
from chalicelib.pipeline.ports import Floor, Ledger, Outbox, Redelivery, Routes, SecretCache
from chalicelib.protocols.asking import Talker
from chalicelib.protocols.channel import Client, Translator
from chalicelib.protocols.desk import Desk, DeskTranslator
from chalicelib.protocols.routing import Threads
from chalicelib.protocols.unsealing import Unsealing
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.rules.scanning import Policy
from chalicelib.vocabulary.records import Event
from tests.fakes import (
    FakeBook,
    FakeClock,
    FakeFetch,
    FakeFloor,
    FakeLedger,
    FakeMemory,
    FakeMetrics,
    FakeQueue,
    FakeRoutes,
    FakeSecrets,
    FakeShelf,
    FakeThreads,
)


class Wired:
    """Both workers over whatever they are given. A desk alone is called "genesys"."""

    def __init__(
        self,
        *,
        clients: Mapping[str, Client],
        desk: Desk | Mapping[str, Desk],
        secrets: SecretCache,
        ledger: Ledger,
        shelf: FakeShelf,
        fetch: FakeFetch,
        clock: FakeClock,
        metrics: FakeMetrics,
        scan: Policy | None = None,
        unsealings: Mapping[str, Unsealing] | None = None,
        memory: FakeMemory | None = None,
        talker: Talker | None = None,
        floor: Floor | None = None,
        outbox: Outbox,
        book: Callable[[], Book] | None = None,
        routes: Routes | None = None,
        threads: Callable[[str], Threads] | None = None,
    ) -> None:
        self._clock, self.metrics = clock, metrics
        self._common = Common(
            Given(
                channels=abouts(CHANNELS),
                known_desks=abouts(DESKS),
                clients=clients,
                unsealings=unsealings or {},
                memory=memory or FakeMemory(clock),
                desks=desk if isinstance(desk, Mapping) else {"genesys": desk},
                ledger=ledger,
                media=_media(shelf, fetch),
                secrets=secrets,
                shelf=shelf,
                clock=clock,
                metrics=metrics,
                scan=scan,
                talkers=(lambda models: talker) if talker else None,
                floor=(lambda: floor) if floor else None,
                outbox=lambda: outbox,
                guarding=book or (lambda: FakeBook(FakeLedger())),
                routes=lambda: routes or FakeRoutes(FakeLedger()),
                threads=threads or (lambda name: FakeThreads()),
            )
        )

    def to_desk(
        self,
        translators: Mapping[str, Translator],
        queue: Redelivery,
        enrichers: tuple[Enricher, ...] = (),
    ) -> ToDesk:
        """`enrichers` come after those of the product."""
        return inbound.to_desk(self._common, translators, queue, enrichers)

    def to_customer(self, translator: DeskTranslator | Mapping[str, DeskTranslator], queue: Both) -> ToCustomer:
        """A translator alone is that of "genesys"."""
        translators = translator if isinstance(translator, Mapping) else {"genesys": translator}
        return outbound.to_customer(self._common, translators, queue, queue)

    def batch(self, work: Work, queue: Redelivery, at_once: int = 1) -> Batch:
        return Batch(work, queue, self._common.budgets, self.metrics, self._clock, lambda: 0.0, at_once, impatient)


def _media(shelf: FakeShelf, fetch: FakeFetch) -> MediaStore:
    return MediaStore(
        shelf=shelf,
        fetch=fetch,
        secrets=FakeSecrets(media={"keys": ["a-media-key-of-the-tests"]}),
        secret_name="media",
        public_url="https://bridge.example/v1",
    )


def impatient(thread: Future[None]) -> None:
    """Waits for no time at all until it looks whether anything has ended: what does not end at once has company."""


class Both(Outbox, Redelivery, Protocol):
    """A queue from both sides."""


class Bench:
    """Fakes, and the workers over them."""

    def __init__(
        self,
        clients: Mapping[str, Client],
        desk: Desk | Mapping[str, Desk],
        secrets: SecretCache | None = None,
        clock: FakeClock | None = None,
        metrics: FakeMetrics | None = None,
        shelf: FakeShelf | None = None,
        queue: Callable[[], FakeQueue] = FakeQueue,
        scan: Policy | None = None,
        unsealings: Mapping[str, Unsealing] | None = None,
        talker: Talker | None = None,
    ) -> None:
        self.clock = FakeClock() if clock is None else clock
        self.metrics = FakeMetrics() if metrics is None else metrics
        self.ledger = FakeLedger()
        self.floor = FakeFloor(self.ledger)
        self.shelf = FakeShelf() if shelf is None else shelf
        self.fetch = FakeFetch()
        self.memory = FakeMemory(self.clock)
        self.book = FakeBook(self.ledger)
        self.routes = FakeRoutes(self.ledger)
        self.threads = FakeThreads()
        self.inbound = queue()
        self.outbound = queue()
        self.wired = Wired(
            clients=clients,
            desk=desk,
            secrets=FakeSecrets() if secrets is None else secrets,
            ledger=self.ledger,
            shelf=self.shelf,
            fetch=self.fetch,
            clock=self.clock,
            metrics=self.metrics,
            scan=scan,
            unsealings=unsealings,
            memory=self.memory,
            talker=talker,
            floor=self.floor,
            outbox=self.outbound,
            book=lambda: self.book,
            routes=self.routes,
            threads=lambda name: self.threads,
        )

    def to_desk(self, translators: Mapping[str, Translator], *enrichers: Enricher) -> ToDesk:
        return self.wired.to_desk(translators, self.inbound, enrichers)

    def to_customer(self, translator: DeskTranslator | Mapping[str, DeskTranslator]) -> ToCustomer:
        return self.wired.to_customer(translator, self.outbound)

    def batch(self, work: Work, queue: FakeQueue, at_once: int = 1) -> Batch:
        return self.wired.batch(work, queue, at_once)


def record(
    event: Event | str, *, group: str = "g", name: str = "", order: str = "1", received: int = 1
) -> dict[str, Any]:
    """An SQS record as Lambda hands it over; `event` may be any body."""
    told = name or (event.id if isinstance(event, Event) else "odd")
    return {
        "messageId": f"id-{told}",
        "receiptHandle": f"handle-{told}",
        "body": msgspec.json.encode(event).decode() if isinstance(event, Event) else event,
        "attributes": {
            "MessageGroupId": group,
            "ApproximateReceiveCount": str(received),
            "SequenceNumber": order,
        },
    }
