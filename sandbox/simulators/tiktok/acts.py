"""What a customer can do in TikTok, as it tells the bridge of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage.acts import Act, about_of, known, new_number, text_of

Made = dict[str, Any]
_VIDEO = "7685000000000000040"


class TikTokActs:
    """`clock` answers epoch seconds. Every action is delivered before its id is answered."""

    def __init__(self, simulator: TikTokSimulator, clock: Callable[[], float]) -> None:
        self.simulator, self._clock = simulator, clock
        self._messages: dict[str, Callable[[Act], Made]] = {
            "text": lambda act: {"type": "text", "text": {"body": text_of(act)}} | _quoting(act),
            "picture": lambda act: {"type": "image", "image": {"media_id": self._file("png")}},
            "video": lambda act: {"type": "video", "video": {"media_id": self._file("video")}},
            "share": lambda act: {"type": "share_post", "share_post": _POST},
            "sticker": lambda act: {"type": "sticker", "sticker": {"url": _STICKER}},
            "reaction": self._reaction,
        }
        self.actions = (*self._messages, "tap", "read", "comment", "mention", "referral", "echo")

    def do(self, account: str, customer: str, act: Act) -> str:
        """Does it; answers the message's, comment's or event's id. ValueError names what TikTok has otherwise."""
        known(act, self.actions)
        simulator = self.simulator
        if act.action == "tap":
            return simulator.tap(account, customer, about_of(act), act.choice)
        if act.action in self._messages:
            return simulator.say(account, customer, self._messages[act.action](act))
        if act.action == "echo":
            echo = {"type": "text", "text": {"body": text_of(act)}, "message_tag": {"source": "APP"}}
            return simulator.say(account, customer, echo, by_brand=True)
        number = new_number()
        content = self._told(act, number)
        simulator.tell(account, customer, *content)
        return number

    def _file(self, kind: str) -> str:
        return self.simulator.media()[kind]

    def _reaction(self, act: Act) -> Made:
        given = {"operation": "ADD" if act.text else "REMOVE", "type": "EMOJI", "emoji": act.text or "👍"}
        about = {"original_msg_id": about_of(act), "timestamp": int(self._clock() * 1000)}
        return {"type": "reaction", "reaction": [given | about]}

    def _told(self, act: Act, number: str) -> tuple[str, Made]:
        """The event and the content of what is no message."""
        now_ms = int(self._clock() * 1000)
        if act.action == "read":
            return "im_mark_read_msg", {"read": {"last_read_timestamp": now_ms}}
        if act.action == "comment":
            return "im_receive_high_intent_comment", {"comment_id": number, "comment_text": text_of(act)}
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
