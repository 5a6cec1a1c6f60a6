"""The composition root: the only place that builds adapters, each once per container and when needed."""

from __future__ import annotations

import os
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.queues import Queue
from chalicelib.aws.secrets import SecretStore
from chalicelib.observability import EmfMetrics, Metrics
from chalicelib.pipeline.ports import Clock
from chalicelib.registry import CHANNELS, DESKS, abouts, having, part
from chalicelib.settings import PREFIX, Settings, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.aws.closing import Closing as Windows
    from chalicelib.aws.floor import Floor
    from chalicelib.aws.guarding import Guarding
    from chalicelib.aws.memory import Memory
    from chalicelib.aws.routes import Routes
    from chalicelib.aws.runs import Runs
    from chalicelib.aws.table import Table
    from chalicelib.aws.topics import Topic
    from chalicelib.edge.callbacks import Counter
    from chalicelib.edge.door import Door
    from chalicelib.edge.receive import Edge
    from chalicelib.fetching import Fetcher
    from chalicelib.http import Outgoing
    from chalicelib.pipeline.assembly import Common
    from chalicelib.pipeline.batch import Batch
    from chalicelib.pipeline.chores.closing import Closing
    from chalicelib.pipeline.chores.deletions import Deletions
    from chalicelib.pipeline.chores.ends import Ends
    from chalicelib.pipeline.chores.guarded import Guarded
    from chalicelib.pipeline.chores.reconciling import Reconciling
    from chalicelib.pipeline.chores.returns import Returns
    from chalicelib.pipeline.chores.spending import Spending
    from chalicelib.pipeline.chores.tokens import Tokens
    from chalicelib.pipeline.chores.upkeep import Chore, Upkeep
    from chalicelib.pipeline.chores.waits import Waits
    from chalicelib.pipeline.comparing import Comparing
    from chalicelib.pipeline.erasing import Erasing
    from chalicelib.pipeline.inbound.composing import Enricher
    from chalicelib.pipeline.media import MediaStore
    from chalicelib.pipeline.returning import Returning
    from chalicelib.protocols.archive import Archive, DeskArchive, OpenDeskArchive
    from chalicelib.protocols.asking import Classifier, Post, Talker
    from chalicelib.protocols.channel import Client, Open, Renewal, Translator
    from chalicelib.protocols.desk import Desk, DeskTranslator, OpenDesk
    from chalicelib.protocols.routing import Threads
    from chalicelib.rules.scanning import Policy
    from chalicelib.vocabulary.messages import Fetched
    from chalicelib.vocabulary.records import Account


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
            scan=self._scan,
        )

    @cached_property
    def callbacks(self) -> Counter:
        """Where channels' platforms tell of withdrawn apps and pass on requests to delete."""
        from chalicelib.edge.callbacks import Counter

        return Counter(
            callbacks={name: part(CHANNELS[name], "callbacks", "CALLBACKS") for name in having(CHANNELS, "callbacks")},
            secrets=self.secrets,
            secret_names={name: self.settings.vendors[about.signed_by] for name, about in abouts(CHANNELS).items()},
            shelf=self.bucket,
            public_url=self.settings.public_url.rstrip("/"),
            clock=self.clock,
            metrics=self.metrics,
        )

    @cached_property
    def to_desk(self) -> Batch:
        """The inbound worker."""
        from chalicelib.pipeline.batch import Batch
        from chalicelib.pipeline.erased import Heeding
        from chalicelib.pipeline.inbound import assembly
        from chalicelib.pipeline.inbound.composing import switched

        translators: dict[str, Translator] = {
            name: part(package, "translate", "TRANSLATOR") for name, package in CHANNELS.items()
        }
        asking = switched(_asks, lambda: self._asking)
        work = assembly.to_desk(self._common, translators, self.inbound, [asking])
        heeding = Heeding(work, self.table, self.clock, self.metrics)
        at_once = self.settings.at_once
        return Batch(heeding, self.inbound, self._common.budgets, self.metrics, self.clock, at_once=at_once)

    @cached_property
    def _asking(self) -> Enricher:
        """Those who are asked before an agent is, of the accounts that have any."""
        from chalicelib.pipeline.front.asking import Asking
        from chalicelib.pipeline.front.crm import Lookup
        from chalicelib.pipeline.front.endpoint import Signed
        from chalicelib.pipeline.front.triage import Judging

        lookup = Lookup(Signed(self.post, self.secrets, self.clock), self.memory, self.clock, self.metrics)
        return Asking([Judging(self.classifiers, self.memory, self.clock, self.metrics), lookup]).enrich

    @property
    def classifiers(self) -> dict[bool, Classifier]:
        """Who judges messages: a model of Bedrock's (True), and the companies' own endpoints (False)."""
        from chalicelib.aws.bedrock import Converse
        from chalicelib.pipeline.front.endpoint import Signed
        from chalicelib.pipeline.front.triage import Endpoint

        ours = Signed(self.post, self.secrets, self.clock)
        return {True: Converse(self.http, self.settings.bedrock_api.rstrip("/")), False: Endpoint(ours)}

    @cached_property
    def post(self) -> Post:
        """How the companies' own endpoints are called."""
        from chalicelib.endpoint import Endpoint

        return Endpoint(self._trusted)

    @cached_property
    def to_customer(self) -> Batch:
        """The outbound worker."""
        from chalicelib.pipeline.batch import Batch
        from chalicelib.pipeline.erased import Heeding
        from chalicelib.pipeline.outbound import assembly

        translators: dict[str, DeskTranslator] = {
            name: part(package, "translate", "TRANSLATOR") for name, package in self._desks_here.items()
        }
        work = assembly.to_customer(self._common, translators, self.outbound, self.outbound)
        heeding = Heeding(work, self.table, self.clock, self.metrics, work.let_go)
        at_once = self.settings.at_once
        return Batch(heeding, self.outbound, self._common.budgets, self.metrics, self.clock, at_once=at_once)

    @cached_property
    def erasing(self) -> Erasing:
        """What finds and erases what is held of a customer."""
        from chalicelib.aws.letters import Letters
        from chalicelib.aws.objects import Objects
        from chalicelib.pipeline.erasing import Erasing, Keeping

        names = self.settings
        return Erasing(
            rows=self.table,
            objects=Objects(names.bucket),
            shelf=self.bucket,
            letters=[Letters(names.inbound_dead_letters), Letters(names.outbound_dead_letters)],
            desks=list(DESKS),
            set_up=self._desks_here,
            keeping=Keeping(queue=names.queue_days, logs=names.log_days, backups=names.backup_days),
            clock=self.clock,
            pause=time.sleep,
        )

    @cached_property
    def _common(self) -> Common:
        from chalicelib.pipeline.assembly import Common, Given

        return Common(
            Given(
                channels=abouts(CHANNELS),
                known_desks=abouts(DESKS),
                clients=self.clients,
                unsealings=_WhenAsked(lambda name: self._open(name, "unsealing")),
                memory=self.memory,
                desks=self.desks,
                ledger=self.table,
                media=self.media,
                secrets=self.secrets,
                shelf=self.bucket,
                clock=self.clock,
                metrics=self.metrics,
                outage_s=self.settings.outage_minutes * 60.0,
                late_s=self.settings.late_reply_minutes * 60.0,
                scan=self._scan,
                talkers=self.talker,
                floor=lambda: self._floor,
                outbox=lambda: self.outbound,
                guarding=lambda: self.guarding,
                routes=lambda: self.routes,
                threads=lambda name: self.threads[name],
            )
        )

    @cached_property
    def _floor(self) -> Floor:
        from chalicelib.aws.floor import Floor

        return Floor(self.settings.table, self._dynamodb)

    @cached_property
    def routes(self) -> Routes:
        """Which app has a conversation."""
        from chalicelib.aws.routes import Routes

        return Routes(self.settings.table, self._dynamodb)

    @cached_property
    def threads(self) -> dict[str, Threads]:
        """What channels do about that."""
        return _WhenAsked(lambda name: self._open(name, "routing"))

    def talker(self, models: bool) -> Talker:
        """Who answers customers before an agent does: a model of Bedrock's, or the companies' own endpoints."""
        from chalicelib.pipeline.front.talkers import MOST_TOKENS, Endpoint, Model

        if not models:
            from chalicelib.pipeline.front.endpoint import Signed

            return Endpoint(Signed(self.post, self.secrets, self.clock))
        from chalicelib.aws.bedrock import Converse

        return Model(Converse(self.http, self.settings.bedrock_api.rstrip("/"), MOST_TOKENS))

    @cached_property
    def upkeep(self) -> Upkeep:
        """What runs by the clock, in this order."""
        from chalicelib.pipeline.chores.upkeep import Upkeep

        chores: list[Chore] = [
            *self._tokens,
            self._closing,
            self._spending,
            self._waits,
            self._guarded,
            self._ends,
            self._deletions,
            self._reconciling,
            self._returns,
        ]
        return Upkeep(chores, self.runs, self.clock, self.metrics)

    @cached_property
    def _deletions(self) -> Deletions:
        from chalicelib.pipeline.chores.deletions import Deletions

        return Deletions(
            accounts=self.table, shelf=self.bucket, erasing=self.erasing, clock=self.clock, metrics=self.metrics
        )

    @cached_property
    def _tokens(self) -> list[Tokens]:
        """One for each pace."""
        from chalicelib.pipeline.chores.tokens import Tokens

        renewals: dict[str, Renewal] = {
            name: part(package, "renewal", "open_renewal")(self.http, self.settings.url)
            for name, package in CHANNELS.items()
        }
        return [
            Tokens(
                every_s=every_s,
                renewals={name: renewal for name, renewal in renewals.items() if renewal.every_s == every_s},
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
            for every_s in sorted({renewal.every_s for renewal in renewals.values()})
        ]

    @cached_property
    def _waits(self) -> Waits:
        from chalicelib.pipeline.chores.waits import Waits

        return Waits(shelf=self.bucket, ledger=self.table, metrics=self.metrics)

    @cached_property
    def _guarded(self) -> Guarded:
        from chalicelib.pipeline.chores.guarded import Guarded
        from chalicelib.pipeline.chores.warning import Warnings

        return Guarded(
            ledger=self.table,
            book=lambda: self.guarding,
            warnings=Warnings(self.supervisors, abouts(CHANNELS), self.metrics),
            channels=abouts(CHANNELS),
            desks=abouts(DESKS),
            metrics=self.metrics,
        )

    @cached_property
    def _closing(self) -> Closing:
        from chalicelib.pipeline.chores.closing import Closing
        from chalicelib.rules.closing import steps_of

        try:
            steps = steps_of(self.settings.closing_steps)
        except ValueError as error:
            raise SystemExit(f"dmdesk: {PREFIX}CLOSING_STEPS is {self.settings.closing_steps!r}: {error}") from None
        return Closing(steps=steps, clients=self.clients, **self._looking)

    @cached_property
    def _spending(self) -> Spending:
        from chalicelib.pipeline.chores.spending import Spending

        return Spending(**self._looking)

    @cached_property
    def _looking(self) -> dict[str, Any]:
        """What the chores need that look after conversations."""
        from chalicelib.pipeline.chores.raising import Raising
        from chalicelib.pipeline.chores.warning import Warnings
        from chalicelib.pipeline.desks import Desks

        return {
            "ledger": self.table,
            "rows": self.windows,
            "raising": Raising(Desks(self.desks, self.table), self.clock, self.metrics),
            "warnings": Warnings(self.supervisors, abouts(CHANNELS), self.metrics),
            "channels": abouts(CHANNELS),
            "desks": abouts(DESKS),
            "clock": self.clock,
            "metrics": self.metrics,
        }

    @cached_property
    def _ends(self) -> Ends:
        from chalicelib.pipeline.chores.ends import Ends
        from chalicelib.pipeline.desks import Desks

        return Ends(
            desks=Desks(self.desks, self.table),
            channels=abouts(CHANNELS),
            known_desks=abouts(DESKS),
            ledger=self.table,
            outbox=self.outbound,
            clock=self.clock,
            metrics=self.metrics,
        )

    @cached_property
    def _reconciling(self) -> Reconciling:
        from chalicelib.pipeline.chores.reconciling import Reconciling

        return Reconciling(
            comparing=self.comparing,
            notes=self.table,
            ledger=self.table,
            channels=abouts(CHANNELS),
            desks=abouts(DESKS),
            clock=self.clock,
            metrics=self.metrics,
        )

    @cached_property
    def _returns(self) -> Returns:
        from chalicelib.pipeline.chores.returns import Returns

        return Returns(
            shelf=self.bucket,
            returning=self.returning,
            ledger=self.table,
            channels=abouts(CHANNELS),
            desks=abouts(DESKS),
            hours=self.settings.parked_return_hours,
            clock=self.clock,
            metrics=self.metrics,
        )

    @cached_property
    def comparing(self) -> Comparing:
        """Both sides of each account, with what channels and desks tell of the past."""
        from chalicelib.deliveries import cut
        from chalicelib.pipeline.comparing import Comparing

        return Comparing(
            archives=self._archives,
            desk_archives=self._desk_archives,
            desks=list(self._desks_here),
            books=self.table,
            inbound=self.inbound,
            outbound=self.outbound,
            shelf=self.bucket,
            cut=cut,
            clock=self.clock,
            pause=time.sleep,
            metrics=self.metrics,
        )

    @cached_property
    def _archives(self) -> dict[str, Archive]:
        return {name: self._open(name, "archive") for name in having(CHANNELS, "archive")}

    @cached_property
    def _desk_archives(self) -> dict[str, DeskArchive]:
        secrets = self.secrets
        opened: dict[str, DeskArchive] = {}
        for name, package in having(self._desks_here, "archive").items():
            open_archive: OpenDeskArchive = part(package, "archive", "open_desk_archive")
            opened[name] = open_archive(self.http, secrets.get, secrets.refresh, self.settings.url, self.clock)
        return opened

    @cached_property
    def returning(self) -> Returning:
        """The way back from the shelf."""
        from chalicelib.deliveries import cut
        from chalicelib.pipeline.returning import Returning

        return Returning({"inbound": self.inbound, "outbound": self.outbound}, self.bucket, cut)

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

    @property
    def _scan(self) -> Policy | None:
        from chalicelib.rules.scanning import Policy

        held = self.settings
        if held.scan == "off":
            return None
        return Policy(
            wait_s=float(held.scan_seconds),
            without_verdict=held.scan_without_verdict,
            unscannable=held.scan_unscannable,
        )

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

        return Fetcher(trusted=self._trusted)

    @property
    def _trusted(self) -> list[str]:
        return [host.strip() for host in self.settings.media_hosts.split(",") if host.strip()]

    @cached_property
    def table(self) -> Table:
        from chalicelib.aws.table import Table

        return Table(self.settings.table, self._dynamodb, profile_s=self.settings.profile_days * 86_400)

    @cached_property
    def _dynamodb(self) -> DynamoDBClient:
        from chalicelib.aws import calls

        client: DynamoDBClient = calls.client("dynamodb")
        return client

    @cached_property
    def runs(self) -> Runs:
        """When each chore last ran."""
        from chalicelib.aws.runs import Runs

        return Runs(self.settings.table, self._dynamodb)

    @cached_property
    def guarding(self) -> Guarding:
        """What guards remember."""
        from chalicelib.aws.guarding import Guarding

        return Guarding(self.settings.table, self._dynamodb)

    @cached_property
    def windows(self) -> Windows:
        """What has been done about those that wait."""
        from chalicelib.aws.closing import Closing as Windows

        return Windows(self.settings.table, self._dynamodb)

    @cached_property
    def supervisors(self) -> Topic | None:
        """Where they read of it, None where nobody does."""
        from chalicelib.aws.topics import Topic

        return Topic(self.settings.supervisors_topic) if self.settings.supervisors_topic else None

    @cached_property
    def http(self) -> Outgoing:
        from chalicelib.http import Outgoing

        return Outgoing(sign=_signed)

    @cached_property
    def memory(self) -> Memory:
        """What channels' adapters remember."""
        from chalicelib.aws.memory import Memory

        return Memory(self.settings.table, self.clock, self._dynamodb)

    @cached_property
    def clients(self) -> dict[str, Client]:
        """A client per channel, all over one session."""
        return {name: self._open(name, "client") for name in CHANNELS}

    def _open(self, channel: str, module: str) -> Any:
        """What the channel's module opens."""
        opens: Open[Any] = part(CHANNELS[channel], module, f"open_{module}")
        return opens(self.http, self.secrets.get, self.settings.url, self.memory, self.clock)

    @cached_property
    def _desks_here(self) -> dict[str, str]:
        return self.settings.desks()

    @cached_property
    def desks(self) -> dict[str, Desk]:
        """The desks that are set up by their names, all over one session; the first is that of who names none."""
        secrets, opened = self.secrets, {}
        for name, package in self._desks_here.items():
            open_desk: OpenDesk = part(package, "client", "open_desk")
            opened[name] = open_desk(self.http, secrets.get, secrets.refresh, self.settings.url, self.clock)
        return opened


def _signed(service: str, region: str, method: str, url: str, body: bytes) -> dict[str, str]:
    from chalicelib.aws.signing import signed  # only where a desk is a service of AWS

    return signed(service, region, method, url, body)


def _asks(account: Account) -> bool:
    """Whether anybody is asked for the account's messages."""
    return account.front.crm is not None or account.front.triage is not None


class _WhenAsked(dict[str, Any]):
    """What is loaded when somebody first asks for it, which few accounts have a use for."""

    def __init__(self, opens: Callable[[str], Any]) -> None:
        super().__init__()
        self._opens = opens

    def __missing__(self, name: str) -> Any:
        return self.setdefault(name, self._opens(name))


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


# role → the part of the runtime that it works with
BUILT = {
    "edge": "edge",
    "desk_edge": "edge",
    "fed": "edge",
    "to_desk": "to_desk",
    "to_customer": "to_customer",
    "upkeep": "upkeep",
}


# role → what else its first event is sure to need
_OPENED = {
    "edge": ("secrets", "inbound"),
    "desk_edge": ("secrets", "outbound"),
    "fed": ("secrets",),
    "to_desk": ("secrets", "http"),
    "to_customer": ("secrets", "http"),
}


def preload(role: str) -> None:
    """Builds what a role of `BUILT` needs while Lambda starts the container.

    Init has its own time and full CPU; the first event has neither. Other roles build when asked.
    """
    if role in BUILT:
        getattr(current(), BUILT[role])
    for name in _OPENED.get(role, ()):
        getattr(current(), name).open()
