"""A conversation's turns as the loop guard remembers them, where an account has it."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.observability import log, where
from chalicelib.rules import loops
from chalicelib.vocabulary.guarding import Said
from chalicelib.vocabulary.messages import CustomerMessage
from chalicelib.vocabulary.records import Account, Conversation
from chalicelib.vocabulary.replies import Author

Fingerprint = Callable[[str], str]
"""A keyed fingerprint of the text. Raises Retryable where its key cannot be had."""


def ours(account: Account, conversation: Conversation, author: Author, text: str, now: float,
         fingerprint: Fingerprint) -> Said | None:  # fmt: skip
    """What went out; None where the account has no loop guard. Never raises."""
    guards = account.front.guards
    if guards is None or guards.loops == "off":
        return None
    if author == "human":
        return Said(by="person", at_ms=int(now * 1000))
    return Said(by="automatic", at_ms=int(now * 1000), mark=_mark(conversation, text, fingerprint))


def theirs(message: CustomerMessage, received_ms: int, fingerprint: Fingerprint) -> Said:
    """What the customer wrote, by when the bridge had it (epoch ms): a file is a person's. Never raises."""
    if message.media is not None:
        return Said(by="person", at_ms=received_ms)
    text = "" if message.sealed else message.text
    return Said(by="customer", at_ms=received_ms, mark=_mark(message.conversation, text, fingerprint))


def _mark(conversation: Conversation, text: str, fingerprint: Fingerprint) -> str:
    """Of each conversation's own, so that it tells nothing of another's."""
    words = loops.normalised(text)
    if not words:
        return ""
    try:
        return fingerprint(f"{conversation.key}\n{words}")
    except Exception as error:  # whatever it is, nothing waits for a guard
        log.info("not to be had", kind="fingerprint", account=conversation.account, error=where(error))
        return ""
