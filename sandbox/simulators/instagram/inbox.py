"""What a simulated Instagram remembers of the webhooks it delivered, and the events it makes itself."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.stage.people import username

_SERIAL = itertools.count(1)


@dataclass
class Comment:
    """A comment that may get one private reply; `at` in epoch seconds."""

    account: str
    author: str
    at: float
    answered: bool = False


@dataclass
class Inbox:
    """Who wrote when, and who came from an ad when (epoch seconds, by account and customer); which comments,
    posts (by their account) and messages exist; which mentions of an account, by what was written on (comment, media)
    and its id; who got a private reply; what was sent, by account, customer, mid."""

    wrote: dict[tuple[str, str], float] = field(default_factory=dict)
    led: dict[tuple[str, str], float] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    posts: dict[str, str] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    mentions: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    addressed: set[tuple[str, str]] = field(default_factory=set)
    sent: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)

    def note(self, payload: Any, now: float) -> None:
        """Learn from a webhook about to be delivered; whatever its shape, it never fails."""
        for entry in objects(payload, "entry"):
            account = str(entry.get("id", ""))
            for event in itertools.chain(objects(entry, "messaging"), objects(entry, "standby")):
                self._note_event(account, event, now)
            for change in itertools.chain(objects(entry, "changes"), [entry]):
                self._note_comment(account, change, now)

    def keep(
        self, mid: str, sender: dict[str, str], recipient: dict[str, str], text: str, now: float, **more: Any
    ) -> None:
        """A message that can be read by its mid and in its conversation, as .../conversations-api shows it."""
        created = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
        shown = {"created_time": created, "from": sender, "to": {"data": [recipient]}, "message": text}
        self.messages[mid] = shown | more

    def mention(self, account: str, author: str, text: str, post: str, comment: str, now: float) -> None:
        """Somebody's comment, or post where there is none, that mentions the account, as the account may read it."""
        written = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
        held = {"username": person(author)["username"], "timestamp": written, "like_count": 0}
        link = f"https://www.instagram.com/p/{post}/"
        if comment:
            held |= {"id": comment, "text": text, "media": {"id": post, "permalink": link}}
            self.mentions[account, "comment", comment] = held
        else:
            held |= {"id": post, "caption": text, "permalink": link, "media_type": "IMAGE"}
            self.mentions[account, "media", post] = held

    def _note_event(self, account: str, event: dict[str, Any], now: float) -> None:
        customer = _id(event.get("sender"))
        message = event.get("message")
        if customer == account and isinstance(message, dict) and message.get("is_echo"):
            mid, text = str(message.get("mid")), str(message.get("text") or "")  # written in the app
            self.keep(mid, {"id": account}, person(_id(event.get("recipient"))), text, now)
        if not customer or customer == account:
            return
        if isinstance(message, dict) and message.get("is_deleted"):
            self.messages.pop(str(message.get("mid")), None)
        elif isinstance(message, dict) and not message.get("is_echo"):
            self.wrote[account, customer] = now
            self._note_ad(account, customer, message.get("referral"), now)
            text = str(message.get("text") or "")
            self.keep(str(message.get("mid")), person(customer), {"id": account}, text, now, **_beside(message))
        elif isinstance(event.get("postback"), dict):
            self.wrote[account, customer] = now
            self._note_ad(account, customer, event["postback"].get("referral"), now)
            tap = event["postback"]  # a tap stands in the conversation as its words
            self.keep(str(tap.get("mid")), person(customer), {"id": account}, str(tap.get("title") or ""), now)

    def _note_ad(self, account: str, customer: str, referral: Any, now: float) -> None:
        if isinstance(referral, dict) and referral.get("source") == "ADS":
            self.led[account, customer] = now

    def _note_comment(self, account: str, change: dict[str, Any], now: float) -> None:
        value = change.get("value")
        if change.get("field") not in ("comments", "live_comments") or not isinstance(value, dict):
            return
        # the reference and captures say `id`, the examples page `comment_id`
        comment_id, author = str(value.get("id") or value.get("comment_id")), _id(value.get("from"))
        if post := _id(value.get("media")):
            self.posts[post] = account
        if author and author != account:
            self.comments.setdefault(comment_id, Comment(account, author, now))


_SHARED = ("share", "ig_post", "post", "ig_reel", "reel")


def _beside(message: dict[str, Any]) -> dict[str, Any]:
    """What stands beside a message's text, as a conversation shows it: developers.facebook.com/docs/graph-api/reference
    /message has other names for it than the webhook."""
    files = [shown for one in objects(message, "attachments") if (shown := _file(one))]
    shares = [{"link": _url(one)} for one in objects(message, "attachments") if one.get("type") in _SHARED]
    mentions = [_url(one) for one in objects(message, "attachments") if one.get("type") == "story_mention"]
    reply = message.get("reply_to")
    answered = reply if isinstance(reply, dict) else {}
    story = {"mention": {"link": mentions[0], "id": "1"}} if mentions else {}
    if isinstance(answered.get("story"), dict):
        story = {"reply_to": {"link": answered["story"].get("url"), "id": answered["story"].get("id")}}
    told = {
        "attachments": {"data": files} if files else None,
        "shares": {"data": shares} if shares else None,
        "story": story or None,
        "reply_to": {"mid": answered["mid"]} if answered.get("mid") else None,
        "is_unsupported": message.get("is_unsupported") is True or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _file(attachment: dict[str, Any]) -> dict[str, Any] | None:
    kind, url = attachment.get("type"), _url(attachment)
    if kind in ("image", "video"):
        return {
            "id": "1",
            "mime_type": f"{kind}/mp4" if kind == "video" else "image/jpeg",
            f"{kind}_data": {"url": url},
        }
    mimes = {"audio": "audio/mp4", "file": "application/pdf"}
    return {"id": "1", "mime_type": mimes[kind], "file_url": url} if kind in mimes else None


def _url(attachment: dict[str, Any]) -> str:
    payload = attachment.get("payload")
    return str(payload.get("url", "")) if isinstance(payload, dict) else ""


def objects(parent: Any, key: str) -> Iterator[dict[str, Any]]:
    """The objects in the list under `key`, or nothing when there is no such list."""
    found = parent.get(key) if isinstance(parent, dict) else None
    return (item for item in found if isinstance(item, dict)) if isinstance(found, list) else iter(())


def _id(who: Any) -> str:
    return str(who.get("id", "")) if isinstance(who, dict) else ""


def person(customer: str) -> dict[str, str]:
    """A made-up customer, as messages name them."""
    return {"id": customer, "username": username(customer)}


def new_mid(account: str, customer: str) -> str:
    """A message id of the real form: base64 of ids, where Z is written ZA and = is written ZD."""
    digest = int(hashlib.sha256(f"{account}:{customer}".encode()).hexdigest(), 16)
    thread = f"340282366841710301{digest % 10**21:021d}"
    item = f"32334096996488393{next(_SERIAL):018d}"
    inner = f"ig_dm_item:1:IGMessageID:{account}:{thread}:{item}"
    return base64.b64encode(inner.encode()).decode().replace("Z", "ZA").replace("=", "ZD")


def webhook(
    account: str,
    sender: str,
    recipient: str,
    said: dict[str, Any],
    now: float,
    kind: str = "message",
    section: str = "messaging",
) -> bytes:
    """A webhook of `kind` as Meta writes it: escaped to ASCII, slashes too. `now` in epoch seconds; `section` "standby"
    tells what another app's conversation has."""
    at = int(now * 1000)
    event = {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": at,
        kind: said,
    }
    payload = {"object": "instagram", "entry": [{"time": at, "id": account, section: [event]}]}
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()


def echo_of(mid: str, message: dict[str, Any], attachments: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The echo of a message that was sent: the same mid, marked is_echo, with what `more` Meta tells of it; quick
    replies are not shown."""
    echo: dict[str, Any] = {"mid": mid} | more
    if "text" in message:
        echo["text"] = message["text"]
    if attachments:
        echo["attachments"] = attachments
    return echo | {"is_echo": True}


def tapped(message: dict[str, Any], choice: str, mid: str) -> tuple[str, dict[str, Any]]:
    """The kind and the body of the event when a customer taps the choice with this payload or title.

    ValueError when the message offers none such; a web_url button opens a page and tells nobody.
    """
    for reply in message.get("quick_replies") or []:
        if choice in (reply.get("payload"), reply.get("title")):
            said = {"mid": mid, "text": reply.get("title", "")}
            return "message", said | {"quick_reply": {"payload": reply.get("payload", "")}}
    template = (message.get("attachment") or {}).get("payload") or {}
    for holder in (template, *(template.get("elements") or [])):
        for button in holder.get("buttons") or []:
            if button["type"] == "postback" and choice in (button["payload"], button["title"]):
                return "postback", {"mid": mid, "title": button["title"], "payload": button["payload"]}
    raise ValueError(f"the message offers no {choice!r} to tap")
