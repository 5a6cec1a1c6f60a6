"""Webhook delivery and its retries."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest

from sandbox.stage.delivery import Attempt, Deliveries
from sandbox.stage.web import HANG
from tests.sandbox.conftest import WAIT_S, Receiver


@pytest.fixture
def deliveries() -> Iterator[Deliveries]:
    made = Deliveries()
    yield made
    made.stop()


def _not_200(status: int | None) -> bool:
    return status != 200


def test_the_first_attempt_answers_and_the_rest_follow(deliveries: Deliveries, receiver: Receiver) -> None:
    receiver.answers = [500, 429, 200]
    number = itertools.count()
    attempt = deliveries.post(
        receiver.url + "?a=1",
        b"\x00raw",
        lambda: {"X-Number": str(next(number))},
        timeout_s=WAIT_S,
        retry_delays_s=(0, 0.01, 0.01),
        retry_on=_not_200,
    )
    assert attempt == Attempt(500)
    assert not attempt.accepted
    calls = receiver.wait(3)
    assert [call.header("X-Number") for call in calls] == ["0", "1", "2"]
    assert {call.body for call in calls} == {b"\x00raw"}
    assert calls[0].query == {"a": "1"}


def test_no_answer_is_none_and_exhaustion_is_told(deliveries: Deliveries, receiver: Receiver) -> None:
    receiver.answers = [HANG, 503]
    told: list[int | None] = []
    done = threading.Event()

    def tell(status: int | None) -> None:
        told.append(status)
        done.set()

    attempt = deliveries.post(
        receiver.url,
        b"",
        dict,
        timeout_s=0.1,
        retry_delays_s=(0.01,),
        retry_on=_not_200,
        on_failure=tell,
    )
    assert attempt.status is None
    assert done.wait(WAIT_S)
    assert told == [503]


def test_what_is_not_worth_retrying_fails_at_once(deliveries: Deliveries, receiver: Receiver) -> None:
    receiver.answers = [401]
    told: list[int | None] = []
    deliveries.post(
        receiver.url,
        b"",
        dict,
        timeout_s=WAIT_S,
        retry_delays_s=(0,),
        retry_on=lambda status: status == 500,
        on_failure=told.append,
    )
    assert told == [401]
    assert len(receiver.calls) == 1


def test_send_keeps_the_order_of_a_key(deliveries: Deliveries, receiver: Receiver) -> None:
    for number in range(20):
        body = str(number).encode()
        deliveries.send(receiver.url, body, dict, timeout_s=WAIT_S, retry_delays_s=(), retry_on=_not_200, key="one")
    assert [int(call.body) for call in receiver.wait(20)] == list(range(20))


def test_nobody_listening_is_no_answer(deliveries: Deliveries, receiver: Receiver) -> None:
    receiver.stop()
    sent = deliveries.post(receiver.url, b"", dict, timeout_s=WAIT_S, retry_delays_s=(), retry_on=_not_200)
    assert sent.status is None


def test_stop_forgets_retries_and_cuts_attempts(receiver: Receiver) -> None:
    before = threading.active_count()
    deliveries = Deliveries()
    receiver.answers = [500, HANG]
    deliveries.post(receiver.url, b"1", dict, timeout_s=WAIT_S, retry_delays_s=(100 * WAIT_S,), retry_on=_not_200)
    deliveries.send(receiver.url, b"2", dict, timeout_s=100 * WAIT_S, retry_delays_s=(), retry_on=_not_200, key="2")
    receiver.wait(2)
    stopping = threading.Thread(target=deliveries.stop)
    stopping.start()
    stopping.join(WAIT_S)
    assert not stopping.is_alive()
    deliveries.send(receiver.url, b"3", dict, timeout_s=WAIT_S, retry_delays_s=(), retry_on=_not_200)
    assert len(receiver.calls) == 2
    receiver.stop()
    assert threading.active_count() <= before


def test_cancel_forgets_what_is_pending(deliveries: Deliveries, receiver: Receiver) -> None:
    receiver.answers = [500]
    deliveries.post(receiver.url, b"1", dict, timeout_s=WAIT_S, retry_delays_s=(0.05,), retry_on=_not_200)
    deliveries.cancel()
    deliveries.send(receiver.url, b"2", dict, timeout_s=WAIT_S, retry_delays_s=(0.05,), retry_on=_not_200)
    assert [call.body for call in receiver.wait(2)] == [b"1", b"2"]


def test_cancel_waits_for_what_is_under_way_and_nothing_follows(deliveries: Deliveries, receiver: Receiver) -> None:
    receiver.gate, receiver.answers = threading.Event(), [500]
    told: list[int | None] = []
    deliveries.send(
        receiver.url, b"1", dict, timeout_s=WAIT_S, retry_delays_s=(0,), retry_on=_not_200, on_failure=told.append
    )
    receiver.wait(1)
    cancelling = threading.Thread(target=deliveries.cancel)
    cancelling.start()
    cancelling.join(0.05)
    assert cancelling.is_alive()
    receiver.gate.set()
    cancelling.join(WAIT_S)
    deliveries.send(receiver.url, b"2", dict, timeout_s=WAIT_S, retry_delays_s=(), retry_on=_not_200)
    assert [call.body for call in receiver.wait(2)] == [b"1", b"2"]
    assert told == []
    assert deliveries.given_up() == set()


def test_what_somebody_waits_for_while_all_is_cancelled_is_not_repeated(
    deliveries: Deliveries, receiver: Receiver
) -> None:
    receiver.gate, receiver.answers = threading.Event(), [500]
    posting = threading.Thread(
        target=lambda: deliveries.post(
            receiver.url, b"1", dict, timeout_s=WAIT_S, retry_delays_s=(0,), retry_on=_not_200
        )
    )
    posting.start()
    receiver.wait(1)
    deliveries.cancel()
    receiver.gate.set()
    posting.join(WAIT_S)
    deliveries.send(receiver.url, b"2", dict, timeout_s=WAIT_S, retry_delays_s=(), retry_on=_not_200)
    assert [call.body for call in receiver.wait(2)] == [b"1", b"2"]


def test_what_is_lost_comes_when_it_is_told_to_and_in_its_order(deliveries: Deliveries, receiver: Receiver) -> None:
    receiver.answers = [200]
    deliveries.loses = True
    for deliver in (deliveries.post, deliveries.send):
        deliver(receiver.url, deliver.__name__.encode(), dict, timeout_s=WAIT_S, retry_delays_s=(), retry_on=_not_200)
    deliveries.loses = False
    deliveries.post(receiver.url, b"now", dict, timeout_s=WAIT_S, retry_delays_s=(), retry_on=_not_200)
    assert deliveries.deliver_lost() == 2
    assert [call.body for call in receiver.wait(3)] == [b"now", b"post", b"send"]
    assert deliveries.deliver_lost() == 0
