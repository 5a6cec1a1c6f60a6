"""Somebody's request, made at a platform, to delete what is held of them; as it lies in the bucket."""

from __future__ import annotations

import msgspec

REQUESTS = "erasures/requests/"


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """`user` is the platform's id, "" once it is done; `done` are the accounts whose customer of that id was erased.
    `operators` tells that it is an account's own: only its operator can take that out."""

    channel: str
    user: str
    asked_ms: int
    done: tuple[str, ...] = ()
    ended_ms: int = 0
    operators: bool = False


def key_of(code: str) -> str:
    """Where the request lies that has this confirmation code."""
    return f"{REQUESTS}{code}.json"
