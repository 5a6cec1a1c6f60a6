"""What every webhook's signature check must do, whoever sends. One fault per test."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pytest

from chalicelib.errors import Rejected
from chalicelib.http import Request
from tests.contract.registered import WEBHOOKS
from tests.contract.signing import HEADERS, SENDERS, hmac_sha256, request, signature, signed
from tests.fakes import START

BODY = '{"text": "smörgås \\u00e4 🚚", "n": 1}'.encode()
SECRET = "a-secret-of-the-contract"
OLD = "the-secret-before"


@pytest.fixture(params=WEBHOOKS)
def platform(request: pytest.FixtureRequest) -> str:
    """Each channel and desk of the registry whose deliveries are signed."""
    name = str(request.param)
    assert name in SENDERS, f"write tests/contract/senders/{name}.json from the platform's documentation"
    return name


def verify(platform: str, delivery: Request, secrets: Sequence[str], now: float = START) -> None:
    WEBHOOKS[platform].verify(delivery, secrets, now)


def refusal(
    platform: str, delivery: Request, secrets: Sequence[str] = (SECRET,), now: float = START
) -> tuple[int, str]:
    """Status and reason."""
    with pytest.raises(Rejected) as caught:
        verify(platform, delivery, secrets, now)
    return caught.value.status, caught.value.reason


def digest(platform: str, body: bytes = BODY, secret: str = SECRET) -> str:
    """The digest in a good header."""
    return signature(platform, body, secret).removeprefix(prefix(platform))


def prefix(platform: str) -> str:
    """What stands before it."""
    return SENDERS[platform].prefix()


def test_the_header_is_the_documented_one(platform: str) -> None:
    assert WEBHOOKS[platform].signature_header == HEADERS[platform]


def test_a_good_signature_passes(platform: str) -> None:
    verify(platform, signed(platform, BODY, SECRET), [SECRET])


def test_verification_is_pure(platform: str) -> None:
    delivery = signed(platform, BODY, SECRET)
    bad = request(platform, BODY + b"x", signature(platform, BODY, SECRET))
    for _ in range(3):
        verify(platform, delivery, [SECRET])
        assert refusal(platform, bad) == (401, "signature_mismatch")
    assert delivery == signed(platform, BODY, SECRET)


@pytest.mark.parametrize("signer", [OLD, SECRET])
@pytest.mark.parametrize("listed", [[OLD, SECRET], [SECRET, OLD]])
def test_old_and_new_secrets_both_pass_while_they_rotate(platform: str, signer: str, listed: list[str]) -> None:
    verify(platform, signed(platform, BODY, signer), listed)


def test_a_secret_that_left_the_list_is_refused(platform: str) -> None:
    assert refusal(platform, signed(platform, BODY, OLD)) == (401, "signature_mismatch")


def test_an_empty_list_of_secrets_refuses(platform: str) -> None:
    assert refusal(platform, signed(platform, BODY, SECRET), []) == (401, "signature_mismatch")
    assert refusal(platform, signed(platform, BODY, ""), []) == (401, "signature_mismatch")


@pytest.mark.parametrize(
    "body",
    [b"", BODY + b"\n", BODY.replace(b" ", b""), BODY.replace(b"\\u00e4", "ä".encode()), BODY.swapcase()],
    ids=["empty", "newline", "no spaces", "unescaped", "case"],
)
def test_another_body_is_refused(platform: str, body: bytes) -> None:
    delivery = request(platform, body, signature(platform, BODY, SECRET))
    assert refusal(platform, delivery) == (401, "signature_mismatch")


def test_a_signature_of_another_body_is_refused(platform: str) -> None:
    delivery = request(platform, BODY, signature(platform, b"{}", SECRET))
    assert refusal(platform, delivery) == (401, "signature_mismatch")


def test_a_missing_header_is_refused(platform: str) -> None:
    assert refusal(platform, request(platform, BODY, None)) == (401, "signature_malformed")


@pytest.mark.parametrize("value", ["", " ", "=", ",", "sha256", "sha256=", "t=,s=", "null", "ü", "\x00"])
def test_a_header_that_says_nothing_is_refused(platform: str, value: str) -> None:
    assert refusal(platform, request(platform, BODY, value)) == (401, "signature_malformed")


@pytest.mark.parametrize("scheme", ["sha1=", "SHA256=", "sha512=", "sha256:", "", " sha256=", "s="])
def test_another_scheme_is_refused(platform: str, scheme: str) -> None:
    assert refusal(platform, request(platform, BODY, scheme + digest(platform))) == (401, "signature_malformed")


@pytest.mark.parametrize("kept", [1, 31, 32, -1])
def test_a_shortened_digest_is_refused(platform: str, kept: int) -> None:
    delivery = request(platform, BODY, prefix(platform) + digest(platform)[:kept])
    assert refusal(platform, delivery) == (401, "signature_malformed")


@pytest.mark.parametrize("more", ["0", "00", "=", "A" * 64])
def test_a_lengthened_digest_is_refused(platform: str, more: str) -> None:
    delivery = request(platform, BODY, prefix(platform) + digest(platform) + more)
    assert refusal(platform, delivery) == (401, "signature_malformed")


@pytest.mark.parametrize("odd", ["!", "-", "é", "٣", "\n", " "])
def test_a_digest_with_a_foreign_character_is_refused(platform: str, odd: str) -> None:
    delivery = request(platform, BODY, prefix(platform) + odd + digest(platform)[1:])
    assert refusal(platform, delivery) == (401, "signature_malformed")


def test_a_digest_in_the_other_encoding_is_refused(platform: str) -> None:
    raw = hmac_sha256(BODY, SECRET)
    other = base64.b64encode(raw).decode() if SENDERS[platform].encoding == "hex" else raw.hex()
    assert refusal(platform, request(platform, BODY, prefix(platform) + other)) == (401, "signature_malformed")


def test_a_digest_in_another_case_is_refused(platform: str) -> None:
    """Hex is lower case; base64's upper case is another digest."""
    expected = "signature_malformed" if SENDERS[platform].encoding == "hex" else "signature_mismatch"
    delivery = request(platform, BODY, prefix(platform) + digest(platform).upper())
    assert refusal(platform, delivery) == (401, expected)


def test_the_plain_sha256_of_the_body_is_refused(platform: str) -> None:
    delivery = request(platform, BODY, prefix(platform) + digest(platform, secret=""))
    assert refusal(platform, delivery) == (401, "signature_mismatch")
