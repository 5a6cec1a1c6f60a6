"""What a malware scanner's verdict of a file means: handed on, waited for, or withheld."""

from __future__ import annotations

from typing import Literal

import msgspec

# GuardDuty's, as its tag has them; "" is none yet. Encrypted files, and what is too big for it, are UNSUPPORTED.
# docs.aws.amazon.com/guardduty/latest/ug/monitoring-malware-protection-s3-scans-gdu.html
CLEAN, THREAT = "NO_THREATS_FOUND", "THREATS_FOUND"
NONE_YET = ""
# Who has a file wait for its verdict does so for no longer: the conversation waits behind it.
HELD_S = 6 * 3600.0

Fate = Literal["clean", "waits", "threat", "unchecked"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """So long (s) a verdict is waited for; then the file is withheld, handed on, or waited for on and on
    (`without_verdict`). `unscannable` is what happens to a file of which the scanner says that it cannot tell."""

    wait_s: float
    without_verdict: Literal["refuse", "allow", "hold"] = "refuse"
    unscannable: Literal["refuse", "allow"] = "refuse"


def fate(verdict: str, waited_s: float, policy: Policy) -> Fate:
    """What becomes of a file that has waited for so long (s). A verdict that nobody knows is no clean one."""
    if verdict == CLEAN:
        return "clean"
    if verdict == THREAT:
        return "threat"
    if verdict != NONE_YET:
        return "clean" if policy.unscannable == "allow" else "unchecked"
    if waited_s < policy.wait_s or (policy.without_verdict == "hold" and waited_s < HELD_S):
        return "waits"
    return "clean" if policy.without_verdict == "allow" else "unchecked"
