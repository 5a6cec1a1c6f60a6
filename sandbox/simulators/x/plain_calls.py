"""A simulated X's calls on plain messages and on people."""

from __future__ import annotations

import re
from typing import Any

from sandbox.simulators.x import dms
from sandbox.simulators.x.access import USER, Account, Caller, Way
from sandbox.simulators.x.dms import Message, Picture
from sandbox.simulators.x.files import FILMS, STILLS, TON, File
from sandbox.simulators.x.network import Network, short_link
from sandbox.simulators.x.routing import ID, READ, WRITE, Done, Route, echoed, page_of, route
from sandbox.simulators.x.schema import CLOSED, DmBody, fields, forbidden, invalid, missing, parsed
from sandbox.stage.web import Call


class PlainCalls:
    """docs.x.com/x-api/direct-messages, docs.x.com/x-api/users"""

    def __init__(self, network: Network) -> None:
        self._net = network

    def routes(self) -> list[Route]:
        both: tuple[Way, ...] = ("oauth2", "oauth1", "app")
        return [
            route("POST", rf"/2/dm_conversations/with/(?P<other>{ID})/messages", "dm_send", USER, WRITE,
                   self._send, sends=True),
            route("POST", rf"/2/dm_conversations/(?P<other>{ID}|{ID}-{ID})/messages", "dm_send", USER, WRITE,
                   self._send_to, sends=True),
            route("GET", "/2/dm_events", "dm_read", USER, READ, self._events),
            route("GET", rf"/2/dm_events/(?P<event>{ID})", "dm_read", USER, READ, self._event),
            route("GET", rf"/2/dm_conversations/with/(?P<other>{ID})/dm_events", "dm_read", USER, READ, self._with),
            route("GET", rf"/2/dm_conversations/(?P<named>{ID}|{ID}-{ID})/dm_events", "dm_read", USER, READ,
                   self._in),
            route("GET", "/2/dm_conversations/media/(?P<dm>[^/]+)/(?P<media>[^/]+)/(?P<name>[^/]+)", "dm_read",
                   ("oauth2",), ("dm.read",), self._dm_media),
            route("GET", rf"{TON}(?P<dm>[^/]+)/(?P<media>[^/]+)/(?P<name>[^/]+)", "dm_read", ("oauth1",), (),
                   self._dm_media),
            route("GET", "/2/users/me", "other", USER, ("tweet.read", "users.read"), self._me),
            route("GET", rf"/2/users/(?P<user>{ID})", "other", both, ("tweet.read", "users.read"), self._user),
            route("GET", "/2/users", "other", both, ("tweet.read", "users.read"), self._users),
        ]  # fmt: skip

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
        return echoed(self._net, told, named, Done(data, 201, message_id=identifier, text=body.text))

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
        page, meta = page_of(call, recent, 100)
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

    def _me(self, caller: Caller, call: Call) -> Done:
        return Done({"data": self._person(caller.user.id, fields(call, "user.fields", dms.USER_FIELDS))})

    def _user(self, caller: Caller, call: Call, user: str) -> Done:
        return Done({"data": self._person(user, fields(call, "user.fields", dms.USER_FIELDS))})

    def _users(self, caller: Caller, call: Call) -> Done:
        ids, wanted = call.query.get("ids", "").split(","), fields(call, "user.fields", dms.USER_FIELDS)
        if not all(re.fullmatch(ID, one) for one in ids) or len(ids) > 100:
            raise invalid("The `ids` query parameter has to be 1 to 100 ids", ids=call.query.get("ids", ""))
        return Done({"data": [self._person(one, wanted) for one in ids]})

    def _person(self, user: str, wanted: list[str]) -> dict[str, Any]:
        told = dms.user(user, self._net.brands, self._net.url)
        return {name: value for name, value in told.items() if name in ("id", "name", "username", *wanted)}


def _shown(call: Call) -> list[str]:
    """The fields of a message that are asked for; what is expanded is shown, too."""
    expanded = [dms.EXPANDED[name] for name in fields(call, "expansions", dms.EXPANDED)]
    return fields(call, "dm_event.fields", dms.FIELDS) + expanded
