"""doctor's check of this machine's clock."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from ops.bridge import Bridge
from ops.findings import Checks, check

# The tightest of the channels' signatures are good for 300 s; a wrong clock also spoils AWS' own signatures.
SKEW_S = 60.0


def clock(bridge: Bridge, host: str, path: str, whose: str) -> Checks:
    """By the Date of what the host answers to the path, whatever that is; `whose` is its name. Raises OpsError."""
    answer = bridge.get(host + path, {}, whose)
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        yield check("clock", host, "warn", "no Date header to compare with")
        return
    skew = bridge.clock() - theirs
    if abs(skew) <= SKEW_S:
        yield check("clock", host, "ok", "agrees to the minute")
    else:
        direction = "ahead of" if skew > 0 else "behind"
        yield check("clock", host, "fail", f"this machine is {abs(skew):.0f} s {direction} {whose}", "switch on NTP")
