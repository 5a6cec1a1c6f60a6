"""token: how long each account's access lasts, and what it was logged in with anew."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.credentials import trimmed
from chalicelib.pipeline.chores.tokens import ends_s
from chalicelib.vocabulary.records import Account
from chalicelib.wire import iso
from ops import registry
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.findings import Status
from ops.output import table
from ops.pasting import Given
from ops.tokens import DAY_S

# As Terraform's first alarm.
SOON_DAYS = 14
AGAIN = "log the account in again, and pipe its tokens into dmdesk token set {} {}"


class Lasting(msgspec.Struct, frozen=True, kw_only=True):
    """An account's access: `renewed` and `ends` are ISO 8601, "" where the secret does not tell; `days_left` counts to
    when a person has to log in again."""

    channel: str
    id: str
    status: Status
    renewed: str
    ends: str
    days_left: float | None
    detail: str
    fix: str = ""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What was stored: the names of the fields that were set, and of those that went."""

    channel: str
    id: str
    secret: str
    set: list[str]
    removed: list[str]


def status(bridge: Bridge, channel: str | None, identifier: str | None) -> list[Lasting]:
    """Of every account, of a channel's, or of one. Asks no platform. Raises OpsError."""
    wanted = [
        account
        for account in bridge.accounts
        if channel in {None, account.channel} and identifier in {None, account.id}
    ]
    if not wanted and channel is not None:
        raise _unknown(channel, identifier)
    return [_lasting(bridge, account) for account in wanted]


def lines(found: Sequence[Lasting]) -> list[str]:
    """A table for people, with what mends it beneath."""
    if not found:
        return ["no accounts: run terraform apply"]
    head = ("", "CHANNEL", "ID", "RENEWED", "ENDS", "")
    rows = [(one.status, one.channel, one.id, one.renewed or "–", one.ends or "–", one.detail) for one in found]
    return [*table([head, *rows]), *(f"fix: {one.fix}" for one in found if one.fix)]


def store(bridge: Bridge, channel: str, identifier: str, given: Given) -> Stored:
    """Puts what was given into the account's secret; what else it holds stays. Raises OpsError."""
    account = next((one for one in bridge.accounts if (one.channel, one.id) == (channel, identifier)), None)
    if account is None:
        raise _unknown(channel, identifier)
    new = registry.channel(channel).pasted(account, given)
    gone = [name for name, value in new.items() if value is None]
    kept = {name: value for name, value in new.items() if value is not None}
    bridge.store(account, lambda held: {name: value for name, value in held.items() if name not in gone} | kept)
    return Stored(channel=channel, id=identifier, secret=account.secret, set=list(kept), removed=gone)


def told(stored: Stored) -> list[str]:
    """For people."""
    gone = f"; taken out: {', '.join(stored.removed)}" if stored.removed else ""
    return [
        f"{stored.channel} {stored.id}: stored {', '.join(stored.set)} in {stored.secret}{gone}",
        "the workers read it within five minutes, or at the next refusal; dmdesk doctor asks the platform",
    ]


def _lasting(bridge: Bridge, account: Account) -> Lasting:
    held = bridge.secret(account.secret)
    ends, renewed = ends_s(held), held.get("renewed_at")
    left = None if ends is None else (ends - bridge.clock()) / DAY_S
    verdict, detail = _verdict(bool(trimmed(held.get("access_token"))), left)
    return Lasting(
        channel=account.channel,
        id=account.id,
        status=verdict,
        renewed=_when(renewed),
        ends=_when(ends),
        days_left=None if left is None else round(left, 1),
        detail=detail,
        fix="" if verdict == "ok" else AGAIN.format(account.channel, account.id),
    )


def _when(seconds: object) -> str:
    """ISO 8601, "" for what is no time."""
    try:
        return iso(int(seconds * 1000)) if isinstance(seconds, int | float) else ""
    except (OverflowError, ValueError, OSError):
        return ""


def _verdict(held: bool, left: float | None) -> tuple[Status, str]:
    if not held:
        return "fail", "holds no access_token"
    if left is None:
        return "ok", "its end is not told"
    if left <= 0:
        return "fail", f"ended {-left:.1f} d ago"
    return ("warn" if left < SOON_DAYS else "ok"), f"good for {left:.1f} d more"


def _unknown(channel: str, identifier: str | None) -> OpsError:
    return OpsError(f"the bridge has no account {channel} {identifier or ''}".rstrip(), "dmdesk accounts lists them")
