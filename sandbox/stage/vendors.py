"""What a simulator's folder brings: the vendor's servers, who takes part there, and how its traffic is read.

A new channel or desk is a class of these in a folder of its own, and a line in sandbox/registry.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, Self

from sandbox.stage.acts import Act
from sandbox.stage.clock import Clock
from sandbox.stage.delivery import Deliveries
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.purposes import Purpose
from sandbox.stage.routes import Routes
from sandbox.stage.screen import Screen
from sandbox.stage.sources import Source
from sandbox.stage.watching import PhoneWatch

Account = dict[str, Any]
"""One of the brand's accounts: its item in the bridge's table, `channel`, `id`, `integration` and `secret` among it."""
Echo = Literal["after", "before", "none"]
"""When a send comes back as a webhook."""


class Simulator(Protocol):
    """A vendor's servers."""

    url: str
    deliveries: Deliveries

    def start(self) -> None: ...

    def stop(self) -> None:
        """Stop serving and delivering."""

    def held(self) -> AbstractContextManager[None]:
        """No call of the API is at work meanwhile, nor what follows from its answer."""

    def reset(self) -> None:
        """Forget what was said, and pending deliveries; accounts, tokens and settings stay."""

    def media(self) -> dict[str, str]:
        """Files that may be sent, by their names."""


class Platform(Simulator, Protocol):
    """Where customers write to the brand's accounts."""

    echo: Echo
    watch: PhoneWatch

    def accounts(self) -> list[str]:
        """The connected accounts' ids, oldest first."""

    def sent(self) -> list[dict[str, Any]]:
        """Every call that was to send something, oldest first: at, status, path, body, message_id, code; `trace` where
        the road names what it was made for."""

    def write(self, account: str, customer: str, text: str, /) -> str:
        """A customer writes; the message's id, after the first delivery attempt."""

    def tap(self, account: str, customer: str, message: str, choice: str, /) -> str:
        """A customer taps a choice of a message that was sent to them; the tap's id. ValueError where there is none."""

    def deliver(self, raw: bytes, /) -> int | None:
        """Sign and deliver a webhook byte for byte; the first attempt's status, None for no answer."""


class Topic(NamedTuple):
    """Where a service of AWS' own tells what its people do, for a queue of the bridge's named `…-from-<vendor>`:
    `service` publishes for `source` (an ARN), and `filter` says which notifications go on to the queue."""

    arn: str
    service: str
    source: str
    filter: Mapping[str, Any]


class Masked(NamedTuple):
    """What the road must not show: `texts` wherever they stand, the values of `headers` (lower case) and of `members`
    of JSON, forms and queries, and what follows `links` (the beginning of a path)."""

    texts: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


class Vendor(Protocol):
    """What channels and desks have in common. `title` is what people call it, `secrets` what the control API tells of
    them, `creates` the ends of the paths whose calls create something, `troubles` the faults of each switch of the
    page, `flags` the switches of the command line and what they do."""

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[Source]
    secrets: ClassVar[dict[str, str]]
    creates: ClassVar[tuple[str, ...]]
    troubles: ClassVar[Mapping[str, tuple[Fault, ...]]] = {}
    flags: ClassVar[Mapping[str, str]] = {}
    simulator: Simulator

    @classmethod
    def made(cls, clock: Clock, faults: Faults, flags: Collection[str] = ()) -> Self:
        """With a simulator of its own, which has a port and serves once it is started."""

    @staticmethod
    def purpose(path: str, query: str, body: bytes | None) -> Purpose:
        """What a call of this vendor's API is for; "" where it is none that is known."""

    @staticmethod
    def message(answer: dict[str, Any]) -> str:
        """The id of the message that a call has sent, where its answer tells that as no other vendor's does."""
        return ""

    def topic(self) -> Topic | None:
        """Where it tells, unless it calls the bridge's webhook."""
        return None

    def publishes(self, sns: Any) -> None:
        """From now on it tells there, with this client of SNS."""
        return

    def settings(self) -> dict[str, str]:
        """The bridge's settings by which it finds the simulator and its secrets."""

    def kept_secrets(self) -> dict[str, dict[str, Any]]:
        """What AWS Secrets Manager holds for the bridge, by the secrets' names."""

    def masked(self) -> Masked:
        """What the road must not show, beside `secrets`."""
        return Masked()

    def environment(self) -> dict[str, str]:
        """What the operator's commands need to find the simulator, beside the settings."""
        return {}

    def routes(self) -> Routes:
        """Of the control API, beside those that every channel has."""
        return {}


class Channel(Vendor, Protocol):
    """`customer` is who acts where nobody is named, `script` a question of theirs and an agent's answer."""

    accounts: ClassVar[list[Account]]
    customer: ClassVar[str]
    script: ClassVar[tuple[str, str]]
    simulator: Platform

    def connect(self, account: Account, webhook_url: str, tokens: Mapping[str, str]) -> None:
        """The account's tokens (`access_token`, `refresh_token`) are fresh, and its webhooks go to `webhook_url`."""

    def holds(self, account: Account) -> dict[str, Any]:
        """What the account's secret has for the bridge, beside its tokens."""
        return {}

    def phone(self, screen: Screen) -> PhoneWatch:
        """What shows on the screen whatever the channel's customers do and see."""

    def do(self, account: str, customer: str, act: Act) -> str:
        """What a customer does in the app; the id of what came of it. ValueError where there is no such thing."""

    def text(self, body: dict[str, Any]) -> str:
        """The words of a call that sent some."""

    def forged(self, now: float) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a message from a customer, signed by somebody who does not know the secret."""


class Reply(NamedTuple):
    """What an agent sent: the webhook that told of it, and whether the desk was told that it failed."""

    id: str
    raw: bytes
    failed: bool


class Seen(NamedTuple):
    """A customer's message as an agent sees it; `facts` are what is told of the customer beside."""

    conversation: str
    text: str
    facts: Mapping[str, str]


class Desk(Vendor, Protocol):
    """`looks` are paths of its control routes that are worth a look, with what they show."""

    looks: ClassVar[Mapping[str, str]]

    def connect(self, accounts: Iterable[Account], webhook_url: str) -> None:
        """The accounts have their integrations, whose webhooks go to `webhook_url`."""

    def whose(self, conversation: str) -> tuple[str, str]:
        """The channel and the customer of one of its conversations, where its events name only that."""
        return "", ""

    def show(self, tell: Callable[[dict[str, Any]], None], channels: Mapping[str, str]) -> None:
        """Tells from now on what its agents see; `channels` are the channels' names by integration id."""

    def replies(self) -> list[Reply]:
        """What agents and bots sent, in the order in which the desk took it."""

    def calls(self) -> list[dict[str, Any]]:
        """Every call that told the desk something, oldest first; `trace` where the road names what it was made for."""

    def shown(self, call: Mapping[str, Any]) -> str:
        """The bridge's id of the customer's message that the call put before the agents, "" where it put none."""

    def seen(self, integration: str) -> Iterable[Seen]:
        """What agents saw of the integration, oldest first."""

    def reply(self, conversation: str, text: str) -> str:
        """An agent answers; the reply's id."""

    def receipts(self, reply: str) -> Iterable[str]:
        """What the desk was told of the reply, oldest first."""


class Vendors(NamedTuple):
    """All that take part."""

    channels: tuple[Channel, ...]
    desks: tuple[Desk, ...]

    @property
    def all(self) -> tuple[Vendor, ...]:
        """Desks first."""
        return (*self.desks, *self.channels)
