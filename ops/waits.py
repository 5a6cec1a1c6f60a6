"""conversations: who waits for an answer, since when, and until when one may be given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from chalicelib.rules import windows
from chalicelib.vocabulary.capabilities import WindowPolicy
from chalicelib.vocabulary.records import Account, Conversation
from chalicelib.wire import iso
from ops.bridge import Bridge
from ops.output import ago, table

HOUR_MS = 3_600_000


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that waits for an answer. `since` and `closes` are ISO 8601, `closes` "" where nothing tells when
    its window closes; `window` is what a person may do now (rules/windows), `closes_s` how long (s) they still may."""

    channel: str
    account: str
    customer: str
    since: str
    waits_s: int
    window: str
    closes: str
    closes_s: int | None


def waiting(bridge: Bridge) -> list[Wait]:
    """Every conversation that waits, the longest first. Raises OpsError."""
    found = [wait for account in bridge.accounts for wait in _of(bridge, account)]
    return sorted(found, key=lambda wait: wait.since)


def closing(bridge: Bridge, hours: float) -> list[Wait]:
    """Those whose window is open and closes within so many hours, the soonest first. Raises OpsError."""
    within = [wait for wait in waiting(bridge) if wait.closes_s is not None and 0 < wait.closes_s <= hours * 3600]
    return sorted(within, key=lambda wait: wait.closes)


def lines(found: Sequence[Wait]) -> list[str]:
    """A table for people."""
    if not found:
        return ["nobody waits"]
    head = ("CHANNEL", "ACCOUNT", "CUSTOMER", "SINCE", "WINDOW CLOSES")
    rows = [
        (wait.channel, wait.account, wait.customer, f"{wait.since} ({ago(wait.waits_s)})", _closes(wait))
        for wait in found
    ]
    return table([head, *rows])


def _of(bridge: Bridge, account: Account) -> Iterator[Wait]:
    """Those of one account; of a channel that this release does not know, nothing is told of windows."""
    now_ms = int(bridge.clock() * 1000)
    client = bridge.clients.get(account.channel)
    # what a platform's clock that is ahead dates into the future waits, too
    for whose, since_ms in bridge.read(lambda ledger: list(ledger.waiting(account, now_ms + HOUR_MS))):
        window, closes_ms = "unknown", 0
        if client is not None:
            window, closes_ms = _window(bridge, client.window(account), whose, now_ms)
        yield Wait(
            channel=whose.channel,
            account=whose.account,
            customer=whose.customer,
            since=iso(since_ms),
            waits_s=max(0, (now_ms - since_ms) // 1000),
            window=window,
            closes=iso(closes_ms) if closes_ms else "",
            closes_s=(closes_ms - now_ms) // 1000 if closes_ms else None,
        )


def _window(bridge: Bridge, policy: WindowPolicy, whose: Conversation, now_ms: int) -> tuple[str, int]:
    """What a person may do now, and until when (epoch ms), 0 where nothing tells."""
    thread = bridge.read(lambda ledger: ledger.thread(whose))
    return windows.state(policy, thread, now_ms), windows.expires_ms(policy, thread)


def _closes(wait: Wait) -> str:
    if wait.closes_s is None:
        return "–"
    if wait.closes_s <= 0:
        return f"{wait.closes} (closed {ago(-wait.closes_s)})"
    return f"{wait.closes} (in {ago(wait.closes_s).removesuffix(' ago')})"
