"""subscribe: has every channel deliver what its accounts receive, and compares what it says that it delivers.

Messages are always wanted, comments and mentions on request. They are a part of their own: where a platform refuses
them, messages are delivered as before.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.pipeline.accounts import ADVICE
from chalicelib.vocabulary.records import Account, Unreadable
from ops import registry
from ops.bridge import Bridge
from ops.findings import Subscribed, subject, told
from ops.provider import Asked


def run(bridge: Bridge, asked: Asked) -> list[Subscribed]:
    """Subscribes what is missing, where that is asked for, and compares. Raises OpsError where nothing was begun."""
    groups, channels = registry.by_channel(bridge.accounts), registry.channels()
    for name, _ in groups:
        if name in channels:
            channels[name].ready(asked)
    done: list[Subscribed] = []
    for name, accounts in groups:
        done += told(name, _channel(bridge, name, accounts, asked))
    return [*done, *(_unread(row) for row in bridge.unreadable)]


def lines(done: list[Subscribed]) -> Iterator[str]:
    """A line for each, its fix beneath."""
    for item in done:
        part = "" if item.part == "messages" else f", {item.part}"
        yield f"{item.status:<9} {item.account}{part}: {item.detail}"
        if item.fix:
            yield f"          fix: {item.fix}"


def _unread(row: Unreadable) -> Subscribed:
    return Subscribed(account=subject(row), status="missing", detail=row.problem, missing=["messages"], fix=ADVICE)


def _channel(bridge: Bridge, name: str, accounts: list[Account], asked: Asked) -> Iterator[Subscribed]:
    yield from registry.channel(name).subscribe(bridge, accounts, asked)
