"""What is said in X's encrypted conversations lies nowhere in plain: not on a queue, in the table, in the bucket beside
the files themselves, in a log or a metric. Whatever AWS is given is looked at, by each of its calls."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from bench.measure import listening
from chalicelib.errors import Refused
from chalicelib.observability import log
from chalicelib.pipeline.posting import Posting
from sandbox.stage.aws import TABLE
from tests.scenarios.conftest import Bridge

SECRETS = ("marzipan", "nougat", "praline")


class Overheard:
    """Every call to AWS in this process, as one text each, and every line of the log."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.lines = io.StringIO()

    def holding(self, word: str) -> list[str]:
        """The calls that hold the word."""
        return [name for name, told in self.calls if word in told]


@pytest.fixture
def overheard() -> Iterator[Overheard]:
    heard = Overheard()

    def told(_: Any, operation: str, given: dict[str, Any]) -> None:
        name = f"{operation} {given.get('Key', '')}" if isinstance(given.get("Key"), str) else operation
        heard.calls.append((name, repr(given)))

    before = log.write_to(heard.lines)
    with listening(told, lambda *_: None):
        yield heard
    log.write_to(before)


def plain(bridge: Bridge, overheard: Overheard, word: str) -> list[str]:
    """Where the word lies in plain."""
    pages = bridge.sandbox.aws.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
    places = {
        "the table": repr([page["Items"] for page in pages]),
        "the log": overheard.lines.getvalue(),
        "a metric": repr(bridge.get("/state")["metrics"]),
    }
    return [place for place, told in places.items() if word in told] + overheard.holding(word)


def did(bridge: Bridge, action: str, **more: Any) -> str:
    """What the customer does in the encrypted conversation; the id of it."""
    told = bridge.post("/x/do", {"action": action, "encrypted": True, **more})
    return str(told["id"])


def shown(bridge: Bridge, count: int) -> list[str]:
    """What agents were shown once that is so much."""
    bridge.until(lambda: len(bridge.taken()) >= count, f"{count} messages at Genesys")
    bridge.quiet()
    return [call["body"].get("text", "") for call in bridge.taken()]


def test_what_customers_say_encrypted_is_shown_and_lies_nowhere(bridge: Bridge, overheard: Overheard) -> None:
    first = bridge.post("/x/say", {"text": "the secret word is marzipan", "encrypted": True})["id"]
    assert shown(bridge, 1) == ["the secret word is marzipan"]
    did(bridge, "edit", about=first, text="it is nougat")
    did(bridge, "reaction", about=first, text="👍")
    did(bridge, "picture", text="praline")
    did(bridge, "unsend", about=first)
    texts = "\n".join(shown(bridge, 6))
    for words in ("it is nougat", "👍", "praline", "began: the secret word is marzipan"):
        assert words in texts
    assert "SendMessageBatch" in {name for name, _ in overheard.calls}  # it does overhear
    assert [plain(bridge, overheard, word) for word in SECRETS] == [[], [], []]


def test_what_agents_answer_encrypted_is_kept_by_nobody(bridge: Bridge, overheard: Overheard) -> None:
    bridge.post("/x/say", {"text": "Hello", "encrypted": True})
    shown(bridge, 1)
    conversation = bridge.taken()[0]["conversation_id"]
    bridge.post("/genesys/reply", {"conversation_id": conversation, "text": "marzipan it is"})
    bridge.until(lambda: bridge.sent("x"), "the reply at X")
    bridge.quiet()
    did(bridge, "reaction", about=bridge.sent("x")[0]["message_id"], text="👍")
    assert "marzipan it is" in shown(bridge, 2)[-1]  # by what only the account's keys open
    places = plain(bridge, overheard, "marzipan")
    assert set(places) == {"SendMessageBatch"}  # as the desk's webhook brought it


def test_what_is_given_up_is_buried_as_it_came(
    bridge: Bridge, overheard: Overheard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any) -> Any:
        raise Refused("rejected_content", "code 1")

    monkeypatch.setattr(Posting, "post", refuses)
    bridge.post("/x/say", {"text": "the secret word is marzipan", "encrypted": True})
    bridge.until(lambda: bridge.get("/state")["dead_letters"], "a dead letter")
    bridge.quiet()
    assert plain(bridge, overheard, "marzipan") == []
    assert "marzipan" not in repr(bridge.get("/state"))
