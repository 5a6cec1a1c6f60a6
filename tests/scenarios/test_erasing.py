"""A customer writes, sends a file, is answered, and is erased: nothing of them is found, and they may come again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from chalicelib.aws import calls, letters
from chalicelib.pipeline import erased as heeded
from chalicelib.pipeline import erasing
from ops.__main__ import cli
from sandbox.stage.aws import BUCKET, TABLE
from tests.scenarios import kinds
from tests.scenarios.conftest import INSTAGRAM, Bridge
from tests.scenarios.test_media import a_picture, shown

TEXT = "MARKER-what-the-customer-wrote"


@pytest.fixture
def operator(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bridge]:
    for name, value in bridge.get("/")["operator_environment"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(heeded, "KNOWN_S", 1.0)
    monkeypatch.setattr(erasing, "SETTLE_S", 2.0)
    calls.session.cache_clear()
    yield bridge
    calls.session.cache_clear()


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulated queue that says it is empty is empty."""
    monkeypatch.setattr(letters, "WAIT_S", 0)


def erased() -> Any:
    told = CliRunner().invoke(
        cli,
        ["erase", "--channel", "instagram", "--account", INSTAGRAM, "--customer", kinds.PERSON, "--yes", "--json"],
    )
    if told.exception and not isinstance(told.exception, SystemExit):
        raise told.exception
    assert told.exit_code == 0, told.output
    [certificate] = json.loads(told.stdout)
    return certificate


def rows(bridge: Bridge) -> list[dict[str, Any]]:
    pages = bridge.sandbox.aws.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
    return [item for page in pages for item in page["Items"] if kinds.PERSON in json.dumps(item)]


def objects(bridge: Bridge) -> bytes:
    """All that lies in the bucket, names and bytes."""
    s3, keys = bridge.sandbox.aws.client("s3"), bridge.sandbox.aws.objects("")
    return b"".join(key.encode() + s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys)


def say(bridge: Bridge, text: str) -> None:
    raw = kinds.message(bridge.now_ms(), kinds.mid(), text=text)
    assert bridge.deliver("instagram", raw) == 200


@pytest.mark.usefixtures("briefly")
def test_nothing_is_found_of_who_was_erased_and_they_begin_anew(operator: Bridge) -> None:
    a_picture(operator)
    say(operator, TEXT)
    operator.until(lambda: len(operator.taken()) == 2, "both at Genesys")
    operator.quiet()
    link = shown(operator)["url"]
    assert requests.get(link, timeout=60).ok
    assert rows(operator)
    certificate = erased()
    assert certificate["erased"]["media"]["count"] == 1
    assert rows(operator) == []
    assert operator.sandbox.aws.objects("media/") == []
    assert kinds.PERSON.encode() not in objects(operator)
    assert TEXT.encode() not in objects(operator)
    assert requests.get(link, timeout=60).status_code == 404
    queued, dead, parked = operator.sandbox.held()
    assert (queued, dead, parked) == ([], [], [])
    assert TEXT not in (operator.sandbox.folder / "bridge.log").read_text(encoding="utf-8")
    say(operator, "Hello again")
    operator.until(lambda: len(operator.taken()) == 3, "the new message at Genesys")
    assert rows(operator)


def test_who_writes_while_they_are_erased_is_heard_afterwards(operator: Bridge) -> None:
    say(operator, TEXT)
    operator.until(operator.taken, "the first at Genesys")
    operator.quiet()
    done = threading.Event()
    numbers: list[int] = []

    def chat() -> None:
        while not done.wait(0.3):
            numbers.append(len(numbers))
            say(operator, f"number {numbers[-1]}")

    talking = threading.Thread(target=chat)
    talking.start()
    try:
        erased()
    finally:
        done.set()
        talking.join()
    operator.quiet()
    say(operator, "the last")
    operator.until(lambda: operator.taken()[-1]["body"].get("text") == "the last", "the last at Genesys")
    texts = [call["body"]["text"] for call in operator.taken()][1:-1]
    assert len(texts) == len(set(texts)), "none twice"
    came = [int(text.partition(" ")[2]) for text in texts]
    assert came == sorted(came)
    # those of the first moments went with the erasure or had come through; whatever came later is whole
    assert came[-1] == numbers[-1]
    assert set(range(numbers[-1] // 2 + 5, len(numbers))) <= set(came)
    assert any(row["sk"]["S"] == "STATE" for row in rows(operator))
    proof = operator.get("/proof")
    assert (proof["lost"], proof["doubled"], proof["in_flight"]) == (0, 0, 0)
    assert proof["customers_sent"] > len(numbers)
    assert proof["customers_sent"] == proof["agents_saw"] + proof["ignored"].get("erased", 0)


@pytest.mark.usefixtures("briefly")
def test_an_answer_that_waits_when_its_customer_is_erased_is_told_to_its_agent(operator: Bridge) -> None:
    say(operator, TEXT)
    operator.until(operator.taken, "the first at Genesys")
    operator.quiet()
    with operator.sandbox._pollers[1].held():
        conversation = operator.get("/genesys/conversations")[0]["id"]
        operator.post("/genesys/reply", {"conversation_id": conversation, "text": "too late"})
        operator.until(lambda: operator.get("/state")["queues"]["outbound"], "the answer on its queue")
        erased()
    operator.until(lambda: operator.get("/proof")["refused_and_told"] == 1, "the agent told")
    assert operator.get("/proof")["customers_got"] == 0
