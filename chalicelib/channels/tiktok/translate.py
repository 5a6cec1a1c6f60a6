"""TikTok's events in the bridge's words: what each becomes is said in renderings.py."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from chalicelib.channels.tiktok.about import ABOUT
from chalicelib.channels.tiktok.cards import Card, card
from chalicelib.channels.tiktok.renderings import RENDERINGS
from chalicelib.channels.tiktok.schema import Delivery, Fields, milliseconds, opened
from chalicelib.errors import Malformed
from chalicelib.protocols.channel import unheard_of
from chalicelib.vocabulary.messages import (
    CustomerEvent,
    CustomerMessage,
    Echo,
    Ignored,
    Led,
    Line,
    Media,
    Note,
    Trouble,
)
from chalicelib.vocabulary.records import Conversation, Event
from chalicelib.wire import digest

RECONNECT = "TikTok: the brand's account withdrew the app's permission; its owner has to authorise the app again"

# What anybody can read.
_PUBLIC = {"im_receive_high_intent_comment", "comment.update", "brand.mention.event"}
# Where an event has the customer's own words.
_WORDS = {
    "im_receive_msg": "text.body",
    "im_receive_high_intent_comment": "comment_text",
    "comment.update": "text",
    "brand.mention.event:video": "video_caption",  # in a comment that mentions, the caption is the video's author's
}
_NOTES = {
    "reaction": "reaction",
    "im_mark_read_msg": "read",
    "comment.update": "comment",
    "brand.mention.event": "mention",
}


class _Translator:
    def parse(self, event: Event) -> list[CustomerEvent]:
        """What one delivery holds. Raises Malformed."""
        delivery = opened(bytes(event.raw))
        rows = kinds(delivery, event.section == "echo")
        return [_happened(event, delivery, kind, content, part) for part, (kind, content) in enumerate(rows)]


TRANSLATOR = _Translator()


def kinds(delivery: Delivery, echo: bool) -> list[tuple[str, Fields]]:
    """The rows of RENDERINGS that the delivery is, and what each is about: several only for reactions."""
    name, content = delivery.event, delivery.content
    if echo:
        return [(f"im_send_msg:{_sender(content)}", content)]
    if name == "im_receive_msg" and _is(content, "type", "REACTION"):
        return [
            (f"reaction:{_operation(content, reaction)}", reaction)
            for reaction in content.each("reaction") or [content]
        ]
    if name == "im_receive_msg":
        return [(_known(name, _type(content)), content)]
    if name == "im_referral_msg":
        return [(_known(name, _source(content)), content)]
    own = content.text("unique_identifier") == delivery.account != ""
    if name == "comment.update":
        return [(_known(name, "own" if own else content.text("comment_action").lower()), content)]
    if name == "brand.mention.event":
        return [(f"{name}:{'own' if own else _mention(content)}", content)]
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


def _operation(content: Fields, reaction: Fields) -> Literal["ADD", "REMOVE", "own"]:
    """What a reaction in the list is: the list may hold the brand's own, too, and what is taken back leaves none."""
    customer = {"", content.text("from_user.id"), content.text("unique_identifier")}
    if reaction.text("unique_identifier") not in customer:
        return "own"
    return "REMOVE" if _is(reaction, "operation", "REMOVE") or content.empties("reaction") else "ADD"


def _source(content: Fields) -> str:
    """Whence a referral comes: a source that is new to us is told by its name."""
    source = content.text("referral.source").lower()
    return "other" if _led(content) and f"im_referral_msg:{source}" not in RENDERINGS else source


def _type(content: Fields) -> str:
    """The message's type: lower case in webhooks, upper case elsewhere. OTHER is what TikTok does not hand out."""
    kind = content.text("type").lower()
    if kind in {"", "text"}:
        return "text" if content.text("text.body") else "other"
    if kind == "template":
        return kind if _card(content).says else "other"
    return "other" if kind in {"image", "video"} and not content.text(f"{kind}.media_id") else kind


def _card(content: Fields) -> Card:
    return card(content.at("template"), content.text("text.body"))


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
    if kind == "unknown":
        return Ignored(unheard_of(delivery.event) or rendering.reason)
    if rendering.shows == "ignored":
        return Ignored(rendering.reason)
    if not event.party and rendering.shows in {"note", "led"}:
        return Ignored(RENDERINGS["note:nobody"].reason)
    if not event.party:
        raise Malformed("a TikTok message that names nobody")
    conversation = Conversation("tiktok", event.account, event.party)
    otherwise = milliseconds(delivery.content.text("timestamp"), milliseconds(delivery.created, event.received_ms))
    sent_ms = milliseconds(content.text("timestamp"), otherwise)
    if event.section == "echo":
        return _echo(event, conversation, sent_ms, kind, content)
    if rendering.shows == "note":
        return _note(event, conversation, sent_ms, kind, content, part)
    if rendering.shows == "led":
        told = _led(content)
        from_ad = kind == "im_referral_msg:ad" or "adId" in told
        return Led(id=event.id, conversation=conversation, sent_ms=sent_ms, attributes=told, from_ad=from_ad)
    return _message(event, conversation, sent_ms, kind, content)


def _led(content: Fields) -> dict[str, str]:
    """What a referral tells, whichever its source. TikTok portal doc 1832190670631937"""
    referral = content.at("referral")
    source = referral.text("source")
    told = {"refSource": source} if source else {}
    for block in [block for name in ("ad", "short_link", source) for block in referral.each(name)]:
        facts = {"adId": block.text("ad_id"), "adTitle": block.text("ad_name"), "ref": block.text("ref")}
        told = {name: fact for name, fact in facts.items() if fact} | told
    return told


def _note(event: Event, conversation: Conversation, sent_ms: int, kind: str, content: Fields, part: int) -> Note:
    name = _NOTES[kind.partition(":")[0]]
    return Note(
        id=_reaction(content) or (f"{event.id}#{part}" if part else event.id),
        conversation=conversation,
        sent_ms=sent_ms,
        kind=name,
        lines=_line(kind, content),
        about=content.text("original_msg_id") if name == "reaction" else _origin(content),
    )


def _reaction(content: Fields) -> str:
    """The id of a reaction, the same in every list that has it; "" where it cannot be told from others."""
    keys = [content.text(name) for name in ("original_msg_id", "unique_identifier", "operation", "timestamp")]
    return f"reaction:{digest(*keys)}" if all(keys) else ""


def _origin(content: Fields) -> str:
    """TikTok's id of what was written: the message, the comment (a mention in a video says comment 0), or the video."""
    comment = content.text("comment_id")
    return content.text("message_id") or ("" if comment == "0" else comment) or content.text("video_id")


def _message(event: Event, conversation: Conversation, sent_ms: int, kind: str, content: Fields) -> CustomerMessage:
    name = kind.partition(":")[0]
    username, direct = content.text("from"), name == "im_receive_msg"
    lines, text = _wording(kind, content)
    return CustomerMessage(
        id=event.id,
        conversation=conversation,
        sent_ms=sent_ms,
        text=text,
        lines=_context(content) + lines + _answer(name, content),
        media=_media(kind, content),
        origin=_origin(content),
        comment=content.text("comment_id") if name == "im_receive_high_intent_comment" else "",
        public=name in _PUBLIC,
        starts_window=direct,
        tap=_tap(content),
        quotes=_quoted(content),
        username=username,
        profile_url=ABOUT.page_of(username),
        platform_thread=content.text("conversation_id") if direct else "",
        attributes=_attributes(name, content),
    )


def _wording(kind: str, content: Fields) -> tuple[tuple[Line, ...], str]:
    """The bridge's lines, and the words of whoever wrote."""
    if kind != "im_receive_msg:template":
        return _line(kind, content), content.text(_WORDS.get(kind) or _WORDS.get(kind.partition(":")[0], ""))
    card = _card(content)
    offered = _line(kind, content) if card.offered else ()
    links = tuple(_filled("attachment", {"kind": "link", "title": title, "url": url}) for title, url in card.links)
    return offered + links, "\n".join(card.words)


def _tap(content: Fields) -> str:
    """The id that we gave the tapped button; its label comes as an ordinary text."""
    return content.text("reply_source_payload.reply_source_unique_id")


def _quoted(content: Fields) -> str:
    """TikTok's id of the message that is quoted; a tap refers to the buttons that were tapped, and quotes nothing."""
    return "" if _tap(content) else content.text("referenced_message_info.referenced_message_id")


def _context(content: Fields) -> tuple[Line, ...]:
    return _line("im_receive_msg:quoted_reply", content) if _quoted(content) else ()


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
    facts = {} if follows is None else {"follows": "true" if follows else "false"}
    url = _post(content) if event in {"comment.update", "brand.mention.event"} else ""
    return facts | ({"postUrl": url} if url else {})


def _echo(event: Event, conversation: Conversation, sent_ms: int, kind: str, content: Fields) -> Echo:
    lines, text = _sent(content)
    return Echo(
        id=content.text("message_id") or event.id,
        conversation=conversation,
        sent_ms=sent_ms,
        text=text,
        lines=_line(kind, content) + lines,
    )


def _sent(content: Fields) -> tuple[tuple[Line, ...], str]:
    """What the brand sent: the bridge's lines, and the brand's words."""
    kind = _known("im_receive_msg", _type(content))
    lines, text = _wording(kind, content)
    media = _media(kind, content)
    return ((Line("app_media", {"kind": media.kind}),) if media else lines), text


def _line(kind: str, content: Fields) -> tuple[Line, ...]:
    """What the bridge says of the kind, filled in; nothing where the customer's words are all there is."""
    key = RENDERINGS[kind].line
    return (_filled(key, _facts(key, content)),) if key else ()


def _filled(key: str, facts: dict[str, str]) -> Line:
    return Line(key, {name: fact for name, fact in facts.items() if fact})


def _facts(line: str, content: Fields) -> dict[str, str]:
    match line:
        case "sticker" | "emoji":
            return {"url": content.text(f"{line}.url")}
        case "post_shared":
            return {"url": content.text("share_post.embed_url") or _player(content.text("share_post.video_id"))}
        case "comment" | "mention_video" | "mention_comment" | "mention_changed":
            return {"url": _post(content)}
        case "buttons":
            return {"choices": " | ".join(_card(content).offered)}
        case "unknown":
            return {"kind": content.text("type")[:40]}
        case "unsupported" | "echo_app" | "echo_automation" | "region" | "high_intent":
            return {"platform": ABOUT.title}
        case "reacted":  # an AI emoji is a picture. TikTok portal doc 1832190670631937
            return {"emoji": content.first("emoji", "ai_emoji_url")}
    return {}


def _post(content: Fields) -> str:
    return content.text("share_url") or _player(content.text("video_id"))


def _player(video: str) -> str:
    """Where anybody can see the video. developers.tiktok.com/doc/embed-player"""
    return f"https://www.tiktok.com/player/v1/{quote(video, safe='')}" if video else ""
