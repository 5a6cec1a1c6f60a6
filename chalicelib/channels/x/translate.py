"""X's events in the bridge's words: what each becomes is said in renderings.py. Encrypted ones stay sealed: only who
has the account's keys can say what they are."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.channels.x.about import ABOUT
from chalicelib.channels.x.heads import SAID, head_of
from chalicelib.channels.x.renderings import RENDERINGS, ignored, lines, unheard
from chalicelib.channels.x.schema import Told, conversation_of, opened, profile_of
from chalicelib.channels.x.wording import words
from chalicelib.errors import Malformed
from chalicelib.fields import Fields
from chalicelib.protocols.verdicts import number
from chalicelib.vocabulary.messages import (
    CustomerEvent,
    CustomerMessage,
    Echo,
    Ignored,
    Line,
    Media,
    Note,
    Sealed,
    Trouble,
)
from chalicelib.vocabulary.records import Conversation, Event, Profile

RECONNECT = (
    "X: the brand's account withdrew the app's permission; its owner has to log in again (dmdesk token set), and the "
    "account to be subscribed again (dmdesk x-webhook subscribe)"
)
# By which road an answer to a plain message goes.
PLAIN = "dm"
# Of a film's forms the best that is fetched and shown everywhere. Amazon Connect takes 20 MB.
_LARGEST_FILM = 18_000_000


class _Translator:
    def parse(self, event: Event) -> list[CustomerEvent]:
        """One event of a delivery. Raises Malformed where nothing can be told of it."""
        told = opened(event.raw)
        if told.kind == "revoke":
            return [Trouble(RENDERINGS["revoked"].reason, RECONNECT)]
        if told.kind == "replay":
            state = f"replay:{told.seen.text('job_state').lower()}"
            return [ignored(state if state in RENDERINGS else "replay:other")]
        if told.kind == "join":
            return [ignored("chat:join")]
        if told.kind == "":
            return [unheard(told.name)] * told.count
        if event.party == event.account != "":  # the account writes to itself
            return [ignored("self")]
        if told.kind == "chat":
            return [_sealed(event, told)]
        return _message(event, told) if told.kind == "dm" else [_note(event, told)]


TRANSLATOR = _Translator()


def _conversation(event: Event) -> Conversation:
    """Raises Malformed where the event names nobody."""
    if not event.party:
        raise Malformed("an X message that names nobody")
    return Conversation("x", event.account, event.party)


def _sealed(event: Event, told: Told) -> Sealed:
    payload = told.seen
    try:
        head = head_of(payload.text("encoded_event"))
    except Malformed:  # whoever opens it says so
        head = None
    return Sealed(
        id=event.id,
        conversation=_conversation(event),
        sent_ms=event.sent_ms or event.received_ms,
        body=bytes(event.raw),
        thread=conversation_of(head.conversation if head else payload.text("conversation_id")),
        own=event.section == "echo",
        silent=head is not None and head.about not in {0, SAID},
    )


def _note(event: Event, told: Told) -> Note | Ignored:
    """That the customer reads, or writes."""
    if told.sender == event.account != "":
        return ignored("own")
    if not event.party:
        return ignored("nobody")
    return Note(
        id=event.id,
        conversation=_conversation(event),
        sent_ms=event.sent_ms or event.received_ms,
        kind=told.kind,
        lines=lines(f"dm:{told.kind}"),
        about=told.seen.text("last_read_event_id"),
    )


class _Shown(msgspec.Struct, frozen=True):
    """A part of a message as agents see it: the bridge's lines, then the customer's words, or their file."""

    lines: tuple[Line, ...] = ()
    text: str = ""
    media: Media | None = None


def _message(event: Event, told: Told) -> list[CustomerEvent]:
    if told.seen.text("type") not in {"message_create", ""}:
        return [unheard(told.seen.text("type"))]
    data = told.seen.at("message_create", "message_data")
    attachment = data.at("attachment")
    text = words(data.text("text"), data.at("entities").each("urls"), attachment.at("media"))
    if event.section == "echo":
        return [_echo(event, told, text, data)]
    conversation, person = _conversation(event), profile_of(told.person)
    parts = _parts(text, attachment, data)
    group = event.party.startswith("g")
    if group:  # anybody in it may have written
        parts[0] = msgspec.structs.replace(parts[0], lines=_writer(told, person) + parts[0].lines)
    username = "" if group or person is None else person.username
    return [
        CustomerMessage(
            id=f"{event.id}#{part}" if part else event.id,
            conversation=conversation,
            sent_ms=event.sent_ms or event.received_ms,
            text=shown.text,
            lines=shown.lines,
            media=shown.media,
            part=part,
            origin=told.seen.text("id"),
            tap="" if part else data.at("quick_reply_response").text("metadata"),
            username=username,
            profile_url=ABOUT.page_of(username),
            profile=None if group else person,
            platform_thread=PLAIN,
        )
        for part, shown in enumerate(parts)
    ]


def _parts(text: str, attachment: Fields, data: Fields) -> list[_Shown]:
    """The words, and behind them what came with them."""
    beside = _attached(attachment) if attachment.names() else None
    said = [_Shown(text=text)] if text.strip() else []
    if said or beside:
        return said + ([beside] if beside else [])
    new = next((name for name in data.names() if name not in _KNOWN), "")
    return [_Shown(lines("dm:unknown", kind=new[:40]) if new else lines("dm:nothing", platform=ABOUT.title))]


# What a message may hold. docs.x.com/x-api/account-activity
_KNOWN = frozenset({"text", "entities", "attachment", "quick_reply", "quick_reply_response", "ctas"})
_MEDIA = {"photo": "image", "animated_gif": "video", "video": "video"}


def _attached(attachment: Fields) -> _Shown:
    kind = attachment.text("type")
    if kind == "media":
        return _file(attachment.at("media"))
    if kind == "location":
        return _Shown(_location(attachment.at("location")))
    return _Shown(lines("dm:unknown", kind=(kind or "attachment")[:40]))


def _file(media: Fields) -> _Shown:
    """A picture, or a film: X has an animation as a film without sound."""
    kind = media.text("type")
    if kind not in _MEDIA:
        return _Shown(lines("dm:unknown", kind=(kind or "media")[:40]))
    if kind == "photo":
        url = media.text("media_url_https") or media.text("media_url")
        return _Shown(media=Media(kind="image", url=url)) if url else _gone("image")
    url = _film(media.at("video_info"))
    return _Shown(media=Media(kind="video", url=url)) if url else _gone("video")


def _gone(kind: str) -> _Shown:
    return _Shown(lines("dm:media_gone", kind=kind))


def _film(info: Fields) -> str:
    """Where the best form lies that is small enough, by its bits per second; else the smallest. "" for none."""
    forms = [form for form in info.each("variants") if form.text("content_type") == "video/mp4" and form.text("url")]
    milliseconds = number(info.value("duration_millis")) or 0
    rated = sorted(((number(form.value("bitrate")) or 0, form.text("url")) for form in forms), reverse=True)
    fitting = [url for rate, url in rated if rate * milliseconds // 8000 <= _LARGEST_FILM]
    return next(iter(fitting), rated[-1][1] if rated else "")


def _location(location: Fields) -> tuple[Line, ...]:
    """A place, or a point. docs.x.com/x-api/account-activity, developer.x.com: direct messages, message types"""
    place = location.at("shared_place", "place")
    points = location.at("shared_coordinate", "coordinates").value("coordinates")
    point = ""
    if (
        isinstance(points, list)
        and len(points) == 2
        and all(isinstance(one, int | float) and -180 <= one <= 180 for one in points)
    ):
        point = f"{points[1]:.6f}, {points[0]:.6f}"  # GeoJSON has the longitude first
    return lines("dm:location", title=place.text("full_name") or place.text("name"), place=point)


def _writer(told: Told, person: Profile | None) -> tuple[Line, ...]:
    known = person or Profile()
    handle = f"@{known.username}" if known.username else ""
    name = f"{known.name} ({handle})" if known.name and handle else known.name or handle or told.sender
    return lines("dm:group", name=name)


def _echo(event: Event, told: Told, text: str, data: Fields) -> Echo:
    """What the brand's account sent, by whatever means."""
    attachment = data.at("attachment")
    shown = lines("dm:echo", platform=ABOUT.title)
    if attachment.text("type") == "media":
        kind = _MEDIA.get(attachment.at("media").text("type"), "media")
        shown += lines("dm:echo:media", kind=kind)
    elif attachment.names():
        shown += _attached(attachment).lines
    offered = _offered(data)
    if offered:
        shown += lines("dm:echo:choices", choices=" | ".join(offered))
    return Echo(
        id=told.seen.text("id") or event.id,
        conversation=_conversation(event),
        sent_ms=event.sent_ms or event.received_ms,
        text=text,
        lines=shown,
    )


def _offered(data: Fields) -> Sequence[str]:
    """What can be tapped under what was sent."""
    options = [*data.at("quick_reply").each("options"), *data.each("ctas")]
    return [label for option in options if (label := option.text("label"))]
