"""The workers with their real translators, over fakes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from chalicelib.channels.instagram.capabilities import CAPABILITIES as INSTAGRAM_CAPABILITIES
from chalicelib.channels.instagram.translate import TRANSLATOR as INSTAGRAM
from chalicelib.channels.tiktok.capabilities import CAPABILITIES as TIKTOK_CAPABILITIES
from chalicelib.channels.tiktok.translate import TRANSLATOR as TIKTOK
from chalicelib.channels.x.capabilities import CAPABILITIES as X_CAPABILITIES
from chalicelib.channels.x.translate import TRANSLATOR as X_TRANSLATOR
from chalicelib.desks.genesys.translate import TRANSLATOR as GENESYS
from chalicelib.errors import Malformed, Retryable
from chalicelib.pipeline.inbound.to_desk import ToDesk
from chalicelib.pipeline.outbound.to_customer import ToCustomer
from chalicelib.pipeline.parking import Parking
from chalicelib.protocols.channel import Translator
from chalicelib.protocols.unsealing import Unopened
from chalicelib.vocabulary.messages import CustomerEvent, Led, Sealed
from chalicelib.vocabulary.records import Account, Event, Thread
from tests.fakes import START, FakeClient, FakeDesk, FakeShelf, X, turn
from tests.fuzz.strict_queue import StrictQueue
from tests.kits import Bench

TRANSLATORS: dict[str, Translator] = {"instagram": INSTAGRAM, "tiktok": TIKTOK, "x": X_TRANSLATOR}


class Sealing:
    """Nothing that is sealed is opened."""

    def opened(self, account: Account, sealed: Sealed) -> list[CustomerEvent]:
        raise Unopened("corrupted")


class WorkerKit:
    """A worker. `reached` is the metric of what got through, `ends` are those of which one ends every event."""

    ends: tuple[str, ...] = ()
    reached = ""
    work: ToDesk | ToCustomer

    def __init__(self, shelf: FakeShelf) -> None:
        """`shelf` is the bucket, in which the edge has put what no queue carries."""
        carried = {"instagram": INSTAGRAM_CAPABILITIES, "tiktok": TIKTOK_CAPABILITIES, "x": X_CAPABILITIES}
        clients = {name: FakeClient(capabilities) for name, capabilities in carried.items()}
        self.bench = Bench(clients, FakeDesk(), shelf=shelf, queue=StrictQueue, unsealings={"x": Sealing()})
        self.bench.ledger.listed.append(X)
        self.metrics = self.bench.metrics

    def ended(self, event: Event) -> bool:
        """Whether the event, handled now, ends counted."""
        before = len(self.metrics.lines)
        self._handle(event)
        return any(name in self.ends for name, _, _ in self.metrics.lines[before:])

    def _handle(self, event: Event) -> None:
        """As often as it has to come, as a queue would."""
        for _ in range(9):
            with suppress(Retryable):
                self.work.handle(event, turn(event.dedup))
                return
            self.bench.clock.advance(100)
        raise AssertionError(f"{event.id} comes for ever")


class Inbound(WorkerKit):
    """From the customers to the desk."""

    ends = ("delivered", "duplicate", "ignored", "led", "parked", "account_stopped", "dead_letter")
    reached = "delivered"

    def __init__(self, shelf: FakeShelf) -> None:
        super().__init__(shelf)
        self.work = self.bench.to_desk(TRANSLATORS)

    def ended(self, event: Event) -> bool:
        """What led a customer here is kept with their conversation, and need not be counted."""
        return super().ended(event) or self._led(event)

    def _led(self, event: Event) -> bool:
        whole = Parking("inbound", self.bench.shelf, self.bench.clock, self.metrics).fetched(event)
        try:
            return any(isinstance(one, Led) for one in TRANSLATORS[event.source].parse(whole))
        except Malformed:
            return False


class Outbound(WorkerKit):
    """From the desk to the customers."""

    ends = ("receipt", "receipt_lost", "told_later", "ignored", "parked", "action", "action_failed", "desk_receipt")
    reached = "sent"

    def __init__(self, shelf: FakeShelf) -> None:
        super().__init__(shelf)
        self.bench.ledger.strangers = Thread(customer_ms=int(START * 1000))  # everybody has written
        self.work = self.bench.to_customer(GENESYS)


KITS: dict[str, Callable[[FakeShelf], WorkerKit]] = {
    "instagram": Inbound,
    "tiktok": Inbound,
    "x": Inbound,
    "genesys": Outbound,
}
