"""What customers wrote where they mentioned the brand: asked of the platform, never waited for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.observability import Metrics
from chalicelib.pipeline.inbound.asking import HOUR_S, Asking
from chalicelib.pipeline.inbound.posts import with_post
from chalicelib.pipeline.ports import Clock
from chalicelib.protocols.channel import Client
from chalicelib.vocabulary.messages import CustomerMessage, Line, Mentioned
from chalicelib.vocabulary.records import Account

REMEMBERED = 1_000


class Mentions:
    """Reads mentions, each when it is shown."""

    def __init__(self, clients: Mapping[str, Client], clock: Clock, metrics: Metrics) -> None:
        self._clients = clients
        self._asking: Asking[Mentioned] = Asking("mention", HOUR_S, REMEMBERED, clock, metrics)

    def told(self, account: Account, message: CustomerMessage) -> CustomerMessage:
        """The message with who wrote what and where; as it is where the platform does not tell.

        Never raises: a mention does not wait for it.
        """
        mention = message.mention
        if mention is None:
            return message
        key = (account.channel, account.id, mention)
        answer = self._asking.get(account, key, lambda: self._clients[account.channel].mentioned(account, mention))
        if answer is None:
            return message
        where, *others = message.lines
        place = Line(where.key, where.facts | ({"url": answer.url} if answer.url else {}))
        return msgspec.structs.replace(
            message,
            text=answer.text,
            username=answer.username,
            lines=(place, *others),
            attributes=with_post(message, answer.url),
        )
