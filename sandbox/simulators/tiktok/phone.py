"""What a customer's TikTok shows of a conversation with a brand: both sides, as events for whoever looks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from chalicelib.channels.tiktok.schema import Fields, opened
from chalicelib.errors import Malformed
from sandbox.stage.screen import Screen, Shown, Side

FILE_PATH = "/tiktok/file"
_ACTIONS = {"TYPING": "typing", "MARK_READ": "seen"}
_COMMENTS = {"im_receive_high_intent_comment": "comment_text", "comment.update": "text"}


class TikTokPhone:
    """Fills the screen."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def customer(self, raw: bytes) -> None:
        """What the customer did, by the webhook that tells of it; whatever its shape, it never fails."""
        try:
            delivery = opened(raw)
        except Malformed:
            return
        content = delivery.content
        business = content.text("from_user.id") == delivery.account != "" or delivery.event == "im_send_msg"
        person = content.text("to_user.id" if business else "from_user.id") or content.text("unique_identifier")
        side: Side = "brand" if business else "customer"
        for shown in _happened(delivery.event, content):
            self._screen.tell(side, delivery.account, person, shown)

    def author(self, identifier: str, customer: str, text: str) -> None:
        """TikTok tells who wrote."""

    def brand(self, account: str, customer: str, message_id: str, said: dict[str, Any]) -> None:
        """What the brand sent: a message as webhooks have it, or a sender action."""
        if message_id:
            content = Fields(json.loads(json.dumps(said)))
            self._screen.tell("brand", account, customer, _bubble(content))
        elif said.get("type") in _ACTIONS:
            self._screen.tell("brand", account, customer, {"kind": _ACTIONS[said["type"]]})


def _happened(event: str, content: Fields) -> Iterator[Shown]:
    if event in {"im_receive_msg", "im_send_msg"} and content.text("type").lower() == "reaction":
        for one in content.each("reaction"):
            given = one.text("operation").upper() != "REMOVE"
            yield {"kind": "reaction", "about": one.text("original_msg_id"), "text": one.text("emoji") if given else ""}
    elif event in {"im_receive_msg", "im_send_msg"}:
        yield _bubble(content)
    elif event == "im_mark_read_msg":
        yield {"kind": "seen"}
    elif event == "im_referral_msg":
        yield {
            "kind": "referral",
            "text": content.text("referral.ad.ad_name") or content.text("referral.short_link.ref"),
        }
    elif event in _COMMENTS:
        deleted = content.text("comment_action").lower() == "delete"
        comment = content.text("comment_id")
        if deleted:
            yield {"kind": "unsend", "about": comment}
        else:
            yield {"kind": "comment", "id": comment, "text": content.text(_COMMENTS[event])}
    elif event == "brand.mention.event":
        mention = f"{content.text('video_id')}:{content.text('comment_id')}"
        url, caption = content.text("share_url"), content.text("video_caption")
        yield {"kind": "mention", "id": mention, "text": caption or "@", "url": url}


def _bubble(content: Fields) -> Shown:
    kind = content.text("type").lower()
    shown: Shown = {"kind": "text", "id": content.text("message_id"), "text": content.text("text.body")}
    shown["about"] = content.text("referenced_message_info.referenced_message_id")
    if kind in {"image", "video"}:
        shown |= {"kind": kind, "url": f"{FILE_PATH}?{urlencode({'id': content.text(f'{kind}.media_id')})}"}
    elif kind in {"sticker", "emoji"}:
        shown |= {"kind": "share", "url": content.text(f"{kind}.url"), "text": kind}
    elif kind == "share_post":
        shown |= {"kind": "share", "url": content.text("share_post.embed_url")}
    elif kind == "template":
        element = next(iter(content.each("template.elements")), Fields({}))
        taps = [{"text": one.text("text"), "payload": one.text("id"), "url": ""} for one in element.each("buttons")]
        shown |= {"kind": "choices", "text": element.text("title"), "choices": taps}
    return shown
