"""A simulated X's API: each call's route, who may make it, and what it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sandbox.simulators.x import dms
from sandbox.simulators.x.access import USER, Account, Caller, Way
from sandbox.simulators.x.chats import Chat
from sandbox.simulators.x.dms import Message, Picture
from sandbox.simulators.x.files import FILMS, STILLS, TON, File
from sandbox.simulators.x.ids import in_path, is_group
from sandbox.simulators.x.keys import FIELDS, Row, binds
from sandbox.simulators.x.network import Network, Told, short_link
from sandbox.simulators.x.schema import (
    CLOSED,
    ChatMessageBody,
    DeleteBody,
    DmBody,
    KeysBody,
    PublicKeyBody,
    ReadBody,
    fields,
    forbidden,
    invalid,
    missing,
    parsed,
    problem,
    whole,
)
from sandbox.stage.web import Call

_ID = r"[0-9]{1,19}"
_CHAT = rf"{_ID}|{_ID}-{_ID}|g{_ID}"
_READ: tuple[str, ...] = ("dm.read", "tweet.read", "users.read")
_WRITE: tuple[str, ...] = ("dm.write", "tweet.read", "users.read")
_MEDIA: tuple[str, ...] = ("media.write",)
_APP: tuple[Way, ...] = ("app",)
_EVENT_FIELDS = ("conversation_id", "conversation_token", "created_at", "encoded_event", "id", "is_trusted",
                 "message_event_signature", "previous_id", "sender_id")  # fmt: skip
_CHAT_FIELDS = ("created_at", "group_avatar_url", "group_name", "id", "is_muted", "message_ttl_ms",
                "screen_capture_blocking_enabled", "screen_capture_detection_enabled", "type",
                "updated_at")  # fmt: skip
_JUICEBOX = {"max_guess_count": 20, "key_store_token_map_json": "{}"}


class Done(NamedTuple):
    """What a call came to: JSON or bytes, what follows once it was answered, and of a send the message's id and words;
    `failure` where X took it and then did not."""

    body: object
    status: int = 200
    mime: str = "application/json"
    after: Callable[[], None] | None = None
    before: Callable[[], None] | None = None
    message_id: str | None = None
    text: str = ""
    failure: str = ""


class Route(NamedTuple):
    """`kind` is the limit that it counts for."""

    method: str
    path: re.Pattern[str]
    kind: str
    ways: tuple[Way, ...]
    scopes: tuple[str, ...]
    work: Callable[..., Done]
    sends: bool = False


class Api:
    """The calls that are about an account's own; those on webhooks are theirs."""

    def __init__(self, network: Network) -> None:
        self._net = network
        self.routes = tuple(self._messages() + self._conversations() + self._media() + self._hooks())

    def _messages(self) -> list[Route]:
        both: tuple[Way, ...] = ("oauth2", "oauth1", "app")
        return [
            _route("POST", rf"/2/dm_conversations/with/(?P<other>{_ID})/messages", "dm_send", USER, _WRITE,
                   self._send, sends=True),
            _route("POST", rf"/2/dm_conversations/(?P<other>{_ID}|{_ID}-{_ID})/messages", "dm_send", USER, _WRITE,
                   self._send_to, sends=True),
            _route("GET", "/2/dm_events", "dm_read", USER, _READ, self._events),
            _route("GET", rf"/2/dm_events/(?P<event>{_ID})", "dm_read", USER, _READ, self._event),
            _route("GET", rf"/2/dm_conversations/with/(?P<other>{_ID})/dm_events", "dm_read", USER, _READ, self._with),
            _route("GET", rf"/2/dm_conversations/(?P<named>{_ID}|{_ID}-{_ID})/dm_events", "dm_read", USER, _READ,
                   self._in),
            _route("GET", "/2/dm_conversations/media/(?P<dm>[^/]+)/(?P<media>[^/]+)/(?P<name>[^/]+)", "dm_read",
                   ("oauth2",), ("dm.read",), self._dm_media),
            _route("GET", rf"{TON}(?P<dm>[^/]+)/(?P<media>[^/]+)/(?P<name>[^/]+)", "dm_read", ("oauth1",), (),
                   self._dm_media),
            _route("GET", "/2/users/me", "other", USER, ("tweet.read", "users.read"), self._me),
            _route("GET", rf"/2/users/(?P<user>{_ID})", "other", both, ("tweet.read", "users.read"), self._user),
            _route("GET", "/2/users", "other", both, ("tweet.read", "users.read"), self._users),
        ]  # fmt: skip

    def _conversations(self) -> list[Route]:
        at = rf"/2/chat/conversations/(?P<named>{_CHAT})"
        return [
            _route("GET", "/2/chat/conversations", "chat_read", USER, ("dm.read", "users.read"), self._chats),
            _route("GET", at, "chat_read", USER, _READ, self._chat),
            _route("GET", f"{at}/events", "chat_read", USER, _READ, self._chat_events),
            _route("POST", f"{at}/messages", "chat_send", USER, _WRITE, self._chat_send, sends=True),
            _route("POST", f"{at}/messages/delete", "chat_send", USER, _WRITE, self._chat_delete, sends=True),
            _route("POST", f"{at}/keys", "chat_send", USER, _WRITE, self._chat_keys, sends=True),
            _route("POST", f"{at}/read", "chat_send", USER, _WRITE, self._chat_read, sends=True),
            _route("POST", f"{at}/typing", "chat_send", USER, _WRITE, self._chat_typing, sends=True),
            _route("GET", rf"/2/users/(?P<user>{_ID})/public_keys", "chat_read", USER, _READ, self._public_keys),
            _route("POST", rf"/2/users/(?P<user>{_ID})/public_keys", "chat_send", USER, _WRITE, self._register),
            _route("GET", rf"/2/chat/media/(?P<named>{_CHAT})/(?P<key>[A-Za-z0-9]{{1,50}})", "chat_read", USER, _MEDIA,
                   self._sealed),
        ]  # fmt: skip

    def _media(self) -> list[Route]:
        library, own = self._net.library, _own
        chat = "/2/chat/media/upload"
        return [
            _route("POST", "/2/media/upload/initialize", "media", USER, _MEDIA, own(library.initialize)),
            _route("POST", rf"/2/media/upload/(?P<identifier>{_ID})/append", "media", USER, _MEDIA,
                   own(library.append)),
            _route("POST", rf"/2/media/upload/(?P<identifier>{_ID})/finalize", "media", USER, _MEDIA,
                   own(lambda owner, call, identifier: library.finalize(owner, identifier))),
            _route("POST", "/2/media/upload", "media", USER, _MEDIA, own(library.once)),
            _route("GET", "/2/media/upload", "media", USER, _MEDIA, own(library.status)),
            _route("POST", f"{chat}/initialize", "media", USER, _MEDIA, self._begin_sealed),
            _route("POST", rf"{chat}/(?P<identifier>{_ID})/append", "media", USER, _MEDIA, own(library.append_sealed)),
            _route("POST", rf"{chat}/(?P<identifier>{_ID})/finalize", "media", USER, _MEDIA, own(library.end_sealed)),
        ]  # fmt: skip

    def _hooks(self) -> list[Route]:
        hooks = self._net.hooks
        either: tuple[Way, ...] = ("oauth2", "oauth1", "app")
        aaa = rf"/2/account_activity/webhooks/(?P<identifier>{_ID})/subscriptions"
        activity = "/2/activity/subscriptions"
        return [
            _route("POST", "/2/webhooks", "other", _APP, (), _alone(hooks.create)),
            _route("GET", "/2/webhooks", "other", _APP, (), _alone(hooks.all)),
            _route("POST", "/2/webhooks/replay", "other", _APP, (), self._replay),
            _route("PUT", rf"/2/webhooks/(?P<identifier>{_ID})", "other", _APP, (), _alone(hooks.validate)),
            _route("DELETE", rf"/2/webhooks/(?P<identifier>{_ID})", "other", _APP, (), _alone(hooks.delete)),
            _route("POST", activity, "other", either, ("dm.read",), lambda caller, call: Done(
                hooks.subscribe(call, caller.account))),
            _route("GET", activity, "other", either, (), _alone(hooks.followed)),
            _route("DELETE", rf"{activity}/(?P<identifier>{_ID})", "other", _APP, (), _alone(hooks.unfollow)),
            _route("POST", f"{aaa}/all", "other", USER, _READ, lambda caller, call, identifier: Done(
                hooks.subscribe_all(identifier, caller.user))),
            _route("GET", f"{aaa}/all", "other", USER, (), lambda caller, call, identifier: Done(
                hooks.subscribed_all(identifier, caller.user))),
            _route("GET", f"{aaa}/all/list", "other", _APP, (), _alone(hooks.all_of)),
            _route("DELETE", rf"{aaa}/(?P<user>{_ID})/all", "other", _APP, (), _alone(hooks.unsubscribe_all)),
            _route("GET", "/2/account_activity/subscriptions/count", "other", _APP, (), _alone(hooks.counted)),
        ]  # fmt: skip

    # --- plain messages

    def _send(self, caller: Caller, call: Call, other: str) -> Done:
        net, account, body = self._net, caller.user, parsed(call, DmBody)
        if (account.id, other) in net.closed or not net.knows(account.id, other):
            raise forbidden(CLOSED)
        identifier = net.ids.next()
        text, links = net.shortened(body.text)
        picture = self._attached(account, body, identifier)
        if picture:
            links += ((short_link(), f"https://twitter.com/messages/media/{identifier}"),)
            text = f"{text} {links[-1][0]}"
        message = Message(identifier, account.id, text, picture, links, by_app=net.access.app.id)
        told = net.said(account.id, other, message)
        net.watch.brand(account.id, other, identifier, {"message": message})
        named = dms.conversation_id(account.id, other)
        data = {"data": {"dm_conversation_id": named, "dm_event_id": identifier}}
        return self._echoed(told, named, Done(data, 201, message_id=identifier, text=body.text))

    def _send_to(self, caller: Caller, call: Call, other: str) -> Done:
        """By the conversation's id; one without a hyphen is a group's."""
        if "-" not in other:
            return self._send(caller, call, f"g{other}")
        pair = other.split("-", 1)
        if caller.user.id not in pair:
            raise forbidden(CLOSED)
        pair.remove(caller.user.id)
        return self._send(caller, call, pair[0])

    def _attached(self, account: Account, body: DmBody, identifier: str) -> Picture | None:
        """The upload as it lies at X once it is a message's."""
        if not body.attachments:
            return None
        library = self._net.library
        upload = library.attachable(account.id, body.attachments[0].media_id)
        kind = {"dm_image": "photo", "dm_gif": "animated_gif", "dm_video": "video"}[upload.category]
        return self._net.kept(identifier, kind, File(upload.body, upload.mime or "image/jpeg"), upload.id)

    def _echoed(self, told: Told, key: str, done: Done) -> Done:
        """The own send comes back when the sandbox's user has it so."""
        net = self._net

        def back() -> None:
            net.post(told, key, wait=net.echo == "before")

        if net.echo == "before":
            return done._replace(before=back)
        return done._replace(after=back) if net.echo == "after" else done

    def _events(self, caller: Caller, call: Call) -> Done:
        return self._listed(call, self._net.dms.theirs(caller.user.id))

    def _with(self, caller: Caller, call: Call, other: str) -> Done:
        named = dms.conversation_id(caller.user.id, other)
        return self._listed(call, [(named, one) for one in self._net.dms.held.get(named, [])])

    def _in(self, caller: Caller, call: Call, named: str) -> Done:
        if "-" in named and caller.user.id not in named.split("-"):
            raise forbidden()
        return self._listed(call, [(named, one) for one in self._net.dms.held.get(named, [])])

    def _event(self, caller: Caller, call: Call, event: str) -> Done:
        found = [pair for pair in self._net.dms.theirs(caller.user.id) if pair[1].id == event]
        if not found:
            raise missing("dm_event", event)
        told = {"data": dms.listed(found[0], _shown(call))}
        return Done(told | self._more(call, found))

    def _listed(self, call: Call, messages: list[tuple[str, Message]]) -> Done:
        wanted = _shown(call)
        kinds = fields(call, "event_types", ("MessageCreate", "ParticipantsJoin", "ParticipantsLeave"))
        recent = self._net.dms.recent(messages, self._net.clock()) if not kinds or "MessageCreate" in kinds else []
        page, meta = _page(call, recent, 100)
        if not page:
            return Done({"meta": meta})
        told = {"data": [dms.listed(pair, wanted) for pair in page], "meta": meta}
        return Done(told | self._more(call, page))

    def _more(self, call: Call, page: list[tuple[str, Message]]) -> dict[str, Any]:
        """What a list has beside."""
        wanted = fields(call, "expansions", dms.EXPANDED)
        media, people = fields(call, "media.fields", dms.MEDIA_FIELDS), fields(call, "user.fields", dms.USER_FIELDS)
        told: dict[str, Any] = {}
        if "attachments.media_keys" in wanted:
            told["media"] = [dms.included(one.picture, media) for _, one in page if one.picture]
        if "sender_id" in wanted:
            told["users"] = [self._person(user, people) for user in dict.fromkeys(one.sender for _, one in page)]
        return {"includes": told} if any(told.values()) else {}

    def _dm_media(self, caller: Caller, call: Call, dm: str, media: str, name: str) -> Done:
        file = self._net.library.found(f"{TON}{dm}/{media}/{name}")
        return Done(file.body, mime=file.mime)

    def public(self, path: str) -> Done | None:
        """What lies open to everybody, None where it does not."""
        if not path.startswith((FILMS, STILLS)):
            return None
        file = self._net.library.found(path)
        return Done(file.body, mime=file.mime)

    # --- people

    def _me(self, caller: Caller, call: Call) -> Done:
        return Done({"data": self._person(caller.user.id, fields(call, "user.fields", dms.USER_FIELDS))})

    def _user(self, caller: Caller, call: Call, user: str) -> Done:
        return Done({"data": self._person(user, fields(call, "user.fields", dms.USER_FIELDS))})

    def _users(self, caller: Caller, call: Call) -> Done:
        ids, wanted = call.query.get("ids", "").split(","), fields(call, "user.fields", dms.USER_FIELDS)
        if not all(re.fullmatch(_ID, one) for one in ids) or len(ids) > 100:
            raise invalid("The `ids` query parameter has to be 1 to 100 ids", ids=call.query.get("ids", ""))
        return Done({"data": [self._person(one, wanted) for one in ids]})

    def _person(self, user: str, wanted: list[str]) -> dict[str, Any]:
        told = dms.user(user, self._net.brands, self._net.url)
        return {name: value for name, value in told.items() if name in ("id", "name", "username", *wanted)}

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

    # --- encrypted conversations

    def _chats(self, caller: Caller, call: Call) -> Done:
        fields(call, "chat_conversation.fields", _CHAT_FIELDS)
        own = [one for one in self._net.chats.held.values() if caller.user.id in one.members and one.entries]
        listed = sorted((one for one in own if not one.request), key=lambda one: -int(one.entries[-1].sequence_id))
        page, meta = _page(call, listed, 10)
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
        page, meta = _page(call, chat.entries[::-1], 10)
        meta["conversation_key_events"] = list(chat.changes.values())
        told = [
            {
                "id": one.sequence_id,
                "conversation_id": chat.id,
                "sender_id": one.sender,
                "encoded_event": one.encoded,
                "previous_id": one.previous or None,
                "is_trusted": not chat.request,
                "created_at": dms.rfc3339(one.created_ms),
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
        return self._echoed(told, chat.id, done)

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

    def _replay(self, caller: Caller, call: Call) -> Done:
        answer, hook, again, job = self._net.hooks.replay(call)
        return Done(answer, after=lambda: self._net.replayed(hook, again, job))


def _route(
    method: str, path: str, kind: str, ways: tuple[Way, ...], scopes: tuple[str, ...], work: Callable[..., Done],
    *, sends: bool = False,
) -> Route:  # fmt: skip
    return Route(method, re.compile(path), kind, ways, scopes, work, sends)


def _own(work: Callable[..., dict[str, Any]]) -> Callable[..., Done]:
    """A call on what an account owns."""
    return lambda caller, call, **named: Done(work(caller.user.id, call=call, **named))


def _alone(work: Callable[..., dict[str, Any]]) -> Callable[..., Done]:
    """A call that is the app's, whoever makes it."""
    return lambda caller, call, **named: Done(work(call, **named))


def _words(opened: Mapping[str, Any]) -> str:
    content = opened.get("content") or {}
    return str(content.get("text") or content.get("new_text") or content.get("emoji") or "")


def _told(chat: Chat) -> dict[str, Any]:
    kind = "Group" if is_group(chat.id) else "OneToOne"
    first, last = chat.entries[0], chat.entries[-1]
    told = {"id": in_path(chat.id), "type": kind, "participant_ids": list(chat.members), "is_muted": False}
    return told | {"created_at": dms.rfc3339(first.created_ms), "updated_at": dms.rfc3339(last.created_ms)}


def _shown(call: Call) -> list[str]:
    """The fields of a message that are asked for; what is expanded is shown, too."""
    expanded = [dms.EXPANDED[name] for name in fields(call, "expansions", dms.EXPANDED)]
    return fields(call, "dm_event.fields", dms.FIELDS) + expanded


def _page(call: Call, everything: list[Any], usual: int) -> tuple[list[Any], dict[str, Any]]:
    """A page of a list and what is told of it; the token is a place in the list."""
    size, token = whole(call, "max_results", usual, 100), call.query.get("pagination_token", "")
    if token and not re.fullmatch(r"[0-9]{16,19}", token):
        raise invalid("The `pagination_token` is invalid", pagination_token=token)
    start = int(token or 0)
    page, more = everything[start : start + size], start + size < len(everything)
    meta: dict[str, Any] = {"result_count": len(page), "has_more": more}
    return page, meta | ({"next_token": f"{start + size:016}"} if more else {})
