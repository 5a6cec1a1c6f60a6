"""The workers over fakes, wired as `runtime` wires them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from chalicelib.channels.base import Client, Translator
from chalicelib.desks.base import Desk, DeskTranslator
from chalicelib.messages import Event
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.batch import Batch, Work
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.delivering import Delivering
from chalicelib.pipeline.enclosing import Enclosing
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.ports import Secrets
from chalicelib.pipeline.posts import Posts
from chalicelib.pipeline.profiles import Profiles
from chalicelib.pipeline.sending import Sending
from chalicelib.pipeline.telling import Telling
from chalicelib.pipeline.to_customer import ToCustomer
from chalicelib.pipeline.to_desk import ToDesk
from tests.fakes import FakeClock, FakeFetch, FakeLedger, FakeMetrics, FakeQueue, FakeSecrets, FakeShelf


class Bench:
    """Everything that both workers share, and the workers themselves."""

    def __init__(
        self,
        clients: Mapping[str, Client],
        desk: Desk,
        secrets: Secrets | None = None,
        clock: FakeClock | None = None,
        metrics: FakeMetrics | None = None,
    ) -> None:
        self.clock = FakeClock() if clock is None else clock
        self.metrics = FakeMetrics() if metrics is None else metrics
        self.ledger = FakeLedger()
        self.shelf = FakeShelf()
        self.fetch = FakeFetch()
        self.inbound = FakeQueue()
        self.outbound = FakeQueue()
        self.clients = clients
        self.desk = desk
        self.secrets = FakeSecrets() if secrets is None else secrets
        self.accounts = Accounts(self.ledger, self.clock)
        self.budgets = Budgets(self.ledger, self.clock)
        self.media = MediaStore(
            shelf=self.shelf,
            fetch=self.fetch,
            keys=lambda: ["key"],
            public_url="https://bridge.example/v1",
            days=90,
            clock=self.clock,
        )
        self.delivering = Delivering(desk=desk, ledger=self.ledger, clock=self.clock, metrics=self.metrics)

    def to_desk(self, translators: Mapping[str, Translator]) -> ToDesk:
        return ToDesk(
            translators=translators,
            clients=self.clients,
            desk=self.desk,
            accounts=self.accounts,
            ledger=self.ledger,
            profiles=Profiles(self.clients, self.ledger, self.clock, self.metrics),
            posts=Posts(self.clients, self.clock, self.metrics),
            media=self.media,
            delivering=self.delivering,
            budgets=self.budgets,
            secrets=self.secrets,
            parking=Parking("inbound", self.shelf, self.clock, self.metrics),
            queue=self.inbound,
            clock=self.clock,
            metrics=self.metrics,
        )

    def to_customer(self, translator: DeskTranslator) -> ToCustomer:
        sending = Sending(
            clients=self.clients,
            ledger=self.ledger,
            enclosing=Enclosing(self.clients, self.desk, self.media),
            budgets=self.budgets,
            secrets=self.secrets,
            clock=self.clock,
            metrics=self.metrics,
        )
        telling = Telling(
            desk=self.desk,
            delivering=self.delivering,
            outbox=self.outbound,
            budgets=self.budgets,
            clock=self.clock,
            metrics=self.metrics,
        )
        return ToCustomer(
            translator=translator,
            clients=self.clients,
            accounts=self.accounts,
            ledger=self.ledger,
            sending=sending,
            telling=telling,
            budgets=self.budgets,
            parking=Parking("outbound", self.shelf, self.clock, self.metrics),
            queue=self.outbound,
            clock=self.clock,
            metrics=self.metrics,
        )

    def batch(self, work: Work, queue: FakeQueue, jitter: Callable[[], float] = lambda: 0.0) -> Batch:
        return Batch(work, queue, self.budgets, self.metrics, self.clock, jitter)


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
