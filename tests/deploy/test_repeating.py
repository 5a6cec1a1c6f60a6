"""Without a server: what stands in front of the emulators is a function of its calls."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.deploy.repeating import KEPT, Message, Receive, Repeating, Scope, Send

TERRAFORM = b"APN/1.0 HashiCorp/1.0 Terraform/1.11.4"


class Emulator:
    """Counts its calls, and answers each by its number."""

    def __init__(self, *statuses: int) -> None:
        self.calls = 0
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self._statuses = statuses or (200,)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = self._statuses[min(self.calls, len(self._statuses) - 1)]
        self.calls += 1
        number = self.calls
        await self.goes_on.wait()
        if status == 0:
            raise ConnectionError
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": str(number).encode()})


def asked(call: bytes, agent: bytes = TERRAFORM) -> Scope:
    return {"type": "http", "headers": [(b"amz-sdk-invocation-id", call), (b"user-agent", agent)]}


async def answer(app: Repeating, scope: Scope) -> bytes:
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    await app(scope, receive, send)
    body: bytes = told[-1]["body"]
    return body


def answers(emulator: Emulator, *scopes: Scope) -> list[bytes]:
    app = Repeating(emulator)

    async def all_of_them() -> list[bytes]:
        return [await answer(app, scope) for scope in scopes]

    return asyncio.run(all_of_them())


def test_a_call_that_comes_again_is_done_once_and_answered_alike() -> None:
    emulator = Emulator()
    assert answers(emulator, asked(b"a"), asked(b"b"), asked(b"a")) == [b"1", b"2", b"1"]
    assert emulator.calls == 2


def test_a_call_that_failed_is_done_anew() -> None:
    assert answers(Emulator(500, 200), asked(b"a"), asked(b"a"), asked(b"a")) == [b"1", b"2", b"2"]


@pytest.mark.parametrize(
    "scope", [asked(b"a", b"Boto3/1.40"), asked(b""), {"type": "http", "headers": [(b"user-agent", TERRAFORM)]}]
)
def test_what_is_not_terraforms_is_done_each_time(scope: Any) -> None:
    assert answers(Emulator(), scope, scope) == [b"1", b"2"]


def test_what_comes_while_it_is_being_done_waits_for_it() -> None:
    async def both() -> tuple[list[bytes], int]:
        emulator = Emulator()
        emulator.goes_on.clear()
        app = Repeating(emulator)
        tasks = [asyncio.create_task(answer(app, asked(b"a"))) for _ in range(3)]
        await asyncio.sleep(0)
        emulator.goes_on.set()
        return list(await asyncio.gather(*tasks)), emulator.calls

    assert asyncio.run(both()) == ([b"1"] * 3, 1)


def test_who_waits_for_one_that_dies_does_it() -> None:
    async def both() -> list[Any]:
        emulator = Emulator(0, 200)
        emulator.goes_on.clear()
        app = Repeating(emulator)
        tasks = [asyncio.create_task(answer(app, asked(b"a"))) for _ in range(2)]
        await asyncio.sleep(0)
        emulator.goes_on.set()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    died, done = asyncio.run(both())
    assert isinstance(died, ConnectionError)
    assert done == b"2"


def test_only_the_newest_are_kept() -> None:
    emulator = Emulator()
    calls = [asked(str(number).encode()) for number in range(KEPT + 1)]
    assert answers(emulator, *calls, calls[0], calls[-1])[-2:] == [str(KEPT + 2).encode(), str(KEPT + 1).encode()]
