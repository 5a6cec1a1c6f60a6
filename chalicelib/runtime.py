"""The composition root: the only place that builds adapters, each once per container and when needed."""

from __future__ import annotations

import os
import time
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.queues import Queue
from chalicelib.aws.secrets import SecretStore
from chalicelib.observability import EmfMetrics, Metrics
from chalicelib.pipeline.ports import Clock
from chalicelib.registry import CHANNELS, DESKS, abouts, part
from chalicelib.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.aws.table import Table
    from chalicelib.edge.door import Door
    from chalicelib.edge.receive import Edge
    from chalicelib.fetching import Fetcher
    from chalicelib.http import Outgoing
    from chalicelib.pipeline.accounts import Accounts
    from chalicelib.pipeline.batch import Batch
    from chalicelib.pipeline.budgets import Budgets
    from chalicelib.pipeline.chores.tokens import Tokens
    from chalicelib.pipeline.chores.upkeep import Upkeep
    from chalicelib.pipeline.delivering import Delivering
    from chalicelib.pipeline.desks import Desks
    from chalicelib.pipeline.inbound.composing import Composing
    from chalicelib.pipeline.inbound.wording import Wording
    from chalicelib.pipeline.media import MediaStore
    from chalicelib.pipeline.outbound.addressing import Addressing
    from chalicelib.pipeline.outbound.sending import Sending
    from chalicelib.protocols.channel import Client, Translator
    from chalicelib.protocols.desk import DeskTranslator, OpenDesk
    from chalicelib.vocabulary.messages import Fetched


class Runtime:
    """Everything that a function needs. Imports follow the role: the edge loads no client, no table."""

    def __init__(self, settings: Settings, clock: Clock = time.time, metrics: Metrics | None = None) -> None:
        self.settings = settings
        self.clock = clock
        self.metrics: Metrics = metrics or EmfMetrics()

    @cached_property
    def edge(self) -> Edge:
        """Where everything comes in."""
        from chalicelib.edge.receive import Edge

        return Edge(
            channels=[part(package, "webhook", "WEBHOOK") for package in CHANNELS.values()],
            desks=[part(package, "webhook", "WEBHOOK") for package in self._desks_here.values()],
            secrets=self.secrets,
            secret_names={
                name: self.settings.vendors[about.signed_by]
                for name, about in abouts(CHANNELS | self._desks_here).items()
                if about.signed_by
            },
            inbound=self.inbound,
            outbound=self.outbound,
            shelf=self.bucket,
            clock=self.clock,
            metrics=self.metrics,
        )

    @cached_property
    def door(self) -> Door:
        """Where links to files are opened."""
        from chalicelib.edge.door import Door

        return Door(
            shelf=self.bucket,
            secrets=self.secrets,
            secret_name=self.settings.media_secret,
            days=self.settings.media_days,
            clock=self.clock,
        )

    @cached_property
    def to_desk(self) -> Batch:
        """The inbound worker."""
        from chalicelib.pipeline.batch import Batch
        from chalicelib.pipeline.inbound.echoes import Echoes
        from chalicelib.pipeline.inbound.leads import Leads
        from chalicelib.pipeline.inbound.looking_up import LookingUp
        from chalicelib.pipeline.inbound.mentions import Mentions
        from chalicelib.pipeline.inbound.messages import Messages
        from chalicelib.pipeline.inbound.notes import Notes
        from chalicelib.pipeline.inbound.showing import Showing
        from chalicelib.pipeline.inbound.to_desk import ToDesk
        from chalicelib.pipeline.inbound.wording import Wording
        from chalicelib.pipeline.intake import Intake
        from chalicelib.pipeline.lines import Lines
        from chalicelib.pipeline.parking import Parking

        clients, ledger, budgets, clock, metrics = self.clients, self.table, self._budgets, self.clock, self.metrics
        translators: dict[str, Translator] = {
            name: part(CHANNELS[name], "translate", "TRANSLATOR") for name in CHANNELS
        }
        parking = Parking("inbound", self.bucket, clock, metrics)
        intake = Intake(translators, parking, self.inbound, metrics)
        wording, leads = Wording(clients, ledger), Leads(ledger, clock, metrics)
        showing = Showing(lines=Lines(self.desks, self._delivering), ledger=ledger, budgets=budgets, metrics=metrics)
        messages = Messages(
            clients=clients,
            composing=self._composing(wording),
            leads=leads,
            mentions=Mentions(clients, clock, metrics),
            delivering=self._delivering,
            intake=intake,
            ledger=ledger,
            budgets=budgets,
            clock=clock,
            metrics=metrics,
        )
        work = ToDesk(
            intake=intake,
            accounts=self.accounts,
            messages=messages,
            looking_up=LookingUp(
                clients=clients,
                messages=messages,
                intake=intake,
                budgets=budgets,
                secrets=self.secrets,
                metrics=metrics,
            ),
            notes=Notes(
                showing=showing, wording=wording, media=self.media, ledger=ledger, clock=clock, metrics=metrics
            ),
            echoes=Echoes(showing=showing, ledger=ledger, budgets=budgets, clock=clock, metrics=metrics),
            leads=leads,
            budgets=budgets,
            metrics=metrics,
        )
        return Batch(work, self.inbound, budgets, metrics, clock)

    def _composing(self, wording: Wording) -> Composing:
        """What is looked up for a customer's message, in this order: a further enricher is one more entry."""
        from chalicelib.pipeline.inbound.composing import Composing
        from chalicelib.pipeline.inbound.facts import Facts
        from chalicelib.pipeline.inbound.files import Files
        from chalicelib.pipeline.inbound.posts import Posts
        from chalicelib.pipeline.inbound.profiles import Profiles
        from chalicelib.pipeline.inbound.taps import Taps

        clients, ledger, clock, metrics = self.clients, self.table, self.clock, self.metrics
        return Composing(
            [
                wording.enrich,
                Files(clients, self.media, self._budgets, self.secrets, metrics).enrich,
                Profiles(clients, ledger, clock, metrics).enrich,
                Posts(clients, clock, metrics).enrich,
                Facts(abouts(CHANNELS), clients, clock).enrich,
                Taps(ledger).enrich,
            ]
        )

    @cached_property
    def to_customer(self) -> Batch:
        """The outbound worker."""
        from chalicelib.pipeline.batch import Batch
        from chalicelib.pipeline.intake import Intake
        from chalicelib.pipeline.lines import Lines
        from chalicelib.pipeline.outbound.acts import Acts
        from chalicelib.pipeline.outbound.addressing import Addressing
        from chalicelib.pipeline.outbound.ending import Ending
        from chalicelib.pipeline.outbound.telling import Telling
        from chalicelib.pipeline.outbound.to_customer import ToCustomer
        from chalicelib.pipeline.outbound.whose import Whose
        from chalicelib.pipeline.parking import Parking

        clients, ledger, budgets, clock, metrics = self.clients, self.table, self._budgets, self.clock, self.metrics
        translators: dict[str, DeskTranslator] = {
            name: part(package, "translate", "TRANSLATOR") for name, package in self._desks_here.items()
        }
        parking = Parking("outbound", self.bucket, clock, metrics)
        addressing = Addressing(clients, clock)
        work = ToCustomer(
            # what names no desk is the first one's, whose translator says what it is
            intake=Intake({"": next(iter(translators.values())), **translators}, parking, self.outbound, metrics),
            desks=self.desks,
            clients=clients,
            whose=Whose(self.accounts, ledger),
            ledger=ledger,
            sending=self._sending(addressing),
            acts=Acts(clients=clients, ledger=ledger, addressing=addressing, clock=clock, metrics=metrics),
            ending=Ending(ledger, clock, metrics),
            telling=Telling(
                channels=abouts(CHANNELS),
                desks=self.desks,
                lines=Lines(self.desks, self._delivering),
                outbox=self.outbound,
                budgets=budgets,
                clock=clock,
                metrics=metrics,
            ),
            budgets=budgets,
            clock=clock,
            metrics=metrics,
        )
        return Batch(work, self.outbound, budgets, metrics, clock)

    def _sending(self, addressing: Addressing) -> Sending:
        from chalicelib.pipeline.outbound.enclosing import Enclosing
        from chalicelib.pipeline.outbound.files import Files
        from chalicelib.pipeline.outbound.finding_out import FindingOut
        from chalicelib.pipeline.outbound.parts import Parts
        from chalicelib.pipeline.outbound.refusing import Refusing
        from chalicelib.pipeline.outbound.sending import Sending

        clients, ledger, budgets, clock, metrics = self.clients, self.table, self._budgets, self.clock, self.metrics
        refusing = Refusing(ledger, clock, metrics)
        finding_out = FindingOut(
            clients=clients,
            ledger=ledger,
            addressing=addressing,
            refusing=refusing,
            budgets=budgets,
            clock=clock,
            metrics=metrics,
        )
        parts = Parts(
            clients=clients,
            ledger=ledger,
            addressing=addressing,
            finding_out=finding_out,
            refusing=refusing,
            budgets=budgets,
            secrets=self.secrets,
            clock=clock,
            metrics=metrics,
        )
        return Sending(
            clients=clients,
            ledger=ledger,
            files=Files(Enclosing(clients, self.desks, self.media), ledger, budgets),
            parts=parts,
            refusing=refusing,
            clock=clock,
            metrics=metrics,
        )

    @cached_property
    def _delivering(self) -> Delivering:
        from chalicelib.pipeline.delivering import Delivering
        from chalicelib.pipeline.posting import Posting
        from chalicelib.pipeline.reading_back import ReadingBack

        ledger, clock, metrics = self.table, self.clock, self.metrics
        return Delivering(
            desks=self.desks,
            posting=Posting(self.media.body, clock, metrics),
            reading_back=ReadingBack(ledger, clock, metrics),
            ledger=ledger,
            clock=clock,
            metrics=metrics,
        )

    @cached_property
    def _budgets(self) -> Budgets:
        from chalicelib.pipeline.budgets import Budgets

        return Budgets(self.table, self.clock)

    @cached_property
    def upkeep(self) -> Upkeep:
        """What runs every hour, in this order."""
        from chalicelib.pipeline.chores.upkeep import Upkeep

        return Upkeep([self._tokens], self.clock, self.metrics)

    @cached_property
    def _tokens(self) -> Tokens:
        from chalicelib.pipeline.chores.tokens import Tokens

        open_renewal = {name: part(CHANNELS[name], "renewal", "open_renewal") for name in CHANNELS}
        return Tokens(
            renewals={name: open_renewal[name](self.http, self.settings.url) for name in CHANNELS},
            app_secrets={
                name: self.settings.vendors[about.renewed_by]
                for name, about in abouts(CHANNELS).items()
                if about.renewed_by
            },
            channels=abouts(CHANNELS),
            desks=abouts(DESKS),
            ledger=self.table,
            secrets=self.secrets,
            clock=self.clock,
            metrics=self.metrics,
        )

    @cached_property
    def secrets(self) -> SecretStore:
        return SecretStore(self.clock)

    @cached_property
    def inbound(self) -> Queue:
        return Queue(self.settings.inbound_queue, self.settings.inbound_dead_letters)

    @cached_property
    def outbound(self) -> Queue:
        return Queue(self.settings.outbound_queue, self.settings.outbound_dead_letters)

    @cached_property
    def bucket(self) -> Bucket:
        return Bucket(self.settings.bucket)

    @cached_property
    def media(self) -> MediaStore:
        """Customers' and agents' files, and the links to them."""
        from chalicelib.pipeline.media import MediaStore

        names = self.settings
        return MediaStore(
            shelf=self.bucket,
            fetch=self._fetch,
            secrets=self.secrets,
            secret_name=names.media_secret,
            public_url=names.public_url.rstrip("/"),
        )

    def _fetch(self, url: str, hosts: Sequence[str], headers: Mapping[str, str]) -> Fetched:
        return self._fetcher(url, hosts, headers)

    @cached_property
    def _fetcher(self) -> Fetcher:
        from chalicelib.fetching import Fetcher  # what it needs, the edge does not load

        return Fetcher(trusted=[host.strip() for host in self.settings.media_hosts.split(",") if host.strip()])

    @cached_property
    def table(self) -> Table:
        from chalicelib.aws.table import Table

        return Table(self.settings.table)

    @cached_property
    def accounts(self) -> Accounts:
        from chalicelib.pipeline.accounts import Accounts

        return Accounts(self.table, self.clock, self.metrics, abouts(CHANNELS), abouts(DESKS))

    @cached_property
    def http(self) -> Outgoing:
        from chalicelib.http import Outgoing

        return Outgoing()

    @cached_property
    def clients(self) -> dict[str, Client]:
        """A client per channel, all over one session."""
        open_client = {name: part(CHANNELS[name], "client", "open_client") for name in CHANNELS}
        return {name: open_client[name](self.http, self.secrets.get, self.settings.url) for name in CHANNELS}

    @cached_property
    def _desks_here(self) -> dict[str, str]:
        return self.settings.desks()

    @cached_property
    def desks(self) -> Desks:
        """The deployment's desks, all over one session: those that are set up."""
        from chalicelib.pipeline.desks import Desks

        secrets, opened = self.secrets, {}
        for name, package in self._desks_here.items():
            open_desk: OpenDesk = part(package, "client", "open_desk")
            opened[name] = open_desk(self.http, secrets.get, secrets.refresh, self.settings.url, self.clock)
        return Desks(opened, self.table)


class _Current:
    """The process's runtime: made from the environment at first use, or put here by whoever embeds us."""

    runtime: Runtime | None = None


def current() -> Runtime:
    """The runtime of this process. Raises SystemExit where the environment lacks a setting."""
    if _Current.runtime is None:
        _Current.runtime = Runtime(load(os.environ))
    return _Current.runtime


def use(runtime: Runtime | None) -> None:
    """Puts another runtime in place (the sandbox, tests); None returns to the environment."""
    _Current.runtime = runtime


def preload(role: str) -> None:
    """Builds what the role ("edge", "to_desk", "to_customer", "upkeep") needs while Lambda starts the container.

    Init has its own time and full CPU; the first event has neither. Other roles build when asked.
    """
    if role in {"edge", "to_desk", "to_customer", "upkeep"}:
        getattr(current(), role)
