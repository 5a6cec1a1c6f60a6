"""Where the posts are that customers comment on: asked of the platform once, never waited for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.observability import Metrics
from chalicelib.pipeline.inbound.asking import Asking
from chalicelib.pipeline.inbound.composing import Draft
from chalicelib.pipeline.ports import Clock
from chalicelib.protocols.channel import Client
from chalicelib.vocabulary.messages import CustomerMessage, Line
from chalicelib.vocabulary.records import Account

WEEK_S = 7 * 86_400.0
REMEMBERED = 1_000


def with_post(message: CustomerMessage, url: str) -> dict[str, str]:
    """The message's attributes with the address of its post in place of the post's id, where there is one."""
    if not url:
        return message.attributes
    return {name: fact for name, fact in message.attributes.items() if name != "postId"} | {"postUrl": url}


def led_to(lines: tuple[Line, ...], post: str, url: str) -> tuple[Line, ...]:
    """The lines with this address of the post."""
    return tuple(Line(line.key, line.facts | {"url": url}) if line.post == post else line for line in lines)


class Posts:
    """Posts' addresses by their ids, in memory."""

    def __init__(self, clients: Mapping[str, Client], clock: Clock, metrics: Metrics) -> None:
        self._clients = clients
        self._asking: Asking[str] = Asking("post", WEEK_S, REMEMBERED, clock, metrics)

    def enrich(self, draft: Draft) -> Draft:
        """The draft with where it was written. Never raises."""
        return msgspec.structs.replace(draft, message=self.placed(draft.account, draft.message))

    def placed(self, account: Account, message: CustomerMessage) -> CustomerMessage:
        """The message with its post's address, in its lines and in place of the post's id.

        Never raises: a comment does not wait for it.
        """
        post = message.attributes.get("postId", "")
        if not post or all(line.post != post for line in message.lines):
            return message
        url = self._asking.get(account, (account.channel, account.id, post), lambda: self._url(account, post)) or ""
        lines = led_to(message.lines, post, url)
        return msgspec.structs.replace(message, lines=lines, attributes=with_post(message, url))

    def _url(self, account: Account, post: str) -> str:
        return self._clients[account.channel].post_url(account, post)
