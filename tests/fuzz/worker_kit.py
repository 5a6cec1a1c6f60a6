"""The workers with their real translators, over fakes."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.channels.base import Translator
from chalicelib.channels.instagram.capabilities import CAPABILITIES as INSTAGRAM_CAPABILITIES
from chalicelib.channels.instagram.translate import TRANSLATOR as INSTAGRAM
from chalicelib.channels.tiktok.capabilities import CAPABILITIES as TIKTOK_CAPABILITIES
from chalicelib.channels.tiktok.translate import TRANSLATOR as TIKTOK
from chalicelib.desks.genesys.translate import TRANSLATOR as GENESYS
from chalicelib.errors import Malformed
from chalicelib.messages import Event, Led
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.delivering import Delivering
from chalicelib.pipeline.enclosing import Enclosing
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.notices import Notices
from chalicelib.pipeline.parking import fetched
from chalicelib.pipeline.posts import Posts
from chalicelib.pipeline.profiles import Profiles
from chalicelib.pipeline.to_customer import ToCustomer
from chalicelib.pipeline.to_desk import ToDesk
from tests.fakes import (
    FakeClient,
    FakeClock,
    FakeDesk,
    FakeFetch,
    FakeLedger,
    FakeMetrics,
    FakeSecrets,
    FakeShelf,
)
from tests.fuzz.strict_queue import StrictQueue


class WorkerKit:
    """What both workers stand on; `shelf` is the edge's, too. `reached` is the metric of what got through."""

    # what ends an event
    ends: tuple[str, ...] = ()
    reached = ""
    work: Callable[[Event, int], None]

    def __init__(self, shelf: FakeShelf) -> None:
        self.clock = FakeClock()
        self.metrics = FakeMetrics()
        self.ledger = FakeLedger()
        self.desk = FakeDesk()
        self.shelf = shelf
        self.queue = StrictQueue()
        self.clients = {"instagram": FakeClient(INSTAGRAM_CAPABILITIES), "tiktok": FakeClient(TIKTOK_CAPABILITIES)}
        self.media = MediaStore(
            shelf=self.shelf,
            fetch=FakeFetch(),
            keys=lambda: ["key"],
            public_url="https://bridge.example/v1",
            days=90,
            clock=self.clock,
        )

    def ended(self, event: Event) -> bool:
        """Whether the event, handled now, ends counted."""
        before = self._ends()
        self.work(event, 1)
        return self._ends() > before

    def _ends(self) -> int:
        return len([name for name, _, _ in self.metrics.lines if name in self.ends])


class Inbound(WorkerKit):
    """From the customers to the desk."""

    ends = ("delivered", "duplicate", "ignored", "parked", "account_stopped", "dead_letter")
    reached = "delivered"

    def __init__(self, shelf: FakeShelf) -> None:
        super().__init__(shelf)
        self._translators: dict[str, Translator] = {"instagram": INSTAGRAM, "tiktok": TIKTOK}
        self.work = ToDesk(
            translators=self._translators,
            clients=self.clients,
            desk=self.desk,
            accounts=Accounts(self.ledger, self.clock),
            ledger=self.ledger,
            profiles=Profiles(self.clients, self.ledger, self.clock, self.metrics),
            posts=Posts(self.clients, self.clock, self.metrics),
            media=self.media,
            secrets=FakeSecrets(),
            delivering=Delivering(
                desk=self.desk, ledger=self.ledger, queue=self.queue, clock=self.clock, metrics=self.metrics
            ),
            shelf=self.shelf,
            clock=self.clock,
            metrics=self.metrics,
        ).handle

    def ended(self, event: Event) -> bool:
        """What led a customer here is kept with their conversation, and need not be counted."""
        return super().ended(event) or self._led(event)

    def _led(self, event: Event) -> bool:
        try:
            happened = self._translators[event.source].parse(fetched(self.shelf, event))
        except Malformed:
            return False
        return any(isinstance(one, Led) for one in happened)


class Outbound(WorkerKit):
    """From the desk to the customers."""

    ends = ("receipt", "receipt_lost", "ignored", "parked", "action", "action_failed")
    reached = "sent"

    def __init__(self, shelf: FakeShelf) -> None:
        super().__init__(shelf)
        self.work = ToCustomer(
            translator=GENESYS,
            clients=self.clients,
            desk=self.desk,
            accounts=Accounts(self.ledger, self.clock),
            ledger=self.ledger,
            enclosing=Enclosing(self.clients, self.desk, self.media),
            notices=Notices(self.desk, self.ledger, self.clock, self.metrics),
            secrets=FakeSecrets(),
            shelf=self.shelf,
            clock=self.clock,
            metrics=self.metrics,
        ).handle


KITS: dict[str, Callable[[FakeShelf], WorkerKit]] = {"instagram": Inbound, "tiktok": Inbound, "genesys": Outbound}
