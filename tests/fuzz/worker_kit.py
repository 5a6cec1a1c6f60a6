"""The inbound worker with its real translators, over fakes."""

from __future__ import annotations

from chalicelib.channels.instagram.translate import TRANSLATOR as INSTAGRAM
from chalicelib.channels.tiktok.translate import TRANSLATOR as TIKTOK
from chalicelib.messages import Event
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.delivering import Delivering
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.posts import Posts
from chalicelib.pipeline.profiles import Profiles
from chalicelib.pipeline.to_desk import ToDesk
from tests.fakes import (
    FakeClient,
    FakeClock,
    FakeDesk,
    FakeFetch,
    FakeLedger,
    FakeMetrics,
    FakeQueue,
    FakeSecrets,
    FakeShelf,
)


class WorkerKit:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.metrics = FakeMetrics()
        self.ledger = FakeLedger()
        self.desk = FakeDesk()
        self.shelf = FakeShelf()
        clients = {"instagram": FakeClient(), "tiktok": FakeClient()}
        self.work = ToDesk(
            translators={"instagram": INSTAGRAM, "tiktok": TIKTOK},
            clients=clients,
            desk=self.desk,
            accounts=Accounts(self.ledger, self.clock, self.metrics, ("instagram", "tiktok")),
            ledger=self.ledger,
            profiles=Profiles(clients, self.ledger, self.clock, self.metrics),
            posts=Posts(clients, self.clock, self.metrics),
            media=MediaStore(
                shelf=self.shelf,
                fetch=FakeFetch(),
                keys=lambda: ["key"],
                public_url="https://bridge.example/v1",
                days=90,
                clock=self.clock,
            ),
            secrets=FakeSecrets(),
            delivering=Delivering(
                desk=self.desk, ledger=self.ledger, queue=FakeQueue(), clock=self.clock, metrics=self.metrics
            ),
            shelf=self.shelf,
            clock=self.clock,
            metrics=self.metrics,
        )

    def handle(self, event: Event) -> None:
        self.work.handle(event, 1)

    def ended(self, names: tuple[str, ...]) -> int:
        """How many counts of these names there are."""
        return len([name for name, _, _ in self.metrics.lines if name in names])
