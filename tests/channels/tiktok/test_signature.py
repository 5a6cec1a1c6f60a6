"""TikTok's signature: hex over "t.body", with a time that must be recent."""

from __future__ import annotations

import pytest

from chalicelib.channels.tiktok.webhook import WEBHOOK
from chalicelib.credentials import Secret
from chalicelib.errors import Rejected
from chalicelib.http import Request
from tests.contract.signing import hmac_sha256, request, signature, signed
from tests.contract.test_webhooks import BODY, SECRET, digest, refusal, verify
from tests.fakes import START

T = int(START)


@pytest.mark.parametrize("late", [0, 299, 300])
def test_up_to_five_minutes_old_passes(late: int) -> None:
    verify("tiktok", signed("tiktok", BODY, SECRET), [SECRET], START + late)


@pytest.mark.parametrize("late", [301, 86_400])
def test_an_older_one_is_stale(late: int) -> None:
    assert refusal("tiktok", signed("tiktok", BODY, SECRET), now=START + late) == (401, "signature_stale")


@pytest.mark.parametrize("early", [1, 60])
def test_a_clock_that_is_a_minute_ahead_passes(early: int) -> None:
    verify("tiktok", signed("tiktok", BODY, SECRET), [SECRET], START - early)


@pytest.mark.parametrize("early", [61, 86_400])
def test_a_time_in_the_future_is_refused(early: int) -> None:
    assert refusal("tiktok", signed("tiktok", BODY, SECRET), now=START - early) == (401, "signature_stale")


def test_a_renewed_time_under_an_old_digest_is_refused() -> None:
    value = signature("tiktok", BODY, SECRET, START - 1000).replace(str(T - 1000), str(T))
    assert refusal("tiktok", request("tiktok", BODY, value)) == (401, "signature_mismatch")


def test_a_digest_over_the_body_alone_is_refused() -> None:
    value = f"t={T},s={hmac_sha256(BODY, SECRET).hex()}"
    assert refusal("tiktok", request("tiktok", BODY, value)) == (401, "signature_mismatch")


@pytest.mark.parametrize("form", ["s={s},t={t}", "t={t}, s={s}", "t={t},s={s},v=1"])
def test_order_spaces_and_further_fields_do_not_matter(form: str) -> None:
    verify("tiktok", request("tiktok", BODY, form.format(t=T, s=digest("tiktok"))), [SECRET])


@pytest.mark.parametrize(
    "form",
    [
        "t={t},t={t},s={s}", "t=1,t={t},s={s}", "t={t},s={s},s={s}", "t={t},s={s},t=1", "t={t}", "s={s}",
        "s={s},t=", "t=-{t},s={s}", "t=+{t},s={s}", "t={t}.0,s={s}", "t=0x10,s={s}", "t=٣,s={s}", "t=²,s={s}",
        "t=1_8,s={s}", "t=1800000000000,s={s}", "T={t},S={s}", "t={t};s={s}", "t={t} s={s}", "t:{t},s:{s}",
        "{t},{s}",
    ],
)  # fmt: skip
def test_another_form_is_refused(form: str) -> None:
    value = form.format(t=T, s=digest("tiktok"))
    assert refusal("tiktok", request("tiktok", BODY, value)) == (401, "signature_malformed")


def test_a_signature_made_with_openssl_passes() -> None:
    """`printf %s "$T.$BODY" | openssl dgst -sha256 -hmac "$SECRET"`"""
    value = "t=1800000000,s=616680c55896635b3707c2d2978836872e0c726a66a8c2e5f09ce69389f06476"
    WEBHOOK.verify(request("tiktok", b'{"event":"im_receive_msg"}', value), ["vector-secret"], START)


def test_tiktok_asks_for_no_handshake() -> None:
    asked = Request(method="GET", headers={}, query={"hub.mode": "subscribe", "challenge": "1"}, body=b"")
    assert not WEBHOOK.handshakes(asked)
    with pytest.raises(Rejected, match="no_handshake"):
        WEBHOOK.handshake(asked, Secret("tiktok", {"verify_tokens": ["token"]}))
