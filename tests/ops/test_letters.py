"""dead-letters, parked and replay against SQS' FIFO rules: in order, once each, cut off anywhere."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.queues import Queue
from chalicelib.aws.table import Table
from chalicelib.desks.connect.translate import TRANSLATOR
from chalicelib.observability import EmfMetrics
from chalicelib.pipeline import alone
from chalicelib.pipeline.parking import Parking
from chalicelib.vocabulary.records import Event
from chalicelib.vocabulary.replies import AgentMessage
from chalicelib.wire import iso
from ops import letters, shelf
from ops.letters import _progress, moment_ms
from ops.shelf import TAKE_S, Letter, Shelf, Side
from sandbox.stage.aws import BUCKET, TABLE
from tests.ops.conftest import INSTAGRAM, Deployment

pytestmark = pytest.mark.xdist_group("ops")
WORDS = "what a customer wrote"


class Killed(BaseException):
    """The process is gone: nothing of ours cleans up."""


class Waits:
    """The deployment's queues and shelf, from the workers' side."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.run = deployment, deployment.vendors.run
        self.queues = {
            side: Queue(deployment.urls[side], deployment.urls[f"{side}_dead_letters"])
            for side in ("inbound", "outbound")
        }
        self.now = 1_800_000_000.0
        self.parkings = {
            side: Parking(side, Bucket(BUCKET), lambda: self.now, EmfMetrics()) for side in ("inbound", "outbound")
        }
        deployment.aws.empty()
        deployment.clear()
        deployment.account("instagram", INSTAGRAM)

    def bury(self, number: int, party: str = "p", reason: str = "refused: no", side: str = "inbound") -> None:
        self.queues[side].bury(event(number, party), reason, f"life-{number}", str(1000 + number))

    def park(
        self, number: int, reason: str = "unknown_account", side: str = "inbound", account: str = INSTAGRAM
    ) -> None:
        self.now += 1
        self.parkings[side].keep_event(reason, "add it", event(number, account=account), str(1000 + number))

    def on(self, name: str) -> list[dict[str, Any]]:
        return self.deployment.aws.waiting(self.deployment.urls)[name]

    def back(self, party: str = "p", side: str = "inbound") -> list[str]:
        """The ids on the queue, in its order."""
        events = [msgspec.json.decode(message["Body"], type=Event) for message in self.on(side)]
        return [one.id for one in events if one.party == party]

    def lying(self) -> list[str]:
        return self.deployment.aws.objects("parked/")


def event(number: int, party: str = "p", account: str = INSTAGRAM) -> Event:
    raw = msgspec.Raw(msgspec.json.encode({"text": WORDS}))
    came = 1_799_999_000_000 + number
    return Event(source="instagram", account=account, party=party, id=f"m-{number:03d}", received_ms=came, raw=raw)


@pytest.fixture
def waits(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Waits]:
    monkeypatch.setattr(shelf, "WAIT_S", 0)
    made = Waits(deployment)
    yield made
    deployment.aws.empty()


def names(*numbers: int) -> list[str]:
    return [f"m-{number:03d}" for number in numbers]


def test_what_waits_is_listed_without_a_word_and_can_be_replayed_at_once(waits: Waits) -> None:
    waits.bury(2)
    waits.bury(1, "q", "window: closed", "outbound")
    waits.park(3)
    listed = waits.run("dead-letters", "--json")
    assert [(one["id"], one["reason"], one["direction"]) for one in listed.json] == [
        ("m-001", "window: closed", "outbound"), ("m-002", "refused: no", "inbound"),
    ]  # fmt: skip
    told = waits.run("dead-letters").out
    assert "     1  refused" in told
    assert f"instagram {INSTAGRAM} p" in told
    assert "order:" in waits.run("dead-letters", "m-002").out
    [parked] = waits.run("parked", "--json").json
    assert (parked["id"], parked["reason"], parked["advice"]) == ("m-003", "unknown_account", "add it")
    assert parked["place"] in waits.lying()
    everything = told + listed.out + waits.run("parked").out + waits.run("parked", "m-003").out
    assert WORDS not in everything
    assert waits.run("replay", "--all").code == 0
    assert waits.back() == names(2, 3)
    assert waits.back("q", "outbound") == names(1)
    assert (waits.on("inbound_dead_letters"), waits.on("outbound_dead_letters"), waits.lying()) == ([], [], [])
    assert waits.run("dead-letters", "--json").json == waits.run("parked", "--json").json == []


def test_a_conversation_of_any_length_comes_back_in_the_order_in_which_it_came(waits: Waits) -> None:
    for number in (6, 7, 2, 1, 0, 3, 4, 5, *range(23, 8, -1)):
        waits.bury(number)
    waits.park(8)
    told = waits.run("replay", "--all", "--json")
    assert told.json == {
        "dry_run": False, "replayed": 24, "reasons": {"refused": 23, "unknown_account": 1}, "left": {},
    }  # fmt: skip
    assert waits.back() == names(*range(24))


def test_a_dry_run_changes_nothing(waits: Waits) -> None:
    for number in range(12):
        waits.bury(number)
    waits.park(20)
    dry = waits.run("replay", "--all", "--dry-run", "--json")
    assert dry.json["replayed"] == 11
    assert "2 more inbound dead letters are not shown" in dry.err
    assert (len(waits.on("inbound_dead_letters")), len(waits.lying()), waits.back()) == (12, 1, [])
    assert waits.run("replay", "--all", "--json").json["replayed"] == 13


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        (["m-003", "m-015"], [3, 15]),
        (["--reason", "refused"], [*range(12)]),
        (["--reason", "window: closed"], [15]),
        (["--account", "int-new"], [16]),
        (["--since", "2027-01-15T07:43:20.015"], [15, 16]),
    ],
)
def test_only_what_is_asked_for_comes_back(waits: Waits, chosen: list[str], numbers: list[int]) -> None:
    for number in range(12):
        waits.bury(number)
    waits.bury(15, reason="window: closed")
    waits.park(16, account="int-new")
    assert waits.run("replay", *chosen, "--json").json["replayed"] == len(numbers)
    assert waits.back() == names(*numbers)
    assert len(waits.on("inbound_dead_letters")) + len(waits.lying()) == 14 - len(numbers)
    assert not [key for key in waits.lying() if key.startswith("parked/dead_letter/")]
    assert waits.run("replay", "--all").code == 0
    assert sorted(waits.back()) == names(*range(12), 15, 16)


def test_an_accounts_events_of_both_sides_come_back(waits: Waits) -> None:
    waits.park(1)
    waits.park(2, side="outbound", account=f"int-{INSTAGRAM}")
    waits.park(3, account="another")
    assert waits.run("replay", "--account", INSTAGRAM, "--json").json["replayed"] == 2
    assert (waits.back(), waits.back(side="outbound"), len(waits.lying())) == (names(1), names(2), 1)


def at(owner: Any, name: str, number: int, monkeypatch: pytest.MonkeyPatch, *, before: bool) -> None:
    """The process dies around the call of that number."""
    real: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def dying(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and before:
            raise Killed
        done = real(*args, **named)
        if calls == number:
            raise Killed
        return done

    monkeypatch.setattr(owner, name, dying)


class Held:
    """What readers of a queue of dead letters hold comes free when somebody waits for it, not by the clock."""

    def __init__(self, waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
        self._client, self._url = waits.deployment.aws.client("sqs"), waits.deployment.urls["inbound_dead_letters"]
        self._handles: list[str] = []
        self._received = Shelf._received
        monkeypatch.setattr(Shelf, "_received", lambda shelf, *how: self.received(shelf, *how))
        monkeypatch.setattr(letters, "Shelf", partial(Shelf, pause=self.release))

    def received(self, shelf: Shelf, *how: Any) -> list[Letter]:
        found = self._received(shelf, *how)
        self._handles += [one.handle for one in found]
        return found

    def take(self) -> None:
        """Another reader has what can be had."""
        found = self._client.receive_message(QueueUrl=self._url, VisibilityTimeout=3600)["Messages"]
        self._handles += [one["ReceiptHandle"] for one in found]

    def release(self, seconds: float = 0) -> None:
        for handle in self._handles:
            with suppress(ClientError):  # that letter is gone
                self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=handle, VisibilityTimeout=0)
        self._handles.clear()


STEPS = [(Shelf, "_keep", 4), (Shelf, "_delete", 2), (Queue, "put_again", 2), (Bucket, "remove", 2), (Queue, "bury", 1)]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(("owner", "name", "number"), STEPS, ids=[name for _, name, _ in STEPS])
def test_cut_off_anywhere_and_run_again_each_comes_back_once(
    waits: Waits, owner: Any, name: str, number: int, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for letter in range(22):
        waits.bury(letter, reason="other: not now" if letter in {3, 17} else "refused: no")
    waits.park(30)
    Held(waits, monkeypatch)
    with monkeypatch.context() as patched:
        at(owner, name, number, patched, before=before)
        try:
            waits.run("replay", "--reason", "refused")
        except Killed:
            pass
        else:
            pytest.fail("it was not cut off")
    assert waits.run("replay", "--reason", "refused").code == 0
    assert waits.back() == [one for one in names(*range(22)) if one not in names(3, 17)]
    assert waits.run("replay", "--all").code == 0
    assert sorted(waits.back()) == names(*range(22), 30)
    assert (waits.on("inbound_dead_letters"), waits.lying()) == ([], [])


def test_run_twice_it_brings_nothing_twice(waits: Waits) -> None:
    waits.bury(1)
    assert waits.run("replay", "--all", "--json").json["replayed"] == 1
    assert waits.run("replay", "--all", "--json").json["replayed"] == 0
    assert waits.back() == names(1)


def test_what_is_buried_again_keeps_its_place(waits: Waits) -> None:
    waits.bury(1)
    waits.bury(2)
    waits.run("replay", "m-001")
    [message] = waits.on("inbound")
    again = msgspec.json.decode(message["Body"], type=Event)
    waits.deployment.aws.client("sqs").purge_queue(QueueUrl=waits.deployment.urls["inbound"])
    assert again.order == "1001"
    waits.queues["inbound"].bury(again, "refused: no", "another life", again.order)
    waits.run("replay", "--all")
    assert waits.back() == names(1, 2)


def test_what_sqs_moved_by_itself_comes_back(waits: Waits) -> None:
    client, url = waits.deployment.aws.client("sqs"), waits.deployment.urls["inbound_dead_letters"]
    for number in (1, 2):
        body = msgspec.json.encode(event(number)).decode()
        client.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId=str(number))
    client.send_message(QueueUrl=url, MessageBody="no event", MessageGroupId="h", MessageDeduplicationId="3")
    assert {one["reason"] for one in waits.run("dead-letters", "--json").json} == {"redriven"}
    assert waits.run("replay", "--all", "--json").json["replayed"] == 3
    assert waits.back() == names(1, 2)


def test_a_whole_delivery_is_cut_by_the_edges_code_or_stays_and_says_why(waits: Waits) -> None:
    message = {
        "sender": {"id": "1"},
        "recipient": {"id": INSTAGRAM},
        "timestamp": 1,
        "message": {"mid": "a", "text": WORDS},
    }
    body = json.dumps({"object": "instagram", "entry": [{"id": INSTAGRAM, "time": 1, "messaging": [message]}]}).encode()
    parking = waits.parkings["inbound"]
    parking.keep_body("not_json", "look", "instagram", body)
    parking.keep_body("unknown_source", "rename it", "queue-from-instagram", body.replace(b'"a"', b'"b"'))
    parking.keep_body("not_json", "look", "instagram", b"{torn")
    parking.keep_body("unknown_source", "rename it", "some-queue", body)
    told = waits.run("replay", "--all")
    assert told.code == 1
    assert "2 came back" in told.out
    assert "this release cannot cut it either" in told.out
    assert "no channel and no desk of this release is called 'some-queue'" in told.out
    assert len(waits.on("inbound")) == len(waits.lying()) == 2
    assert WORDS not in told.out


def test_what_another_reader_holds_is_waited_for(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    waits.bury(1)
    Held(waits, monkeypatch).take()
    told = waits.run("replay", "--all", "--json")
    assert "held by another reader" in told.err
    assert told.json["replayed"] == 1


def test_what_comes_free_after_the_last_look_is_looked_for_again(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    waits.bury(1)
    held = Held(waits, monkeypatch)
    held.take()
    real = held.received

    def received(shelf: Shelf, side: Side, hold_s: int) -> list[Letter]:
        found = real(shelf, side, hold_s)
        if hold_s == TAKE_S and not found:
            held.release()
        return found

    monkeypatch.setattr(held, "received", received)
    assert waits.run("replay", "--all", "--json").json["replayed"] == 1


def test_an_unreadable_object_is_told_and_stays(waits: Waits) -> None:
    Bucket(BUCKET).keep("parked/unreadable/x/2026-01-01/1", b"?")
    told = waits.run("replay", "--all")
    assert "cannot be read, and stays: parked/unreadable/x/2026-01-01/1" in told.err
    assert len(waits.lying()) == 1


def test_doctor_counts_what_is_parked_by_reason(waits: Waits) -> None:
    waits.park(1)
    waits.park(2)
    Bucket(BUCKET).keep("parked/dead_letter/instagram/2026-01-01/1", b"")
    found = [one for one in waits.run("doctor", "--json").json if one["check"] == "parked"]
    assert [(one["subject"], one["status"], one["detail"].split()[0]) for one in found] == [
        ("dead letters", "fail", "1"), ("unknown_account", "warn", "2"),
    ]  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_it_is_and_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        asked = count()
        with _progress("replaying", 2, asked.__next__) as done:
            done(1)
            done(1)
        assert next(asked) == 2
        assert ("replaying" in stream.getvalue() and "100%" in stream.getvalue()) is shown


def test_of_two_replays_the_second_says_who_is_at_it_and_changes_nothing(waits: Waits) -> None:
    waits.bury(1)
    waits.park(2)
    table = Table(TABLE)
    now = time.time()
    token = table.lock("replay", now, 300, "ana@desk-7")
    told = waits.run("replay", "--all", "--json")
    assert told.code == 1
    assert "a replay is under way: ana@desk-7 is at it, since " + iso(int(now * 1000))[:19] in told.json["error"]
    assert iso(int((now + 300) * 1000))[:19] in told.json["fix"]
    assert (len(waits.on("inbound_dead_letters")), len(waits.lying()), waits.back()) == (1, 1, [])
    assert waits.run("replay", "--all", "--dry-run", "--json").json["replayed"] == 2
    table.unlock("replay", token or "")
    assert waits.run("replay", "--all").code == 0
    assert waits.back() == names(1, 2)
    table.lock("replay", now - 301, 300, "a dead one")
    assert waits.run("replay", "--all").code == 0
    assert table.holder("replay", time.time()) is None


def test_a_replay_that_was_taken_over_puts_nothing_more(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(25):
        waits.park(number)
    monkeypatch.setattr(alone, "PROLONGED_S", 0.0)
    real, table = Bucket.remove, Table(TABLE)

    def slow(bucket: Bucket, keys: Sequence[str]) -> None:
        real(bucket, keys)
        table.lock("replay", time.time() + 1_000, 300, "the next one")

    with monkeypatch.context() as patched:
        patched.setattr(Bucket, "remove", slow)
        told = waits.run("replay", "--all", "--json")
    assert told.code == 1
    assert "somebody else is at it by now" in told.json["error"]
    assert (len(waits.back()), len(waits.lying())) == (10, 15)
    waits.deployment.clear()
    assert waits.run("replay", "--all").code == 0
    assert waits.back() == names(*range(25))


@pytest.mark.parametrize("arguments", [[], ["m-1", "--all"]])
def test_it_wants_to_know_which(waits: Waits, arguments: list[str]) -> None:
    assert waits.run("replay", *arguments).code == 2


def test_what_is_not_there_is_said(waits: Waits) -> None:
    told = waits.run("replay", "m-404")
    assert (told.code, "neither a dead letter nor parked: m-404" in told.err) == (1, True)
    assert waits.run("replay", "--since", "soon").code == 1


def test_a_moment_is_so_long_ago_or_a_time() -> None:
    assert moment_ms("2h", 10_000) == 2_800_000
    assert moment_ms("1970-01-01T00:00:01", 0) == moment_ms("1970-01-01T02:00:01+02:00", 0) == 1000


# Of a queue that a desk's topic feeds


class Fed:
    """The dead letters of such a queue, as SQS and SNS fill it."""

    def __init__(self, waits: Waits) -> None:
        self.waits, self.sqs = waits, waits.deployment.aws.client("sqs")
        self.url = self.sqs.create_queue(QueueName="dmdesk-from-connect-dead-letters")["QueueUrl"]

    def bury(self, number: int, text: str = WORDS, contact: str = "contact-1") -> None:
        """What an agent wrote, as SNS wraps it."""
        item = {
            "Type": "MESSAGE", "Id": f"item-{number}", "InitialContactId": contact, "ContactId": contact,
            "ParticipantRole": "AGENT", "ContentType": "text/plain", "Content": text,
            "AbsoluteTime": iso(int(time.time() * 1000)),
        }  # fmt: skip
        visible = {"MessageVisibility": {"Type": "String", "Value": "ALL"}}
        told = {
            "Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:000000000000:dmdesk-connect",
            "Message": json.dumps(item), "MessageAttributes": visible,
        }  # fmt: skip
        self.put(json.dumps(told))

    def put(self, body: str) -> None:
        why = {"ErrorCode": {"DataType": "String", "StringValue": "AccessDenied"}}
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body, MessageAttributes=why)

    def left(self) -> int:
        found = self.waits.deployment.aws.waiting({"fed": self.url})["fed"]
        return len(found)

    def back(self) -> list[str]:
        """The words of what came back, in the queue's order."""
        events = [msgspec.json.decode(message["Body"], type=Event) for message in self.waits.on("outbound")]
        assert all(one.order for one in events), "a replay"
        told = [parsed for one in events if isinstance(parsed := TRANSLATOR.parse(one), AgentMessage)]
        return [one.text for one in told]


@pytest.fixture
def fed(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fed]:
    made = Fed(waits)
    monkeypatch.setenv("DMDESK_FED_DEAD_LETTERS", made.url)
    yield made
    made.sqs.delete_queue(QueueUrl=made.url)


def test_what_a_topic_told_and_nobody_could_store_is_listed_and_comes_back(waits: Waits, fed: Fed) -> None:
    fed.bury(1)
    fed.bury(2, "and this", "contact-2")
    listed = waits.run("dead-letters", "--json")
    assert [(one["reason"], one["direction"], one["place"]) for one in listed.json] == [
        ("redriven", "outbound", "from connect dead letters")
    ] * 2
    told = waits.run("dead-letters").out + waits.run("dead-letters", listed.json[0]["id"]).out
    assert (WORDS in told + listed.out, "2  redriven" in told, "function fed" in told) == (False, True, True)
    assert waits.run("replay", "--all", "--dry-run", "--json").json["replayed"] == fed.left() == 2
    assert waits.run("replay", "--reason", "redriven", "--json").json["replayed"] == 2
    assert (sorted(fed.back()), fed.left(), waits.lying()) == (sorted([WORDS, "and this"]), 0, [])
    assert waits.run("replay", "--all", "--json").json["replayed"] == 0


def test_one_of_them_comes_back_by_its_id_and_the_others_wait_as_parked(waits: Waits, fed: Fed) -> None:
    fed.bury(1, "first")
    fed.bury(2, "second")
    one, other = waits.run("dead-letters", "--json").json
    assert waits.run("replay", one["id"], "--json").json["replayed"] == 1
    assert (len(fed.back()), fed.left()) == (1, 0)
    assert [parked["id"] for parked in waits.run("parked", "--json").json] == [other["id"]]
    assert waits.run("replay", other["id"], "--json").json["replayed"] == 1
    assert (sorted(fed.back()), waits.lying()) == (["first", "second"], [])


def test_what_cannot_be_read_stays_and_holds_up_nothing(waits: Waits, fed: Fed) -> None:
    for body in ("no JSON", "[]", "\u2028\ud7ff"):
        fed.put(body)
    fed.bury(1)
    waits.bury(2)
    done = waits.run("replay", "--all", "--json")
    assert (done.code, done.json["replayed"], len(done.json["left"])) == (1, 2, 3)
    assert (fed.back(), waits.back(), fed.left()) == ([WORDS], names(2), 0)
    assert len(waits.run("parked", "--json").json) == 3


@pytest.mark.parametrize(("name", "before"), [("_keep", False), ("_delete", True), ("_delete", False)])
def test_a_replay_that_was_cut_off_over_them_is_run_again(
    waits: Waits, fed: Fed, name: str, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"text {number}" for number in range(3)]
    for number, text in enumerate(texts):
        fed.bury(number, text, f"contact-{number}")
    monkeypatch.setattr(shelf, "TAKE_S", 1)
    with monkeypatch.context() as patched:
        at(Shelf, name, 1, patched, before=before)
        with pytest.raises(Killed):
            waits.run("replay", "--all")
    assert waits.run("replay", "--all").code == 0
    assert (sorted(fed.back()), fed.left(), waits.lying()) == (texts, 0, [])


def test_a_queue_that_is_nobodys_is_told(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMDESK_FED_DEAD_LETTERS", "http://127.0.0.1:1/1/dmdesk-from-nobody-dead-letters")
    said = waits.run("dead-letters")
    assert (said.code, "operator_environment" in said.err) == (1, True)
