"""thread: which app has a customer's conversation, and that it changes hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec

from chalicelib.errors import Refused, Retryable, Uncertain
from chalicelib.protocols.routing import Threads
from chalicelib.rules import routing as rules
from chalicelib.vocabulary.front import Routing
from chalicelib.vocabulary.records import NOBODY, SOMEBODY, US, Account, Conversation
from chalicelib.wire import iso
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.output import table

T = TypeVar("T")
Act = Literal["take", "pass", "release"]
_NAMES = {US: "this app", NOBODY: "nobody", SOMEBODY: "another app", "": "not told"}
_WHAT = "the conversation's row"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """`holder` is who has the conversation as the bridge knows it, since `since` (ISO 8601, "": not told); `owner`
    whether it is ours as the platform tells it now, "" where it does not."""

    account: str
    customer: str
    holder: str
    since: str
    owner: Literal["yes", "no", ""]


def shown(bridge: Bridge, account: Account, customer: str) -> Held:
    """Who has it. Raises OpsError."""
    _routing(account)
    known = bridge.aws(lambda: bridge.runtime.table.thread(_whose(account, customer)), _WHAT)
    owns = _called(bridge, account, lambda threads: threads.owns(account, customer))
    return Held(
        account=account.id,
        customer=customer,
        holder=_NAMES.get(known.holder, f"the app {known.holder}"),
        since=iso(known.holder_ms) if known.holder_ms else "",
        owner="" if owns is None else "yes" if owns else "no",
    )


def moved(bridge: Bridge, account: Account, customer: str, act: Act, app: str = "") -> Held:
    """Takes it, passes it to that app ("": the default one), or leaves it to nobody. Raises OpsError.

    That it was taken is not written down: whoever finds it ours, by the customer's next message or before a reply,
    has shown what was said before.
    """
    routing, whose = _routing(account), _whose(account, customer)
    if act == "take":
        _called(bridge, account, lambda threads: threads.take(account, customer))
        return shown(bridge, account, customer)
    if act == "release":
        _called(bridge, account, lambda threads: threads.release(account, customer))
        holder = NOBODY
    else:
        _called(bridge, account, lambda threads: threads.give(account, customer, app))
        holder = app or (US if routing.primary else SOMEBODY)
    known = bridge.aws(lambda: bridge.runtime.table.thread(whose), _WHAT)
    now = bridge.clock()
    bridge.aws(lambda: bridge.runtime.routes.held(whose, holder, rules.moment(now, known), now), _WHAT)
    return shown(bridge, account, customer)


def lines(held: Held) -> list[str]:
    """For people."""
    head = ("ACCOUNT", "CUSTOMER", "HAS IT", "SINCE", "OURS BY THE PLATFORM")
    row = (held.account, held.customer, held.holder, held.since or "-", held.owner or "not told")
    return table([head, row])


def _routing(account: Account) -> Routing:
    if account.front.routing is None:
        raise OpsError(
            f"the account {account.id} shares its conversations with no other app",
            "give it front.routing in Terraform's accounts: docs/front.md",
        )
    return account.front.routing


def _whose(account: Account, customer: str) -> Conversation:
    return Conversation(account.channel, account.id, customer)


def _called(bridge: Bridge, account: Account, call: Callable[[Threads], T]) -> T:
    try:
        return call(bridge.runtime.threads[account.channel])
    except Refused as no:
        raise OpsError(f"the platform refuses it: {no.detail}", "dmdesk doctor tells which calls work now") from no
    except (Retryable, Uncertain) as error:
        raise OpsError(f"the platform did not do it: {error.reason}", "try again") from error
