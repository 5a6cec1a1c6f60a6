"""What a channel is: four small protocols, so that the edge loads no more than it needs.

A channel's folder holds `webhook.WEBHOOK`, `translate.TRANSLATOR` `client.open_client` and `renewal.open_renewal`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import msgspec

from chalicelib.http import Request
from chalicelib.messages import Account, CustomerEvent, Event

Secrets = Callable[[str], dict[str, Any]]
"""A secret's object by its name, from a cache."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform takes. `text_unit` is bytes (UTF-8) or characters."""

    text_limit: int
    text_unit: Literal["bytes", "characters"]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One event cut out of a delivery; see `messages.Event` for the names."""

    account: str
    party: str
    id: str
    section: str
    raw: bytes


class Webhook(Protocol):
    """The edge's half: pure, no network."""

    @property
    def name(self) -> str:
        """The channel's name, as accounts have it."""

    @property
    def signature_header(self) -> str:
        """The header (lower case) by which a delivery of this platform is told."""

    def handshakes(self, request: Request) -> bool:
        """Whether this GET asks the webhook to prove itself to this platform."""

    def handshake(self, request: Request, tokens: Sequence[str]) -> str:
        """The text to answer. Raises Rejected where the request knows none of the tokens."""

    def verify(self, request: Request, secrets: Sequence[str], now: float) -> None:
        """Raises Rejected unless the raw body is signed with one of the secrets; `now` in epoch seconds."""

    def split(self, body: bytes) -> list[Piece]:
        """The delivery's events in order. Raises Malformed where the body is not the platform's JSON;
        a single event that it does not know is a piece like any other."""


class Translator(Protocol):
    """The inbound worker's half: pure, no network."""

    def parse(self, event: Event) -> list[CustomerEvent]:
        """What happened, in the bridge's words. Raises Malformed where the event cannot be read."""


class Client(Protocol):
    """The outbound worker's half."""

    @property
    def capabilities(self) -> Capabilities: ...

    def send_text(self, account: Account, customer: str, platform_thread: str, text: str) -> str:
        """Sends one text and answers the platform's message id ("" where it gives none).

        Raises Retryable where nothing was sent, Refused where the platform said no, Uncertain where
        nobody knows.
        """


class Renewal(Protocol):
    """The upkeep's half: how the platform's access tokens are renewed."""

    def due(self, account: Account, held: dict[str, Any], now: float) -> bool:
        """Whether the account's secret should be renewed now (epoch seconds)."""

    def renew(self, account: Account, held: dict[str, Any], app: dict[str, Any], now: float) -> dict[str, Any]:
        """The account's secret with its new tokens, from the one that is held and the app's secret.

        Raises Refused (somebody has to log in again), Retryable or Uncertain.
        """
