"""Secrets Manager that hangs, throttles or refuses: an older value serves, and nobody waits twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws import calls
from chalicelib.aws.secrets import LIFETIME_S, PAUSE_S, READING, SOONEST_REFRESH_S, WRITING, SecretStore
from chalicelib.errors import Misconfigured, Retryable
from tests.fakes import FakeClock

ONE, TWO = {"secrets": ["one"]}, {"secrets": ["two"]}


def refuses(code: str, status: int = 400) -> Exception:
    told: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "GetSecretValue")


TROUBLES: dict[str, Exception] = {
    "no connection": EndpointConnectionError(endpoint_url="x"),
    "hangs at first": ConnectTimeoutError(endpoint_url="x"),
    "hangs": ReadTimeoutError(endpoint_url="x"),
    "throttles": refuses("ThrottlingException"),
    "is down": refuses("InternalServiceError", 500),
    "is down and says nothing": refuses("", 503),
    "lets us no more": refuses("AccessDeniedException"),
    "has lost its key": refuses("DecryptionFailure"),
    "deletes it": refuses("InvalidRequestException"),
}
each_trouble = pytest.mark.parametrize("trouble", TROUBLES)


class Manager:
    def __init__(self) -> None:
        self.stored: Any = ONE
        self.trouble: Exception | None = None
        self.reads = 0

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:
        self.reads += 1
        if self.trouble:
            raise self.trouble
        return {"SecretString": self.stored if isinstance(self.stored, str) else json.dumps(self.stored)}

    def put_secret_value(self, SecretId: str, SecretString: str) -> None:
        if self.trouble:
            raise self.trouble
        self.stored = json.loads(SecretString)


class Kit:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.manager = Manager()
        client: Any = self.manager
        self.store = SecretStore(self.clock, client)


@each_trouble
def test_an_older_value_serves_and_the_store_is_left_alone_for_a_while(trouble: str) -> None:
    kit = Kit()
    kit.store.get("s")
    kit.manager.trouble = TROUBLES[trouble]
    kit.clock.advance(LIFETIME_S)
    for _ in range(100):
        assert kit.store.get("s") == ONE
        kit.clock.advance(PAUSE_S / 101)
    assert kit.manager.reads == 2
    kit.clock.advance(1)
    kit.manager.trouble, kit.manager.stored = None, TWO
    assert kit.store.get("s") == TWO


@each_trouble
def test_without_an_older_value_it_is_told_quickly(trouble: str) -> None:
    kit = Kit()
    kit.manager.trouble = TROUBLES[trouble]
    for _ in range(100):
        with pytest.raises(Retryable):
            kit.store.get("s")
    assert kit.manager.reads == 1
    kit.manager.trouble = None
    kit.clock.advance(SOONEST_REFRESH_S)
    assert kit.store.get("s") == ONE


@pytest.mark.parametrize("trouble", ["lets us no more", "has lost its key", "deletes it"])
def test_what_somebody_has_to_set_right_says_what(trouble: str) -> None:
    kit = Kit()
    kit.manager.trouble = TROUBLES[trouble]
    with pytest.raises(Misconfigured) as caught:
        kit.store.get("s")
    assert caught.value.advice


def test_one_secrets_trouble_is_no_other_ones() -> None:
    kit = Kit()
    kit.manager.trouble = TROUBLES["hangs"]
    with pytest.raises(Retryable):
        kit.store.get("s")
    kit.manager.trouble = None
    assert kit.store.get("another") == ONE


@each_trouble
def test_a_refresh_that_failed_is_told_and_harms_nobody(trouble: str) -> None:
    kit = Kit()
    kit.store.get("s")
    kit.manager.trouble = TROUBLES[trouble]
    kit.clock.advance(SOONEST_REFRESH_S)
    assert kit.store.refresh("s") is False
    assert kit.store.refresh("s") is False  # nor is it asked again at once
    assert kit.manager.reads == 2
    assert kit.store.get("s") == ONE


def test_a_refresh_counts_what_was_loaded_since() -> None:
    kit = Kit()
    kit.clock.advance(1)
    since = kit.clock()
    kit.store.get("s")  # a cold container reads it for the very request that asks
    assert kit.store.refresh("s") is False
    assert kit.store.refresh("s", since) is True
    kit.clock.advance(1)
    assert kit.store.refresh("s", kit.clock()) is False


@pytest.mark.parametrize("back_s", [0.5, 3.0, 4.9])
def test_a_clock_that_was_set_back_makes_no_older_copy_a_fresh_one(back_s: float) -> None:
    kit = Kit()
    kit.store.get("s")
    kit.clock.advance(0.3 - back_s)
    assert kit.store.refresh("s", kit.clock()) is False
    assert kit.manager.reads == 1


def test_a_clock_that_is_put_back_keeps_nothing_for_long() -> None:
    kit = Kit()
    kit.store.get("s")
    kit.manager.stored = TWO
    kit.clock.advance(-10 * LIFETIME_S)
    assert kit.store.get("s") == TWO


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ValidationException"])
def test_a_secret_that_is_not_there_holds_nothing_and_is_looked_for_again_soon(code: str) -> None:
    kit = Kit()
    kit.manager.trouble = refuses(code)
    assert kit.store.get("s") == {}
    kit.manager.trouble = None
    assert kit.store.get("s") == {}
    kit.clock.advance(PAUSE_S)
    assert kit.store.get("s") == ONE


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ('\ufeff{"a": "b"}', {"a": "b"}), (' {"a": 1}\n', {"a": 1}), ("", {}), ("token", {}), ("[" * 100_000, {}),
        ('"text"', {}), ("null", {}), ('{"a": NaN}', {"a": pytest.approx(float("nan"), nan_ok=True)}),
    ],
)  # fmt: skip
def test_what_a_secret_holds_is_its_object_or_nothing(text: str, held: object) -> None:
    kit = Kit()
    kit.manager.stored = text
    assert kit.store.get("s") == held


def test_reading_passes_the_cache_by_and_fills_it() -> None:
    kit = Kit()
    kit.store.get("s")
    kit.manager.stored = TWO
    assert kit.store.get("s") == ONE
    assert kit.store.read("s") == TWO
    assert kit.store.get("s") == TWO


@each_trouble
def test_reading_never_answers_what_may_be_old(trouble: str) -> None:
    kit = Kit()
    kit.store.get("s")
    kit.manager.trouble = TROUBLES[trouble]
    with pytest.raises(Retryable):
        kit.store.read("s")
    assert kit.store.get("s") == ONE


def test_what_is_written_is_known_at_once() -> None:
    kit = Kit()
    kit.store.get("s")
    kit.store.put("s", TWO)
    assert (kit.manager.stored, kit.store.get("s"), kit.manager.reads) == (TWO, TWO, 1)


@each_trouble
def test_what_could_not_be_written_is_not_taken_for_stored(trouble: str) -> None:
    kit = Kit()
    kit.store.get("s")
    kit.manager.trouble = TROUBLES[trouble]
    with pytest.raises(Retryable):
        kit.store.put("s", TWO)
    assert kit.store.get("s") == ONE


STEPS: list[Callable[[SecretStore], object]] = [lambda store: store.get("s"), lambda store: store.refresh("s")]


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from([None, *TROUBLES]), st.floats(0, 700)), max_size=30))
def test_whatever_happens_a_value_that_was_read_serves(
    steps: list[tuple[Callable[[SecretStore], object], str | None, float]],
) -> None:
    kit = Kit()
    kit.store.get("s")
    for step, trouble, wait_s in steps:
        kit.manager.trouble = TROUBLES[trouble] if trouble else None
        kit.clock.advance(wait_s)
        step(kit.store)
        assert kit.store.get("s") == ONE


@pytest.mark.parametrize(("config", "tries", "longest_s"), [(READING, 1, 3), (WRITING, 4, 7)])
def test_a_try_is_short_and_reading_has_one(
    monkeypatch: pytest.MonkeyPatch, config: Any, tries: int, longest_s: int
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    made = calls.client("secretsmanager", config).meta.config
    assert made.retries["total_max_attempts"] == tries
    assert made.connect_timeout + made.read_timeout <= longest_s
