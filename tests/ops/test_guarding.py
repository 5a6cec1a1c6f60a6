"""rules and held: what the operator tells guards, and lets go on."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.guarding import Guarding
from chalicelib.pipeline.parking import name_of, place
from chalicelib.vocabulary.guarding import Held
from chalicelib.vocabulary.records import Conversation, Event, Parked
from sandbox.stage.aws import BUCKET, TABLE
from tests.ops.conftest import INSTAGRAM, Deployment

pytestmark = pytest.mark.xdist_group("ops")
WHOSE = Conversation("instagram", INSTAGRAM, "55501")


def add(deployment: Deployment, *args: str) -> Any:
    return deployment.vendors.run("rules", "add", *args)


def test_rules_are_added_listed_tried_and_removed(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    run = deployment.vendors.run
    assert "no rules" in run("rules", "list").out
    assert add(deployment, "prizes", "pattern", "free.{0,9}iphone", "mark").code == 0
    assert add(deployment, "troll", "sender", "-55501", "drop", "--account", "our.shop").code == 0
    found = run("rules", "list", "--json").json
    assert [(one["id"], one["action"], one["account"]) for one in found] == [
        ("prizes", "mark", ""), ("troll", "drop", f"instagram#{INSTAGRAM}"),
    ]  # fmt: skip
    assert run("rules", "remove", "prizes").code == run("rules", "remove", "troll").code == 0
    gone = run("rules", "remove", "troll")
    assert (gone.code, "there is no rule troll" in gone.err) == (1, True)


@pytest.mark.parametrize(
    ("args", "code", "why"),
    [
        (("a", "pattern", "a(?=b)", "mark"), 1, "RE2 does not take the pattern"),
        (("a", "pattern", "spam", "drop"), 1, "drop is for blocked senders only"),
        (("a", "links", "0", "mark"), 1, "takes a number"),
        (("a", "links", "3", "mark", "--account", "nobody"), 1, "no account is called 'nobody'"),
        (("a", "horoscope", "3", "mark"), 2, "horoscope"),
        (("a b", "links", "3", "mark"), 2, "small letters"),
        (("loop", "links", "3", "mark"), 2, "is not `loop`"),
    ],
)
def test_what_can_be_no_rule_is_refused(deployment: Deployment, args: tuple[str, ...], code: int, why: str) -> None:
    told = add(deployment, *args)
    assert (told.code, why in told.err) == (code, True)
    assert deployment.vendors.run("rules", "list", "--json").json == []


def test_a_text_is_tried(deployment: Deployment) -> None:
    run = deployment.vendors.run
    add(deployment, "prizes", "pattern", "free.{0,9}iphone", "mark", "--account", INSTAGRAM)
    told = run("rules", "test", "--account", INSTAGRAM, "--json", given="FREE iPhone")
    assert told.json["id"] == "prizes"
    assert "it meets no rule" in run("rules", "test", given="FREE iPhone").out
    assert "it meets no rule" in run("rules", "test", "--account", INSTAGRAM, given="hello").out
    assert run("rules", "test", given="").code == 1
    run("rules", "remove", "prizes")


def test_what_is_held_is_listed_and_released_with_what_was_put_aside(deployment: Deployment) -> None:
    run, book, now = deployment.vendors.run, Guarding(TABLE), time.time()
    assert "nothing is held" in run("held", "list").out
    told = run("held", "release", "55501", "--account", INSTAGRAM)
    assert (told.code, "nothing of 55501 is held" in told.err) == (1, True)
    book.hold(Held(conversation=WHOSE, step="park", why="loop:rate", since_s=now - 60, until_s=now + 600))
    (found,) = run("held", "list", "--account", "our.shop", "--json").json
    assert (found["customer"], found["step"], found["why"]) == ("55501", "park", "loop:rate")
    event = Event(
        source="instagram", account=INSTAGRAM, party="55501", id="message:1", received_ms=int(now * 1000),
        raw=msgspec.Raw(b"{}"),
    )  # fmt: skip
    others = msgspec.structs.replace(event, party="55502", id="message:2")
    keys = []
    for one in (event, others):
        parked = Parked(queue="inbound", reason="guarded", advice="x", parked_ms=int(now * 1000), order="5", event=one)
        keys.append(place("guarded", "instagram", one.received_ms, name_of(one, "5")))
        Bucket(BUCKET).keep(keys[-1], msgspec.json.encode(parked))
    assert run("held", "release", "55501", "--account", INSTAGRAM, "--json").json["brought_back"] == 1
    assert list(Bucket(BUCKET).keys("parked/guarded/")) == [keys[1]]
    assert book.talk(WHOSE).step == ""
    assert book.talk(WHOSE).released_ms >= int(now * 1000)
    assert run("held", "list", "--json").json == []
    Bucket(BUCKET).remove(keys)
