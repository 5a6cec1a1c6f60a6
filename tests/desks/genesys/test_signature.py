"""Genesys' signature: base64, keyed with the integration's secret token."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.desks.genesys.webhook import WEBHOOK
from chalicelib.http import Request
from tests.contract.signing import request
from tests.contract.webhook import WebhookContract
from tests.fakes import START


class TestGenesysSignature(WebhookContract):
    platform = "genesys"
    encoding = "base64"
    prefix = "sha256="

    def verify(self, delivery: Request, secrets: Sequence[str], now: float = START) -> None:
        WEBHOOK.verify(delivery, secrets)

    def header_name(self) -> str:
        return WEBHOOK.signature_header


def test_a_signature_made_with_openssl_passes() -> None:
    """`printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -binary | base64`"""
    WEBHOOK.verify(
        request("genesys", b'{"type":"Text","id":"1"}', "sha256=/f4JMkKKtkRl7QEp7xXH+7qgoyQLxF0HQVM5ApERFyc="),
        ["vector-secret"],
    )
