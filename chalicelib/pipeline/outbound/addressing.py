"""To whom a part goes, and whether it may."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.errors import Refused
from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.ports import Clock
from chalicelib.protocols.channel import Client
from chalicelib.rules import windows
from chalicelib.rules.echoes import mark_of
from chalicelib.vocabulary.records import Account, Thread
from chalicelib.vocabulary.replies import Author, Recipient


class Addressing:
    """Judges windows by the channels' policies."""

    def __init__(self, clients: Mapping[str, Client], clock: Clock) -> None:
        self._clients = clients
        self._clock = clock

    def decide(self, account: Account, thread: Thread, author: Author) -> windows.Allow | windows.Closed:
        """Whether this author may write into the conversation now."""
        policy = self._clients[account.channel].window(account)
        return windows.decide(policy, thread, author, int(self._clock() * 1000))

    def to(self, reply: Reply, item: str) -> Recipient:
        """To whom the part went that is claimed under the item, whatever the window was."""
        return Recipient(
            customer=reply.message.customer,
            thread=reply.thread.platform,
            comment=reply.thread.comment,
            mark=mark_of(reply.conversation, item),
        )

    def recipient(self, reply: Reply, item: str, parts: int) -> Recipient:
        """To whom one of so many parts goes, and under which tag. Raises Refused where the window is closed."""
        allowed = self.decide(reply.account, reply.thread, reply.message.author)
        if isinstance(allowed, windows.Allow) and allowed.comment and parts > 1:
            # a comment takes one message as its answer; plain ones are left where the customer wrote, too
            plain = msgspec.structs.replace(reply.thread, comment="")
            allowed = self.decide(reply.account, plain, reply.message.author)
            if isinstance(allowed, windows.Closed) or not reply.thread.customer_ms:
                raise Refused("one_message", f"a comment takes one message as its answer, this would be {parts}")
        if isinstance(allowed, windows.Closed):
            raise Refused(allowed.reason, "refused before it was sent")
        return msgspec.structs.replace(self.to(reply, item), tag=allowed.tag, comment=allowed.comment)
