"""What the workers are told of an erasure, and the dead letters that it reads through."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import msgspec
import pytest

from chalicelib.aws import letters as read
from chalicelib.aws.letters import LONGEST_S, Letters
from chalicelib.errors import Retryable
from chalicelib.pipeline import erasing
from chalicelib.vocabulary.records import Conversation, Erasure, Event, Seat, Thread
from tests.aws.conftest import Cloud

NOW = 1_800_000_000.0
EVENT = Event(source="instagram", account="1784", party="c", id="1", received_ms=1)


def test_an_erasure_is_told_and_ends_and_a_later_one_is_never_made_less(cloud: Cloud) -> None:
    mark, table = uuid4().hex, cloud.table
    assert table.forget(mark, Erasure(until_ms=100, open_s=NOW + 900), NOW)
    assert table.erasures()[mark] == Erasure(until_ms=100, open_s=NOW + 900)
    assert table.forget(mark, Erasure(until_ms=200, open_s=NOW + 950), NOW)
    for earlier in (Erasure(until_ms=100, open_s=NOW + 999), Erasure(until_ms=100)):
        assert not table.forget(mark, earlier, NOW)
    assert table.erasures()[mark] == Erasure(until_ms=200, open_s=NOW + 950)
    assert table.forget(mark, Erasure(until_ms=200), NOW)
    assert table.erasures()[mark] == Erasure(until_ms=200)


def test_an_erasure_sees_whether_a_worker_is_at_something(cloud: Cloud) -> None:
    whose = Conversation("instagram", "1784", uuid4().hex)
    cloud.table.claim(whose, "OUT#m#1", NOW, 90.0)
    [row] = [one for one in cloud.table.all_of(whose) if one.name == "OUT#m#1"]
    assert (row.fields["state"], row.fields["until"]) == ("leased", NOW + 90)
    assert erasing._leased(row, NOW + 89)
    assert not erasing._leased(row, NOW + 91)
    cloud.table.sent(whose, "OUT#m#1", NOW, "mid")
    assert not any(erasing._leased(one, NOW + 1) for one in cloud.table.all_of(whose))


@pytest.mark.parametrize("desk", ["counter", ""])
def test_an_erasure_sees_which_of_a_desks_conversations_are_theirs(cloud: Cloud, desk: str) -> None:
    whose = Conversation("instagram", "1784", uuid4().hex)
    there = f"session#{uuid4().hex}"  # what parts a key may stand in a name
    cloud.table.claim(whose, "IN#1", NOW, 90.0)
    thread = Thread(seat=Seat(desk, there, generation=1), customer_ms=5000)
    assert cloud.table.delivered(whose, "IN#1", NOW, thread, before=Seat(), listed=True)
    seats = [row.seat for row in cloud.table.all_of(whose) if row.seat]
    assert seats == [Seat(desk, there)]


class Dead:
    """The dead letters of the inbound queue."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.pauses = cloud, 0
        self.url = cloud.urls["inbound_dead_letters"]
        self.letters = Letters(self.url, cloud.aws.client("sqs"), self.pause)

    def pause(self, seconds: float) -> None:
        self.pauses += 1

    def bury(self, number: int, party: str = "c") -> None:
        one = msgspec.structs.replace(EVENT, id=str(number), party=party)
        self.cloud.queue.bury(one, "why", uuid4().hex, str(number))

    def held_by_another(self) -> str:
        """As a reader that was cut off has left one."""
        answer = self.cloud.aws.client("sqs").receive_message(QueueUrl=self.url, VisibilityTimeout=600)
        return str(answer["Messages"][0]["ReceiptHandle"])

    def show(self, handle: str) -> None:
        self.cloud.aws.client("sqs").change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=0
        )


@pytest.fixture
def dead(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dead]:
    monkeypatch.setattr(read, "WAIT_S", 0)
    cloud.aws.client("sqs").purge_queue(QueueUrl=cloud.urls["inbound_dead_letters"])
    yield Dead(cloud)
    cloud.aws.client("sqs").purge_queue(QueueUrl=cloud.urls["inbound_dead_letters"])


def test_all_of_a_conversation_go_and_of_another_none(dead: Dead) -> None:
    for number in range(23):
        dead.bury(number)
        dead.bury(100 + number, "another")
    assert 0 < len(dead.letters.of({EVENT.mark})) <= 10
    assert sorted(dead.letters.erase({EVENT.mark}), key=int) == [str(number) for number in range(23)]
    assert dead.letters.of({EVENT.mark}) == []
    assert len(dead.letters.erase({msgspec.structs.replace(EVENT, party="another").mark})) == 23
    assert dead.pauses == 0


def test_what_another_reader_holds_is_waited_for(dead: Dead, monkeypatch: pytest.MonkeyPatch) -> None:
    dead.bury(1)
    handle = dead.held_by_another()

    def given_back(seconds: float) -> None:
        dead.pauses += 1
        if dead.pauses == 3:
            dead.show(handle)

    monkeypatch.setattr(dead.letters, "_pause", given_back)
    assert dead.letters.erase({EVENT.mark}) == ["1"]
    assert dead.pauses == 3


def test_what_is_never_given_back_is_no_success(dead: Dead) -> None:
    dead.bury(1)
    handle = dead.held_by_another()
    with pytest.raises(Retryable, match="1 dead letters are held by another reader"):
        dead.letters.erase({EVENT.mark})
    assert dead.pauses == LONGEST_S
    dead.show(handle)
