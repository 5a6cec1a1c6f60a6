"""The inbound worker with its real translators, over fakes."""

from __future__ import annotations

from contextlib import suppress

from chalicelib.channels.instagram.translate import TRANSLATOR as INSTAGRAM
from chalicelib.channels.tiktok.translate import TRANSLATOR as TIKTOK
from chalicelib.errors import Retryable
from chalicelib.messages import Event
from tests.fakes import FakeClient, FakeDesk, turn
from tests.kits import Bench


class WorkerKit:
    def __init__(self) -> None:
        self.desk = FakeDesk()
        bench = Bench({"instagram": FakeClient(), "tiktok": FakeClient()}, self.desk)
        self.clock, self.metrics, self.ledger, self.shelf = bench.clock, bench.metrics, bench.ledger, bench.shelf
        self.work = bench.to_desk({"instagram": INSTAGRAM, "tiktok": TIKTOK})

    def handle(self, event: Event) -> None:
        """As often as it has to come, as a queue would."""
        for _ in range(9):
            with suppress(Retryable):
                self.work.handle(event, turn(event.dedup))
                return
            self.clock.advance(100)
        raise AssertionError(f"{event.id} comes for ever")

    def ended(self, names: tuple[str, ...]) -> int:
        """How many counts of these names there are."""
        return len([name for name, _, _ in self.metrics.lines if name in names])
