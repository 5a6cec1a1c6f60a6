"""What an account may have in front of its desk: before an agent is asked. What is absent is off, and costs nothing.

Each feature is a struct of its own and a field of `Front`. Terraform checks the same by
terraform/modules/inputs/fields.tf, whose names these are.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class Guards(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Guards against bots that answer each other, and against spam.

    `loops` is how far the loop guard goes: nothing, the message is marked for the agent, it is held, or parked where
    holding did not end it. `hold_minutes` is how long anything is held before it goes on by itself. `rules` has the
    spam rules of the table looked at (`dmdesk rules`).
    """

    loops: Literal["off", "mark", "hold", "park"] = "park"
    hold_minutes: Annotated[int, msgspec.Meta(ge=5, le=1440)] = 60
    rules: bool = True


class Front(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in front of an account's desk; None of each is off."""

    guards: Guards | None = None


NOTHING = Front()
"""Nothing is in front of the desk."""
