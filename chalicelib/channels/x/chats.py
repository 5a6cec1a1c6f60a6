"""What goes into X's encrypted conversations: docs.x.com/xchat.

A message is sealed once, kept, and sent again with the same bytes where it is known not to have gone out: sealed anew
it would be another message. What X answers is the event as others receive it, or one that says why there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from chalicelib.channels.x.api import Api
from chalicelib.channels.x.contents import Said, begins_of, place_of
from chalicelib.channels.x.enclosures import Enclosures
from chalicelib.channels.x.heads import FAILURE, Head, head_of
from chalicelib.channels.x.keyring import CHATS, Key, Keyrings, Ring, path_of
from chalicelib.channels.x.sealing import ADVICE, Row, Safe, Safes, Unreadable
from chalicelib.channels.x.unsealing import remember_said
from chalicelib.errors import AccountStopped, Malformed, RateLimited, Reason, Refused, Retryable, Unfetched
from chalicelib.fields import Fields
from chalicelib.protocols.calls import harmless
from chalicelib.protocols.memory import Memory
from chalicelib.vocabulary.messages import CustomerMessage, Source
from chalicelib.vocabulary.records import Account, Conversation
from chalicelib.vocabulary.replies import MediaPart, Part, Recipient, TextPart

# Longer than any reply waits (s).
PREPARED_S = 3 * 86_400.0
OPTIONAL_S = 2.0
KEYS = (
    "X has other keys of the account than the bridge: look with dmdesk x-keys status {id}, and import or create those "
    "that are registered"
)
# The kinds of failure that another key mends: github.com/xdevplatform/chat-xdk docs, event failures
_OLD_KEY, _OTHER_KEYS = "NonLatestKeyVersion", "RecipientKeyChanged"
_REASONS: dict[str, Reason] = {
    "ContentsTooLarge": "too_long",
    "RecipientNotTrusted": "person_unavailable",
    "SenderNotGroupMember": "person_unavailable",
    "FlaggedAsSpam": "rejected_content",
    "OnlyEncryptedMessagesAllowed": "unsupported",
}
_OURS = {"InvalidSenderSignature", "SignatureFailedToVerifyAgainstPublicKey", "InvalidSignatureVersion"}
_TOO_MANY = {"TooManyMessages", "RateLimitUpsell"}
_LATER = {"InternalError", "GenericError", "EmptyDetail"}
_UNTOLD = "GenericError"
_LIMIT_S = 60.0


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is sealed: its id, what is sent, the version of the key, and whether a file is in it."""

    id: str
    content: str
    signature: str
    version: str
    file: bool = False


class _Talk(msgspec.Struct, frozen=True):
    """Into which conversation a part goes, with what."""

    account: Account
    safe: Safe
    of: Conversation
    ring: Ring
    to: Recipient
    part: Part

    @property
    def path(self) -> str:
        return path_of(self.to.thread)


class Chats:
    """Sends into encrypted conversations, and fetches their files."""

    def __init__(self, api: Api, memory: Memory, safes: Safes, clock: Callable[[], float]) -> None:
        self._api = api
        self._memory = memory
        self._safes = safes
        self._keyrings = Keyrings(api, memory)
        self._enclosures = Enclosures(api, memory, clock)

    # --- out

    def send(self, account: Account, to: Recipient, part: Part) -> str:
        """One part. Answers its signed id, by which its echo is known; raises as `Client.send`."""
        safe, of = self._safe(account), _of(account, to)
        talk = _Talk(account, safe, of, self._keyrings.ring(safe, of), to, part)
        held = self._kept(of, to)
        kept = held if held and held.file is isinstance(part, MediaPart) else None  # a link may go in a file's place
        prepared = kept or self._keep(talk, self._sealed(talk), anew=held is not None)
        failure = self._posted(talk, prepared, again=kept is not None)
        if failure in {_OLD_KEY, _OTHER_KEYS}:
            # X says that it has not passed the message on: sealed anew it is no second one
            self._renew(talk, prepared.version, failure)
            prepared = self._keep(talk, self._sealed(talk), anew=True)
            failure = self._posted(talk, prepared)
        if failure:
            raise _failed(failure, account)
        return prepared.id

    def _posted(self, talk: _Talk, prepared: Prepared, *, again: bool = False) -> str:
        """Why X does not pass it on, "" where it does. Raises as the API's calls do."""
        body = {
            "message_id": prepared.id,
            "encoded_message_create_event": prepared.content,
            "encoded_message_event_signature": prepared.signature,
        }
        if talk.ring.newest and talk.ring.newest.token:
            body["conversation_token"] = talk.ring.newest.token
        try:
            told = self._api.post("send", talk.account, "chat_send", f"{talk.path}/messages", body)
        except Refused:
            # of what has been sent before X may not say that it knows it, but that it does not take it
            if again and self._in_history(talk.account, talk.to, prepared.id):
                return ""
            raise
        return self._answered(talk, prepared, Fields(told).at("data").text("encoded_message_event"))

    def _answered(self, talk: _Talk, prepared: Prepared, event: str) -> str:
        """What the event says that X answers: why it is none, or its place in the conversation, which is remembered. X
        has taken the message, whatever else is odd about the event."""
        with suppress(Malformed, Retryable):
            head = head_of(event)
            if head.about == FAILURE:
                return _failure(talk.safe, event)
            words = begins_of(talk.part.text) if isinstance(talk.part, TextPart) else ""
            one = Said(id=prepared.id, sender=talk.account.id, words=words)
            remember_said(self._memory, talk.safe, talk.of, head.sequence, one)
        return ""

    def arrived(
        self, account: Account, to: Recipient, part: Part, since_s: float, taken: Callable[[str], bool]
    ) -> str | None:
        """By the id under which it was sealed, among the conversation's 100 newest events. See `Client.arrived`."""
        prepared = self._kept(_of(account, to), to)
        if prepared is None:  # what was never sealed never went out
            return None
        try:
            return prepared.id if self._in_history(account, to, prepared.id, since_s) else None
        except AccountStopped as stopped:  # who may not read may still send
            raise Refused("other", stopped.detail) from None

    def _in_history(self, account: Account, to: Recipient, message: str, since_s: float = 0.0) -> bool:
        """Whether X has it. Raises Refused where its history does not reach back to then (epoch s)."""
        page = self._keyrings.history(account, to.thread)
        heads = [head for event in page.events if (head := _head(event))]
        if any(head.message == message for head in heads):
            return True
        if since_s and not page.whole and all(head.sent_ms >= since_s * 1000 for head in heads):
            raise Refused("unconfirmed", "X's history does not reach back to the send")
        return False

    def act(self, account: Account, to: Recipient, action: Literal["typing", "seen"]) -> None:
        """Typing for some seconds, or all up to the customer's newest message as read. Raises as `Client.act`."""
        safe = self._safes.of(account)
        if safe is None:
            return
        if action == "typing":
            self._api.post("react", account, "chat_typing", f"{path_of(to.thread)}/typing", read_s=OPTIONAL_S)
            return
        newest = self._keyrings.ring(safe, _of(account, to)).newest
        if newest is not None:
            body = {"seen_until_sequence_id": newest.sequence}
            self._api.post("react", account, "chat_read", f"{path_of(to.thread)}/read", body, read_s=OPTIONAL_S)

    # --- a file that a customer has sent

    def source(self, account: Account, message: CustomerMessage) -> Source:
        """Where it lies, sealed; it is opened here. Raises Unfetched, Misconfigured, Retryable."""
        safe = self._safes.of(account)
        if safe is None or message.media is None:
            raise Unfetched("media_failed", "X: the account has no keys any more")
        version, name = place_of(message.media)
        key = self._keyrings.ring(safe, message.conversation).keys.get(version)
        if key is None:
            raise Unfetched("media_failed", "X: its key is not there any more")
        url = f"{self._api.host}/2/chat/media/{path_of(message.platform_thread).removeprefix(f'{CHATS}/')}/{name}"
        return Source(
            url=url,
            hosts=(urlsplit(self._api.host).hostname or "",),
            headers=self._api.authorization(account, "GET", url, {}),
            opened=lambda file: safe.opened(file, key),
        )

    # --- what is sealed

    def _sealed(self, talk: _Talk) -> Prepared:
        part = talk.part
        if not isinstance(part, TextPart | MediaPart):
            raise Refused("unsupported", "X shows nothing to tap in encrypted conversations")
        version, key = self._key(talk)
        attachments: list[Mapping[str, Any]] = []
        if isinstance(part, MediaPart):
            attachments.append(self._enclosures.attachment(talk.account, talk.safe, talk.to, part, version, key))
        text = part.text if isinstance(part, TextPart) else ""
        made = talk.safe.message(talk.to.thread, text, version, key, attachments)
        return Prepared(
            id=made.message_id,
            content=made.encrypted_content,
            signature=made.encoded_event_signature,
            version=version,
            file=isinstance(part, MediaPart),
        )

    def _kept(self, of: Conversation, to: Recipient) -> Prepared | None:
        held = self._memory.get(of, f"out/{to.mark}")
        return msgspec.json.decode(held, type=Prepared) if held else None

    def _keep(self, talk: _Talk, prepared: Prepared, *, anew: bool = False) -> Prepared:
        """Before it is sent; of two who seal the same part at once, the first one's goes out."""
        name, value = f"out/{talk.to.mark}", msgspec.json.encode(prepared)
        if anew:
            self._memory.keep(talk.of, name, value, PREPARED_S)
            return prepared
        return msgspec.json.decode(self._memory.keep_first(talk.of, name, value, PREPARED_S), type=Prepared)

    # --- under which key

    def _key(self, talk: _Talk) -> tuple[str, bytes]:
        """The version and the key. Only where nobody has ever written in the conversation one is made: to whoever is in
        it, a change of keys is something to wonder at."""
        found = talk.ring.to_send()
        if found is None:
            page = self._keyrings.history(talk.account, talk.to.thread)
            self._keyrings.learn(talk.account, talk.safe, talk.of, talk.ring, page.changes)
            found = talk.ring.to_send()
            if found is None and not (page.events or page.changes):
                found = self._new_key(talk)
        if found is None:
            raise Refused("unsupported", "X: no key of this conversation is known that could be trusted")
        return found

    def _renew(self, talk: _Talk, old: str, failure: str) -> None:
        """The conversation's newest key, as X has it; another one where somebody in it has other keys by now."""
        if failure == _OTHER_KEYS:
            self._new_key(talk)
            return
        page = self._keyrings.history(talk.account, talk.to.thread)
        self._keyrings.learn(talk.account, talk.safe, talk.of, talk.ring, page.changes)
        found = talk.ring.to_send()
        if found is None or found[0] == old:
            raise Retryable("X: a newer key of the conversation has not come yet")

    def _new_key(self, talk: _Talk) -> tuple[str, bytes]:
        """A key of our own making, handed out to both. docs.x.com/xchat/getting-started"""
        if talk.of.customer.startswith("g"):
            raise Refused("unsupported", "X: the keys of a group are its members' own matter")
        try:
            change = talk.safe.key_change(talk.to.thread, self._people(talk))
        except Unreadable as no:
            raise Refused("other", f"X: keys that are not signed as they have to be ({no.wrong})") from None
        harmless(lambda: self._api.post("history", talk.account, "chat_keys", f"{talk.path}/keys", _handed_out(change)))
        version, key = str(change["conversation_key_version"]), bytes(change["conversation_key"])
        self._keyrings.add(talk.safe, talk.of, talk.ring, version, Key(key, verified=True))
        return version, key

    def _people(self, talk: _Talk) -> list[Row]:
        """The newest keys of both, as X has them now."""
        account, of = talk.account, talk.of
        theirs = self._keyrings.rows(account, of, talk.ring, of.customer, anew=True)
        ours = self._keyrings.rows(account, of, talk.ring, account.id, anew=True)
        own = next((row for row in ours if row["public_key_version"] == talk.safe.version), None)
        if own is None:
            raise AccountStopped("X: the account's keys are not those that are registered", KEYS.format(id=account.id))
        if not theirs:
            raise Refused("person_unavailable", "X: the customer has no keys for encrypted conversations")
        return [own, theirs[0]]

    def _safe(self, account: Account) -> Safe:
        safe = self._safes.of(account)
        if safe is None:
            raise AccountStopped("X: the account has no keys", ADVICE.format(id=account.id))
        return safe


def _handed_out(change: Mapping[str, Any]) -> dict[str, Any]:
    """The change of keys as X takes it: openapi.json 2.167, AddConversationKeysRequest."""
    signed = ("signature", "public_key_version", "signature_version")
    return {
        "conversation_key_version": change["conversation_key_version"],
        "conversation_participant_keys": [
            {
                "user_id": one["user_id"],
                "encrypted_conversation_key": one["encrypted_key"],
                "public_key_version": one["public_key_version"],
            }
            for one in change["participant_keys"]
        ],
        "action_signatures": [
            {
                "message_id": one["message_id"],
                "encoded_message_event_detail": one["encoded_message_event_detail"],
                "message_event_signature": {name: one[name] for name in signed},
            }
            for one in change["action_signatures"]
        ],
    }


def _failure(safe: Safe, event: str) -> str:
    """Why a message was not passed on, by X's name for it."""
    with suppress(Unreadable):
        return Fields(safe.read(event, {}, [])).text("failure") or _UNTOLD
    return _UNTOLD


def _failed(failure: str, account: Account) -> Exception:
    """What an event means that says why a message was not passed on."""
    detail = f"X: {failure[:60]}"
    if failure in _TOO_MANY:
        return RateLimited(detail, _LIMIT_S)
    if failure in _LATER or failure == _OLD_KEY:
        return Retryable(detail)
    if failure in _OURS:
        return AccountStopped(detail, KEYS.format(id=account.id))
    return Refused(_REASONS.get(failure, "other"), detail)


def _head(event: str) -> Head | None:
    try:
        return head_of(event)
    except Malformed:
        return None


def _of(account: Account, to: Recipient) -> Conversation:
    return Conversation(account.channel, account.id, to.customer)


def open_chats(api: Api, memory: Memory, clock: Callable[[], float]) -> Chats:
    """For the client, once a conversation of its is encrypted."""
    return Chats(api, memory, Safes(api.secrets), clock)
