"""What an AWS SDK sends a second time, because the answer was lost with its connection, is answered as the first time.

The emulators would do it again: "there is such a resource already", "no such dashboard". Terraform's provider sends up
to 25 times, under one `amz-sdk-invocation-id` (docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

KEPT = 500


class Repeating:
    """An ASGI application in front of another: Terraform's calls that went well are done once each, however often they
    come. One that comes while it is being done waits for that."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._answers: OrderedDict[bytes, asyncio.Future[list[Message]]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = _call(scope)
        if not call:
            await self._app(scope, receive, send)
            return
        while (before := self._answers.get(call)) is not None:
            if answer := await asyncio.shield(before):
                for message in answer:
                    await send(message)
                return
        await self._done(call, scope, receive, send)

    async def _done(self, call: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        answer: list[Message] = []
        future: asyncio.Future[list[Message]] = asyncio.get_running_loop().create_future()
        self._answers[call] = future
        if len(self._answers) > KEPT:
            self._answers.popitem(last=False)

        async def noted(message: Message) -> None:
            answer.append(message)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            well = bool(answer) and answer[0].get("status", 500) < 300
            if not well:  # it is done anew, as it would have been
                self._answers.pop(call, None)
            future.set_result(answer if well else [])


def _call(scope: Scope) -> bytes:
    """The name of Terraform's call, b"" for what anybody else asks."""
    if scope["type"] != "http":
        return b""
    headers = dict(scope["headers"])
    return headers.get(b"amz-sdk-invocation-id", b"") if b"Terraform" in headers.get(b"user-agent", b"") else b""
