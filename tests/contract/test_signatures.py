"""Properties of every signature check, over bodies, secrets and headers that nobody thought of."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Rejected
from chalicelib.http import Request
from tests.contract.registered import WEBHOOKS
from tests.contract.signing import request, signature, signed
from tests.fakes import START

SECRET = "a-secret-of-the-properties"
each_platform = pytest.mark.parametrize("platform", WEBHOOKS)
secret_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def verify(platform: str, delivery: Request, secrets: Sequence[str]) -> None:
    WEBHOOKS[platform].verify(delivery, secrets, START)


@each_platform
@given(body=st.binary(max_size=300), secret=secret_texts)
def test_any_bytes_signed_with_any_secret_pass(platform: str, body: bytes, secret: str) -> None:
    verify(platform, signed(platform, body, secret), [secret])


@each_platform
@given(body=st.binary(min_size=1, max_size=200), place=st.integers(0), mask=st.integers(1, 255))
def test_no_single_byte_may_change(platform: str, body: bytes, place: int, mask: int) -> None:
    index = place % len(body)
    torn = body[:index] + bytes([body[index] ^ mask]) + body[index + 1 :]
    with pytest.raises(Rejected, match="signature_mismatch"):
        verify(platform, request(platform, torn, signature(platform, body, SECRET)), [SECRET])


@each_platform
@given(secret=secret_texts, other=secret_texts)
def test_no_other_secret_passes(platform: str, secret: str, other: str) -> None:
    # HMAC pads short keys with zero bytes, so those two are the same key
    listed = [other] if secret.rstrip("\0") != other.rstrip("\0") else []
    with pytest.raises(Rejected, match="signature_mismatch"):
        verify(platform, signed(platform, b"{}", secret), listed)


@each_platform
@given(value=st.text(max_size=120))
def test_no_text_in_the_header_breaks_it(platform: str, value: str) -> None:
    with pytest.raises(Rejected) as caught:
        verify(platform, request(platform, b"{}", value), [SECRET])
    assert caught.value.status == 401
