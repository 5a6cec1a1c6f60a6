"""What both workers are made of, put together once per container; each road's assembly.py adds its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from chalicelib.observability import Metrics
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.delivering import Delivering
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.lines import Lines
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.outages import Outages, Watched
from chalicelib.pipeline.ports import Clock, Floor, Ledger, Outbox, Routes, ScannedShelf, SecretCache
from chalicelib.pipeline.posting import Posting
from chalicelib.pipeline.reading_back import ReadingBack
from chalicelib.pipeline.scanning import Scanning
from chalicelib.protocols.asking import Talker
from chalicelib.protocols.channel import Client
from chalicelib.protocols.desk import Desk
from chalicelib.protocols.memory import Memory
from chalicelib.protocols.routing import Threads
from chalicelib.protocols.unsealing import Unsealing
from chalicelib.rules.scanning import Policy
from chalicelib.vocabulary.about import About

if TYPE_CHECKING:
    from chalicelib.pipeline.front.bot import Bot
    from chalicelib.pipeline.front.guards import Book


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What comes from the outside: adapters, and the facts of the channels and desks that there are, by their names.
    `outage_s` is how long (s) a desk is away before its customers are told, `late_s` how long
    a reply waits for a platform's limit before its agent is told, `scan` what a malware scanner's verdicts
    mean, None where nobody scans. `talkers` are who answers before a desk does: a model (True), and the companies' own
    endpoints (False), with the `floor` on which they speak; None where no account can have one. `outbox` is the queue
    to customers, for what the bridge itself tells them, `guarding` opens what guards remember, `routes` which app has
    a conversation, and `threads` answers what a channel, by its name, does about that: each is asked for where an
    account has what needs it."""

    channels: Mapping[str, About]
    known_desks: Mapping[str, About]
    clients: Mapping[str, Client]
    unsealings: Mapping[str, Unsealing] = {}
    memory: Memory
    desks: Mapping[str, Desk]
    ledger: Ledger
    media: MediaStore
    secrets: SecretCache
    shelf: ScannedShelf
    clock: Clock
    metrics: Metrics
    outage_s: float = 900.0
    late_s: float = 300.0
    scan: Policy | None = None
    talkers: Callable[[bool], Talker] | None = None
    floor: Callable[[], Floor] | None = None
    outbox: Callable[[], Outbox]
    guarding: Callable[[], Book]
    routes: Callable[[], Routes]
    threads: Callable[[str], Threads]


class Common:
    """What both workers use."""

    def __init__(self, given: Given) -> None:
        ledger, clock, metrics = given.ledger, given.clock, given.metrics
        self.given = given
        self.accounts = Accounts(ledger, clock, metrics, given.channels, given.known_desks)
        self.outages = Outages(ledger, self.accounts, clock, metrics)
        watched = {name: Watched(name, desk, self.outages) for name, desk in given.desks.items()}
        self.desks = Desks(watched, ledger, None if given.talkers is None else cache(self._bot))
        self.budgets = Budgets(ledger, clock)
        self.scanning = Scanning(given.shelf, given.scan, self.budgets, clock, metrics)
        self.posting = Posting(given.media.body, clock, metrics, given.media.room)
        self.delivering = Delivering(
            desks=self.desks,
            posting=self.posting,
            reading_back=ReadingBack(ledger, clock, metrics),
            ledger=ledger,
            clock=clock,
            metrics=metrics,
        )
        self.lines = Lines(self.desks, self.delivering)

    def _bot(self) -> Bot:
        from chalicelib.pipeline.front.bot import Bot  # only where an account has one

        given, desks = self.given, self.desks
        assert given.talkers is not None
        assert given.floor is not None
        return Bot(
            talkers=given.talkers,
            memory=given.memory,
            ledger=given.ledger,
            floor=given.floor(),
            outbox=given.outbox(),
            desk=lambda name: desks.seat(name, ""),
            name=lambda account: desks.name(desks.seat(account.desk, "")),
            clock=given.clock,
            metrics=given.metrics,
        )
