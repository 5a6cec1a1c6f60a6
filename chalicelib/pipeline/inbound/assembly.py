"""The inbound worker, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.pipeline.assembly import Common
from chalicelib.pipeline.inbound.acknowledging import Acknowledging
from chalicelib.pipeline.inbound.composing import Composing, Enricher
from chalicelib.pipeline.inbound.echoes import Echoes
from chalicelib.pipeline.inbound.facts import Facts
from chalicelib.pipeline.inbound.files import Files
from chalicelib.pipeline.inbound.folding import Folding
from chalicelib.pipeline.inbound.introducing import Introducing
from chalicelib.pipeline.inbound.leads import Leads
from chalicelib.pipeline.inbound.looking_up import LookingUp
from chalicelib.pipeline.inbound.mentions import Mentions
from chalicelib.pipeline.inbound.messages import Messages
from chalicelib.pipeline.inbound.notes import Notes
from chalicelib.pipeline.inbound.passing import Passing
from chalicelib.pipeline.inbound.posts import Posts
from chalicelib.pipeline.inbound.profiles import Profiles
from chalicelib.pipeline.inbound.reads import Reads
from chalicelib.pipeline.inbound.showing import Showing
from chalicelib.pipeline.inbound.taps import Taps
from chalicelib.pipeline.inbound.to_desk import ToDesk
from chalicelib.pipeline.inbound.unsealing import Opening
from chalicelib.pipeline.inbound.wording import Wording
from chalicelib.pipeline.intake import Intake
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.ports import Redelivery
from chalicelib.protocols.channel import Translator
from chalicelib.vocabulary.messages import CustomerEvent

if TYPE_CHECKING:
    from chalicelib.pipeline.front.guards import Guards
    from chalicelib.pipeline.front.routing import Listening
    from chalicelib.pipeline.front.thanks import Offering


def to_desk(
    common: Common,
    translators: Mapping[str, Translator],
    queue: Redelivery,
    further: Sequence[Enricher] = (),
) -> ToDesk:
    """The worker over its queue. `further` enrichers come after those that every deployment has."""
    given, budgets = common.given, common.budgets
    clients, ledger, clock, metrics = given.clients, given.ledger, given.clock, given.metrics
    intake = Intake(translators, Parking("inbound", given.shelf, clock, metrics), queue, metrics)
    wording, leads = Wording(clients, ledger), Leads(ledger, clock, metrics)
    profiles = Profiles(clients, ledger, clock, metrics)
    showing = Showing(lines=common.lines, ledger=ledger, budgets=budgets, metrics=metrics)
    opening = _opening(common)
    composing = Composing([*_enrichers(common, wording, profiles), *further])
    messages = _messages(common, composing, leads, profiles, intake)
    return ToDesk(
        intake=intake,
        accounts=common.accounts,
        opening=opening,
        messages=messages,
        folding=Folding(
            intake=intake, opening=opening, messages=messages, budgets=budgets, clock=clock, metrics=metrics
        ),
        looking_up=LookingUp(
            clients=clients,
            messages=messages,
            intake=intake,
            budgets=budgets,
            secrets=given.secrets,
            metrics=metrics,
        ),
        notes=_notes(common, showing, wording),
        echoes=Echoes(
            showing=showing, desks=common.desks, ledger=ledger, budgets=budgets, clock=clock, metrics=metrics
        ),
        leads=leads,
        offering=_offering(common, showing),
        listening=_listening(common, showing),
        budgets=budgets,
        metrics=metrics,
    )


def _opening(common: Common) -> Opening:
    given = common.given
    return Opening(
        unsealings=given.unsealings,
        channels=given.channels,
        memory=given.memory,
        secrets=given.secrets,
        budgets=common.budgets,
        metrics=given.metrics,
    )


def _notes(common: Common, showing: Showing, wording: Wording) -> Notes:
    given = common.given
    reads = Reads(desks=common.desks, ledger=given.ledger, clock=given.clock, metrics=given.metrics)
    return Notes(
        reads=reads,
        passing=Passing(
            reads=reads,
            showing=showing,
            desks=common.desks,
            posting=common.posting,
            ledger=given.ledger,
            clock=given.clock,
            metrics=given.metrics,
        ),
        showing=showing,
        wording=wording,
        media=given.media,
        ledger=given.ledger,
        clock=given.clock,
        metrics=given.metrics,
    )


def _offering(common: Common, showing: Showing) -> Callable[[], Offering]:
    @cache
    def offering() -> Offering:
        from chalicelib.pipeline.front.thanks import Offering  # loaded where an account thanks

        given = common.given
        return Offering(
            clients=given.clients,
            showing=showing,
            ledger=given.ledger,
            outbox=given.outbox(),
            clock=given.clock,
            metrics=given.metrics,
        )

    return offering


def _listening(common: Common, showing: Showing) -> Callable[[], Listening]:
    @cache
    def listening() -> Listening:
        from chalicelib.pipeline.front.routing import Listening, Record  # loaded where an account shares conversations

        given = common.given
        return Listening(
            routes=given.routes(),
            record=Record(given.memory),
            threads=given.threads,
            showing=showing,
            ledger=given.ledger,
            clock=given.clock,
            metrics=given.metrics,
        )

    return listening


def _guards(common: Common, intake: Intake[list[CustomerEvent]]) -> Guards:
    from chalicelib.pipeline.front.guards import Guards  # only where an account has them

    given = common.given
    return Guards(
        book=given.guarding(),
        fingerprint=given.media.fingerprint,
        intake=intake,
        lines=common.lines,
        ledger=given.ledger,
        clock=given.clock,
        metrics=given.metrics,
    )


def _messages(
    common: Common,
    composing: Composing,
    leads: Leads,
    profiles: Profiles,
    intake: Intake[list[CustomerEvent]],
) -> Messages:
    given = common.given
    clients, ledger, clock, metrics = given.clients, given.ledger, given.clock, given.metrics
    return Messages(
        guard=cache(lambda: _guards(common, intake)),
        clients=clients,
        composing=composing,
        leads=leads,
        mentions=Mentions(clients, clock, metrics),
        delivering=common.delivering,
        introducing=Introducing(profiles, ledger, clock, metrics),
        acknowledging=Acknowledging(
            clients=clients,
            desks=common.desks,
            outages=common.outages,
            accounts=common.accounts,
            ledger=ledger,
            least_s=given.outage_s,
            fingerprint=given.media.fingerprint,
            clock=clock,
            metrics=metrics,
        ),
        intake=intake,
        ledger=ledger,
        budgets=common.budgets,
        clock=clock,
        metrics=metrics,
    )


def _enrichers(common: Common, wording: Wording, profiles: Profiles) -> list[Enricher]:
    """What is looked up for a customer's message, in this order: a further enricher is one more entry."""
    given = common.given
    clients, ledger, clock, metrics = given.clients, given.ledger, given.clock, given.metrics
    return [
        wording.enrich,
        Files(clients, given.media, common.scanning, common.budgets, given.secrets, metrics).enrich,
        profiles.enrich,
        Posts(clients, clock, metrics).enrich,
        Facts(given.channels, clients, clock).enrich,
        Taps(ledger).enrich,
    ]
