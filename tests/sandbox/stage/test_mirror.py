"""A customer who is a bot says back what they are told, and nothing that was said before they were one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.stage.mirror import Mirror
from tests.sandbox.conftest import WAIT_S, until

Said = tuple[str, str, str]


class Pen:
    """How a customer writes: `said` is what they have written; while `gate` is closed, they do not get on."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.begun, self.gate = threading.Event(), threading.Event()
        self.gate.set()

    def write(self, account: str, customer: str, text: str) -> str:
        self.begun.set()
        assert self.gate.wait(WAIT_S)
        if text == "refused":
            raise ValueError("they have closed their door")
        self.said.append((account, customer, text))
        return "m1"


def shown(text: str, side: str = "brand", kind: str = "text") -> dict[str, Any]:
    return {"channel": "instagram", "account": "shop", "customer": "1", "side": side, "kind": kind, "text": text}


@pytest.fixture
def pen() -> Pen:
    return Pen()


@pytest.fixture
def mirror(pen: Pen) -> Iterator[Mirror]:
    made = Mirror({"instagram": pen.write}, soon_s=0.0)
    made.start()
    yield made
    pen.gate.set()
    made.stop()


def test_the_brands_words_come_back_in_order(mirror: Mirror, pen: Pen) -> None:
    mirror.turn(True)
    for text in ("Hello", "refused", "Still there?"):
        mirror.shown(shown(text))
    until(lambda: len(pen.said) == 2)
    assert pen.said == [("shop", "1", "Hello"), ("shop", "1", "Still there?")]


@pytest.mark.parametrize(
    "silent",
    [shown("mine", side="customer"), shown("❤️", kind="reaction"), shown("", kind="image"), shown("", kind="typing")],
    ids=lambda event: str(event["kind"]),
)
def test_nothing_else_is_answered(mirror: Mirror, pen: Pen, silent: dict[str, Any]) -> None:
    mirror.turn(True)
    mirror.shown(silent)
    mirror.shown(shown("Which?", kind="choices"))
    until(lambda: pen.said != [])
    assert pen.said == [("shop", "1", "Which?")]


def test_off_nobody_answers(mirror: Mirror, pen: Pen) -> None:
    mirror.shown(shown("before"))
    mirror.turn(True)
    mirror.shown(shown("Hello"))
    until(lambda: pen.said != [])
    assert pen.said == [("shop", "1", "Hello")]


def test_what_was_heard_before_it_was_turned_off_is_never_answered(mirror: Mirror, pen: Pen) -> None:
    pen.gate.clear()
    mirror.turn(True)
    for text in ("under way", "before"):
        mirror.shown(shown(text))
    assert pen.begun.wait(WAIT_S)
    mirror.turn(False)
    mirror.turn(True)
    mirror.shown(shown("after"))
    pen.gate.set()
    until(lambda: len(pen.said) == 2)
    assert [text for _, _, text in pen.said] == ["under way", "after"]


def test_a_reset_waits_for_whoever_answers(mirror: Mirror, pen: Pen) -> None:
    pen.gate.clear()
    mirror.turn(True)
    mirror.shown(shown("under way"))
    assert pen.begun.wait(WAIT_S)
    seen: list[list[Said]] = []

    def reset() -> None:
        with mirror.held():
            seen.append(list(pen.said))

    resetting = threading.Thread(target=reset)
    resetting.start()
    pen.gate.set()
    resetting.join(WAIT_S)
    assert seen == [[("shop", "1", "under way")]]
