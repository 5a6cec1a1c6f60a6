"""What a channel or a desk may be able to do beside the protocol: tell its own history, so that it can be compared.

A channel's folder that has a module `archive` holds `archive.open_archive` in it, a desk's `archive.open_desk_archive`.
One without has no history to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from chalicelib.credentials import Secrets
from chalicelib.http import Outgoing
from chalicelib.vocabulary.proof import Told
from chalicelib.vocabulary.records import Account, Seat


class Chats(msgspec.Struct, frozen=True, kw_only=True):
    """A page of an account's conversations, by the platform's ids of them; `cursor` is where the next page begins, ""
    where there is none."""

    ids: tuple[str, ...]
    cursor: str = ""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the platform's history has it.

    `id` is the platform's, `customer` the person on the other side ("" where they are not named), `own` whether the
    brand's account sent it, `mark` what went out beside it and `text` its words ("" where none are told). Of a
    customer's, `delivery` is the body of the webhook that should have told of it, and `also` how the ids begin of other
    events that may have.
    """

    id: str
    customer: str
    own: bool
    sent_ms: int
    mark: str = ""
    text: str = ""
    delivery: bytes = b""
    also: tuple[str, ...] = ()


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The newest messages of a conversation, the oldest of them first; `whole` tells whether these are all."""

    messages: tuple[Written, ...]
    whole: bool


class Archive(Protocol):
    """What a platform tells of the past."""

    @property
    def apart_s(self) -> float:
        """How far its calls have to be apart (seconds), so that the account's other calls have room beside them."""

    def chats(self, account: Account, since_ms: int, cursor: str) -> Chats:
        """The account's conversations in which somebody has written since then, from the cursor on ("": the first). May
        name others, too. Raises Retryable (RateLimited, TokenRefused, Misconfigured among it) or Refused."""

    def history(self, account: Account, chat: str) -> History:
        """What the conversation of that id holds. Raises as `chats`."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the desk has it, since `at_ms`.

    `id` is the desk's. Of a customer's, `given` is the id under which it was delivered to the desk. Of an agent's,
    `told` is what the desk was told of it, `text` its words, and `delivery` the body of the webhook that should have
    told us of it.
    """

    id: str
    at_ms: int
    outbound: bool
    given: str = ""
    told: Told = ""
    text: str = ""
    delivery: bytes = b""


class DeskArchive(Protocol):
    """What a desk tells of the past."""

    def kept(self, account: Account, customer: str, seat: Seat, since_s: float, now: float) -> Sequence[Kept]:
        """What the customer's conversations with the account hold that went on since then (epoch s), the seat's among
        them, in the desk's order. Raises Retryable (Misconfigured among it), or Refused where it does not tell."""


class OpenDeskArchive(Protocol):
    """How a desk's is opened: `archive.open_desk_archive` of its folder, with the same as `client.open_desk`."""

    def __call__(
        self,
        http: Outgoing,
        secrets: Secrets,
        refresh: Callable[[str], bool],
        setting: Callable[[str], str],
        clock: Callable[[], float],
    ) -> DeskArchive: ...
