"""What a channel is: small protocols, so that the edge loads no more than it needs.

A channel's folder holds `webhook.WEBHOOK` (see webhook.py), `translate.TRANSLATOR`, `client.open_client` and
`renewal.open_renewal`, and as data `about.ABOUT`, `capabilities.CAPABILITIES`, `renderings.RENDERINGS` and
`problems.PROBLEMS`, the error table (verdicts.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from chalicelib.credentials import Secret, Secrets
from chalicelib.http import Outgoing
from chalicelib.protocols.memory import Memory
from chalicelib.vocabulary.capabilities import Capabilities, WindowPolicy
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Line, Mention, Mentioned, Source, Unseen
from chalicelib.vocabulary.records import Account, Event, Profile
from chalicelib.vocabulary.replies import Part, Recipient


class Translator(Protocol):
    """The inbound worker's half: pure, no network."""

    def parse(self, event: Event) -> list[CustomerEvent]:
        """What happened, in the bridge's words. Raises Malformed where the event cannot be read."""


class Rendering(msgspec.Struct, frozen=True, kw_only=True):
    """How the agent sees one kind of event: a row of docs/rendering.md.

    `shows`: "message" opens or continues a conversation, "media" does so with a copy of the file, "note" is
    shown in an open conversation only, "led" is remembered until the customer writes, "ignored" is counted under
    `reason`. `line` is the catalogue's key of what the bridge says of it, "" where the customer's own words are all
    there is.
    """

    shows: Literal["message", "media", "note", "led", "ignored"]
    line: str = ""
    reason: str = ""


def as_message(line: str = "") -> Rendering:
    """It opens or continues a conversation."""
    return Rendering(shows="message", line=line)


def as_note(line: str) -> Rendering:
    """It is shown where a conversation is open."""
    return Rendering(shows="note", line=line)


def ignored_for(reason: str) -> Rendering:
    """It is not shown, and counted."""
    return Rendering(shows="ignored", reason=reason)


def lines_of(rendering: Rendering, /, **facts: str) -> tuple[Line, ...]:
    """What the bridge says of this kind; nothing where the customer's own words are all there is."""
    told = {name: fact for name, fact in facts.items() if fact}
    return (Line(rendering.line, told),) if rendering.line else ()


_PLAIN = re.compile(r"[a-z_]{1,40}")


def unheard_of(event: str) -> str:
    """The reason under which an event of a kind that is new to us is ignored: the kind's own name, in letters that
    a metric may have; "" where its name is none."""
    name = event.lower().replace(".", "_").replace("-", "_")
    return f"event_{name}" if _PLAIN.fullmatch(name) else ""


class Client(Protocol):
    """The workers' half."""

    @property
    def capabilities(self) -> Capabilities: ...

    def window(self, account: Account) -> WindowPolicy:
        """How long the brand may answer from this account: the capabilities', without what it is not approved for."""

    def own(self, account: Account, customer: str, username: str) -> bool:
        """Whether what comes from this customer, or under this name on the platform, is the account's own."""

    def send(self, account: Account, to: Recipient, part: Part) -> str:
        """Sends one part and answers the platform's message id ("" where it gives none).

        Raises Retryable where nothing was sent, Refused where the platform said no (reason "media_refused"
        where it does not take this file here), Uncertain where nobody knows.
        """

    def arrived(
        self, account: Account, to: Recipient, part: Part, since_s: float, taken: Callable[[str], bool]
    ) -> str | None:
        """The platform's id of a part that was sent since then (epoch s) and whose outcome is unknown, as the
        platform's own history of the conversation has it; None where the history does not hold it.

        Told by its mark, else by its words, among what the brand's account sent and whose id is not `taken`: known
        to be another send's, or another tool's. A file or cards without a mark only where nothing else can be meant.
        Raises as `send`, Refused also where nobody may read the history or it does not reach back so far.
        """

    def act(self, account: Account, to: Recipient, action: Literal["typing", "seen"]) -> None:
        """Shows the customer that the agent is typing, or that their messages were seen. May be repeated.
        Raises Retryable, Refused or Uncertain."""

    def profile(self, account: Account, to: Recipient) -> Profile | None:
        """What the platform tells of the customer, None where it tells nothing. Raises as `send`."""

    def post_url(self, account: Account, post: str) -> str:
        """The public address of one of the account's posts, "" where the platform tells none. Raises as `send`."""

    def mentioned(self, account: Account, mention: Mention) -> Mentioned | None:
        """Who wrote what where the brand was mentioned; None where the platform tells nothing. Raises as `send`."""

    def source(self, account: Account, message: CustomerMessage) -> Source:
        """Where the media of the customer's message can be fetched now. Raises as `send`, or Unfetched."""

    def unseen(self, account: Account, missing: Unseen) -> CustomerMessage | None:
        """The message that was mentioned and never delivered; None where it cannot be read, or is the brand's
        own. Raises as `send`."""


Opened = TypeVar("Opened")
Open = Callable[[Outgoing, Secrets, Callable[[str], str], Memory, Callable[[], float]], Opened]
"""How a channel's adapters are opened: `open_client` of its folder's `client`, and what it has besides (`archive`,
`unsealing`). It is given a session, the secrets by their names, the settings by theirs, what outlives the container,
and a clock (epoch s); who needs no more than the first three takes no notice of the others."""


class Renewal(Protocol):
    """The upkeep's half: how the platform's access tokens are renewed."""

    @property
    def every_s(self) -> float:
        """How often it is looked whether one is due (s): several times before a token ends."""

    def due(self, account: Account, held: dict[str, Any], now: float) -> bool:
        """Whether the account's secret should be renewed now (epoch seconds)."""

    def renew(self, account: Account, held: dict[str, Any], app: Callable[[], Secret], now: float) -> dict[str, Any]:
        """The account's secret with its new tokens, from the one that is held and, where the platform asks for it,
        the app's. Once the platform has given tokens, nothing is raised any more, whatever else its answer says.

        Raises Refused (somebody has to log in again), Retryable (Misconfigured where a secret lacks something) or
        Uncertain.
        """
