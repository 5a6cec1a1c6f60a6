"""A simulated X's calls on encrypted conversations and their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.simulators.x.access import USER, Caller
from sandbox.simulators.x.chats import Chat
from sandbox.simulators.x.dms import rfc3339
from sandbox.simulators.x.ids import in_path, is_group
from sandbox.simulators.x.keys import FIELDS, Row, binds
from sandbox.simulators.x.network import Network
from sandbox.simulators.x.routing import ID, MEDIA, READ, WRITE, Done, Route, echoed, page_of, route
from sandbox.simulators.x.schema import (
    CLOSED,
    ChatMessageBody,
    DeleteBody,
    KeysBody,
    PublicKeyBody,
    ReadBody,
    fields,
    forbidden,
    invalid,
    missing,
    parsed,
    problem,
)
from sandbox.stage.web import Call

_CHAT = rf"{ID}|{ID}-{ID}|g{ID}"
_EVENT_FIELDS = ("conversation_id", "conversation_token", "created_at", "encoded_event", "id", "is_trusted",
                 "message_event_signature", "previous_id", "sender_id")  # fmt: skip
_CHAT_FIELDS = ("created_at", "group_avatar_url", "group_name", "id", "is_muted", "message_ttl_ms",
                "screen_capture_blocking_enabled", "screen_capture_detection_enabled", "type",
                "updated_at")  # fmt: skip
_JUICEBOX = {"max_guess_count": 20, "key_store_token_map_json": "{}"}


class EncryptedCalls:
    """What an account's own app does there. docs.x.com/xchat"""

    def __init__(self, network: Network) -> None:
        self._net = network

    def routes(self) -> list[Route]:
        at = rf"/2/chat/conversations/(?P<named>{_CHAT})"
        return [
            route("GET", "/2/chat/conversations", "chat_read", USER, ("dm.read", "users.read"), self._chats),
            route("GET", at, "chat_read", USER, READ, self._chat),
            route("GET", f"{at}/events", "chat_read", USER, READ, self._chat_events),
            route("POST", f"{at}/messages", "chat_send", USER, WRITE, self._chat_send, sends=True),
            route("POST", f"{at}/messages/delete", "chat_send", USER, WRITE, self._chat_delete, sends=True),
            route("POST", f"{at}/keys", "chat_send", USER, WRITE, self._chat_keys, sends=True),
            route("POST", f"{at}/read", "chat_send", USER, WRITE, self._chat_read, sends=True),
            route("POST", f"{at}/typing", "chat_send", USER, WRITE, self._chat_typing, sends=True),
            route("GET", rf"/2/users/(?P<user>{ID})/public_keys", "chat_read", USER, READ, self._public_keys),
            route("POST", rf"/2/users/(?P<user>{ID})/public_keys", "chat_send", USER, WRITE, self._register),
            route("GET", rf"/2/chat/media/(?P<named>{_CHAT})/(?P<key>[A-Za-z0-9]{{1,50}})", "chat_read", USER, MEDIA,
                   self._sealed),
            route("POST", "/2/chat/media/upload/initialize", "media", USER, MEDIA, self._begin_sealed),
        ]  # fmt: skip

    def _chats(self, caller: Caller, call: Call) -> Done:
        fields(call, "chat_conversation.fields", _CHAT_FIELDS)
        own = [one for one in self._net.chats.held.values() if caller.user.id in one.members and one.entries]
        listed = sorted((one for one in own if not one.request), key=lambda one: -int(one.entries[-1].sequence_id))
        page, meta = page_of(call, listed, 10)
        meta["has_message_requests"] = any(one.request for one in own)
        return Done({"data": [_told(one) for one in page], "meta": meta})

    def _chat(self, caller: Caller, call: Call, named: str) -> Done:
        fields(call, "chat_conversation.fields", _CHAT_FIELDS)
        return Done({"data": _told(self._net.chats.of(caller.user.id, named))})

    def _chat_events(self, caller: Caller, call: Call, named: str) -> Done:
        wanted = fields(call, "chat_message_event.fields", _EVENT_FIELDS) or list(_EVENT_FIELDS)
        chats, identifier = self._net.chats, self._net.chats.named(caller.user.id, named)
        if identifier in chats.pages:
            return Done(chats.pages[identifier])
        chat = chats.of(caller.user.id, named)
        page, meta = page_of(call, chat.entries[::-1], 10)
        meta["conversation_key_events"] = list(chat.changes.values())
        told = [
            {
                "id": one.sequence_id,
                "conversation_id": chat.id,
                "sender_id": one.sender,
                "encoded_event": one.encoded,
                "previous_id": one.previous or None,
                "is_trusted": not chat.request,
                "created_at": rfc3339(one.created_ms),
                "conversation_token": chat.token,
            }
            for one in page
        ]
        shown = ("id", *wanted)
        kept = [{name: value for name, value in one.items() if name in shown and value is not None} for one in told]
        return Done({"data": kept, "meta": meta})

    def _chat_send(self, caller: Caller, call: Call, named: str) -> Done:
        net, account = self._net, caller.user
        chat, body = net.chats.of(account.id, named), parsed(call, ChatMessageBody)
        if body.encoded_message_event_signature is None:
            raise invalid("encoded_message_event_signature is missing")
        if (account.id, chat.other(account.id)) in net.closed:
            raise forbidden(CLOSED)
        entry, fresh = net.chats.take(chat, account.id, body)
        answer = {"data": {"encoded_message_event": entry.encoded}}
        if failure := str(entry.opened.get("failure", "")):
            return Done(answer, 201, failure=failure)
        if not fresh:
            if net.repeats == "conflict":
                raise problem(409, f"The message [{body.message_id}] exists already.")
            return Done(answer, 201, text=_words(entry.opened))
        net.watch.brand(account.id, chat.other(account.id), entry.message_id, {"entry": entry, "chat": chat})
        told = net.chat_told(account.id, chat, entry)
        done = Done(answer, 201, message_id=entry.message_id, text=_words(entry.opened))
        return echoed(self._net, told, chat.id, done)

    def _chat_delete(self, caller: Caller, call: Call, named: str) -> Done:
        net, account, body = self._net, caller.user, parsed(call, DeleteBody)
        chat = net.chats.of(account.id, named)
        for one in body.sequence_ids:
            entry = chat.named(one)
            if entry is None or (entry.sender != account.id and body.delete_message_action == "delete_for_all"):
                raise forbidden()
        entry = net.chats.act(chat, account.id, body.action_signatures[0])
        net.watch.brand(account.id, chat.other(account.id), entry.message_id, {"entry": entry, "chat": chat})
        return Done({"data": {"deleted": True}})

    def _chat_keys(self, caller: Caller, call: Call, named: str) -> Done:
        net, account, body = self._net, caller.user, parsed(call, KeysBody)
        other = named if is_group(named) else net.chats.peer(account.id, named)
        if not net.knows(account.id, other):
            raise forbidden(CLOSED)
        chat = net.chats.between(account.id, other)
        sequence_id = net.chats.change(chat, account.id, body)
        return Done({"data": {"conversation_id": in_path(chat.id), "sequence_id": sequence_id}})

    def _chat_read(self, caller: Caller, call: Call, named: str) -> Done:
        net, body = self._net, parsed(call, ReadBody)
        chat = net.chats.of(caller.user.id, named)
        entry = chat.named(body.seen_until_sequence_id)
        if entry is None:
            raise invalid("seen_until_sequence_id is none of this conversation's")
        net.watch.brand(caller.user.id, chat.other(caller.user.id), "", {"seen": entry.message_id})
        return Done({"data": {"success": True}})

    def _chat_typing(self, caller: Caller, call: Call, named: str) -> Done:
        chat = self._net.chats.of(caller.user.id, named)
        self._net.watch.brand(caller.user.id, chat.other(caller.user.id), "", {"typing": True})
        return Done({"data": {"success": True}})

    def _sealed(self, caller: Caller, call: Call, named: str, key: str) -> Done:
        chat = self._net.chats.named(caller.user.id, named)
        body = self._net.library.sealed.get((chat, key))
        if body is None:
            raise missing("media", key)
        return Done(body, mime="application/octet-stream")

    def _begin_sealed(self, caller: Caller, call: Call) -> Done:
        def conversation(named: str) -> str:
            return self._net.chats.of(caller.user.id, named.replace(":", "-")).id

        return Done(self._net.library.begin_sealed(caller.user.id, call, conversation))

    def _public_keys(self, caller: Caller, call: Call, user: str) -> Done:
        wanted = fields(call, "public_key.fields", FIELDS)
        own = {"juicebox_config": _JUICEBOX} if user == caller.user.id else {}
        shown = ("public_key_version", *wanted)
        rows: list[dict[str, Any]] = [row | own for row in self._net.keys.rows(user)]
        told = [{name: value for name, value in row.items() if name in shown} for row in rows]
        return Done({"data": told} if told else {"meta": {"result_count": 0}})

    def _register(self, caller: Caller, call: Call, user: str) -> Done:
        body = parsed(call, PublicKeyBody)
        if user != caller.user.id:
            raise forbidden()
        keys, given = self._net.keys, body.public_key
        if any(row["public_key_version"] == body.version for row in keys.rows(user)):
            raise problem(409, f"The public key version [{body.version}] exists already.")
        row: Row = {
            "public_key_version": body.version,
            "public_key": given.public_key,
            "signing_public_key": given.signing_public_key,
            "identity_public_key_signature": given.identity_public_key_signature,
        }
        if not body.version.isdigit() or not binds(row):
            raise invalid("public_key: the identity key does not vouch for the signing key")
        keys.publish(user, row)
        return Done({"data": {"public_key_version": body.version, "juicebox_config": _JUICEBOX}})


def _words(opened: Mapping[str, Any]) -> str:
    content = opened.get("content") or {}
    return str(content.get("text") or content.get("new_text") or content.get("emoji") or "")


def _told(chat: Chat) -> dict[str, Any]:
    kind = "Group" if is_group(chat.id) else "OneToOne"
    first, last = chat.entries[0], chat.entries[-1]
    told = {"id": in_path(chat.id), "type": kind, "participant_ids": list(chat.members), "is_muted": False}
    return told | {"created_at": rfc3339(first.created_ms), "updated_at": rfc3339(last.created_ms)}
