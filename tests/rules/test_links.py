"""The form of links: those that people have kept must open for as long as they were told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.links import ended, packed, signed, tag, unpacked

SECRET = "a key of the tests"
# Made before the form stood in a module of its own.
KEPT = {
    "ABEiM0RVZneImaq7zN3u___u3cy7qpmId2ZVRDMiEQAHAaMYXFB7kKV-VwpPXSzo-yupwAkV0GEP": (
        "media/00112233445566778899aabbccddeeff/ffeeddccbbaa99887766554433221100/7", 1_800_000_000_123,
    ),
    "AAAAAAAAAAAAAAAAAAAAAP____________________8fAAAAAAAAw3f7VRqma6kbcOhTdgrEVJZs": (
        "media/00000000000000000000000000000000/ffffffffffffffffffffffffffffffff/31", 0,
    ),
}  # fmt: skip
keys = st.builds("media/{}/{}/{}".format, *[st.from_regex("[0-9a-f]{32}", fullmatch=True)] * 2, st.integers(0, 31))


@pytest.mark.parametrize("token", KEPT)
def test_a_link_that_was_given_away_says_what_it_said_and_is_made_the_same(token: str) -> None:
    key, since_ms = KEPT[token]
    link = unpacked(token)
    assert link is not None
    assert (link.key, link.since_ms, link.tag) == (key, since_ms, tag(SECRET, link.payload))
    assert signed(SECRET, packed(key, since_ms)) == token


@given(key=keys, since_ms=st.integers(0, 2**48 - 1), secret=st.text("abc", min_size=1))
def test_what_was_packed_is_unpacked(key: str, since_ms: int, secret: str) -> None:
    link = unpacked(signed(secret, packed(key, since_ms)))
    assert link is not None
    assert (link.key, link.since_ms, link.tag) == (key, since_ms, tag(secret, link.payload))


@given(token=st.text(max_size=90).filter(lambda text: len(text) != 76))
def test_any_other_text_is_no_link(token: str) -> None:
    assert unpacked(token) is None


@pytest.mark.parametrize(("now", "over"), [(0.0, False), (86_401.0, False), (86_401.001, True), (1e9, True)])
def test_a_link_lives_its_days(now: float, over: bool) -> None:
    assert ended(1_000, 1, now) is over
