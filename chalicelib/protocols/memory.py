"""What channels' adapters, and what stands in front of a desk, may remember between calls and containers: small named
values of a conversation.

They lie with all else that is held of the conversation, so that an erasure finds them. Whatever of them would open
something (a key) its channel seals before it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from chalicelib.vocabulary.records import Account, Conversation


class Memory(Protocol):
    """Those values. A name is its owner's own, and begins as none of another's does: at most 255 plain characters. All
    methods may raise Retryable."""

    def get(self, of: Conversation, name: str) -> bytes | None:
        """What is held under the name, None where nothing is, or its time is over."""

    def under(self, of: Conversation, prefix: str) -> Mapping[str, bytes]:
        """All that is held whose names begin so, by the whole names."""

    def keep(self, of: Conversation, name: str, value: bytes, for_s: float) -> None:
        """Holds the value for so long (seconds), in place of whatever is there."""

    def keep_first(self, of: Conversation, name: str, value: bytes, for_s: float) -> bytes:
        """Holds the value for so long (seconds) unless one is there; answers what is held now: of two who keep at once,
        both are answered the same."""


def of_account(account: Account) -> Conversation:
    """Whose that is which concerns all of the account's conversations."""
    return Conversation(account.channel, account.id, "")
