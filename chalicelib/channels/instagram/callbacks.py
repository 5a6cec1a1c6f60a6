"""Meta's deauthorise and data deletion callbacks: a form with a `signed_request`.

developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec

from chalicelib.credentials import signed_by
from chalicelib.errors import Rejected
from chalicelib.http import Request
from chalicelib.protocols.callbacks import Told
from chalicelib.wire import digest, hmac_sha256

# Theirs is some 200 bytes.
LARGEST = 8192
ADVICE = "App dashboard > App settings > Basic (and Instagram > API setup) has the app secret"
_USER = re.compile("[0-9]{1,32}")
_CODED = re.compile("[A-Za-z0-9_-]+")


class _Said(msgspec.Struct):
    """What is signed; `expires` is 0 or absent where it does not end, `issued_at` when Meta made it, where
    it says so (epoch s)."""

    algorithm: str
    user_id: str | int
    expires: int = 0
    issued_at: Any = 0


class _Callbacks:
    def read(self, request: Request, secrets: Sequence[str], now: float) -> Told:
        """`signed_request` is `base64url(HMAC-SHA256)` and `base64url(JSON)`, unpadded, with a dot between them. The
        signature is made over the second as it stands, keyed with the app secret: the Meta app's or the Instagram
        app's. Raises Rejected."""
        offered, payload = _parts(request)
        if not signed_by(secrets, offered, lambda secret: hmac_sha256(secret, payload.encode())):
            raise Rejected(401, "signature_mismatch", ADVICE)
        try:
            said = msgspec.json.decode(_decoded(payload), type=_Said)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise Rejected(400, "not_json") from None
        if said.algorithm.upper() != "HMAC-SHA256":
            raise Rejected(400, "algorithm")
        if said.expires and said.expires < now:
            raise Rejected(401, "signature_expired")
        if not _USER.fullmatch(str(said.user_id)):
            raise Rejected(400, "user")
        issued = said.issued_at if type(said.issued_at) is int else 0
        return Told(user=str(said.user_id), key=digest(offered, payload), made_ms=max(0, issued) * 1000)


CALLBACKS = _Callbacks()


def _parts(request: Request) -> tuple[bytes, str]:
    """The signature and what is signed. Raises Rejected."""
    if len(request.body) > LARGEST:
        raise Rejected(413, "too_large")
    try:
        form = parse_qs(request.body.decode("ascii"), max_num_fields=16)
    except (UnicodeDecodeError, ValueError):
        raise Rejected(400, "form") from None
    given = form.get("signed_request", [])
    if len(given) != 1:
        raise Rejected(401, "signature_missing" if not given else "signature_ambiguous")
    signature, dot, payload = given[0].partition(".")
    if not (dot and _CODED.fullmatch(signature) and _CODED.fullmatch(payload)):
        raise Rejected(401, "signature_malformed")
    offered = _decoded(signature)
    if len(offered) != hashlib.sha256().digest_size:
        raise Rejected(401, "signature_malformed")
    return offered, payload


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise Rejected(401, "signature_malformed") from None
