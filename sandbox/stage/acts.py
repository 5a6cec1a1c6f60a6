"""What a customer is told to do in an app."""

from __future__ import annotations

import secrets

from msgspec import Struct


class Act(Struct, forbid_unknown_fields=True):
    """The body of POST /<channel>/do. `about` is a message's id as the phone shows it, `choice` what is tapped."""

    action: str
    text: str = ""
    about: str = ""
    choice: str = ""
    customer: str | None = None
    account: str | None = None


def known(act: Act, actions: tuple[str, ...]) -> str:
    """The action; ValueError where it is none of these."""
    if act.action not in actions:
        raise ValueError(f"action must be one of: {', '.join(actions)}")
    return act.action


def text_of(act: Act) -> str:
    """The text; ValueError where there is none."""
    if not act.text:
        raise ValueError(f"{act.action} needs text")
    return act.text


def about_of(act: Act) -> str:
    """The message that it concerns; ValueError where none is named."""
    if not act.about:
        raise ValueError(f"{act.action} needs about: the id of the message that it concerns")
    return act.about


def new_number() -> str:
    """An id of the length that posts and comments have."""
    return f"179{secrets.randbelow(10**14):014d}"
