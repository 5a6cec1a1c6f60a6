"""What every webhook's signature check must do, whoever sends: each platform's test inherits these cases.

One fault per test.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import ClassVar, Literal

import pytest

from chalicelib.errors import Rejected
from chalicelib.http import Request
from tests.contract.signing import HEADERS, hmac_sha256, request, signature, signed
from tests.fakes import START

BODY = '{"text": "smörgås \\u00e4 🚚", "n": 1}'.encode()
SECRET = "a-secret-of-the-contract"
OLD = "the-secret-before"


class WebhookContract:
    """Subclasses name the platform, the encoding of its digest, and how a check is called."""

    platform: ClassVar[str]
    encoding: ClassVar[Literal["hex", "base64"]]
    prefix: ClassVar[str]
    """What stands before the digest in a good header."""

    def verify(self, delivery: Request, secrets: Sequence[str], now: float = START) -> None:
        """Runs the check of the platform's webhook."""
        raise NotImplementedError

    def header_name(self) -> str:
        raise NotImplementedError

    def refusal(self, delivery: Request, secrets: Sequence[str] = (SECRET,), now: float = START) -> tuple[int, str]:
        with pytest.raises(Rejected) as caught:
            self.verify(delivery, secrets, now)
        return caught.value.status, caught.value.reason

    def digest(self, body: bytes = BODY, secret: str = SECRET) -> str:
        """The digest in a good header."""
        return signature(self.platform, body, secret).removeprefix(self.prefix)

    def test_the_header_is_the_documented_one(self) -> None:
        assert self.header_name() == HEADERS[self.platform]

    def test_a_good_signature_passes(self) -> None:
        self.verify(signed(self.platform, BODY, SECRET), [SECRET])

    def test_verification_is_pure(self) -> None:
        delivery = signed(self.platform, BODY, SECRET)
        bad = request(self.platform, BODY + b"x", signature(self.platform, BODY, SECRET))
        for _ in range(3):
            self.verify(delivery, [SECRET])
            assert self.refusal(bad) == (401, "signature_mismatch")
        assert delivery == signed(self.platform, BODY, SECRET)

    @pytest.mark.parametrize("signer", [OLD, SECRET])
    @pytest.mark.parametrize("listed", [[OLD, SECRET], [SECRET, OLD]])
    def test_old_and_new_secrets_both_pass_while_they_rotate(self, signer: str, listed: list[str]) -> None:
        self.verify(signed(self.platform, BODY, signer), listed)

    def test_a_secret_that_left_the_list_is_refused(self) -> None:
        assert self.refusal(signed(self.platform, BODY, OLD)) == (401, "signature_mismatch")

    def test_an_empty_list_of_secrets_refuses(self) -> None:
        assert self.refusal(signed(self.platform, BODY, SECRET), []) == (401, "signature_mismatch")
        assert self.refusal(signed(self.platform, BODY, ""), []) == (401, "signature_mismatch")

    @pytest.mark.parametrize(
        "body",
        [b"", BODY + b"\n", BODY.replace(b" ", b""), BODY.replace(b"\\u00e4", "ä".encode()), BODY.swapcase()],
        ids=["empty", "newline", "no spaces", "unescaped", "case"],
    )
    def test_another_body_is_refused(self, body: bytes) -> None:
        delivery = request(self.platform, body, signature(self.platform, BODY, SECRET))
        assert self.refusal(delivery) == (401, "signature_mismatch")

    def test_a_signature_of_another_body_is_refused(self) -> None:
        delivery = request(self.platform, BODY, signature(self.platform, b"{}", SECRET))
        assert self.refusal(delivery) == (401, "signature_mismatch")

    def test_a_missing_header_is_refused(self) -> None:
        assert self.refusal(request(self.platform, BODY, None)) == (401, "signature_malformed")

    @pytest.mark.parametrize("value", ["", " ", "=", ",", "sha256", "sha256=", "t=,s=", "null", "ü", "\x00"])
    def test_a_header_that_says_nothing_is_refused(self, value: str) -> None:
        assert self.refusal(request(self.platform, BODY, value)) == (401, "signature_malformed")

    @pytest.mark.parametrize("scheme", ["sha1=", "SHA256=", "sha512=", "sha256:", "", " sha256=", "s="])
    def test_another_scheme_is_refused(self, scheme: str) -> None:
        assert self.refusal(request(self.platform, BODY, scheme + self.digest())) == (401, "signature_malformed")

    @pytest.mark.parametrize("kept", [1, 31, 32, -1])
    def test_a_shortened_digest_is_refused(self, kept: int) -> None:
        delivery = request(self.platform, BODY, self.prefix + self.digest()[:kept])
        assert self.refusal(delivery) == (401, "signature_malformed")

    @pytest.mark.parametrize("more", ["0", "00", "=", "A" * 64])
    def test_a_lengthened_digest_is_refused(self, more: str) -> None:
        delivery = request(self.platform, BODY, self.prefix + self.digest() + more)
        assert self.refusal(delivery) == (401, "signature_malformed")

    @pytest.mark.parametrize("odd", ["!", "-", "é", "٣", "\n", " "])
    def test_a_digest_with_a_foreign_character_is_refused(self, odd: str) -> None:
        delivery = request(self.platform, BODY, self.prefix + odd + self.digest()[1:])
        assert self.refusal(delivery) == (401, "signature_malformed")

    def test_a_digest_in_the_other_encoding_is_refused(self) -> None:
        raw = hmac_sha256(BODY, SECRET)
        other = base64.b64encode(raw).decode() if self.encoding == "hex" else raw.hex()
        assert self.refusal(request(self.platform, BODY, self.prefix + other)) == (401, "signature_malformed")

    def test_a_digest_in_another_case_is_refused(self) -> None:
        """Hex is lower case; base64's upper case is another digest."""
        expected = "signature_malformed" if self.encoding == "hex" else "signature_mismatch"
        delivery = request(self.platform, BODY, self.prefix + self.digest().upper())
        assert self.refusal(delivery) == (401, expected)

    def test_the_plain_sha256_of_the_body_is_refused(self) -> None:
        delivery = request(self.platform, BODY, self.prefix + self.digest(secret=""))
        assert self.refusal(delivery) == (401, "signature_mismatch")
