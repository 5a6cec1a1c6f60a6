"""Meta's signature: hex, keyed with the app secret."""

from __future__ import annotations

import pytest

from chalicelib.channels.instagram.webhook import WEBHOOK
from chalicelib.errors import Rejected
from tests.contract.signing import request
from tests.fakes import START

# Made with `printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET"`, so that the signing helper is checked too.
VECTOR = "sha256=810095af68940a74a17cc3a975a29552033ddeb21f99e646b45cbd4279145329"


def test_a_signature_made_with_openssl_passes() -> None:
    WEBHOOK.verify(request("instagram", b'{"object":"instagram","entry":[]}', VECTOR), ["vector-secret"], START)


def test_the_time_does_not_matter() -> None:
    for now in (0.0, START * 2):
        WEBHOOK.verify(request("instagram", b'{"object":"instagram","entry":[]}', VECTOR), ["vector-secret"], now)


def test_the_old_sha1_header_is_not_enough() -> None:
    delivery = request("instagram", b"{}", None, **{"x-hub-signature": "sha1=" + "0" * 40})
    with pytest.raises(Rejected, match="signature_malformed"):
        WEBHOOK.verify(delivery, ["vector-secret"], START)
