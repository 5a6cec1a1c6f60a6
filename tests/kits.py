"""The workers over fakes, wired as `runtime` wires them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.batch import Batch, Work
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.delivering import Delivering
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.inbound.composing import Composing, Enricher
from chalicelib.pipeline.inbound.echoes import Echoes
from chalicelib.pipeline.inbound.facts import Facts
from chalicelib.pipeline.inbound.files import Files
from chalicelib.pipeline.inbound.leads import Leads
from chalicelib.pipeline.inbound.looking_up import LookingUp
from chalicelib.pipeline.inbound.mentions import Mentions
from chalicelib.pipeline.inbound.messages import Messages
from chalicelib.pipeline.inbound.notes import Notes
from chalicelib.pipeline.inbound.posts import Posts
from chalicelib.pipeline.inbound.profiles import Profiles
from chalicelib.pipeline.inbound.showing import Showing
from chalicelib.pipeline.inbound.taps import Taps
from chalicelib.pipeline.inbound.to_desk import ToDesk
from chalicelib.pipeline.inbound.wording import Wording
from chalicelib.pipeline.intake import Intake
from chalicelib.pipeline.lines import Lines
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.outbound.acts import Acts
from chalicelib.pipeline.outbound.addressing import Addressing
from chalicelib.pipeline.outbound.enclosing import Enclosing
from chalicelib.pipeline.outbound.ending import Ending
from chalicelib.pipeline.outbound.files import Files as AgentsFiles
from chalicelib.pipeline.outbound.finding_out import FindingOut
from chalicelib.pipeline.outbound.parts import Parts
from chalicelib.pipeline.outbound.refusing import Refusing
from chalicelib.pipeline.outbound.sending import Sending
from chalicelib.pipeline.outbound.telling import Telling
from chalicelib.pipeline.outbound.to_customer import ToCustomer
from chalicelib.pipeline.outbound.whose import Whose
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.ports import Ledger, Outbox, Redelivery, SecretCache
from chalicelib.pipeline.posting import Posting
from chalicelib.pipeline.reading_back import ReadingBack
from chalicelib.protocols.channel import Client, Translator
from chalicelib.protocols.desk import Desk, DeskTranslator
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.records import Event
from tests.fakes import FakeClock, FakeFetch, FakeLedger, FakeMetrics, FakeQueue, FakeSecrets, FakeShelf


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
    ) -> None:
        self._clients, self._secrets, self._ledger = clients, secrets, ledger
        self._shelf, self._clock, self.metrics = shelf, clock, metrics
        self._desks = Desks(desk if isinstance(desk, Mapping) else {"genesys": desk}, ledger)
        self._accounts = Accounts(ledger, clock, metrics, abouts(CHANNELS), abouts(DESKS))
        self._budgets = Budgets(ledger, clock)
        self._media = MediaStore(
            shelf=shelf,
            fetch=fetch,
            secrets=FakeSecrets(media={"keys": ["key"]}),
            secret_name="media",
            public_url="https://bridge.example/v1",
        )
        self._delivering = Delivering(
            desks=self._desks,
            posting=Posting(self._media.body, clock, metrics),
            reading_back=ReadingBack(ledger, clock, metrics),
            ledger=ledger,
            clock=clock,
            metrics=metrics,
        )
        self._lines = Lines(self._desks, self._delivering)

    def to_desk(
        self, translators: Mapping[str, Translator], queue: Redelivery, enrichers: tuple[Enricher, ...] = ()
    ) -> ToDesk:
        """`enrichers` come after those of the product."""
        clients, ledger, clock, metrics, budgets = (
            self._clients, self._ledger, self._clock, self.metrics, self._budgets
        )  # fmt: skip
        intake = Intake(translators, Parking("inbound", self._shelf, clock, metrics), queue, metrics)
        wording, leads = Wording(clients, ledger), Leads(ledger, clock, metrics)
        showing = Showing(lines=self._lines, ledger=ledger, budgets=budgets, metrics=metrics)
        composing = Composing(
            [
                wording.enrich,
                Files(clients, self._media, budgets, self._secrets, metrics).enrich,
                Profiles(clients, ledger, clock, metrics).enrich,
                Posts(clients, clock, metrics).enrich,
                Facts(abouts(CHANNELS), clients, clock).enrich,
                Taps(ledger).enrich,
                *enrichers,
            ]
        )
        messages = Messages(
            clients=clients,
            composing=composing,
            leads=leads,
            mentions=Mentions(clients, clock, metrics),
            delivering=self._delivering,
            intake=intake,
            ledger=ledger,
            budgets=budgets,
            clock=clock,
            metrics=metrics,
        )
        return ToDesk(
            intake=intake,
            accounts=self._accounts,
            messages=messages,
            looking_up=LookingUp(
                clients=clients,
                messages=messages,
                intake=intake,
                budgets=budgets,
                secrets=self._secrets,
                metrics=metrics,
            ),
            notes=Notes(
                showing=showing, wording=wording, media=self._media, ledger=ledger, clock=clock, metrics=metrics
            ),
            echoes=Echoes(showing=showing, ledger=ledger, budgets=budgets, clock=clock, metrics=metrics),
            leads=leads,
            budgets=budgets,
            metrics=metrics,
        )

    def to_customer(self, translator: DeskTranslator | Mapping[str, DeskTranslator], queue: Both) -> ToCustomer:
        """A translator alone is that of "genesys"."""
        clients, ledger, clock, metrics = self._clients, self._ledger, self._clock, self.metrics
        given = translator if isinstance(translator, Mapping) else {"genesys": translator}
        translators = {"": next(iter(given.values())), **given}
        addressing = Addressing(clients, clock)
        telling = Telling(
            channels=abouts(CHANNELS),
            desks=self._desks,
            lines=self._lines,
            outbox=queue,
            budgets=self._budgets,
            clock=clock,
            metrics=metrics,
        )
        return ToCustomer(
            intake=Intake(translators, Parking("outbound", self._shelf, clock, metrics), queue, metrics),
            desks=self._desks,
            clients=clients,
            whose=Whose(self._accounts, ledger),
            ledger=ledger,
            sending=self._sending(addressing),
            acts=Acts(clients=clients, ledger=ledger, addressing=addressing, clock=clock, metrics=metrics),
            ending=Ending(ledger, clock, metrics),
            telling=telling,
            budgets=self._budgets,
            clock=clock,
            metrics=metrics,
        )

    def _sending(self, addressing: Addressing) -> Sending:
        clients, ledger, clock, metrics = self._clients, self._ledger, self._clock, self.metrics
        refusing = Refusing(ledger, clock, metrics)
        finding_out = FindingOut(
            clients=clients,
            ledger=ledger,
            addressing=addressing,
            refusing=refusing,
            budgets=self._budgets,
            clock=clock,
            metrics=metrics,
        )
        parts = Parts(
            clients=clients,
            ledger=ledger,
            addressing=addressing,
            finding_out=finding_out,
            refusing=refusing,
            budgets=self._budgets,
            secrets=self._secrets,
            clock=clock,
            metrics=metrics,
        )
        return Sending(
            clients=clients,
            ledger=ledger,
            files=AgentsFiles(Enclosing(clients, self._desks, self._media), ledger, self._budgets),
            parts=parts,
            refusing=refusing,
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
        desk: Desk | Mapping[str, Desk],
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

    def to_desk(self, translators: Mapping[str, Translator], *enrichers: Enricher) -> ToDesk:
        return self.wired.to_desk(translators, self.inbound, enrichers)

    def to_customer(self, translator: DeskTranslator | Mapping[str, DeskTranslator]) -> ToCustomer:
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
