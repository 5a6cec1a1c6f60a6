"""Where the posts are that customers comment on: asked of the platform once, never waited for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import msgspec

from chalicelib.channels.base import Client
from chalicelib.errors import Refused, Retryable, Uncertain
from chalicelib.messages import Account, CustomerMessage, Line
from chalicelib.observability import Metrics
from chalicelib.pipeline.ports import Clock

# A platform that does not answer is left alone for a minute.
PAUSE_S = 60.0
REMEMBERED = 1_000


def with_post(said: CustomerMessage, url: str) -> dict[str, str]:
    """The message's attributes with the address of its post in place of the post's id, where there is one."""
    if not url:
        return said.attributes
    return {name: fact for name, fact in said.attributes.items() if name != "postId"} | {"postUrl": url}


class Posts:
    """Posts' addresses by their ids, in memory."""

    def __init__(self, clients: Mapping[str, Client], clock: Clock, metrics: Metrics) -> None:
        self._clients = clients
        self._clock = clock
        self._metrics = metrics
        self._known: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._paused: dict[str, float] = {}

    def placed(self, account: Account, said: CustomerMessage) -> CustomerMessage:
        """The message with its post's address in place of the post's id; agents never read the id.

        Never raises: a comment does not wait for it.
        """
        post = said.attributes.get("postId", "")
        if not post or all(line.facts.get("url") != post for line in said.lines):
            return said
        url = self._url(account, post)
        lines = tuple(Line(line.key, line.facts | {"url": url}) if line.facts.get("url") == post else line
                      for line in said.lines)  # fmt: skip
        return msgspec.structs.replace(said, lines=lines, attributes=with_post(said, url))

    def _url(self, account: Account, post: str) -> str:
        key, now = (account.id, post), self._clock()
        if key in self._known or now < self._paused.get(account.id, 0.0):
            return self._known.get(key, "")
        try:
            url = self._clients[account.channel].post_url(account, post)
        except (Retryable, Refused, Uncertain):
            self._paused[account.id] = now + PAUSE_S
            self._metrics.count("post_failed", channel=account.channel)
            return ""
        self._known[key] = url
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return url
