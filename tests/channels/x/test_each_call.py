"""Each call to the table and to X fails once, wherever it stands: a message is read all the same, and sent once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.errors import Retryable, Uncertain
from chalicelib.vocabulary.replies import TextPart
from tests.channels.x.test_chats import Sending, picture
from tests.channels.x.test_unsealing import ACCOUNT
from tests.fakes import FakeMemory

MOST = 60


class Failing:
    """Counts calls, of which the `number`th fails: before anything has happened, or after it has."""

    def __init__(self, number: int, after: bool) -> None:
        self.left, self.after = number, after

    def around(self, call: Callable[..., Any], error: type[Exception]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self.after:
                raise Retryable("away")
            answer = call(*given, **named)
            if self.left == 0:
                raise error("away")
            return answer

        return called


def broken(road: Sending, number: int, after: bool) -> Failing:
    failing = Failing(number, after)
    for name in ("get", "under", "keep", "keep_first"):
        setattr(road.memory, name, failing.around(getattr(FakeMemory, name).__get__(road.memory), Retryable))
    for name in ("get", "post"):
        setattr(road.server, name, failing.around(getattr(road.server, name), Uncertain))
    return failing


def a_road() -> Sending:
    """A conversation of which nothing is known here, and X knows its key."""
    road = Sending()
    road.server.changes = [road.talk.change_key(road.ana)]
    road.server.events = [road.talk.say(road.ana, "Hello")]
    return road


@pytest.mark.parametrize("after", [False, True])
def test_a_message_is_read_whichever_call_fails(after: bool) -> None:
    for number in range(1, MOST):
        road = a_road()
        failing = broken(road, number, after)
        found: list[str] = []
        for _ in range(2):
            with suppress(Retryable):
                found = found or road.texts(road.server.events[0])
        assert found == ["Hello"]
        if failing.left > 0:
            return
    raise AssertionError("there are more calls than are looked at")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("part", [TextPart("Your mug is on its way"), picture()])
def test_a_part_is_sent_once_whichever_call_fails(part: Any, after: bool) -> None:
    for number in range(1, MOST):
        road = a_road()
        failing = broken(road, number, after)
        sent = ""
        for _ in range(4):
            try:
                sent = road.client.send(ACCOUNT, road.to(), part)
            except Retryable:
                continue
            except Uncertain:  # the pipeline looks for it, and sends it by itself no more
                found = road.client.arrived(ACCOUNT, road.to(), part, road.clock(), lambda identifier: False)
                assert found is not None
                sent = found
            break
        assert {one["message_id"] for one in road.server.passed} == {sent}
        assert len(road.server.passed) == 1
        if failing.left > 0:
            return
    raise AssertionError("there are more calls than are looked at")
