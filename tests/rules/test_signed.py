"""Standard Webhooks, by the specification's own example."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from chalicelib.rules.signed import headers, keys_of

# github.com/standard-webhooks/standard-webhooks, the example that all its libraries are tested with
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'


def test_the_specifications_example() -> None:
    told = headers(keys_of([SECRET]), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY)
    assert told == {
        "Content-Type": "application/json",
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_key_signs_while_one_takes_the_others_place() -> None:
    new = base64.b64encode(bytes(range(32))).decode()
    first, second = headers(keys_of([SECRET, f"whsec_{new}"]), "id", 7, b"{}")["webhook-signature"].split(" ")
    assert first == headers(keys_of([SECRET]), "id", 7, b"{}")["webhook-signature"]
    judged = hmac.new(bytes(range(32)), b"id.7.{}", hashlib.sha256).digest()
    assert second == "v1," + base64.b64encode(judged).decode()


@pytest.mark.parametrize(
    "held", [[], ["whsec_"], ["whsec_c2hvcnQ="], ["whsec_not base64!"], [7], [None], [SECRET, "x"], [SECRET + "é"]]
)
def test_what_is_no_key_is_refused_without_a_word_of_it(held: list[object]) -> None:
    with pytest.raises(ValueError, match="key") as told:
        keys_of(held)
    assert "c2hvcnQ" not in str(told.value)


def test_a_key_may_be_stored_with_a_line_break() -> None:
    assert keys_of([SECRET + "\n"]) == keys_of([SECRET])
