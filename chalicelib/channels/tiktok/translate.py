"""TikTok's events in the bridge's words: what each becomes is said in renderings.py."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from chalicelib.channels.tiktok.renderings import RENDERINGS
from chalicelib.channels.tiktok.schema import Delivery, Fields, milliseconds, opened
from chalicelib.errors import Malformed
from chalicelib.messages import (
    Conversation,
    CustomerEvent,
    CustomerMessage,
    Echo,
    Event,
    Ignored,
    Line,
    Media,
    Note,
    Trouble,
)

RECONNECT = "TikTok: the brand's account withdrew the app's permission; its owner has to authorise the app again"

# Where an event has the customer's own words.
_WORDS = {
    "im_receive_msg": "text.body",
    "im_receive_high_intent_comment": "comment_text",
    "comment.update": "text",
    "brand.mention.event:video": "video_caption",  # in a comment that mentions, the caption is the video's author's
}
_NOTES = {
    "reaction": "reaction",
    "im_referral_msg": "referral",
    "im_mark_read_msg": "read",
    "comment.update": "comment",
    "brand.mention.event": "mention",
}


class _Translator:
    def parse(self, event: Event) -> list[CustomerEvent]:
        """What one delivery holds. Raises Malformed."""
        delivery = opened(bytes(event.raw))
        found = kinds(delivery, event.section == "echo")
        return [_happened(event, delivery, kind, content, part) for part, (kind, content) in enumerate(found)]


TRANSLATOR = _Translator()


def kinds(delivery: Delivery, echo: bool) -> list[tuple[str, Fields]]:
    """The rows of RENDERINGS that the delivery is, and what each is about: several only for reactions."""
    name, content = delivery.event, delivery.content
    if echo:
        return [(f"im_send_msg:{_sender(content)}", content)]
    if name == "im_receive_msg" and content.text("type").lower() == "reaction":
        given = content.each("reaction") or [content]
        return [("reaction:REMOVE" if _is(one, "operation", "REMOVE") else "reaction:ADD", one) for one in given]
    if name == "im_receive_msg":
        return [(_known(name, _type(content)), content)]
    if name == "im_referral_msg":
        return [(_known(name, content.text("referral.source").lower()), content)]
    if name == "comment.update":
        own = content.text("unique_identifier") == delivery.account != ""
        return [(_known(name, "own" if own else content.text("comment_action").lower()), content)]
    if name == "brand.mention.event":
        return [(f"{name}:{_mention(content)}", content)]
    return [(_plain(name), content)]


def _known(event: str, variant: str) -> str:
    kind = f"{event}:{variant}"
    return kind if kind in RENDERINGS else f"{event}:unknown"


def _plain(event: str) -> str:
    """An event of one kind."""
    if event.startswith(("video.", "post.publish.")):  # developers.tiktok.com/doc/webhooks-events
        return "video"
    return event if event in RENDERINGS and ":" not in event else "unknown"


def _is(content: Fields, path: str, value: str) -> bool:
    return content.text(path).upper() == value


def _type(content: Fields) -> str:
    """The message's type: lower case in webhooks, upper case elsewhere. OTHER is what TikTok does not hand out."""
    kind = content.text("type").lower()
    if kind in {"", "text"}:
        return "text" if content.text("text.body") else "other"
    return "other" if kind in {"image", "video"} and not content.text(f"{kind}.media_id") else kind


def _sender(content: Fields) -> str:
    """Through what the brand's account sent the message."""
    if _is(content, "type", "REACTION"):
        return "reaction"
    if content.text("auto_message_type"):
        return "OTHERS"
    # The tag is optional. TikTok portal doc 1832190670631937
    source = content.text("message_tag.source").upper() or "APP"
    return source if source in {"API", "APP", "WEB", "OTHERS"} else "unknown"


def _mention(content: Fields) -> Literal["video", "comment", "change"]:
    if not _is(content, "type_of_event", "CREATE"):
        return "change"
    # TikTok's field table writes VIDEO_MENTION, its sample VIDEO MENTION. TikTok portal doc 1825113658431489
    return "comment" if _is(content, "mention_type", "COMMENT") else "video"


def _happened(event: Event, delivery: Delivery, kind: str, content: Fields, part: int) -> CustomerEvent:
    rendering = RENDERINGS[kind]
    if kind == "authorization.removed":
        return Trouble(rendering.reason, RECONNECT)
    if rendering.shows == "ignored":
        return Ignored(rendering.reason)
    if not event.party:
        raise Malformed("a TikTok event that names nobody")
    conversation = Conversation("tiktok", event.account, event.party)
    otherwise = milliseconds(delivery.content.text("timestamp"), milliseconds(delivery.created, event.received_ms))
    sent_ms = milliseconds(content.text("timestamp"), otherwise)
    if event.section == "echo":
        return _echo(event, conversation, sent_ms, kind, content)
    if rendering.shows == "note":
        name = _NOTES[kind.partition(":")[0]]
        identifier = f"{event.id}#{part}" if part else event.id
        return Note(id=identifier, conversation=conversation, sent_ms=sent_ms, kind=name, lines=_line(kind, content))
    return _message(event, conversation, sent_ms, kind, content)


def _message(event: Event, conversation: Conversation, sent_ms: int, kind: str, content: Fields) -> CustomerMessage:
    name = kind.partition(":")[0]
    username, direct = content.text("from"), name == "im_receive_msg"
    return CustomerMessage(
        id=event.id,
        conversation=conversation,
        sent_ms=sent_ms,
        text=content.text(_WORDS.get(kind) or _WORDS.get(name, "")),
        lines=_context(content) + _line(kind, content) + _answer(name, content),
        media=_media(kind, content),
        origin=content.text("message_id"),
        comment=content.text("comment_id") if name == "im_receive_high_intent_comment" else "",
        starts_window=direct,
        tap=_tap(content),
        username=username,
        profile_url=f"https://www.tiktok.com/@{quote(username, safe='')}" if username else "",
        platform_thread=content.text("conversation_id") if direct else "",
        attributes=_attributes(name, content),
    )


def _tap(content: Fields) -> str:
    """The id that we gave the tapped button; its label comes as an ordinary text."""
    return content.text("reply_source_payload.reply_source_unique_id")


def _context(content: Fields) -> tuple[Line, ...]:
    quotes = content.text("referenced_message_info.referenced_message_id") and not _tap(content)
    return _line("im_receive_msg:quoted_reply", content) if quotes else ()


def _answer(event: str, content: Fields) -> tuple[Line, ...]:
    """How what was said in public can be answered."""
    if event == "im_receive_high_intent_comment":
        return (Line("answer_privately" if content.text("comment_id") else "answer_in_app"),)
    return (Line("answer_in_app"),) if event in {"comment.update", "brand.mention.event"} else ()


def _media(kind: str, content: Fields) -> Media | None:
    if kind == "im_receive_msg:image":
        return Media(kind="image", handle=content.text("image.media_id"))
    if kind == "im_receive_msg:video":
        return Media(kind="video", handle=content.text("video.media_id"))
    return None


def _attributes(event: str, content: Fields) -> dict[str, str]:
    follows = content.flag("is_follower")
    found = {} if follows is None else {"follows": "true" if follows else "false"}
    url = _post(content) if event in {"comment.update", "brand.mention.event"} else ""
    return found | ({"postUrl": url} if url else {})


def _echo(event: Event, conversation: Conversation, sent_ms: int, kind: str, content: Fields) -> Echo:
    titles = [element.text("title") for element in content.each("template.elements")]
    return Echo(
        id=content.text("message_id") or event.id,
        conversation=conversation,
        sent_ms=sent_ms,
        text=content.text("text.body") or "\n".join(title for title in titles if title),
        lines=_line(kind, content) + _sent(content),
    )


def _sent(content: Fields) -> tuple[Line, ...]:
    """What the brand sent beside text."""
    kind = _type(content)
    if kind in {"image", "video"}:
        return (Line("app_media", {"kind": kind}),)
    if kind == "template":
        buttons = [button for element in content.each("template.elements") for button in element.each("buttons")]
        offered = " | ".join(button.text("text") for button in buttons)
        return (Line("attachment", {"kind": "template", "title": offered}),) if offered else ()
    return _line(_known("im_receive_msg", kind), content)


def _line(kind: str, content: Fields) -> tuple[Line, ...]:
    """What the bridge says of the kind, filled in; nothing where the customer's words are all there is."""
    key = RENDERINGS[kind].line
    return (Line(key, _facts(key, content)),) if key else ()


def _facts(line: str, content: Fields) -> dict[str, str]:
    match line:
        case "sticker" | "emoji":
            return {"url": content.text(f"{line}.url")}
        case "post_shared":
            return {"url": content.text("share_post.embed_url") or _player(content.text("share_post.video_id"))}
        case "comment" | "mention_video" | "mention_comment" | "mention_changed":
            return {"url": _post(content)}
        case "unknown":
            return {"kind": content.text("type")[:40]}
        case "unsupported" | "echo_app" | "echo_automation":
            return {"platform": "TikTok"}
        case "reacted":  # an AI emoji is a picture. TikTok portal doc 1832190670631937
            return {"emoji": content.text("emoji") or content.text("ai_emoji_url")}
        case "from_ad":
            return {"title": content.text("referral.ad.ad_name") or content.text("referral.ad.ad_id")}
        case "from_link":
            return {"ref": content.text("referral.short_link.ref")}
    return {}


def _post(content: Fields) -> str:
    return content.text("share_url") or _player(content.text("video_id"))


def _player(video: str) -> str:
    """Where anybody can see the video. developers.tiktok.com/doc/embed-player"""
    return f"https://www.tiktok.com/player/v1/{quote(video, safe='')}" if video else ""
