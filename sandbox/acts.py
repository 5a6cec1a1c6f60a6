"""What a customer can do in an app, as the platform tells the bridge of it."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from sandbox.simulators.instagram.inbox import new_mid, person, webhook
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.simulators.tiktok.simulator import TikTokSimulator

Made = dict[str, Any]
_SAMPLES = {"picture": "image", "video": "video", "voice": "audio", "file": "file", "sticker": "image"}
_PLACE = "17918195224117851"  # the brand's post or story that is answered, shared or commented on
_VIDEO = "7685000000000000040"


class Act(Struct, forbid_unknown_fields=True):
    """The body of POST /<channel>/do. `about` is a message's id as the phone shows it, `choice` what is tapped."""

    action: str
    text: str = ""
    about: str = ""
    choice: str = ""
    customer: str | None = None
    account: str | None = None


class InstagramActs:
    """`clock` answers epoch seconds. Every action is delivered before its id is answered."""

    def __init__(self, simulator: InstagramSimulator, clock: Callable[[], float]) -> None:
        self.simulator, self._clock = simulator, clock
        self._edits: Counter[str] = Counter()
        self._made: dict[str, Callable[[Act, str], tuple[str, Made]]] = {
            **dict.fromkeys(("text", "picture", "video", "voice", "file", "sticker", "story_mention"), _instagram_said),
            **dict.fromkeys(("story_reply", "share"), _instagram_said),
            "reaction": _instagram_reaction,
            "unsend": lambda act, mid: ("message", {"mid": _about(act), "is_deleted": True}),
            "edit": self._edit,
            "read": lambda act, mid: ("read", {"mid": _about(act)}),
            "referral": lambda act, mid: ("message", {"mid": mid, "text": act.text or "Hi", "referral": _AD}),
            "link": lambda act, mid: ("referral", _LINK | ({"ref": act.text} if act.text else {})),
            "card": lambda act, mid: ("message", _said(act, mid) | {"attachments": [_CARD]}),
            "place": lambda act, mid: ("message", _said(act, mid) | {"attachments": [_POINT]}),
        }
        self.actions = (*self._made, "tap", "comment", "mention", "echo")

    def do(self, account: str, customer: str, act: Act) -> str:
        """Does it; answers the message's, comment's or event's id. ValueError says what is missing or unknown."""
        simulator, mid = self.simulator, new_mid(account, customer)
        if act.action == "tap":
            return simulator.tap(account, customer, _about(act), act.choice)
        if act.action in {"comment", "mention"}:
            return self._in_public(account, customer, act)
        if act.action == "echo":
            said: Made = {"mid": mid, "text": _text(act), "is_echo": True}
            simulator.deliver(webhook(account, account, customer, said, self._clock()))
            return mid
        kind, made = self._made[_known(act, self.actions)](act, mid)
        made = self._with_file(act, made)
        simulator.deliver(webhook(account, customer, account, made, self._clock(), kind))
        return str(made.get("mid", mid))

    def _edit(self, act: Act, _: str) -> tuple[str, Made]:
        """Edits of a message are counted from 1."""
        made = {"mid": _about(act), "text": _text(act)}
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
        comment = _number()
        if act.action == "mention":
            text = act.text or "With @our.shop"
            self.simulator.watch.author(f"comment:{comment}", customer, text)
            self.simulator.mention(account, customer, text, post=_number(), comment=comment)
            return comment
        media = {"id": _PLACE, "media_product_type": "FEED"}
        value = {"id": comment, "from": person(customer), "text": _text(act), "media": media}
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


def _said(act: Act, mid: str) -> Made:
    return {"mid": mid} | ({"text": act.text} if act.text else {})


def _instagram_said(act: Act, mid: str) -> tuple[str, Made]:
    made = _said(act, mid)
    if act.action in {"text", "story_reply"}:
        made["text"] = _text(act)
    if act.about:
        made["reply_to"] = {"mid": act.about}
    return "message", made


def _instagram_reaction(act: Act, mid: str) -> tuple[str, Made]:
    """A text is the emoji; without one the reaction is taken back."""
    given = {"action": "react", "reaction": "other", "emoji": act.text} if act.text else {"action": "unreact"}
    return "reaction", {"mid": _about(act)} | given


class TikTokActs:
    """`clock` answers epoch seconds. Every action is delivered before its id is answered."""

    def __init__(self, simulator: TikTokSimulator, clock: Callable[[], float]) -> None:
        self.simulator, self._clock = simulator, clock
        self._said: dict[str, Callable[[Act], Made]] = {
            "text": lambda act: {"type": "text", "text": {"body": _text(act)}} | _quoting(act),
            "picture": lambda act: {"type": "image", "image": {"media_id": self._file("png")}},
            "video": lambda act: {"type": "video", "video": {"media_id": self._file("video")}},
            "share": lambda act: {"type": "share_post", "share_post": _POST},
            "sticker": lambda act: {"type": "sticker", "sticker": {"url": _STICKER}},
            "reaction": self._reaction,
        }
        self.actions = (*self._said, "tap", "read", "comment", "mention", "referral", "echo")

    def do(self, account: str, customer: str, act: Act) -> str:
        """Does it; answers the message's, comment's or event's id. ValueError names what TikTok has otherwise."""
        _known(act, self.actions)
        simulator = self.simulator
        if act.action == "tap":
            return simulator.tap(account, customer, _about(act), act.choice)
        if act.action in self._said:
            return simulator.say(account, customer, self._said[act.action](act))
        if act.action == "echo":
            said = {"type": "text", "text": {"body": _text(act)}, "message_tag": {"source": "APP"}}
            return simulator.say(account, customer, said, by_brand=True)
        number = _number()
        content = self._told(act, number)
        simulator.tell(account, customer, *content)
        return number

    def _file(self, kind: str) -> str:
        return self.simulator.media()[kind]

    def _reaction(self, act: Act) -> Made:
        given = {"operation": "ADD" if act.text else "REMOVE", "type": "EMOJI", "emoji": act.text or "👍"}
        about = {"original_msg_id": _about(act), "timestamp": int(self._clock() * 1000)}
        return {"type": "reaction", "reaction": [given | about]}

    def _told(self, act: Act, number: str) -> tuple[str, Made]:
        """The event and the content of what is no message."""
        now_ms = int(self._clock() * 1000)
        if act.action == "read":
            return "im_mark_read_msg", {"read": {"last_read_timestamp": now_ms}}
        if act.action == "comment":
            return "im_receive_high_intent_comment", {"comment_id": number, "comment_text": _text(act)}
        if act.action == "mention":
            mention = {"type_of_event": "CREATE", "mention_type": "VIDEO_MENTION", "video_id": number}
            told = {"video_caption": act.text or "With @our_shop", "comment_id": "0"}
            return "brand.mention.event", mention | told | {"share_url": f"https://www.tiktok.com/player/v1/{number}"}
        ad = {"ad_id": "1234567891234567", "ad_name": act.text or "Autumn sale", "timestamp": now_ms}
        return "im_referral_msg", {"referral": {"source": "ad", "ad": ad}}


_POST = {"video_id": _VIDEO, "embed_url": f"https://www.tiktok.com/player/v1/{_VIDEO}"}
_STICKER = "https://p16-sign-sg.tiktokcdn.com/obj/sticker.webp"


def _quoting(act: Act) -> Made:
    return {"referenced_message_info": {"referenced_message_id": act.about}} if act.about else {}


def _known(act: Act, actions: tuple[str, ...]) -> str:
    if act.action not in actions:
        raise ValueError(f"action must be one of: {', '.join(actions)}")
    return act.action


def _text(act: Act) -> str:
    if not act.text:
        raise ValueError(f"{act.action} needs text")
    return act.text


def _about(act: Act) -> str:
    if not act.about:
        raise ValueError(f"{act.action} needs about: the id of the message that it concerns")
    return act.about


def _number() -> str:
    """An id of the length that posts and comments have."""
    return f"179{secrets.randbelow(10**14):014d}"
