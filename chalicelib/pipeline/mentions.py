"""What customers wrote where they mentioned the brand: asked of the platform, never waited for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.channels.base import Client
from chalicelib.errors import Refused, Retryable, Uncertain
from chalicelib.messages import Account, CustomerMessage, Line
from chalicelib.observability import Metrics
from chalicelib.pipeline.posts import with_post


class Mentions:
    """Reads mentions, each when it is shown."""

    def __init__(self, clients: Mapping[str, Client], metrics: Metrics) -> None:
        self._clients = clients
        self._metrics = metrics

    def told(self, account: Account, said: CustomerMessage) -> CustomerMessage:
        """The message with who wrote what and where; as it is where the platform does not tell.

        Never raises: a mention does not wait for it.
        """
        if said.mention is None:
            return said
        try:
            found = self._clients[account.channel].mentioned(account, said.mention)
        except (Retryable, Refused, Uncertain):
            self._metrics.count("mention_failed", channel=account.channel)
            return said
        if found is None:
            return said
        where, *others = said.lines
        place = Line(where.key, where.facts | ({"url": found.url} if found.url else {}))
        return msgspec.structs.replace(
            said,
            text=found.text,
            username=found.username,
            lines=(place, *others),
            attributes=with_post(said, found.url),
        )
