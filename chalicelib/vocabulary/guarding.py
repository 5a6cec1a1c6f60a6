"""What the guards before a desk remember and are told: turns of a conversation, holds, and the operator's rules."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.vocabulary.records import Conversation

By = Literal["customer", "automatic", "person"]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One turn as the loop guard remembers it: whose it was, when the bridge had it (epoch ms), and the keyed
    fingerprint of its text ("" where that says nothing). A `person` is an agent, or a customer who sent a file: what
    was said before counts no more. `kept` are the turns that stay of those that were read, None: all of them."""

    by: By
    at_ms: int
    mark: str = ""
    kept: tuple[Said, ...] | None = None


Step = Literal["", "mark", "hold", "park"]


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a conversation for its guards. It is held, or parked (`step`), until `until_s` (epoch s),
    for the reason `why`; `told` says that the agents know. What had come by `released_ms` (epoch ms) goes on."""

    said: tuple[Said, ...] = ()
    step: Step = ""
    until_s: float = 0.0
    why: str = ""
    told: bool = False
    released_ms: int = 0


QUIET = Talk()


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that is held or parked, since and until when (epoch s), and why."""

    conversation: Conversation
    step: Step
    why: str
    since_s: float
    until_s: float


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How often the guards did what on a day (UTC, ISO 8601) to an account's messages, and why."""

    day: str
    channel: str
    account: str
    action: str
    why: str
    count: int


Kind = Literal["sender", "pattern", "links", "newcomers"]
Action = Literal["mark", "low", "hold", "drop"]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's rule against spam. `value` is a customer's id or name (`sender`), a pattern of RE2 (`pattern`), the
    least number of links in one message (`links`), or how many customers may write for the first time in ten minutes
    (`newcomers`). `account` is channel#id of the only account that it is for, "" for all that have rules."""

    id: str
    kind: Kind
    value: str
    action: Action
    account: str = ""
