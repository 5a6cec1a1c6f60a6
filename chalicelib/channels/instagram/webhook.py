"""Meta's webhook: handshake, signature, and the events of a delivery. What is not accepted is repeated for 36 h.

developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from chalicelib.channels.instagram.schema import (
    COMMENTS,
    KINDS,
    MENTIONS,
    TEST_ACCOUNT,
    comment_of,
    object_of,
    read,
    time_of,
    writer,
)  # fmt: skip
from chalicelib.credentials import Secret, signed_by
from chalicelib.errors import Malformed, Rejected
from chalicelib.fields import object_in, text_of, value_of
from chalicelib.http import Request, Response
from chalicelib.protocols.webhook import MOST_PIECES, Piece
from chalicelib.wire import bounded, digest, hmac_sha256, mended

# What Meta puts around events: developers.facebook.com/docs/instagram-platform/webhooks
SECTIONS = ("messaging", "standby", "changes")
LONGEST_CHALLENGE = 256
VERIFY_ADVICE = (
    "the verify token in the app dashboard differs from the secret's, which has 12 characters at least and is not an "
    "example's"
)
_DIGEST = re.compile("[0-9a-f]{64}")
# one decoder each, as making one costs more than it decodes
_PART = msgspec.json.Decoder(msgspec.Raw)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OPENS_A_LIST = ord("[")
ADVICE = "App dashboard > App settings > Basic (and Instagram > API setup) has the app secret"


class _Webhook:
    name = "instagram"
    signature_header = "x-hub-signature-256"

    def handshakes(self, request: Request) -> bool:
        """Meta asks with hub.mode, hub.challenge and hub.verify_token."""
        return "hub.mode" in request.query

    def handshake(self, request: Request, secret: Secret) -> Response:
        """The challenge. Raises Rejected (403) for a wrong token, or a challenge that is no plain word.

        developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
        """
        challenge = request.query.get("hub.challenge", "")
        offered = request.query.get("hub.verify_token", "").encode(errors="replace")
        known = signed_by(secret.keys("verify_tokens"), offered, str.encode)
        if request.query["hub.mode"] != "subscribe" or not known:
            raise Rejected(403, "verify_token", VERIFY_ADVICE)
        if not (challenge.isascii() and challenge.isalnum() and len(challenge) <= LONGEST_CHALLENGE):
            raise Rejected(403, "challenge")
        return Response(status=200, body=challenge)

    def verify(self, request: Request, secrets: Sequence[str], now: float) -> str:
        """`X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the raw body>`, keyed with the app secret.

        The Meta app and the Instagram app may each sign, so both secrets may be listed.
        developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
        """
        scheme, _, offered = (request.header(self.signature_header) or "").partition("=")
        if scheme != "sha256" or not _DIGEST.fullmatch(offered):
            raise Rejected(401, "signature_malformed")
        signer = signed_by(secrets, bytes.fromhex(offered), lambda secret: hmac_sha256(secret, request.body))
        if not signer:
            raise Rejected(401, "signature_mismatch", ADVICE)
        return signer

    def split(self, body: bytes) -> list[Piece]:
        """Up to 1,000 events of several accounts, in Meta's order; see `Feed.split`."""
        try:
            text = mended(body).decode()
            top = _PART.decode(text)
            # Meta's own examples wrap the object in a list; no real delivery was seen to
            pieces = (piece for delivery in _items(top) or [top] for piece in _pieces(delivery))
            return list(islice(pieces, MOST_PIECES + 1))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"not a Meta delivery: {type(error).__name__}") from None


WEBHOOK = _Webhook()


def _pieces(delivery: msgspec.Raw) -> Iterator[Piece]:
    fields = _OBJECT.decode(delivery)
    if "entry" not in fields:
        raise msgspec.ValidationError("no entry")
    # a Page's own events (Messenger) come to the same URL where the app subscribes to them
    foreign = _text(fields.get("object")) not in {"instagram", ""}
    for raw_entry in _LIST.decode(fields["entry"]):
        entry = _OBJECT.decode(raw_entry)
        at_ms = _moment(entry.get("time"))
        for piece in _of_entry(entry, bytes(raw_entry), at_ms, foreign):
            yield msgspec.structs.replace(piece, made_ms=at_ms)


def _of_entry(entry: dict[str, msgspec.Raw], raw_entry: bytes, at_ms: int, foreign: bool) -> Iterator[Piece]:
    account = _text(entry.get("id"))
    if foreign or account == TEST_ACCOUNT:  # the test's message is always the same, its entry's time is not
        yield _opaque(account, "other_object" if foreign else "dashboard_test", raw_entry)
        return
    events = [(section, raw) for section in SECTIONS if section in entry for raw in _items(entry[section])]
    for section, raw in events:
        if section == "changes":
            yield _change(account, bytes(raw), _alone(entry, raw), at_ms)
        else:
            yield _event(account, section, bytes(raw))
    # the flat shape: developers.facebook.com/docs/instagram-platform/webhooks/examples
    if "field" in entry:
        yield _change(account, raw_entry, raw_entry, at_ms)
    elif not events:  # "changed_fields" only, or something new
        yield _opaque(account, "entry", raw_entry)


def _alone(entry: dict[str, msgspec.Raw], change: msgspec.Raw) -> bytes:
    """The entry with this change only: the time stands beside its changes, not in them."""
    return b'{"time":%b,"changes":[%b]}' % (bytes(entry.get("time", msgspec.Raw(b"null"))), bytes(change))


def _change(account: str, change: bytes, whole: bytes, at_ms: int) -> Piece:
    """A field and its value; `whole` is what travels, `at_ms` its entry's time."""
    try:
        seen = read(change)
    except Malformed:
        return _opaque(account, "changes", change, whole=whole, at_ms=at_ms)
    field, value = seen.text("field"), seen.at("value")
    # the dashboard's test and handovers come as changes, too, with the body of a messaging event as the value:
    # developers.facebook.com/docs/messenger-platform/instagram/features/webhook
    if value.has("sender") or value.has("recipient"):
        raw = _OBJECT.decode(change)["value"]
        return _event(account, "standby" if field == "standby" else "messaging", bytes(raw))
    party, comment = writer(field, value), comment_of(value)
    if field in COMMENTS and comment:
        name = f"comment:{comment}"
    elif field == MENTIONS and party:
        name = f"mention:{party}"
    else:
        return _opaque(account, "changes", change, party, whole, at_ms)
    return Piece(account=account, party=party, id=bounded(name), section="changes", raw=whole, sent_ms=at_ms)


def _event(account: str, section: str, raw: bytes) -> Piece:
    """An item of messaging or standby, of which a delivery may hold a thousand: hence without `Fields`."""
    try:
        seen = object_of(raw)
    except Malformed:
        return _opaque(account, section, raw)
    kind = next((kind for kind in KINDS if seen.get(kind) is not None), "")
    body = object_in(seen.get(kind))
    mid = text_of(body.get("mid"))
    at_ms = time_of(seen.get("timestamp"), 0)
    if not mid:
        return _opaque(account, section, raw, _customer(account, seen, echo=False), at_ms=at_ms)
    echo = body.get("is_echo") is True
    name = _name(kind, mid, body, at_ms)
    return Piece(
        account=account,
        party=_customer(account, seen, echo=echo),
        id=bounded(f"echo:{name}" if echo else f"{section}:{name}" if section != "messaging" else name),
        section="echo" if echo else section,
        raw=raw,
        sent_ms=at_ms,
    )


def _name(kind: str, mid: str, body: dict[str, Any], at_ms: int) -> str:
    if body.get("is_deleted") is True:
        return f"deleted:{mid}"
    if kind in {"message", "read"}:
        return f"{kind}:{mid}"
    # one message may be edited, reacted to and tapped more than once
    return f"{kind}:{mid}:{text_of(body.get('action'))}:{text_of(body.get('num_edit'))}:{at_ms}"


def _customer(account: str, seen: dict[str, Any], *, echo: bool) -> str:
    """The person: the sender, but for an echo, whose parties are swapped."""
    sender = text_of(object_in(seen.get("sender")).get("id"))
    return text_of(object_in(seen.get("recipient")).get("id")) if echo or sender == account else sender


def _opaque(account: str, section: str, raw: bytes, party: str = "", whole: bytes = b"", at_ms: int = 0) -> Piece:
    """An event that only its bytes tell from another; `whole` travels in their place."""
    name = digest(section, raw)
    return Piece(account=account, party=party, id=name, section=section, raw=whole or raw, sent_ms=at_ms)


def _items(raw: msgspec.Raw) -> list[msgspec.Raw]:
    """A list's items; anything else is a list of one, but for null."""
    if memoryview(raw)[0] == _OPENS_A_LIST:
        return _LIST.decode(raw)
    return [raw] if bytes(raw) != b"null" else []


def _text(raw: msgspec.Raw | None) -> str:
    value = value_of(raw)
    return str(value) if isinstance(value, (str, int)) else ""


def _moment(raw: msgspec.Raw | None) -> int:
    """Epoch milliseconds, 0 where it is no time."""
    value = value_of(raw)
    return time_of(value, 0)
