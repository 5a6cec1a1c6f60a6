"""How a simulated X's calls are told apart, who may make them, and what they come to."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from sandbox.simulators.x.access import Way
from sandbox.simulators.x.network import Network, Told
from sandbox.simulators.x.schema import invalid, whole
from sandbox.stage.web import Call

ID = r"[0-9]{1,19}"
READ: tuple[str, ...] = ("dm.read", "tweet.read", "users.read")
WRITE: tuple[str, ...] = ("dm.write", "tweet.read", "users.read")
MEDIA: tuple[str, ...] = ("media.write",)


class Done(NamedTuple):
    """What a call came to: JSON or bytes, what follows once it was answered, and of a send the message's id and words;
    `failure` where X took it and then did not."""

    body: object
    status: int = 200
    mime: str = "application/json"
    after: Callable[[], None] | None = None
    before: Callable[[], None] | None = None
    message_id: str | None = None
    text: str = ""
    failure: str = ""


class Route(NamedTuple):
    """`kind` is the limit that it counts for."""

    method: str
    path: re.Pattern[str]
    kind: str
    ways: tuple[Way, ...]
    scopes: tuple[str, ...]
    work: Callable[..., Done]
    sends: bool = False


def route(
    method: str, path: str, kind: str, ways: tuple[Way, ...], scopes: tuple[str, ...], work: Callable[..., Done],
    *, sends: bool = False,
) -> Route:  # fmt: skip
    return Route(method, re.compile(path), kind, ways, scopes, work, sends)


def owned(work: Callable[..., dict[str, Any]]) -> Callable[..., Done]:
    """A call on what an account owns."""
    return lambda caller, call, **named: Done(work(caller.user.id, call=call, **named))


def alone(work: Callable[..., dict[str, Any]]) -> Callable[..., Done]:
    """A call that is the app's, whoever makes it."""
    return lambda caller, call, **named: Done(work(call, **named))


def echoed(net: Network, told: Told, key: str, done: Done) -> Done:
    """The own send comes back when the sandbox's user has it so."""

    def back() -> None:
        net.post(told, key, wait=net.echo == "before")

    if net.echo == "before":
        return done._replace(before=back)
    return done._replace(after=back) if net.echo == "after" else done


def page_of(call: Call, everything: list[Any], usual: int) -> tuple[list[Any], dict[str, Any]]:
    """A page of a list and what is told of it; the token is a place in the list."""
    size, token = whole(call, "max_results", usual, 100), call.query.get("pagination_token", "")
    if token and not re.fullmatch(r"[0-9]{16,19}", token):
        raise invalid("The `pagination_token` is invalid", pagination_token=token)
    start = int(token or 0)
    page, more = everything[start : start + size], start + size < len(everything)
    meta: dict[str, Any] = {"result_count": len(page), "has_more": more}
    return page, meta | ({"next_token": f"{start + size:016}"} if more else {})
