"""A line of the bridge's own among a customer's messages: a note, an echo, a notice."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.pipeline.delivering import Delivering
from chalicelib.pipeline.delivery import Delivery
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.presenting import line_message
from chalicelib.vocabulary.messages import DeskMessage
from chalicelib.vocabulary.records import Account, Claim, Conversation, Seat, Thread


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read, by an id that is the same on every try, and when it was said (epoch ms)."""

    conversation: Conversation
    id: str
    sent_ms: int
    text: str


def message(account: Account, line: Shown) -> DeskMessage:
    """The line as desks are given it: it opens nothing."""
    said = line_message(account, line.id, line.conversation.customer, line.sent_ms, line.text)
    return msgspec.structs.replace(said, opens=False)


def _seated(seat: Seat) -> Thread:
    return Thread(seat=seat)


def forgotten(seat: Seat) -> Thread:
    """What is remembered of a line that tells nothing of the customer: a seat that has been read, and nothing more."""
    return Thread(seat=seat) if seat.generation else Thread()


class Lines:
    """Puts lines into conversations that are open; none is ever opened for one."""

    def __init__(self, desks: Desks, delivering: Delivering) -> None:
        self._desks = desks
        self._delivering = delivering

    def is_open(self, account: Account, conversation: Conversation, seat: Seat) -> bool:
        """Whether anything may be put there; raises as `Desk.is_open`."""
        if not seat.conversation:
            return False
        desk = self._desks.at(seat)
        return desk.capabilities.notices and desk.is_open(account, conversation.customer, seat)

    def put(
        self,
        account: Account,
        line: Shown,
        seat: Seat,
        thread: Callable[[Seat], Thread] = _seated,
        died: Callable[[], None] = lambda: None,
    ) -> None:
        """Shows the line at the seat, once; `thread` and `died` are the delivery's. Raises Retryable or Refused."""

        def build(claim: Claim) -> DeskMessage:
            return message(account, line)

        work = Delivery(conversation=line.conversation, id=line.id, build=build, thread=thread, seat=seat)
        self._delivering.once(account, work, died)
