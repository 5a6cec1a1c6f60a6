"""X's webhook: challenge, signature, and the events of a delivery. X does not say whether it repeats what was not
accepted; what is lost comes back by a replay. docs.x.com/x-api/webhooks
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from chalicelib import fields
from chalicelib.channels.x.heads import Head, head_of
from chalicelib.channels.x.schema import (
    AROUND,
    KINDS,
    LISTS,
    Told,
    conversation_of,
    milliseconds,
    opened,
    other_party,
)
from chalicelib.credentials import Secret
from chalicelib.errors import Malformed, Rejected
from chalicelib.fields import Fields
from chalicelib.http import Request, Response
from chalicelib.protocols.webhook import MOST_PIECES, Piece, signed_in_base64
from chalicelib.wire import bounded, digest, hmac_sha256, mended

ADVICE = "developer.x.com > the app > Keys and tokens has the consumer (API) secret, which belongs into X's secret"
# Anybody may ask with a challenge, and its answer is signed as a delivery is: who could have a delivery signed so could
# forge it. An object of JSON cannot be written in these characters; X's own are base64 of an id.
_CHALLENGE = re.compile(rb"[\w+/=.:~-]{1,128}")


class _Webhook:
    name = "x"
    signature_header = "x-twitter-webhooks-signature"

    def handshakes(self, request: Request) -> bool:
        """X asks with crc_token, when the webhook is made and every so often after that."""
        return "crc_token" in request.query

    def handshake(self, request: Request, secret: Secret) -> Response:
        """The token, signed with the newest secret. Raises Rejected (403) for a token that could be a delivery.

        docs.x.com/x-api/webhooks/quickstart
        """
        token = request.query["crc_token"].encode(errors="replace")
        if not _CHALLENGE.fullmatch(token):
            raise Rejected(403, "challenge")
        keys = secret.keys("secrets")
        if not keys:
            raise Rejected(403, "no_secret", ADVICE)
        signature = base64.b64encode(hmac_sha256(keys[0], token)).decode()
        body = msgspec.json.encode({"response_token": f"sha256={signature}"}).decode()
        return Response(status=200, body=body, content_type="application/json")

    def verify(self, request: Request, secrets: Sequence[str], now: float) -> str:
        """`x-twitter-webhooks-signature: sha256=<base64 HMAC-SHA256 of the raw body>`, keyed with the consumer secret.

        docs.x.com/x-api/webhooks/quickstart
        """
        return signed_in_base64(request, self.signature_header, secrets, ADVICE)

    def split(self, body: bytes) -> list[Piece]:
        """Account Activity brings several events at once, X Activity one; see `Feed.split`. Each travels as a delivery
        of its own."""
        text = mended(body)
        top = _object(text, "not an X delivery")
        parts = _activity(top, text) if "data" in top else _account_activity(top, text)
        pieces = [_piece(raw) for raw in islice(parts, MOST_PIECES + 1)]
        if not pieces:
            raise Malformed("an X delivery that tells nothing")
        return pieces


WEBHOOK = _Webhook()

# What goes on with all that it says.
_WHOLE = frozenset({*LISTS, "user_event", "replay_job_status"})


# --- where a delivery is cut


def _activity(top: Mapping[str, msgspec.Raw], text: bytes) -> Iterator[bytes]:
    """X Activity's delivery as it came, or as often as its payload's list has events."""
    try:
        data = _object(top["data"], "data")
        payload = _object(data["payload"], "payload")
    except (Malformed, KeyError):  # the worker says what it is
        yield text
        return
    kind = KINDS.get(str(fields.value_of(data.get("event_type"))))
    names = [name for name in LISTS if KINDS[name] == kind and name in payload]
    events = [(name, raw) for name in names for raw in _items(payload[name])]
    if len(events) <= 1:
        yield text
        return
    rest = {name: raw for name, raw in payload.items() if name not in LISTS}
    for name, raw in events:
        alone = _of_parties(rest, raw) | {name: [raw]}
        yield msgspec.json.encode({**top, "data": {**data, "payload": alone}})


def _account_activity(top: Mapping[str, msgspec.Raw], text: bytes) -> Iterator[bytes]:
    """A delivery of one event as it came; else each direct message with the people that it names. Of what is none, and
    nobody's message, no more than its name and number goes on: posts, likes and follows come from people who have not
    written to the brand."""
    around = {name: raw for name, raw in top.items() if name in AROUND}
    told = {name: _items(raw) for name, raw in top.items() if name not in AROUND}
    if len(told) == 1 and all(name in _WHOLE and len(events) == 1 for name, events in told.items()):
        yield text
        return
    for name, events in told.items():
        for event in events if name in _WHOLE else ():
            yield msgspec.json.encode(_of_parties(around, event) | {name: [event] if name in LISTS else event})
        if not events or name not in _WHOLE:
            named = {key: top[key] for key in ("for_user_id",) if key in top}
            yield msgspec.json.encode({**named, name: [{}] * len(events), "of": digest(name, bytes(top[name]))})


def _of_parties(around: Mapping[str, msgspec.Raw], event: msgspec.Raw) -> dict[str, object]:
    """What stands around events, with none but those people whom this one names."""
    if "users" not in around:
        return dict(around)
    try:
        users = _object(around["users"], "users")
    except Malformed:
        return dict(around)
    told = Told(kind="", name="", account="", seen=Fields(fields.value_of(event)), around=Fields())
    return {**around, "users": {one: users[one] for one in (told.sender, told.recipient) if one in users}}


def _object(raw: bytes | msgspec.Raw, of: str) -> dict[str, msgspec.Raw]:
    """An object's parts, unread. Raises Malformed."""
    try:
        if isinstance(raw, bytes):
            raw.decode()  # msgspec looks into no text that it leaves unread
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{of}: {type(error).__name__}") from None


def _items(raw: msgspec.Raw) -> list[msgspec.Raw]:
    """A list's items; anything else is a list of one, but for null."""
    try:
        return msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.ValidationError:
        return [raw] if bytes(raw) != b"null" else []


# --- what each part is called


def _piece(raw: bytes) -> Piece:
    try:
        told = opened(raw)
    except Malformed:  # and the worker parks it: it must not hold up what came with it
        return Piece(account="", party="", id=digest(raw), raw=raw)
    if told.kind == "chat":
        return _sealed(told, raw)
    if told.kind in {"dm", "read", "typing"}:
        return _plain(told, raw)
    at_ms = milliseconds(told.seen.text("date_time"))
    return Piece(account=told.account, party="", id=_name(told, raw), raw=raw, sent_ms=at_ms)


def _name(told: Told, raw: bytes) -> str:
    """By X's id of the delivery, which is the same in a replay, and may be a negative number; else by its bytes."""
    return bounded(f"{told.name}:{told.uuid}") if told.uuid else digest(raw)


def _plain(told: Told, raw: bytes) -> Piece:
    """A direct message, or that somebody reads or writes one."""
    own = told.sender == told.account != "" or (told.name == "dm.sent" and told.kind == "dm")
    other = told.recipient if own else told.sender
    if told.kind == "dm" and not own and told.recipient not in {"", told.account}:
        group = told.group or f"g{told.recipient}"  # it was sent to others than the account: never to its sender alone
    else:
        group = told.group
    identifier, at_ms = told.seen.text("id"), milliseconds(told.seen.text("created_timestamp"))
    if told.kind == "dm":
        name = f"dm:{identifier}" if identifier else digest(raw)
    else:
        # X repeats every few seconds that somebody writes: once a minute tells as much
        which = told.seen.text("last_read_event_id") or str(at_ms // 60_000)
        name = digest(told.kind, told.sender, group or told.recipient, which) if at_ms else _name(told, raw)
    return Piece(
        account=told.account,
        party=group or other,
        id=bounded(name),
        section="echo" if own and told.kind == "dm" else "",
        raw=raw,
        sent_ms=at_ms,
    )


def _sealed(told: Told, raw: bytes) -> Piece:
    """An encrypted event. Its own head goes before the delivery, which nobody signs: what opens it holds the head
    against the signature."""
    payload = told.seen
    try:
        head = head_of(payload.text("encoded_event"))
    except Malformed:
        head = None
    conversation = conversation_of(head.conversation if head else payload.text("conversation_id"))
    sender = head.sender if head else payload.text("sender_id")
    account = told.account or _member(conversation, sender, own=told.name == "chat.sent")
    party = other_party(conversation, account) or ("" if sender == account else sender)
    return Piece(
        account=account,
        party=party,
        id=bounded(f"chat:{head.message}") if head else _name(told, raw),
        section="echo" if sender == account != "" or told.name == "chat.sent" else "",
        raw=raw,
        sent_ms=_sent_ms(head, payload),
    )


def _member(conversation: str, sender: str, *, own: bool) -> str:
    """The account, where the delivery names none: who sent it, or who did not."""
    return sender if own else "" if conversation.startswith("g") else other_party(conversation, sender)


def _sent_ms(head: Head | None, payload: Fields) -> int:
    return (head.sent_ms if head else 0) or milliseconds(payload.text("created_at_msec"))
