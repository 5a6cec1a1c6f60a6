"""What a customer can do in Instagram, as it tells the bridge of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from sandbox.simulators.instagram.inbox import new_mid, person, webhook
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.stage.acts import Act, about_of, known, new_number, text_of

Made = dict[str, Any]
_SAMPLES = {"picture": "image", "video": "video", "voice": "audio", "file": "file", "sticker": "image"}
_PLACE = "17918195224117851"  # the brand's post or story that is answered, shared or commented on


class InstagramActs:
    """`clock` answers epoch seconds. Every action is delivered before its id is answered."""

    def __init__(self, simulator: InstagramSimulator, clock: Callable[[], float]) -> None:
        self.simulator, self._clock = simulator, clock
        self._edits: Counter[str] = Counter()
        self._made: dict[str, Callable[[Act, str], tuple[str, Made]]] = {
            **dict.fromkeys(("text", "picture", "video", "voice", "file", "sticker", "story_mention"), _message),
            **dict.fromkeys(("story_reply", "share"), _message),
            "reaction": _reaction,
            "unsend": lambda act, mid: ("message", {"mid": about_of(act), "is_deleted": True}),
            "edit": self._edit,
            "read": lambda act, mid: ("read", {"mid": about_of(act)}),
            "referral": lambda act, mid: ("message", {"mid": mid, "text": act.text or "Hi", "referral": _AD}),
            "link": lambda act, mid: ("referral", _LINK | ({"ref": act.text} if act.text else {})),
            "card": lambda act, mid: ("message", _words(act, mid) | {"attachments": [_CARD]}),
            "place": lambda act, mid: ("message", _words(act, mid) | {"attachments": [_POINT]}),
        }
        self.actions = (*self._made, "tap", "comment", "mention", "echo")

    def do(self, account: str, customer: str, act: Act) -> str:
        """Does it; answers the message's, comment's or event's id. ValueError says what is missing or unknown."""
        simulator, mid = self.simulator, new_mid(account, customer)
        if act.action == "tap":
            return simulator.tap(account, customer, about_of(act), act.choice)
        if act.action in {"comment", "mention"}:
            return self._in_public(account, customer, act)
        if act.action == "echo":
            echo: Made = {"mid": mid, "text": text_of(act), "is_echo": True}
            simulator.deliver(webhook(account, account, customer, echo, self._clock()))
            return mid
        kind, made = self._made[known(act, self.actions)](act, mid)
        made = self._with_file(act, made)
        simulator.deliver(webhook(account, customer, account, made, self._clock(), kind))
        return str(made.get("mid", mid))

    def _edit(self, act: Act, _: str) -> tuple[str, Made]:
        """Edits of a message are counted from 1."""
        made = {"mid": about_of(act), "text": text_of(act)}
        self._edits[act.about] += 1
        return "message_edit", made | {"num_edit": self._edits[act.about]}

    def _with_file(self, act: Act, made: Made) -> Made:
        """The message with what it shows, freshly uploaded to Instagram."""
        media = self.simulator.media()
        if act.action in _SAMPLES:
            kind = _SAMPLES[act.action]
            payload: Made = {"url": media[kind]} | ({"sticker_id": 369239263222822} if act.action == "sticker" else {})
        elif act.action == "story_mention":
            kind, payload = act.action, {"url": media["image"]}
        elif act.action == "share":
            kind, payload = "ig_post", {"ig_post_media_id": _PLACE, "title": "Autumn teas", "url": media["image"]}
        elif act.action == "story_reply":
            return made | {"reply_to": {"story": {"url": media["image"], "id": _PLACE}}}
        else:
            return made
        return made | {"attachments": [{"type": kind, "payload": payload}]}

    def _in_public(self, account: str, customer: str, act: Act) -> str:
        comment = new_number()
        if act.action == "mention":
            text = act.text or "With @our.shop"
            self.simulator.watch.author(f"comment:{comment}", customer, text)
            self.simulator.mention(account, customer, text, post=new_number(), comment=comment)
            return comment
        media = {"id": _PLACE, "media_product_type": "FEED"}
        value = {"id": comment, "from": person(customer), "text": text_of(act), "media": media}
        entry = {"id": account, "time": int(self._clock()), "changes": [{"field": "comments", "value": value}]}
        self.simulator.deliver(json.dumps({"object": "instagram", "entry": [entry]}).encode())
        return comment


_AD = {
    "ref": "autumn",
    "ad_id": "23843694560100001",
    "source": "ADS",
    "type": "OPEN_THREAD",
    "ads_context_data": {"ad_title": "Autumn sale"},
}


_LINK = {"ref": "spring-leaflet", "source": "IGME-SOURCE-LINK", "type": "OPEN_THREAD"}
_PRODUCT = {"id": "6100000000000001", "retailer_id": "MUG-77", "title": "Blue enamel mug", "subtitle": "EUR 14.00"}
_CARD = {"type": "template", "payload": {"product": {"elements": [_PRODUCT]}}}
_POINT = {"type": "location", "payload": {"coordinates": {"lat": 41.3850639, "long": 2.1734035}}}


def _words(act: Act, mid: str) -> Made:
    return {"mid": mid} | ({"text": act.text} if act.text else {})


def _message(act: Act, mid: str) -> tuple[str, Made]:
    made = _words(act, mid)
    if act.action in {"text", "story_reply"}:
        made["text"] = text_of(act)
    if act.about:
        made["reply_to"] = {"mid": act.about}
    return "message", made


def _reaction(act: Act, mid: str) -> tuple[str, Made]:
    """A text is the emoji; without one the reaction is taken back."""
    given = {"action": "react", "reaction": "other", "emoji": act.text} if act.text else {"action": "unreact"}
    return "reaction", {"mid": about_of(act)} | given
