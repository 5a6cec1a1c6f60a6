"""An account whose customers' quick texts become one message, at either desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sandbox.stage.aws import TABLE
from tests.scenarios.conftest import INSTAGRAM, Bridge
from tests.scenarios.test_connect import ACCOUNTS, read
from tests.scenarios.test_road import do, settled

# Longer than even a busy machine takes for three texts: what waits rests by the clock that the tests put forward.
FOLD_S = 20
PLACES = {"genesys": INSTAGRAM, "connect": ACCOUNTS["instagram"]}
Write = Callable[..., str]


def folding(bridge: Bridge, account: str, seconds: int) -> None:
    """The account's texts wait so long for each other from now on."""
    how = "SET fold_s = :s" if seconds else "REMOVE fold_s"
    bridge.sandbox.aws.client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": "ACCOUNT"}, "sk": {"S": f"instagram#{account}"}},
        UpdateExpression=how,
        **({"ExpressionAttributeValues": {":s": {"N": str(seconds)}}} if seconds else {}),
    )
    bridge.shift(bridge.sandbox.clock.offset_s + 600)


@pytest.fixture(params=PLACES)
def desk(bridge: Bridge, request: pytest.FixtureRequest) -> Iterator[str]:
    folding(bridge, PLACES[request.param], FOLD_S)
    yield request.param
    bridge.post("/reset")
    folding(bridge, PLACES[request.param], 0)


def act(bridge: Bridge, desk: str, **what: str) -> str:
    return do(bridge, "instagram", account=PLACES[desk], **what)


def texts(bridge: Bridge, desk: str) -> list[str]:
    """What agents read, in order."""
    if desk == "genesys":
        return [call["body"].get("text", "") for call in bridge.taken()]
    return [text for contact in read(bridge) for text in contact]


def sees(bridge: Bridge, desk: str, *wanted: str) -> None:
    bridge.pass_time(2.0, lambda: texts(bridge, desk) == list(wanted), f"what agents read: {wanted}")


def test_quick_texts_are_one_message_and_what_follows_names_each(bridge: Bridge, desk: str) -> None:
    mids = [act(bridge, desk, action="text", text=text) for text in ("One", "Two", "Three")]
    sees(bridge, desk, "One\nTwo\nThree")
    proof = settled(bridge, customers_sent=3, agents_saw=3)
    assert (proof["lost"], proof["doubled"], proof["out_of_order"], proof["parked"]) == (0, 0, 0, 0)
    assert bridge.metric("folded") == 2
    act(bridge, desk, action="unsend", about=mids[1])
    bridge.until(lambda: len(texts(bridge, desk)) == 2, "the unsend")
    assert texts(bridge, desk)[1] == "[Took back: Two]"
    act(bridge, desk, action="edit", about=mids[2], text="Three, and four")
    bridge.until(lambda: len(texts(bridge, desk)) == 3, "the edit")
    assert "Three, and four" in texts(bridge, desk)[2]


@pytest.mark.parametrize("how", ["killed", "unanswered"])
def test_a_worker_that_dies_or_hears_nothing_leaves_one_message(
    hasty: None, bridge: Bridge, desk: str, how: str
) -> None:
    act(bridge, desk, action="text", text="Zero")
    sees(bridge, desk, "Zero")
    for text in ("One", "Two"):
        act(bridge, desk, action="text", text=text)
    path = {"genesys": "/inbound", "connect": "/participant/message"}[desk]
    if how == "killed":
        bridge.post("/trouble", {"name": "kill_worker", "on": True})
    else:
        bridge.post("/faults", {"target": desk, "path": path, "count": 1, "kind": "timeout_after_accept"})
    bridge.pass_time(2.0, lambda: "One" in "".join(texts(bridge, desk)), "the message")
    bridge.pass_time(2.0, lambda: bridge.get("/proof")["in_flight"] == 0, "the end")
    proof = settled(bridge, customers_sent=3, agents_saw=3)
    assert (proof["lost"], proof["doubled"], proof["out_of_order"]) == (0, 0, 0)
    assert texts(bridge, desk) == ["Zero", "One\nTwo"]


def test_a_file_ends_the_wait_of_the_texts_before_it(bridge: Bridge, desk: str) -> None:
    with bridge.sandbox._pollers[0].held():  # a worker that had the texts alone would let them wait
        for text in ("One", "Two"):
            act(bridge, desk, action="text", text=text)
        act(bridge, desk, action="picture")
    bridge.until(lambda: len(texts(bridge, desk)) == 2, "both")
    assert texts(bridge, desk)[0] == "One\nTwo"
    settled(bridge, customers_sent=3, agents_saw=3)


def test_others_do_not_wait_for_it(bridge: Bridge, desk: str) -> None:
    """Another conversation of the account, and another account."""
    act(bridge, desk, action="text", text="One")
    do(bridge, "tiktok", action="text", text="Hola")
    bridge.until(lambda: any(call["body"].get("text") == "Hola" for call in bridge.taken()), "the other account's")
    act(bridge, desk, action="picture", customer="1000000000000777")
    bridge.pass_time(2.0, lambda: bridge.get("/proof")["in_flight"] == 0, "the end")
    settled(bridge, customers_sent=3, agents_saw=3)
