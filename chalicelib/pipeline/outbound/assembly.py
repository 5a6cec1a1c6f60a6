"""The outbound worker, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.pipeline.assembly import Common
from chalicelib.pipeline.intake import Intake
from chalicelib.pipeline.outbound.acts import Acts
from chalicelib.pipeline.outbound.addressing import Addressing
from chalicelib.pipeline.outbound.bots import Bots, Holding
from chalicelib.pipeline.outbound.enclosing import Enclosing
from chalicelib.pipeline.outbound.ending import Ending
from chalicelib.pipeline.outbound.farewell import Farewell
from chalicelib.pipeline.outbound.files import Files
from chalicelib.pipeline.outbound.finding_out import FindingOut
from chalicelib.pipeline.outbound.parts import Parts
from chalicelib.pipeline.outbound.refusing import Refusing
from chalicelib.pipeline.outbound.sending import Sending
from chalicelib.pipeline.outbound.telling import Telling
from chalicelib.pipeline.outbound.to_customer import ToCustomer
from chalicelib.pipeline.outbound.whose import Whose
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.ports import Outbox, Redelivery
from chalicelib.protocols.desk import DeskTranslator

if TYPE_CHECKING:
    from chalicelib.pipeline.front.owning import Owning
    from chalicelib.pipeline.front.thanks import Thanking


def to_customer(
    common: Common, translators: Mapping[str, DeskTranslator], queue: Redelivery, outbox: Outbox
) -> ToCustomer:
    """The worker over its queue; what cannot be told at once goes into `outbox`, the same queue from its other side.
    What names no desk is the first one's, whose translator says what it is."""
    given, budgets = common.given, common.budgets
    clients, ledger, clock, metrics = given.clients, given.ledger, given.clock, given.metrics
    addressing = Addressing(clients, clock)
    owning = _owning(common)
    sending = _sending(common, addressing, owning)
    return ToCustomer(
        intake=Intake(
            {"": next(iter(translators.values())), **translators},
            Parking("outbound", given.shelf, clock, metrics),
            queue,
            metrics,
        ),
        accounts=common.accounts,
        desks=common.desks,
        clients=clients,
        whose=Whose(common.accounts, ledger),
        bots=Bots(ledger, budgets, clock),
        ledger=ledger,
        sending=sending,
        acts=Acts(clients=clients, ledger=ledger, addressing=addressing, clock=clock, metrics=metrics),
        ending=Ending(common.desks, ledger, Farewell(sending), owning, clock, metrics),
        telling=Telling(
            channels=given.channels,
            desks=common.desks,
            lines=common.lines,
            outbox=outbox,
            budgets=budgets,
            late_s=given.late_s,
            clock=clock,
            metrics=metrics,
        ),
        thanking=_thanking(common, sending),
        budgets=budgets,
        clock=clock,
        metrics=metrics,
    )


def _thanking(common: Common, sending: Sending) -> Callable[[], Thanking]:
    @cache
    def thanking() -> Thanking:
        from chalicelib.pipeline.front.thanks import Thanking  # loaded where somebody is thanked

        given = common.given
        return Thanking(
            accounts=common.accounts,
            clients=given.clients,
            sending=sending,
            lines=common.lines,
            ledger=given.ledger,
            memory=given.memory,
            clock=given.clock,
            metrics=given.metrics,
        )

    return thanking


def _owning(common: Common) -> Callable[[], Owning]:
    @cache
    def owning() -> Owning:
        from chalicelib.pipeline.front.owning import Owning  # loaded where an account shares conversations
        from chalicelib.pipeline.front.routing import Record

        given = common.given
        return Owning(
            routes=given.routes(),
            record=Record(given.memory),
            threads=given.threads,
            lines=common.lines,
            ledger=given.ledger,
            budgets=common.budgets,
            clock=given.clock,
            metrics=given.metrics,
        )

    return owning


def _sending(common: Common, addressing: Addressing, owning: Callable[[], Owning]) -> Sending:
    given, budgets = common.given, common.budgets
    clients, ledger, clock, metrics = given.clients, given.ledger, given.clock, given.metrics
    refusing = Refusing(ledger, clock, metrics)
    parts = Parts(
        clients=clients,
        ledger=ledger,
        addressing=addressing,
        finding_out=FindingOut(
            clients=clients,
            ledger=ledger,
            addressing=addressing,
            refusing=refusing,
            budgets=budgets,
            clock=clock,
            metrics=metrics,
        ),
        refusing=refusing,
        holding=Holding(ledger, given.floor, clock),
        budgets=budgets,
        secrets=given.secrets,
        fingerprint=given.media.fingerprint,
        owning=owning,
        clock=clock,
        metrics=metrics,
    )
    return Sending(
        clients=clients,
        ledger=ledger,
        files=Files(Enclosing(clients, common.desks, given.media, common.scanning), ledger, budgets),
        parts=parts,
        refusing=refusing,
        room=given.media.room,
        clock=clock,
        metrics=metrics,
    )
