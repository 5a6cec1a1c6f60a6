"""Which texts that a customer sends in quick succession are shown as one message, and how long the first one waits."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.vocabulary.messages import CustomerMessage
from chalicelib.wire import digest

# What every desk takes in one message (characters): the least is 1,024.
LONGEST = 1000
# Each is a write of one transaction, of which DynamoDB takes 100.
MOST = 20


def plain(message: CustomerMessage) -> bool:
    """Whether the message is text and nothing else: no file, tap, comment, quote or line of the bridge's, and nothing
    that led the customer here."""
    only = CustomerMessage(
        id=message.id,
        conversation=message.conversation,
        sent_ms=message.sent_ms,
        text=message.text,
        origin=message.origin,
        username=message.username,
        profile_url=message.profile_url,
        platform_thread=message.platform_thread,
        attributes=message.attributes,
        sealed=message.sealed,
        profile=message.profile,
    )
    return message.text != "" and message == only


def together(first: CustomerMessage, behind: Sequence[CustomerMessage | None], within_s: int) -> int:
    """How many of the messages behind the first are shown with it: those that follow without anything else (None)
    between, were written within so many seconds of it, and are not too long for one message."""
    if not plain(first):
        return 0
    ids, length = {first.id}, len(first.text)
    for number, message in enumerate(behind[: MOST - 1]):
        if message is None or not plain(message) or message.id in ids or not _alike(first, message, within_s):
            return number
        ids.add(message.id)
        length += 1 + len(message.text)
        if length > LONGEST:
            return number
    return min(len(behind), MOST - 1)


def waits_s(received_ms: int, now: float, within_s: int) -> float:
    """How long the first message still waits for others (seconds), from when the bridge was given it; 0 where that
    is over. `now` is epoch seconds."""
    return min(max(0.0, received_ms / 1000 + within_s - now), float(within_s))


def one(messages: Sequence[CustomerMessage]) -> CustomerMessage:
    """The messages as one: their texts in order, each on lines of its own; written when the last of them was."""
    return msgspec.structs.replace(
        messages[0],
        id=name([message.id for message in messages]),
        text="\n".join(message.text for message in messages),
        sent_ms=max(message.sent_ms for message in messages),
    )


def name(events: Sequence[str]) -> str:
    """The id of what shows these events, which is no other's: what was shown of one of them is never taken for it."""
    return f"folded:{digest(*events)}"


def _alike(first: CustomerMessage, message: CustomerMessage, within_s: int) -> bool:
    near = abs(message.sent_ms - first.sent_ms) <= within_s * 1000
    return near and _road(message) == _road(first)


def _road(message: CustomerMessage) -> tuple[object, ...]:
    """What is the same of all that is answered alike."""
    return message.conversation, message.platform_thread, message.sealed, message.attributes
