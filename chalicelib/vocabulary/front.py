"""What an account may have in front of its desk: before an agent is asked. What is absent is off, and costs nothing.

Each feature is a struct of its own and a field of `Front`. Terraform checks the same by
terraform/modules/inputs/fields.tf, whose names these are.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

# The section of the events by which the inbound worker asks the other for a thank-you.
THANKS = "thanks"
# Hours of a day, "22:00-08:00"; "" for none.
QUIET = r"^(([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])?\Z"


class Guards(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Guards against bots that answer each other, and against spam.

    `loops` is how far the loop guard goes: nothing, the message is marked for the agent, it is held, or parked where
    holding did not end it. `hold_minutes` is how long anything is held before it goes on by itself. `rules` has the
    spam rules of the table looked at (`dmdesk rules`).
    """

    loops: Literal["off", "mark", "hold", "park"] = "park"
    hold_minutes: Annotated[int, msgspec.Meta(ge=5, le=1440)] = 60
    rules: bool = True


Words = Annotated[str, msgspec.Meta(min_length=1, max_length=250)]


class Thanks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A thank-you that nobody has to write: for a story that mentions the brand, and to who comments.

    `stories` and `comments` tell for what. `story_texts` and `comment_texts` are its words by language, where `{name}`
    is the customer's; the bridge's own where there are none in the account's. `opens` is whether a mention opens a
    conversation at the desk, or is only shown in one that is open. At most `most_a_day` go out in a day, and none in
    the hours of `quiet`, like "22:00-08:00" ("": none), both by the clock of `zone`, a name of the time zone database.
    """

    stories: bool = True
    comments: bool = False
    story_texts: dict[str, Words] = {}
    comment_texts: dict[str, Words] = {}
    opens: bool = True
    most_a_day: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    quiet: Annotated[str, msgspec.Meta(pattern=QUIET)] = ""
    zone: str = "UTC"


class Front(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in front of an account's desk; None of each is off."""

    guards: Guards | None = None
    thanks: Thanks | None = None


NOTHING = Front()
"""Nothing is in front of the desk."""
