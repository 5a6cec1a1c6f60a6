"""Meta's webhook: handshake, signature, and the events of a delivery."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from chalicelib.channels.base import Piece
from chalicelib.errors import Malformed, Rejected
from chalicelib.http import Request
from chalicelib.messages import bounded, digest, mended

# What Meta puts around events: developers.facebook.com/docs/instagram-platform/webhooks
SECTIONS = ("messaging", "standby", "changes")
LONGEST_CHALLENGE = 256
ADVICE = "App dashboard > App settings > Basic (and Instagram > API setup) has the app secret"


class _Webhook:
    name = "instagram"
    signature_header = "x-hub-signature-256"

    def handshakes(self, request: Request) -> bool:
        """Meta asks with hub.mode, hub.challenge and hub.verify_token."""
        return "hub.mode" in request.query

    def handshake(self, request: Request, tokens: Sequence[str]) -> str:
        """The challenge. Raises Rejected (403) for a wrong token, or a challenge that is no plain word.

        developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
        """
        challenge = request.query.get("hub.challenge", "")
        offered = request.query.get("hub.verify_token", "").encode(errors="replace")
        # every configured token is compared, so that the time taken says nothing
        known = [hmac.compare_digest(offered, token.encode()) for token in tokens]
        if request.query["hub.mode"] != "subscribe" or not any(known):
            raise Rejected(403, "verify_token", "the verify token in the app dashboard differs from the secret's")
        if not (challenge.isascii() and challenge.isalnum() and len(challenge) <= LONGEST_CHALLENGE):
            raise Rejected(403, "challenge")
        return challenge

    def verify(self, request: Request, secrets: Sequence[str], now: float) -> None:
        """`X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the raw body>`, keyed with the app secret.

        The Meta app and the Instagram app may each sign, so both secrets may be listed.
        developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
        """
        scheme, _, offered = (request.header(self.signature_header) or "").partition("=")
        if scheme != "sha256" or len(offered) != 64 or not set(offered) <= set("0123456789abcdef"):
            raise Rejected(401, "signature_malformed")
        matches = [
            hmac.compare_digest(hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest(), offered)
            for secret in secrets
        ]
        if not any(matches):
            raise Rejected(401, "signature_mismatch", ADVICE)

    def split(self, body: bytes) -> list[Piece]:
        """Up to 1,000 events of several accounts, in Meta's order."""
        try:
            text = mended(body).decode()
            top = msgspec.json.decode(text, type=msgspec.Raw)
            # Meta's own examples wrap the object in a list; no real delivery was seen to
            deliveries = _raws(top) or [top]
            return [piece for delivery in deliveries for piece in _pieces(delivery)]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"not a Meta delivery: {type(error).__name__}") from None


WEBHOOK = _Webhook()


class _Party(msgspec.Struct):
    id: str | int = ""


class _Body(msgspec.Struct):
    """The parts of a message, reaction, read, edit or postback that tell it from another."""

    mid: str = ""
    is_echo: bool | None = None
    is_deleted: bool | None = None
    action: str | None = None
    num_edit: int | None = None


class _Messaging(msgspec.Struct):
    sender: _Party | None = None
    recipient: _Party | None = None
    timestamp: int | float | str | None = None
    message: _Body | None = None
    message_edit: _Body | None = None
    reaction: _Body | None = None
    read: _Body | None = None
    postback: _Body | None = None


def _raws(raw: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.ValidationError:
        return []


def _pieces(delivery: msgspec.Raw) -> Iterator[Piece]:
    fields = msgspec.json.decode(delivery, type=dict[str, msgspec.Raw])
    if "entry" not in fields:
        raise msgspec.ValidationError("no entry")
    # a Page's own events (Messenger) come to the same URL where the app subscribes to them
    foreign = _text(fields.get("object")) not in {"instagram", ""}
    for raw_entry in msgspec.json.decode(fields["entry"], type=list[msgspec.Raw]):
        entry = msgspec.json.decode(raw_entry, type=dict[str, msgspec.Raw])
        account = _text(entry.get("id"))
        if foreign:
            yield _opaque(account, "other_object", bytes(raw_entry))
            continue
        found = [(section, raw) for section in SECTIONS if section in entry for raw in _raws(entry[section])]
        if not found:  # flat field and value, "changed_fields" only, or something new
            yield _opaque(account, "entry", bytes(raw_entry))
        for section, raw in found:
            yield (
                _event(account, section, bytes(raw)) if section != "changes" else _opaque(account, section, bytes(raw))
            )


def _event(account: str, section: str, raw: bytes) -> Piece:
    try:
        seen = msgspec.json.decode(raw, type=_Messaging)
    except msgspec.ValidationError:
        return _opaque(account, section, raw)
    kind, body = next(((name, body) for name in _KINDS if (body := getattr(seen, name)) is not None), ("", None))
    if body is None or not body.mid:
        return _opaque(account, section, raw, _customer(account, seen, echo=False))
    echo = bool(body.is_echo)
    name = f"{kind}:{body.mid}"
    if body.is_deleted:
        name = f"deleted:{body.mid}"
    elif kind != "message":  # one message may be read, edited and reacted to more than once
        name += f":{body.action or ''}:{body.num_edit or ''}:{seen.timestamp or ''}"
    return Piece(
        account=account,
        party=_customer(account, seen, echo=echo),
        id=bounded(f"echo:{name}" if echo else f"{section}:{name}" if section != "messaging" else name),
        section="echo" if echo else section,
        raw=raw,
    )


_KINDS = ("message", "message_edit", "reaction", "read", "postback")


def _customer(account: str, seen: _Messaging, *, echo: bool) -> str:
    """The person: the sender, but for an echo, whose parties are swapped."""
    sender = str(seen.sender.id) if seen.sender else ""
    recipient = str(seen.recipient.id) if seen.recipient else ""
    return recipient if echo or sender == account else sender


def _opaque(account: str, section: str, raw: bytes, party: str = "") -> Piece:
    return Piece(account=account, party=party, id=digest(section, raw), section=section, raw=raw)


def _text(raw: msgspec.Raw | None) -> str:
    value: Any = msgspec.json.decode(raw) if raw is not None else ""
    return str(value) if isinstance(value, (str, int)) else ""
