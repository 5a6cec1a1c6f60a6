"""What a customer's Instagram shows of a conversation with a brand: both sides, as events for whoever looks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from chalicelib.channels.instagram.schema import COMMENTS, MENTIONS, Fields, comment_of
from sandbox.simulators.instagram.inbox import objects
from sandbox.stage.screen import Screen, Shown, Side

_FILES = {"image": "image", "video": "video", "audio": "audio", "file": "file", "sticker": "image"}
_STORIES = {"story_mention": "story_mention", "ig_story": "share", "story": "share"}
_ACTIONS = {"typing_on": "typing", "mark_seen": "seen", "react": "reaction", "unreact": "reaction"}


class InstagramPhone:
    """Fills the screen."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._authors: dict[str, tuple[str, str]] = {}

    def customer(self, raw: bytes) -> None:
        """What the customer did, by the webhook that tells of it; whatever its shape, it never fails."""
        try:
            payload = json.loads(raw)
        except (ValueError, RecursionError):
            return
        for entry in objects(payload, "entry"):
            account = str(entry.get("id", ""))
            for event in objects(entry, "messaging"):
                self._event(account, Fields(event))
            for change in [*objects(entry, "changes"), entry]:
                self._change(account, Fields(change))

    def author(self, identifier: str, customer: str, text: str) -> None:
        """Meta tells neither who mentioned the brand nor what they wrote; the customer's own phone shows both."""
        self._authors[identifier] = customer, text

    def brand(self, account: str, customer: str, message_id: str, said: dict[str, Any]) -> None:
        """What the brand sent: a message of the Send API, its files as they lie at Instagram, or an action."""
        action = _ACTIONS.get(str(said.get("sender_action")))
        if message_id:
            for shown in _bubbles(message_id, Fields(said)):
                self._screen.tell("brand", account, customer, shown)
        elif action:
            payload = Fields(said.get("payload"))
            mark = {"kind": action, "about": payload.text("message_id"), "text": _HEARTS.get(payload.text("reaction"))}
            self._screen.tell("brand", account, customer, mark)

    def _event(self, account: str, event: Fields) -> None:
        sender, recipient = event.at("sender").text("id"), event.at("recipient").text("id")
        side: Side = "brand" if sender == account else "customer"
        customer = recipient if sender == account else sender
        for shown in _happened(event):
            self._screen.tell(side, account, customer, shown)

    def _change(self, account: str, change: Fields) -> None:
        value, field = change.at("value"), change.text("field")
        comment = comment_of(value) or value.text("comment_id")
        if field in COMMENTS:
            shown = {"kind": "comment", "id": comment, "text": value.text("text")}
            self._screen.tell("customer", account, value.at("from").text("id"), shown)
        elif field == MENTIONS:
            # Meta does not tell who mentioned the brand, so that the comment or the post stands for them
            about = f"comment:{comment}" if comment else f"media:{value.text('media_id')}"
            customer, text = self._authors.get(about, (about, "@"))
            party = about if customer != about else ""
            self._screen.tell(
                "customer", account, customer, {"kind": "mention", "id": about, "text": text, "party": party}
            )


_HEARTS = {"love": "❤️"}


def _happened(event: Fields) -> Iterator[Shown]:
    """One item of `messaging`."""
    message, postback, edit = event.at("message"), event.at("postback"), event.at("message_edit")
    reaction, read, referral = event.at("reaction"), event.at("read"), event.at("referral")
    if message.flag("is_deleted"):
        yield {"kind": "unsend", "about": message.text("mid")}
    elif event.has("message"):
        yield from _bubbles(message.text("mid"), message)
    elif event.has("postback"):
        yield {"kind": "text", "id": postback.text("mid"), "text": postback.text("title")}
    elif event.has("reaction"):
        emoji = reaction.text("emoji") or _HEARTS.get(reaction.text("reaction"), reaction.text("reaction"))
        given = reaction.text("action") != "unreact"
        yield {"kind": "reaction", "about": reaction.text("mid"), "text": emoji if given else ""}
    elif event.has("read"):
        yield {"kind": "seen", "about": read.text("mid")}
    elif event.has("message_edit"):
        yield {"kind": "edit", "about": edit.text("mid"), "text": edit.text("text")}
    elif event.has("referral"):
        yield _referral(referral)


def _referral(referral: Fields) -> Shown:
    title = referral.at("ads_context_data").text("ad_title") or referral.text("ref") or referral.text("ad_id")
    return {"kind": "referral", "text": title}


def _bubbles(mid: str, message: Fields) -> Iterator[Shown]:
    """A message: a bubble with its text and first attachment, one more for each further attachment."""
    if message.has("referral"):
        yield _referral(message.at("referral"))
    attachments = message.each("attachments")
    reply = message.at("reply_to")
    first: Shown = {"kind": "text", "text": message.text("text"), "about": reply.text("mid")}
    first["choices"] = [
        {"text": one.text("title"), "payload": one.text("payload"), "url": ""} for one in message.each("quick_replies")
    ]
    if first["choices"]:
        first["kind"] = "choices"
    if reply.has("story"):
        first |= {"kind": "story_reply", "url": reply.at("story").text("url"), "about": reply.at("story").text("id")}
    shown = [_attachment(one) for one in attachments] or [first]
    if attachments:
        shown[0] = first | shown[0] | {"text": shown[0].get("text") or first["text"]}
    for number, one in enumerate(shown):
        yield one | {"id": f"{mid}#{number}" if number else mid}


def _attachment(attachment: Fields) -> Shown:
    kind, payload = attachment.text("type"), attachment.at("payload")
    url = payload.text("url") or payload.text("story_media_url") or attachment.text("url")
    if kind == "template":
        return _template(payload)
    if kind == "location":
        point = payload.at("coordinates")
        return {"kind": "text", "text": f"{point.number('lat')}, {point.number('long')}"}
    if kind == "like_heart":
        return {"kind": "text", "text": "❤️"}
    return {
        "kind": _FILES.get(kind) or _STORIES.get(kind, "share"),
        "url": url,
        "text": payload.text("title") or attachment.text("title"),
    }


def _template(payload: Fields) -> Shown:
    """Buttons under a text, or cards; Meta's echo, and a product's, have the elements one level deeper."""
    if payload.text("template_type") == "button":
        return {"kind": "choices", "text": payload.text("text"), "choices": _buttons(payload)}
    held = (payload.at("generic"), payload.at("product"), payload)
    elements = next(filter(None, (one.each("elements") for one in held)), payload.each("generic"))
    cards = [
        {
            "title": one.text("title"),
            "description": one.text("subtitle"),
            "image": one.text("image_url"),
            "choices": _buttons(one),
        }
        for one in elements
    ]
    return {"kind": "cards", "cards": cards}


def _buttons(holder: Fields) -> list[dict[str, str]]:
    return [
        {"text": one.text("title"), "payload": one.text("payload"), "url": one.text("url")}
        for one in holder.each("buttons")
    ]
