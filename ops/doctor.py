"""doctor: everything a message passes, checked from outside, one line each with what mends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chalicelib.pipeline.accounts import ADVICE
from chalicelib.pipeline.desks import ADVICE as NO_DESK
from chalicelib.pipeline.parking import PARKED
from chalicelib.vocabulary.records import Account
from ops import inventory, pauses, registry
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.findings import Check, Checks, Status, check, made, subject
from ops.output import ago
from ops.provider import Asked
from ops.shelf import TAKEN, boxes

QUIET_S = 3 * 86_400.0
STUCK_S = 300.0
LOG_ROLE = "terraform/examples/account makes it, once for the AWS account and region: docs/deploy.md"


def run(bridge: Bridge, asked: Asked) -> list[Check]:
    """Every check; one that cannot be made is a failed one. Raises OpsError where the table cannot be read."""
    accounts, desks = bridge.accounts, registry.desks(bridge.settings.desks())
    found: list[Check] = []
    for row in bridge.unreadable:
        found.append(check("account", subject(row), "fail", row.problem, ADVICE))
    if not accounts and not bridge.unreadable:
        found.append(check("accounts", "table", "fail", "no accounts", "run terraform apply"))
    found += made("secrets", "deployment", _secrets, bridge)
    first = next(iter(desks))
    for name, desk in desks.items():
        found += desk.checks(bridge, [account for account in accounts if (account.desk or first) == name], asked)
    for account in accounts:
        if account.desk and account.desk not in desks:
            fix = NO_DESK.format(desks=", ".join(desks))
            found.append(check("desk", subject(account), "fail", f"there is no desk {account.desk}", fix))
    for name, held in registry.by_channel(accounts):
        found += made("accounts", name, _channel, bridge, name, held, asked)
    if any(
        account.front.crm or account.front.triage or account.front.bot or account.front.thanks for account in accounts
    ):
        from ops import front  # only where somebody is asked

        found += made("front", "accounts", front.checks, bridge)
    found += made("last inbound", "accounts", _inbound, bridge)
    found += made("paused", "accounts", pauses.checks, bridge)
    found += made("queues", "deployment", _queues, bridge)
    found += made("parked", "bucket", _parked, bridge)
    found += _access_log(bridge)
    for desk in desks.values():
        found += desk.clock(bridge, asked)
    return found


def lines(found: Sequence[Check]) -> list[str]:
    """A line for each check, its fix beneath, and the sum."""
    shown: list[str] = []
    for finding in found:
        shown.append(f"{finding.status:<4}  {finding.check}, {finding.subject}: {finding.detail}")
        if finding.fix and finding.status != "ok":
            shown.append(f"      fix: {finding.fix}")
    counts = {status: sum(finding.status == status for finding in found) for status in ("ok", "warn", "fail")}
    return [*shown, f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed"]


def _secrets(bridge: Bridge) -> Checks:
    used = {account.channel for account in bridge.accounts}
    channels = [channel for name, channel in registry.channels().items() if name in used]
    for provider in (*registry.desks(bridge.settings.desks()).values(), *channels):
        for name, key in provider.secrets(bridge.settings):
            held = bridge.listed(name, key)
            if held and all(held):
                yield check("secret", name, "ok", f"holds {len(held)} {key}")
            else:
                yield check("secret", name, "fail", f"holds no {key}: the bridge refuses what it cannot verify",
                            f"put {{\"{key}\": […]}} into it, or set its variable and run terraform apply")  # fmt: skip


def _channel(bridge: Bridge, name: str, accounts: Sequence[Account], asked: Asked) -> Checks:
    yield from registry.channel(name).checks(bridge, accounts, asked)


def _inbound(bridge: Bridge) -> Checks:
    newest = inventory.last_inbound_ms(bridge)
    for account in bridge.accounts:
        told = newest.get((account.channel, account.id), 0)
        age = bridge.clock() - told / 1000
        if told and age < QUIET_S:
            yield check("last inbound", subject(account), "ok", ago(age))
        else:
            yield check("last inbound", subject(account), "warn", ago(age) if told else "nobody has written yet",
                         "write to the account; if nothing arrives, look at its webhook above")  # fmt: skip


def _queues(bridge: Bridge) -> Checks:
    names = bridge.settings
    for name, url in (("inbound", names.inbound_queue), ("outbound", names.outbound_queue)):
        waiting, oldest = bridge.waiting(url), bridge.oldest_s(url)
        age = "" if oldest is None else f", the oldest for {oldest:g} s"
        status: Status = "warn" if oldest is not None and oldest > STUCK_S else "ok"
        fix = "look at the worker's errors and at rate limits in its log group"
        yield check("queue", name, status, f"{waiting} waiting{age}", fix)
    for box in boxes(bridge):
        letters = bridge.waiting(box.url)
        if letters:
            yield check("dead letters", box.name, "fail", f"{letters} waiting",
                         "dmdesk dead-letters tells why; once that is mended, dmdesk replay --all")  # fmt: skip
        else:
            yield check("dead letters", box.name, "ok", "none")


def _parked(bridge: Bridge) -> Checks:
    keys = bridge.aws(lambda: list(bridge.runtime.bucket.keys(PARKED)), f"bucket {bridge.settings.bucket}")
    for reason, count in sorted(Counter(key.split("/")[1] for key in keys).items()):
        if reason == TAKEN:
            yield check("parked", "dead letters", "fail", f"{count} on their way back: a replay was cut off",
                         "dmdesk replay --all goes on with them")  # fmt: skip
        else:
            yield check("parked", reason, "warn", f"{count} waiting",
                         f"dmdesk parked tells why; once that is mended, dmdesk replay --reason {reason}")  # fmt: skip


def _access_log(bridge: Bridge) -> Checks:
    """The role is one for all APIs of the AWS account: whoever else made it may have taken it away. No message depends
    on it, and not every operator may ask."""
    name, whose = "access log", "API Gateway"
    try:
        role = bridge.log_role()
        there = bool(role) and bridge.role_exists(role)
    except OpsError as error:
        yield check(name, whose, "warn", error.message, error.fix)
        return
    if there:
        yield check(name, whose, "ok", f"written by {role.rpartition('/')[2]}")
    else:
        gone = f"the AWS account names the role {role}, which is gone" if role else "the AWS account names no role"
        yield check(name, whose, "fail", f"{gone}: no API of this region writes logs, and none can be made", LOG_ROLE)
