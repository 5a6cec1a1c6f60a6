"""The workers over fakes, wired as `runtime` wires them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.batch import Batch, Work
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.delivering import Delivering
from chalicelib.pipeline.inbound.composing import Composing
from chalicelib.pipeline.inbound.leads import Leads
from chalicelib.pipeline.inbound.mentions import Mentions
from chalicelib.pipeline.inbound.posts import Posts
from chalicelib.pipeline.inbound.profiles import Profiles
from chalicelib.pipeline.inbound.to_desk import ToDesk
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.outbound.enclosing import Enclosing
from chalicelib.pipeline.outbound.sending import Sending
from chalicelib.pipeline.outbound.telling import Telling
from chalicelib.pipeline.outbound.to_customer import ToCustomer
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.ports import Ledger, Outbox, Redelivery, SecretCache
from chalicelib.protocols.channel import Client, Translator
from chalicelib.protocols.desk import Desk, DeskTranslator
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.records import Event
from tests.fakes import FakeClock, FakeFetch, FakeLedger, FakeMetrics, FakeQueue, FakeSecrets, FakeShelf


class Wired:
    """Both workers over whatever they are given."""

    def __init__(
        self,
        *,
        clients: Mapping[str, Client],
        desk: Desk,
        secrets: SecretCache,
        ledger: Ledger,
        shelf: FakeShelf,
        fetch: FakeFetch,
        clock: FakeClock,
        metrics: FakeMetrics,
    ) -> None:
        self._clients, self._desk, self._secrets, self._ledger = clients, desk, secrets, ledger
        self._shelf, self._clock, self.metrics = shelf, clock, metrics
        self._accounts = Accounts(ledger, clock, metrics, abouts(CHANNELS), abouts(DESKS))
        self._budgets = Budgets(ledger, clock)
        self._media = MediaStore(
            shelf=shelf,
            fetch=fetch,
            secrets=FakeSecrets(media={"keys": ["key"]}),
            secret_name="media",
            public_url="https://bridge.example/v1",
        )
        self._delivering = Delivering(desk=desk, ledger=ledger, clock=clock, metrics=metrics)

    def to_desk(self, translators: Mapping[str, Translator], queue: Redelivery) -> ToDesk:
        clients, ledger, clock, metrics = self._clients, self._ledger, self._clock, self.metrics
        return ToDesk(
            translators=translators,
            clients=clients,
            desk=self._desk,
            accounts=self._accounts,
            ledger=ledger,
            composing=Composing(
                channels=abouts(CHANNELS),
                clients=clients,
                ledger=ledger,
                profiles=Profiles(clients, ledger, clock, metrics),
                posts=Posts(clients, clock, metrics),
                media=self._media,
                budgets=self._budgets,
                secrets=self._secrets,
                clock=clock,
                metrics=metrics,
            ),
            leads=Leads(ledger, clock, metrics),
            mentions=Mentions(clients, clock, metrics),
            media=self._media,
            delivering=self._delivering,
            budgets=self._budgets,
            secrets=self._secrets,
            parking=Parking("inbound", self._shelf, clock, metrics),
            queue=queue,
            clock=clock,
            metrics=metrics,
        )

    def to_customer(self, translator: DeskTranslator, queue: Both) -> ToCustomer:
        clients, ledger, clock, metrics = self._clients, self._ledger, self._clock, self.metrics
        sending = Sending(
            clients=clients,
            ledger=ledger,
            enclosing=Enclosing(clients, self._desk, self._media),
            budgets=self._budgets,
            secrets=self._secrets,
            clock=clock,
            metrics=metrics,
        )
        telling = Telling(
            channels=abouts(CHANNELS),
            desk=self._desk,
            delivering=self._delivering,
            outbox=queue,
            budgets=self._budgets,
            clock=clock,
            metrics=metrics,
        )
        return ToCustomer(
            translator=translator,
            clients=clients,
            accounts=self._accounts,
            ledger=ledger,
            sending=sending,
            telling=telling,
            budgets=self._budgets,
            parking=Parking("outbound", self._shelf, clock, metrics),
            queue=queue,
            clock=clock,
            metrics=metrics,
        )

    def batch(self, work: Work, queue: Redelivery) -> Batch:
        return Batch(work, queue, self._budgets, self.metrics, self._clock, lambda: 0.0)


class Both(Outbox, Redelivery, Protocol):
    """A queue from both sides."""


class Bench:
    """Fakes, and the workers over them."""

    def __init__(
        self,
        clients: Mapping[str, Client],
        desk: Desk,
        secrets: SecretCache | None = None,
        clock: FakeClock | None = None,
        metrics: FakeMetrics | None = None,
        shelf: FakeShelf | None = None,
        queue: Callable[[], FakeQueue] = FakeQueue,
    ) -> None:
        self.clock = FakeClock() if clock is None else clock
        self.metrics = FakeMetrics() if metrics is None else metrics
        self.ledger = FakeLedger()
        self.shelf = FakeShelf() if shelf is None else shelf
        self.fetch = FakeFetch()
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
        )

    def to_desk(self, translators: Mapping[str, Translator]) -> ToDesk:
        return self.wired.to_desk(translators, self.inbound)

    def to_customer(self, translator: DeskTranslator) -> ToCustomer:
        return self.wired.to_customer(translator, self.outbound)

    def batch(self, work: Work, queue: FakeQueue) -> Batch:
        return self.wired.batch(work, queue)


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
