"""Calls signed by OAuth 1.0a with HMAC-SHA1: RFC 5849, and docs.x.com, "Creating a signature"."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

import msgspec


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, and for whom: the app's and the account's halves, each with its secret."""

    consumer: str
    consumer_secret: str
    token: str
    token_secret: str


def authorization(method: str, url: str, query: Mapping[str, str], keys: Keys, now: float) -> str:
    """The Authorization header of a call to the URL, which has no query of its own; `now` in epoch seconds. A body of
    JSON or of several parts is not signed: RFC 5849, section 3.4.1.3.1."""
    given = {
        "oauth_consumer_key": keys.consumer,
        "oauth_nonce": secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(now)),
        "oauth_token": keys.token,
        "oauth_version": "1.0",
    }
    given["oauth_signature"] = signature(method, url, {**query, **given}, keys)
    return "OAuth " + ", ".join(f'{_escaped(name)}="{_escaped(value)}"' for name, value in given.items())


def signature(method: str, url: str, parameters: Mapping[str, str], keys: Keys) -> str:
    """What proves the parameters, each of which is there once: RFC 5849, sections 3.4.1 and 3.4.2."""
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in parameters.items())
    base = "&".join(
        _escaped(part) for part in (method.upper(), url, "&".join(f"{name}={value}" for name, value in pairs))
    )
    key = f"{_escaped(keys.consumer_secret)}&{_escaped(keys.token_secret)}"
    return b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha1)).decode()


def _escaped(text: str) -> str:
    """All but letters, digits and -._~ : RFC 5849, section 3.6."""
    return quote(text, safe="~")
