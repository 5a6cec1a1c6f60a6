"""doctor's check of an account's access token, by the time that it has left."""

from __future__ import annotations

from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.findings import Checks, Status, check, subject
from ops.output import ago

DAY_S = 86_400.0
LEFT_S = 10 * DAY_S


def token(bridge: Bridge, account: Account, life_s: float | None, renew: str) -> Checks:
    """`life_s` is how long the channel's tokens are good for, None where time does not end them; `renew`, what a
    person does once one has ended. Raises OpsError."""
    if not bridge.token(account):
        yield check("token", subject(account), "fail", f"the secret {account.secret} holds no access_token", renew)
        return
    finding = _ends(bridge, account, life_s, renew) or _aged(bridge, account, life_s, renew)
    yield check("token", subject(account), *finding)


def _ends(bridge: Bridge, account: Account, life_s: float | None, renew: str) -> tuple[Status, str, str] | None:
    """By the times that the bridge's own renewal stores beside the token; None where there are none."""
    held = bridge.secret(account.secret)
    ends = [held.get(name) for name in ("expires_at", "refresh_expires_at")]
    left = [end - bridge.clock() for end in ends if isinstance(end, (int, float))]
    if not left:
        return None
    if min(left) <= 0:
        return (
            "fail",
            f"ended {ago(-min(left))}",
            f"the upkeep function's log tells why it was not renewed; else {renew}",
        )
    # an access token that never has so long renews itself, a person's consent does not
    short = len(left) == 1 and life_s is not None and life_s <= LEFT_S
    status: Status = "ok" if left[-1] > LEFT_S or short else "warn"
    return status, f"good for {max(left) / DAY_S:.1f} d more", renew


def _aged(bridge: Bridge, account: Account, life_s: float | None, renew: str) -> tuple[Status, str, str]:
    """By when the secret was written."""
    age = bridge.secret_age_s(account.secret)
    if age is None:
        return "ok", "age unknown", ""
    if life_s is None:
        return "ok", "does not expire by time", ""
    if age < life_s * 0.8:
        return "ok", f"written {ago(age)}", ""
    return "warn" if age < life_s else "fail", f"written {ago(age)}, lives {life_s / DAY_S:g} d", renew
