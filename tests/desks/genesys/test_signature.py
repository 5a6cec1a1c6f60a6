"""Genesys' signature: base64, keyed with the integration's secret token."""

from __future__ import annotations

from chalicelib.desks.genesys.webhook import WEBHOOK
from tests.contract.signing import request
from tests.fakes import START


def test_a_signature_made_with_openssl_passes() -> None:
    """`printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -binary | base64`"""
    WEBHOOK.verify(
        request("genesys", b'{"type":"Text","id":"1"}', "sha256=/f4JMkKKtkRl7QEp7xXH+7qgoyQLxF0HQVM5ApERFyc="),
        ["vector-secret"],
        START,
    )
