"""rules and held: what the operator tells the guards before a desk, and what these hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import msgspec

from chalicelib.pipeline.front.guards import PARKED_BY
from chalicelib.pipeline.parking import PARKED, named
from chalicelib.rules.spam import Met, Sheet, refusal
from chalicelib.vocabulary.guarding import Action, Held, Kind, Rule
from chalicelib.vocabulary.records import Account, Conversation, mark
from chalicelib.wire import bounded, iso
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.output import Out, ago, table

KINDS: tuple[str, ...] = get_args(Kind)
ACTIONS: tuple[str, ...] = get_args(Action)
_WHAT = "the guards' rows"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that is held or parked; `since` and `ends` are ISO 8601."""

    channel: str
    account: str
    customer: str
    step: str
    why: str
    since: str
    ends: str


def rules(bridge: Bridge) -> list[Rule]:
    """All rules, by their names. Raises OpsError."""
    found: list[Rule] = bridge.aws(bridge.runtime.guarding.rules, _WHAT)
    return found


def add(bridge: Bridge, rule: Rule) -> Rule:
    """Keeps the rule, in place of the one of its name. Raises OpsError where it cannot be one."""
    why = refusal(rule, rules(bridge))
    if why:
        raise OpsError(f"the rule {rule.id} is not kept: {why}", "dmdesk rules -h tells what a rule may say")
    bridge.aws(lambda: bridge.runtime.guarding.keep_rule(rule), _WHAT)
    return rule


def remove(bridge: Bridge, name: str) -> Rule:
    """Removes the rule of that name. Raises OpsError where there is none."""
    there = next((one for one in rules(bridge) if one.id == name), None)
    if there is None:
        raise OpsError(f"there is no rule {name}", "dmdesk rules list tells their names")
    bridge.aws(lambda: bridge.runtime.guarding.remove_rule(name), _WHAT)
    return there


def tested(bridge: Bridge, account: Account | None, text: str, customer: str) -> Rule | None:
    """The rule that such a message would meet now; None where it meets none, or floods alone tell. Raises OpsError."""
    key = account.key if account else ""
    sheet = Sheet([one for one in rules(bridge) if one.account in {"", key}])
    return sheet.found(Met(customer=customer, username=customer, text=text))


def held(bridge: Bridge, account: Account | None = None) -> list[Held]:
    """What is held or parked now, of one account or of all, the longest first. Raises OpsError."""
    found: list[Held] = bridge.aws(lambda: bridge.runtime.guarding.held(bridge.clock()), _WHAT)
    of = [one for one in found if account is None or _key(one) == account.key]
    return sorted(of, key=lambda one: one.since_s)


def release(bridge: Bridge, account: Account, customer: str, out: Out) -> int:
    """Lets the customer's conversation go on, and brings back what was parked of it; how many that was. Raises
    OpsError."""
    from ops import letters

    whose = mark(account.channel, account.id, bounded(customer))
    there = [one for one in held(bridge, account) if one.conversation.customer == bounded(customer)]
    lying = bridge.aws(lambda: list(bridge.bucket.keys(f"{PARKED}{PARKED_BY}/")), "the bucket")
    parked = [key for key in lying if named(key).mark == whose]
    if not there and not parked:
        raise OpsError(f"nothing of {customer} is held", "dmdesk held list tells what is")
    conversation = Conversation(account.channel, account.id, customer)
    bridge.aws(lambda: bridge.runtime.guarding.release(conversation, bridge.clock()), _WHAT)
    if not parked:
        return 0
    return letters.replay(bridge, letters.Choice(ids=parked), out, dry_run=False).replayed


def _key(held: Held) -> str:
    return f"{held.conversation.channel}#{held.conversation.account}"


def told(found: Sequence[Held]) -> list[Told]:
    """As --json has it."""
    return [
        Told(
            channel=one.conversation.channel, account=one.conversation.account, customer=one.conversation.customer,
            step=one.step, why=one.why, since=iso(int(one.since_s * 1000)), ends=iso(int(one.until_s * 1000)),
        )
        for one in found
    ]  # fmt: skip


def held_lines(found: Sequence[Held], now: float) -> list[str]:
    """For people."""
    if not found:
        return ["nothing is held"]
    head = ("CHANNEL", "ACCOUNT", "CUSTOMER", "STEP", "WHY", "SINCE", "ENDS")
    rows = [
        (one.channel, one.account, one.customer, one.step, one.why, ago(now - held.since_s), one.ends)
        for one, held in zip(told(found), found, strict=True)
    ]
    return table([head, *rows])


def rule_lines(found: Sequence[Rule]) -> list[str]:
    """For people."""
    if not found:
        return ["no rules"]
    head = ("NAME", "KIND", "ACTION", "ACCOUNT", "VALUE")
    return table([head, *((one.id, one.kind, one.action, one.account or "all", one.value) for one in found)])
