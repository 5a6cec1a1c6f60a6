"""Signatures by OAuth 1.0a: the examples of RFC 5849 and of X's page."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from chalicelib.channels.x.oauth1 import Keys, authorization, signature

PHOTOS = Keys(
    consumer="dpf43f3p2l4k3l03",
    consumer_secret="kd94hf93k423kf44",
    token="nnch734d00sl2jdk",
    token_secret="pfkkdhi9sl3r4s00",
)
STATUSES = Keys(
    consumer="xvz1evFS4wEEPTGEFPHBog",
    consumer_secret="kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    token="370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    token_secret="LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
)


def test_the_example_of_the_standard() -> None:
    """RFC 5849, section 1.2."""
    signed = {
        "oauth_consumer_key": PHOTOS.consumer, "oauth_token": PHOTOS.token, "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131202", "oauth_nonce": "chapoH", "file": "vacation.jpg", "size": "original",
    }  # fmt: skip
    assert signature("GET", "http://photos.example.net/photos", signed, PHOTOS) == "MdpQcU8iPSUjWoN/UDMsK2sui9I="


@pytest.mark.parametrize(
    ("host", "expected"),
    [("api.x.com", "Ls93hJiZbQ3akF3HF3x1Bz8/zU4="), ("api.twitter.com", "hCtSmYh+iHYCEqBWrE7C7hYmtUk=")],
)
def test_the_example_of_xs_page(host: str, expected: str) -> None:
    """docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature, and the page's older host."""
    signed = {
        "status": "Hello Ladies + Gentlemen, a signed OAuth request!", "include_entities": "true",
        "oauth_consumer_key": STATUSES.consumer, "oauth_nonce": "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": "1318622958", "oauth_token": STATUSES.token,
        "oauth_version": "1.0",
    }  # fmt: skip
    assert signature("post", f"https://{host}/1.1/statuses/update.json", signed, STATUSES) == expected


def test_the_header_proves_itself_and_never_twice_in_the_same_way() -> None:
    url, query = "https://api.x.com/2/users/1", {"user.fields": "name,verified"}
    headers = [authorization("GET", url, query, STATUSES, 1_800_000_000.9) for _ in range(2)]
    assert headers[0] != headers[1]
    told = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', headers[0])}
    assert headers[0].startswith("OAuth ")
    assert (told["oauth_timestamp"], told["oauth_consumer_key"]) == ("1800000000", STATUSES.consumer)
    proof = told.pop("oauth_signature")
    assert proof == signature("GET", url, told | query, STATUSES)
    assert STATUSES.token_secret not in headers[0]
    assert STATUSES.consumer_secret not in headers[0]
