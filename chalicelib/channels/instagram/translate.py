"""Instagram's events in the bridge's words.

developers.facebook.com/docs/messenger-platform/instagram/features/webhook and
developers.facebook.com/docs/instagram-platform/webhooks/examples
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from chalicelib.channels.instagram.about import ABOUT
from chalicelib.channels.instagram.attachments import Shown, mentioning, post_of, told, unreadable
from chalicelib.channels.instagram.renderings import RENDERINGS, ignored, lines
from chalicelib.channels.instagram.schema import (
    COMMENTS,
    CONTROL,
    DEFAULT_APP,
    KINDS,
    MENTIONS,
    MESSAGE,
    ROLES,
    SPOKEN,
    TEST_ACCOUNT,
    TEST_MID,
    TEST_SENDER,
    UNSPOKEN,
    UNSPOKEN_FIELDS,
    Fields,
    comment_of,
    event_name,
    event_of,
    message_event,
    read,
)
from chalicelib.errors import Malformed
from chalicelib.vocabulary.messages import (
    UNNAMED,
    Control,
    CustomerEvent,
    CustomerMessage,
    Echo,
    Led,
    Line,
    Mention,
    Note,
    Overheard,
    Unseen,
    led_here,
)
from chalicelib.vocabulary.records import Conversation, Event

# Edits are counted from 1; what is no such number says nothing of their order.
MOST_EDITS = 1_000_000
# So much is read of what another app adds to a conversation that it passes on (characters).
LONGEST_WORDS = 256
LONGEST_APP = 32


class _Translator:
    def parse(self, event: Event) -> list[CustomerEvent]:
        """One event of a delivery. Raises Malformed where nothing can be told of it."""
        if event.account == TEST_ACCOUNT:
            return [ignored("dashboard_test")]
        if event.section == "other_object":
            return [ignored(event.section)]
        if event.section == "standby":  # another app has the thread
            return _standby(event)
        seen = read(event.raw)
        if event.section == "changes":
            return _change(event, seen)
        if event.section in {"messaging", "echo"}:
            return _messaging(event, seen)
        return [ignored("changed_fields" if seen.has("changed_fields") else "entry")]


TRANSLATOR = _Translator()


def _messaging(event: Event, seen: Fields) -> list[CustomerEvent]:
    kind = next((kind for kind in KINDS if seen.has(kind)), "")
    body, sender = seen.at(kind), seen.at("sender").text("id")
    if sender == TEST_SENDER or body.text("mid") == TEST_MID:
        return [ignored("dashboard_test")]
    if kind in CONTROL:
        return _control(event, seen, kind, body)
    if kind == ROLES:
        return _roles(event, seen, body)
    if kind not in SPOKEN:
        return _event(kind, seen)
    # The account writes to itself, which Meta allows for tests. A bot that answered it would hear itself for ever.
    # developers.facebook.com/docs/messenger-platform/instagram/features/webhook
    if seen.flag("is_self") or body.flag("is_self"):
        return [ignored("self")]
    if kind == "message" and body.flag("is_echo"):
        return _echo(event, seen, body) if event.party else [ignored("nobody")]
    if sender == event.account:
        return [ignored("own")]
    return _READERS[kind](event, seen, body) if event.party else _of_nobody(event, seen, kind, body)


def _event(kind: str, seen: Fields) -> list[CustomerEvent]:
    """What is no message opens nothing and is not shown, whatever Meta adds; it is counted by its name."""
    name = kind or event_of(seen)
    return [ignored(UNSPOKEN[name]) if name in UNSPOKEN else ignored("event", event_name(name))]


def _standby(event: Event) -> list[CustomerEvent]:
    """What a customer says to another app. What is no message of theirs, or cannot be read, is left to that one."""
    try:
        return _to_another(event, read(event.raw))
    except Malformed:
        return [ignored("standby")]


def _to_another(event: Event, seen: Fields) -> list[CustomerEvent]:
    kind = next((kind for kind in ("message", "postback") if seen.has(kind)), "")
    body = seen.at(kind)
    mid, sender = body.text("mid"), seen.at("sender").text("id")
    if not (event.party and mid) or sender in {event.account, TEST_SENDER} or mid == TEST_MID:
        return [ignored("standby")]
    if kind == "message" and body.flag("is_deleted"):
        return [_overheard(event, seen, message_event(mid), (), gone=True)]
    # .../webhook-events/standby: a tap comes without its payload
    read_as = event if kind == "message" else msgspec.structs.replace(event, id=event.id.removeprefix("standby:"))
    said = [one for one in _READERS[kind](read_as, seen, body) if isinstance(one, CustomerMessage)]
    message = message_event(mid) if kind == "message" else read_as.id
    return [_overheard(event, seen, message, said)] if said else [ignored("standby")]


def _overheard(
    event: Event, seen: Fields, message: str, said: Sequence[CustomerMessage], *, gone: bool = False
) -> Overheard:
    """All parts of a message in one."""
    kinds = [one.media.kind for one in said if one.media]
    return Overheard(
        id=event.id,
        conversation=_conversation(event),
        sent_ms=_sent_ms(event, seen),
        message=message,
        text="\n".join(one.text for one in said if one.text),
        lines=tuple(line for one in said for line in one.lines),
        kind=kinds[0] if kinds else "",
        gone=gone,
        ignored=RENDERINGS["standby"].reason,
    )


def _control(event: Event, seen: Fields, kind: str, body: Fields) -> list[CustomerEvent]:
    did, names = CONTROL[kind]
    if not event.party:
        return [ignored("handover")]
    return [
        Control(
            id=event.id,
            conversation=_conversation(event),
            sent_ms=_sent_ms(event, seen),
            did=did,
            app=body.text(names)[:LONGEST_APP],
            words=body.text("metadata")[:LONGEST_WORDS],
            ignored=RENDERINGS["handover"].reason,
        )
    ]


def _roles(event: Event, seen: Fields, body: Fields) -> list[CustomerEvent]:
    """It is about no conversation. developers.facebook.com/docs/messenger-platform/handover-protocol/app-roles"""
    default = [app for app in body.names() if DEFAULT_APP in str(body.value(app))]
    if len(default) != 1:
        return [ignored("handover")]
    return [
        Control(
            id=event.id,
            conversation=Conversation("instagram", event.account, ""),
            sent_ms=_sent_ms(event, seen),
            did="default",
            app=default[0][:LONGEST_APP],
            ignored=RENDERINGS["handover"].reason,
        )
    ]


def _of_nobody(event: Event, seen: Fields, kind: str, body: Fields) -> list[CustomerEvent]:
    """An event that names no party, which happens: github.com/ChatbotXIO/ChatbotX/pull/832

    What a customer wrote is asked for, what only belongs to a message is let go.
    """
    if kind in {"reaction", "read", "referral"}:
        return [ignored("nobody")]
    mid = body.text("mid")
    if not mid or body.flag("is_deleted"):
        raise Malformed("Instagram event without a sender")
    identifier = event.id if kind == "postback" else message_event(mid)
    held = kind != "message_edit" or bool(body.text("text"))  # an edit may be all that comes of a message
    return [Unseen(id=identifier, account=event.account, origin=mid, sent_ms=_sent_ms(event, seen), told=held)]


def _conversation(event: Event) -> Conversation:
    """Raises Malformed where the event names nobody."""
    if not event.party:
        raise Malformed("Instagram event without a sender")
    return Conversation("instagram", event.account, event.party)


def _sent_ms(event: Event, seen: Fields) -> int:
    return seen.milliseconds("timestamp", event.received_ms)


def _note(event: Event, seen: Fields, kind: str, shown: tuple[Line, ...], about: str) -> Note:
    """`about` is the mid of the message that it belongs to."""
    return Note(
        id=event.id,
        conversation=_conversation(event),
        sent_ms=_sent_ms(event, seen),
        kind=kind,
        lines=shown,
        about=about,
    )


class _Context(msgspec.Struct, frozen=True):
    """What a message answers or where it comes from; told with its first part."""

    lines: tuple[Line, ...] = ()
    attributes: dict[str, str] = {}
    from_ad: bool = False
    tap: str = ""
    quotes: str = ""
    story: str = ""


def _messages(event: Event, seen: Fields, origin: str, shown: list[Shown], context: _Context) -> list[CustomerEvent]:
    """The parts of one message, in order."""
    conversation, sent_ms = _conversation(event), _sent_ms(event, seen)
    first, *others = shown
    return [
        CustomerMessage(
            id=event.id,
            conversation=conversation,
            sent_ms=sent_ms,
            text=first.text,
            lines=context.lines + first.lines,
            media=first.media,
            origin=origin,
            from_ad=context.from_ad,
            tap=context.tap,
            quotes=context.quotes,
            attributes=context.attributes,
            story=context.story,
        ),
        *(
            CustomerMessage(
                id=f"{event.id}#{part}",
                conversation=conversation,
                sent_ms=sent_ms,
                text=further.text,
                lines=further.lines,
                media=further.media,
                part=part,
                origin=origin,
            )
            for part, further in enumerate(others, 1)
        ),
    ]


def _message(event: Event, seen: Fields, message: Fields) -> list[CustomerEvent]:
    mid, tap = message.text("mid"), message.at("quick_reply").text("payload")
    if message.flag("is_deleted"):
        gone = _note(event, seen, "unsend", lines("unsend"), mid)
        return [msgspec.structs.replace(gone, removes=mid, prevents=message_event(mid) if mid else "")]
    text, parts = told(message)
    shown = [Shown(lines("quick_reply" if tap else "text"), text), *parts] if text else parts
    if not parts and (message.flag("is_unsupported") or not text):
        shown = [*shown, Shown(_placeholder(message))]
    answered, quotes = _answered(message.at("reply_to"))
    origin, post = _referral(message.at("referral")), post_of(message)
    attributes = origin.attributes | ({"postId": post} if post else {})
    story = mentioning(message) or origin.story
    context = _Context(led_here(origin.attributes) + answered, attributes, origin.from_ad, tap, quotes, story)
    return _messages(event, seen, mid, shown, context)


def _placeholder(message: Fields) -> tuple[Line, ...]:
    """What stands for a message that holds nothing which is known here."""
    new = [name for name in message.names() if name not in MESSAGE]
    if new and not message.flag("is_unsupported"):
        return unreadable(new[0])
    return lines("unsupported", platform="Instagram")


def _postback(event: Event, seen: Fields, postback: Fields) -> list[CustomerEvent]:
    """An ice breaker, an item of the persistent menu or a template's button: the customer's words are its title."""
    title = postback.text("title")
    shown = Shown(lines("postback"), title) if title else Shown(unreadable("postback"))
    origin = _referral(postback.at("referral"))
    context = _Context(led_here(origin.attributes), origin.attributes, origin.from_ad, postback.text("payload"))
    return _messages(event, seen, postback.text("mid"), [shown], context)


def _answered(reply: Fields) -> tuple[tuple[Line, ...], str]:
    """What the agent reads of what was answered, and the mid of the message that was."""
    if reply.has("story"):
        return lines("reply_to:story", url=reply.at("story").text("url")), ""
    mid = reply.text("mid")
    return (lines("reply_to:message"), mid) if mid else ((), "")


class _Origin(msgspec.Struct, frozen=True):
    """Where the customer comes from."""

    attributes: dict[str, str]
    from_ad: bool
    story: str = ""


def _referral(referral: Fields) -> _Origin:
    """An advertisement, a product of the shop, an ig.me link, or what else Meta names as the source.

    developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_referrals; flows come since
    2025-02-24: developers.facebook.com/docs/messenger-platform/changelog
    """
    if not referral.names():  # nearly always
        return _Origin({}, from_ad=False)
    advertisement, source = referral.at("ads_context_data"), referral.text("source")
    known = {
        "adId": referral.text("ad_id"),
        "adTitle": advertisement.text("ad_title"),
        "flowId": advertisement.text("flow_id") or referral.text("flow_id"),
        "ref": referral.text("ref"),
        "refSource": source,
        "productId": referral.at("product").text("id") or advertisement.text("product_id"),
    }
    from_ad = source.upper() == "ADS" or referral.has("ad_id") or referral.has("ads_context_data")
    # seen by others where an attachment tells it to us: github.com/Shudesu/ig-harness-oss/issues/20
    story = UNNAMED if source.upper() == "STORY_MENTION" else ""
    return _Origin({name: fact for name, fact in known.items() if fact}, from_ad, story)


def _entered(event: Event, seen: Fields, referral: Fields) -> list[CustomerEvent]:
    """The customer followed a link into a thread that was there before, and has written nothing yet."""
    origin = _referral(referral)
    if not origin.attributes:
        return [ignored("event", "referral")]
    return [
        Led(
            id=event.id,
            conversation=_conversation(event),
            sent_ms=_sent_ms(event, seen),
            attributes=origin.attributes,
            from_ad=origin.from_ad,
            story=origin.story,
        )
    ]


def _reaction(event: Event, seen: Fields, reaction: Fields) -> list[CustomerEvent]:
    mid, name = reaction.text("mid"), reaction.text("reaction")
    if reaction.text("action") == "unreact":
        return [_note(event, seen, "reaction", lines("reaction:unreact"), mid)]
    # "other" names no feeling: it says that there is an emoji
    emoji = reaction.text("emoji") or ("" if name == "other" else name)
    shown = lines("reaction:react", emoji=emoji) if emoji else lines("reaction:unnamed")
    return [_note(event, seen, "reaction", shown, mid)]


def _read(event: Event, seen: Fields, read: Fields) -> list[CustomerEvent]:
    return [_note(event, seen, "read", lines("read"), read.text("mid"))]


def _edit(event: Event, seen: Fields, edit: Fields) -> list[CustomerEvent]:
    """An edit; or what stands for a message that was never delivered.

    Real traffic has edits with `num_edit` 0, no text and sometimes no parties, some for messages that nobody was
    told of: those are asked for.
    """
    mid, text, number = edit.text("mid"), edit.text("text"), edit.text("num_edit")
    if text and number != "0":
        note = _note(event, seen, "edit", lines("message_edit"), mid)
        return [msgspec.structs.replace(note, text=text, edit=_newer(number, note.sent_ms))]
    if not mid:
        raise Malformed("Instagram edit without a message")
    return [Unseen(id=message_event(mid), account=event.account, origin=mid, sent_ms=_sent_ms(event, seen))]


def _newer(number: str, sent_ms: int) -> int:
    """What grows from one edit of a message to the next: its number, else its time."""
    counted = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
    return counted if 0 < counted <= MOST_EDITS else sent_ms


def _echo(event: Event, seen: Fields, message: Fields) -> list[CustomerEvent]:
    """What the brand's account sent, by whatever means."""
    if message.flag("is_deleted"):
        return [ignored("echo:unsend")]
    text, parts = told(message)
    shown = lines("echo", platform="Instagram")
    for part in parts:
        shown += lines("echo:media", kind=part.media.kind, url=part.media.url) if part.media else part.lines
    return [
        Echo(
            id=message.text("mid") or event.id,
            conversation=_conversation(event),
            sent_ms=_sent_ms(event, seen),
            text=text,
            lines=shown if text or parts else shown + _placeholder(message),
            mark=message.text("metadata"),
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
    if field in UNSPOKEN_FIELDS:
        return [ignored(UNSPOKEN_FIELDS[field])]
    # what `messaging` tells, without its parties
    if any(value.has(kind) for kind in SPOKEN):
        return _messaging(event, value)
    return [ignored("event", event_name(field))]


def _comment(event: Event, field: str, value: Fields, sent_ms: int) -> list[CustomerEvent]:
    person, media = value.at("from"), value.at("media")
    if person.text("id") == event.account or person.has("self_ig_scoped_id"):
        return [ignored("own")]
    comment, username = comment_of(value), person.text("username")
    known = {"postId": media.text("id"), "adId": media.text("ad_id"), "adTitle": media.text("ad_title")}
    return [
        CustomerMessage(
            id=event.id,
            conversation=_conversation(event),
            sent_ms=sent_ms,
            text=value.text("text"),
            lines=(*_under(media.text("id"), lines(field)), *_answerable(comment)),
            origin=comment,
            comment=comment,
            public=True,
            starts_window=False,
            username=username,
            profile_url=ABOUT.page_of(username),
            attributes={name: fact for name, fact in known.items() if fact},
        )
    ]


def _mention(event: Event, value: Fields, sent_ms: int) -> list[CustomerEvent]:
    """A mention names neither who made it nor what they said: there is its comment, or only the post."""
    comment, post = comment_of(value), value.text("media_id")
    return [
        CustomerMessage(
            id=event.id,
            conversation=_conversation(event),
            sent_ms=sent_ms,
            lines=lines("mentions:comment" if comment else "mentions:media") + _answerable(comment),
            origin=comment,
            comment=comment,
            public=True,
            starts_window=False,
            mention=Mention(post=post, comment=comment),
            attributes={"postId": post} if post else {},
        )
    ]


def _under(post: str, shown: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines with the post whose address they tell once it has been asked for."""
    return tuple(msgspec.structs.replace(line, post=post) for line in shown)


def _answerable(comment: str) -> tuple[Line, ...]:
    """How a comment can be answered."""
    return lines("answer:privately" if comment else "answer:in_app")


_READERS: dict[str, Callable[[Event, Fields, Fields], list[CustomerEvent]]] = {
    "message": _message,
    "postback": _postback,
    "reaction": _reaction,
    "read": _read,
    "message_edit": _edit,
    "referral": _entered,
}
