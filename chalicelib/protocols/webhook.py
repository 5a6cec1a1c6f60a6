"""How what happens on a platform or at a desk comes in: recognised, verified, cut into pieces. Pure, no network."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import msgspec

from chalicelib.credentials import Secret, signed_by
from chalicelib.errors import Rejected
from chalicelib.http import Request, Response
from chalicelib.wire import hmac_sha256

# Meta delivers up to 1,000 updates at once, and it is not said what counts as one.
# developers.facebook.com/docs/graph-api/webhooks/getting-started
MOST_PIECES = 1_200


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One event cut out of a delivery; see `records.Event` for the names. `made_ms` is what the delivery says beside
    the event's own time."""

    account: str
    party: str
    id: str
    section: str = ""
    raw: bytes
    sent_ms: int = 0
    made_ms: int = 0


class Feed(Protocol):
    """Deliveries of a channel or a desk, whoever has vouched for them."""

    @property
    def name(self) -> str:
        """The channel's or the desk's name, as the registry has it."""

    def split(self, body: bytes) -> list[Piece]:
        """The delivery's events in order; where there are more than MOST_PIECES, no more than one beyond. Raises
        Malformed where the body is not its sender's JSON; a single event that it does not know is a piece like any
        other."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A notification's message, as it is, and those of its attributes that it has."""

    message: str
    attributes: dict[str, str] = {}


@runtime_checkable
class Noticed(Feed, Protocol):
    """A feed whose deliveries say a part of what they say beside them: `split` is given each as a `Notice`, in JSON."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of the notification's attributes that it reads."""


@runtime_checkable
class Webhook(Feed, Protocol):
    """A feed whose deliveries come over HTTP and are signed."""

    @property
    def signature_header(self) -> str:
        """The header (lower case) by which a delivery is told from those of others that come to the same URL."""

    def handshakes(self, request: Request) -> bool:
        """Whether this GET asks the URL to prove itself to this sender."""

    def handshake(self, request: Request, secret: Secret) -> Response:
        """What proves it: a challenge repeated, or signed. Raises Rejected: "verify_token" where the request does not
        know the secret, "no_secret" where the secret has nothing to sign with; both may be over once the secret has
        been read anew."""

    def verify(self, request: Request, secrets: Sequence[str], now: float) -> str:
        """The one of the secrets that the raw body is signed with; `now` in epoch seconds. Raises Rejected where it is
        none."""


def signed_in_base64(request: Request, header: str, secrets: Sequence[str], advice: str) -> str:
    """The one of the secrets that the raw body is signed with, where the header has
    `sha256=<base64 HMAC-SHA256 of the raw body>`. Raises Rejected where it is none, with the advice, or where the
    header is of another form."""
    scheme, _, offered = (request.header(header) or "").partition("=")
    try:
        given = base64.b64decode(offered, validate=True)
    except (binascii.Error, ValueError):
        given = b""
    if scheme != "sha256" or len(given) != hashlib.sha256().digest_size:
        raise Rejected(401, "signature_malformed")
    signer = signed_by(secrets, given, lambda secret: hmac_sha256(secret, request.body))
    if not signer:
        raise Rejected(401, "signature_mismatch", advice)
    return signer
