"""Instagram's events in the bridge's words.

developers.facebook.com/docs/messenger-platform/instagram/features/webhook and
developers.facebook.com/docs/instagram-platform/webhooks/examples
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast
from urllib.parse import quote

import msgspec

from chalicelib.channels.instagram.renderings import RENDERINGS
from chalicelib.channels.instagram.schema import (
    ATTACHMENTS,
    COMMENTS,
    KINDS,
    MENTIONS,
    TEST_ACCOUNT,
    TEST_MID,
    TEST_SENDER,
    UNSPOKEN,
    UNSPOKEN_FIELDS,
    Fields,
    comment_of,
    message_event,
    read,
)  # fmt: skip
from chalicelib.errors import Malformed
from chalicelib.messages import (
    Conversation,
    CustomerEvent,
    CustomerMessage,
    Echo,
    Event,
    Ignored,
    Kind,
    Line,
    Media,
    Note,
    Unseen,
)  # fmt: skip

LONGEST_KIND = 60
ENVELOPE = {"sender", "recipient", "timestamp"}


class _Translator:
    def parse(self, event: Event) -> list[CustomerEvent]:
        """One event of a delivery. Raises Malformed where nothing can be told of it."""
        if event.account == TEST_ACCOUNT:
            return _ignored("dashboard_test")
        if event.section in {"standby", "other_object"}:  # another app has the thread, or the whole delivery
            return _ignored(event.section)
        seen = read(event.raw)
        if event.section == "changes":
            return _change(event, seen)
        if event.section in {"messaging", "echo"}:
            return _messaging(event, seen)
        return _ignored("changed_fields" if seen.has("changed_fields") else "entry")


TRANSLATOR = _Translator()


def _ignored(kind: str) -> list[CustomerEvent]:
    return [Ignored(RENDERINGS[kind].reason)]


def _lines(row: str, /, **facts: str) -> tuple[Line, ...]:
    """What the bridge says of this kind; nothing where the customer's own words are all there is."""
    key = RENDERINGS[row].line
    return (Line(key, {name: fact for name, fact in facts.items() if fact}),) if key else ()


def _messaging(event: Event, seen: Fields) -> list[CustomerEvent]:
    kind = next((kind for kind in KINDS if seen.has(kind)), "")
    body, sender = seen.at(kind), seen.at("sender").text("id")
    if sender == TEST_SENDER or body.text("mid") == TEST_MID:
        return _ignored("dashboard_test")
    if kind in UNSPOKEN:
        return _ignored(UNSPOKEN[kind])
    # The account writes to itself, which Meta allows for tests. A bot that answered it would hear itself for ever.
    # developers.facebook.com/docs/messenger-platform/instagram/features/webhook
    if seen.flag("is_self") or body.flag("is_self"):
        return _ignored("self")
    if kind == "message" and body.flag("is_echo"):
        return _echo(event, seen, body)
    if sender == event.account:
        return _ignored("own")
    if kind == "message_edit":
        return [_edit(event, seen, body)]
    return _READERS.get(kind, _unknown)(event, seen, body)


def _conversation(event: Event) -> Conversation:
    """Raises Malformed where the event names nobody."""
    if not event.party:
        raise Malformed("Instagram event without a sender")
    return Conversation("instagram", event.account, event.party)


def _sent_ms(event: Event, seen: Fields) -> int:
    return seen.milliseconds("timestamp", event.received_ms)


def _note(event: Event, seen: Fields, kind: str, lines: tuple[Line, ...], text: str = "", gone: str = "") -> Note:
    """`gone` is the mid of a message that was taken back."""
    return Note(
        id=event.id,
        conversation=_conversation(event),
        sent_ms=_sent_ms(event, seen),
        kind=kind,
        lines=lines,
        text=text,
        removes=gone,
        prevents=message_event(gone) if gone else "",
    )


class _Shown(msgspec.Struct, frozen=True):
    """One of the agent's messages: the bridge's lines, the customer's text, the customer's file."""

    lines: tuple[Line, ...] = ()
    text: str = ""
    media: Media | None = None


class _Context(msgspec.Struct, frozen=True):
    """What a message answers or where it comes from; told with its first part."""

    lines: tuple[Line, ...] = ()
    attributes: dict[str, str] = {}
    from_ad: bool = False


def _said(
    event: Event, seen: Fields, origin: str, shown: list[_Shown], context: _Context, tap: str = ""
) -> list[CustomerEvent]:
    """The parts of one message, in order."""
    conversation, sent_ms = _conversation(event), _sent_ms(event, seen)
    return [
        CustomerMessage(
            id=f"{event.id}#{part}" if part else event.id,
            conversation=conversation,
            sent_ms=sent_ms,
            text=one.text,
            lines=one.lines if part else context.lines + one.lines,
            media=one.media,
            part=part,
            origin=origin,
            from_ad=context.from_ad and not part,
            tap="" if part else tap,
            attributes={} if part else context.attributes,
        )
        for part, one in enumerate(shown)
    ]


def _message(event: Event, seen: Fields, message: Fields) -> list[CustomerEvent]:
    mid, text, tap = message.text("mid"), message.text("text"), message.at("quick_reply").text("payload")
    if message.flag("is_deleted"):
        return [_note(event, seen, "unsend", _lines("unsend"), gone=mid)]
    attachments = list(_distinct(message.each("attachments")))
    shown = [_Shown(_lines("quick_reply" if tap else "text"), text)] if text else []
    shown += [_attachment(attachment) for attachment in attachments]
    if not attachments and (message.flag("is_unsupported") or not text):
        shown.append(_Shown(_lines("unsupported", platform="Instagram")))
    context, origin = _answered(message.at("reply_to")), _referral(message.at("referral"))
    posts = [post for attachment in attachments if (post := _post(attachment))]
    attributes = origin.attributes | ({"postId": posts[0]} if posts else {})
    whole = _Context(origin.lines + context, attributes, origin.from_ad)
    return _said(event, seen, mid, shown, whole, tap)


def _postback(event: Event, seen: Fields, postback: Fields) -> list[CustomerEvent]:
    """An ice breaker, an item of the persistent menu or a template's button: the customer's words are its title."""
    title = postback.text("title")
    shown = _Shown(_lines("postback"), title) if title else _Shown(_lines("unknown", kind="postback"))
    context = _referral(postback.at("referral"))
    return _said(event, seen, postback.text("mid"), [shown], context, postback.text("payload"))


def _unknown(event: Event, seen: Fields, _: Fields) -> list[CustomerEvent]:
    """A kind that Meta has added since: the agent sees that there was something."""
    kind = next((name for name in seen.names() if name not in ENVELOPE), "")
    if not kind:
        raise Malformed("Instagram event that tells nothing")
    shown = _Shown(_lines("unknown", kind=kind[:LONGEST_KIND]))
    return _said(event, seen, seen.at(kind).text("mid"), [shown], _Context())


def _distinct(attachments: list[Fields]) -> Iterator[Fields]:
    """Without the second form of a shared post: for a time Meta sent `share` and `ig_post` of one post together,
    and only the newer names it. developers.facebook.com/docs/messenger-platform/instagram/features/webhook"""
    named = {_post(attachment) for attachment in attachments if attachment.text("type") == "ig_post"}
    told: set[str] = set()
    for attachment in attachments:
        post = _post(attachment)
        older = attachment.text("type") == "share" and bool(named) and (post in named or not post)
        if older or post in told:
            continue
        told |= {post} if post else set()
        yield attachment


def _post(attachment: Fields) -> str:
    return attachment.at("payload").text("ig_post_media_id")


def _attachment(attachment: Fields) -> _Shown:
    kind, payload = attachment.text("type"), attachment.at("payload")
    url = payload.text("url") or payload.text("story_media_url")
    title = payload.text("title")
    if kind not in ATTACHMENTS:
        link = _lines("unknown:link", kind=kind[:LONGEST_KIND], title=title, url=url) if url else ()
        return _Shown(_lines("unknown", kind=kind[:LONGEST_KIND] or "attachment") + link)
    if RENDERINGS[kind].shows == "media":
        media = Media(kind=cast("Kind", kind), url=url) if url else None
        return _Shown(() if media else _lines("media_gone", kind=kind), media=media)
    return _Shown(_link(kind, title, url, payload))


def _link(kind: str, title: str, url: str, payload: Fields) -> tuple[Line, ...]:
    """An attachment that is told of, not copied."""
    if kind in {"story_mention", "ig_story", "story"}:
        return _lines(kind, url=url) if url else _lines("story_gone")
    if kind == "template":  # a shared comment comes as a template without elements
        first = next(iter(payload.each("generic")), Fields())
        title = title or first.text("title")
        return _lines(kind, kind=kind, title=title, url=url) if title or url else _lines("template:empty")
    if kind == "unsupported_type":
        return _lines(kind, platform="Instagram")
    if kind == "like_heart":  # a sticker that is always the same and may come without its picture
        return _lines(kind, url=url or "❤️")
    named = {"fallback": "link", "media": "media"}.get(kind, "")
    return _lines(kind, kind=named, title=title, url=url)


def _answered(reply: Fields) -> tuple[Line, ...]:
    if reply.has("story"):
        return _lines("reply_to:story", url=reply.at("story").text("url"))
    return _lines("reply_to:message") if reply.text("mid") else ()


def _referral(referral: Fields) -> _Context:
    """Where the customer comes from: an advertisement, a product of the shop, or an ig.me link."""
    ref, ad, product = referral.text("ref"), referral.text("ad_id"), referral.at("product").text("id")
    from_ad = referral.text("source") == "ADS"
    lines: tuple[Line, ...] = ()
    if from_ad:
        lines += _lines("referral:ad", title=referral.at("ads_context_data").text("ad_title") or ad)
    if product:
        lines += _lines("referral:product", id=product)
    if ref and not lines:
        lines += _lines("referral:link", ref=ref)
    return _Context(lines, {name: value for name, value in (("adId", ad), ("ref", ref)) if value}, from_ad)


def _entered(event: Event, seen: Fields, referral: Fields) -> list[CustomerEvent]:
    """The customer followed a link into a thread that was there before, and has written nothing yet."""
    return [_note(event, seen, "referral", _referral(referral).lines or _lines("referral:link"))]


def _reaction(event: Event, seen: Fields, reaction: Fields) -> list[CustomerEvent]:
    if reaction.text("action") == "unreact":
        return [_note(event, seen, "reaction", _lines("reaction:unreact"))]
    emoji = reaction.text("emoji") or reaction.text("reaction")
    return [_note(event, seen, "reaction", _lines("reaction:react", emoji=emoji))]


def _read(event: Event, seen: Fields, _: Fields) -> list[CustomerEvent]:
    return [_note(event, seen, "read", _lines("read"))]


def _edit(event: Event, seen: Fields, edit: Fields) -> CustomerEvent:
    """An edit; or what stands for a message that was never delivered.

    Real traffic has edits with `num_edit` 0, no text and sometimes no parties, some for messages that nobody was
    told of: those are asked for, and so is one whose customer is not named.
    """
    mid, text = edit.text("mid"), edit.text("text")
    if text and event.party and edit.text("num_edit") != "0":
        return _note(event, seen, "edit", _lines("message_edit"), text)
    if not mid:
        raise Malformed("Instagram edit without a message")
    return Unseen(id=message_event(mid), account=event.account, origin=mid, sent_ms=_sent_ms(event, seen))


def _echo(event: Event, seen: Fields, message: Fields) -> list[CustomerEvent]:
    """What the brand's account sent, by whatever means."""
    if message.flag("is_deleted"):
        return _ignored("echo:unsend")
    lines = _lines("echo", platform="Instagram")
    for attachment in _distinct(message.each("attachments")):
        shown = _attachment(attachment)
        lines += _lines("echo:media", kind=shown.media.kind, url=shown.media.url) if shown.media else shown.lines
    text = message.text("text")
    if not text and not message.each("attachments"):
        lines += _lines("unsupported", platform="Instagram")
    return [
        Echo(
            id=message.text("mid") or event.id,
            conversation=_conversation(event),
            sent_ms=_sent_ms(event, seen),
            text=text,
            lines=lines,
        )
    ]


def _change(event: Event, entry: Fields) -> list[CustomerEvent]:
    """A change, in an entry of its own: flat, or as the only item of `changes`."""
    change = entry if entry.has("field") else next(iter(entry.each("changes")), Fields())
    field, value = change.text("field"), change.at("value")
    sent_ms = entry.milliseconds("time", event.received_ms)
    if field in COMMENTS:
        return _comment(event, field, value, sent_ms)
    if field == MENTIONS:
        return _mention(event, value, sent_ms)
    return _ignored(UNSPOKEN_FIELDS.get(field, "unknown_field"))


def _comment(event: Event, field: str, value: Fields, sent_ms: int) -> list[CustomerEvent]:
    person, media = value.at("from"), value.at("media")
    if person.text("id") == event.account or person.has("self_ig_scoped_id"):
        return _ignored("own")
    comment, username = comment_of(value), person.text("username")
    known = {"postId": media.text("id"), "adId": media.text("ad_id")}
    return [
        CustomerMessage(
            id=event.id,
            conversation=_conversation(event),
            sent_ms=sent_ms,
            text=value.text("text"),
            lines=_lines(field, url=media.text("id")) + _lines("answer:privately" if comment else "answer:in_app"),
            origin=comment,
            comment=comment,
            starts_window=False,
            username=username,
            profile_url=f"https://www.instagram.com/{quote(username, safe='')}/" if username else "",
            attributes={name: fact for name, fact in known.items() if fact},
        )
    ]


def _mention(event: Event, value: Fields, sent_ms: int) -> list[CustomerEvent]:
    """A mention names neither who made it nor what they said: there is its comment, or only the post."""
    comment, post = comment_of(value), value.text("media_id")
    how = _lines("answer:privately") if comment else _lines("answer:in_app")
    return [
        CustomerMessage(
            id=event.id,
            conversation=_conversation(event),
            sent_ms=sent_ms,
            lines=_lines("mentions:comment" if comment else "mentions:media", url=post) + how,
            origin=comment,
            comment=comment,
            starts_window=False,
            attributes={"postId": post} if post else {},
        )
    ]


_READERS: dict[str, Callable[[Event, Fields, Fields], list[CustomerEvent]]] = {
    "message": _message,
    "postback": _postback,
    "reaction": _reaction,
    "read": _read,
    "referral": _entered,
}
