"""What an opened event says, in the bridge's words: what each kind becomes is said in renderings.py.

The kinds and their fields are those of chatxdk 0.5.2: github.com/xdevplatform/chat-xdk docs. What a kind holds that the
library does not know, it leaves out without a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote

import msgspec
import regex

from chalicelib.channels.x.about import ABOUT
from chalicelib.channels.x.renderings import RENDERINGS, ignored, lines, unheard
from chalicelib.fields import Fields
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Echo, Kind, Line, Media, Note, Sealed

# How much of a message names it later (characters).
LONGEST_WORDS = 80
_GRAPHEMES = regex.compile(r"\X")
# A file's name at X: docs.x.com/xchat, `GET /2/chat/media/{id}/{media_hash_key}`
_HASH = re.compile(r"[\w-]{1,50}", re.ASCII)
_KINDS: dict[str, Kind] = {"image": "image", "gif": "image", "video": "video", "audio": "audio"}
HANDLE = "chat:"
# More than X puts into one message.
_MOST_PARTS = 12


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the conversation: its signed id, who sent it, and how it begins."""

    id: str
    sender: str
    words: str = ""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was opened: what was sealed, what it says, who sent it (`writer` is how they are called, in a group
    only), and whatever is remembered of a message by the server's count of it."""

    sealed: Sealed
    event: Fields
    own: bool
    writer: str
    said: Callable[[str], Said | None]


def happened(opened: Opened) -> list[CustomerEvent]:
    """What happened."""
    kind = opened.event.text("type")
    if kind == "Message":
        return _message(opened)
    if kind == "MessageDeleted":
        return _deleted(opened)
    row = _EVENTS.get(kind)
    if row is None:
        return [unheard(f"chat_{kind.lower()}" if kind else "")]
    if RENDERINGS[row].shows == "ignored":
        return [ignored(row)]
    return [ignored("own") if opened.own else _note(opened, kind, row)]


_EVENTS = {
    "KeyChange": "chat:key_change",
    "GroupChange": "chat:group_change",
    "MemberDeleted": "chat:member_deleted",
    "MarkedUnread": "chat:marked_unread",
    "ConversationDeleted": "chat:conversation_deleted",
    "Failure": "chat:failure",
    "ReadReceipt": "chat:read",
    "Typing": "chat:typing",
}


def begins_of(text: str) -> str:
    """How a message begins, by which others name it: one line, cut between words, or between graphemes."""
    line = " ".join(text[:2000].split())
    if len(line) <= LONGEST_WORDS:
        return line
    cut = ""
    for sign in _GRAPHEMES.findall(line):
        if len(cut) + len(sign) > LONGEST_WORDS:
            break
        cut += sign
    return f"{cut.rpartition(' ')[0] or cut}…"


def _message(opened: Opened) -> list[CustomerEvent]:
    content = opened.event.at("content")
    kind = content.text("content_type")
    if kind == "MarkRead":
        return [ignored("own") if opened.own else _note(opened, kind, "chat:read")]
    if kind == "MarkUnread":
        return [ignored("chat:marked_unread")]
    if kind in _CHANGES:
        return [ignored("own") if opened.own else _change(opened, content, kind)]
    return [_echo(opened, content)] if opened.own else list(_written(opened, content, kind))


# --- what changes another message

_CHANGES = {"Reaction": "chat:reaction", "ReactionRemoved": "chat:reaction_removed", "Edit": "chat:edit"}


def _change(opened: Opened, content: Fields, kind: str) -> Note:
    target = content.text("target_message_id")
    said = opened.said(target)
    edit = kind == "Edit"
    note = _note(opened, "edit" if edit else "reaction", _CHANGES[kind], target, emoji=content.text("emoji"))
    return msgspec.structs.replace(
        note,
        lines=_naming(note.lines, said),
        text=content.text("new_text") if edit else "",
        edit=opened.sealed.sent_ms if edit else 0,
    )


def _deleted(opened: Opened) -> list[CustomerEvent]:
    """Each of the messages that were taken back; what somebody hides from themselves alone is no news."""
    targets = opened.event.value("message_ids")
    if opened.own or opened.event.flag("delete_for_all") is not True or not isinstance(targets, list):
        return [ignored("own" if opened.own else "chat:hidden")]
    return [_taken_back(opened, number, str(target)) for number, target in enumerate(targets[:100])]


def _taken_back(opened: Opened, number: int, target: str) -> Note:
    note = _note(opened, "unsent", "chat:deleted", target)
    said = opened.said(target)
    theirs = said is not None and said.sender == opened.event.text("sender_id")
    return msgspec.structs.replace(
        note,
        id=f"{note.id}#{number}" if number else note.id,
        lines=_naming(note.lines, said),
        removes=said.id if said and theirs else "",
        prevents=f"{HANDLE}{said.id}" if said and theirs else "",
    )


def _note(opened: Opened, kind: str, row: str, about: str = "", **facts: str) -> Note:
    sealed = opened.sealed
    name = {"ReadReceipt": "read", "MarkRead": "read", "Typing": "typing"}.get(kind, kind)
    return Note(
        # an event that nobody signs may bear the id of a message that is still to come
        id=f"{sealed.id}/{name}",
        conversation=sealed.conversation,
        sent_ms=sealed.sent_ms,
        kind=name,
        lines=_writer(opened) + lines(row, **facts),
        about=about,
        sealed=True,
    )


def _naming(told: tuple[Line, ...], said: Said | None) -> tuple[Line, ...]:
    """The lines, the last of which names the message that they are about."""
    if not told or said is None or not said.words:
        return told
    *before, last = told
    return (*before, Line(f"{last.key}_words", last.facts | {"words": said.words}))


# --- what is said


class _Part(msgspec.Struct, frozen=True):
    """A part of a message as agents see it: the bridge's lines, then the customer's words, or their file."""

    lines: tuple[Line, ...] = ()
    text: str = ""
    media: Media | None = None


def _written(opened: Opened, content: Fields, kind: str) -> Sequence[CustomerMessage]:
    """The words, and behind them each of the files, as messages of their own."""
    parts = list(_parts(opened, content, kind))[:_MOST_PARTS]
    parts[0] = msgspec.structs.replace(parts[0], lines=_writer(opened) + parts[0].lines)
    sealed, tap = opened.sealed, content.at("quick_reply", "response", "options").text("metadata")
    return [
        CustomerMessage(
            id=f"{sealed.id}#{number}" if number else sealed.id,
            conversation=sealed.conversation,
            sent_ms=sealed.sent_ms,
            text=part.text,
            lines=part.lines,
            media=part.media,
            part=number,
            origin=opened.event.text("id"),
            tap="" if number else tap,
            platform_thread=sealed.thread,
            sealed=True,
        )
        for number, part in enumerate(parts)
    ]


def _parts(opened: Opened, content: Fields, kind: str) -> Sequence[_Part]:
    if kind != "Text":
        return [_Part(lines("chat:unknown", kind=_name(content.text("type_id") or kind)))]
    text = content.text("text")
    beside = [_attached(opened, one) for one in opened.event.each("attachments")]
    before = _quoted(opened, content)
    if not text.strip() and not beside:
        if content.value("attachments") is None:
            return [_Part(before + lines("chat:nothing", platform=ABOUT.title))]
        beside = [_Part(lines("chat:unknown", kind="attachment"))]  # of a kind that the library has left out
    said = [_Part(before, text)] if text.strip() else []
    if not said and beside:
        beside[0] = msgspec.structs.replace(beside[0], lines=before + beside[0].lines)
    return said + beside


def _attached(opened: Opened, one: Fields) -> _Part:
    kind = one.text("attachment_type")
    if kind == "Media":
        return _file(opened, one)
    if kind == "Url":
        return _Part(lines("chat:url", kind="link", title=one.text("display_title"), url=_link(one.text("url"))))
    if kind == "Post":
        post = one.text("rest_id")
        url = _link(one.text("post_url")) or (f"https://x.com/i/status/{quote(post, safe='')}" if post else "")
        return _Part(lines("chat:post", url=url))
    if kind == "UnifiedCard":
        return _Part(lines("chat:card", kind="link", url=_link(one.text("url"))))
    if kind == "Money":
        return _Part(lines("chat:money", platform=ABOUT.title), one.text("fallback_text"))
    return _Part(lines("chat:unknown", kind=_name(kind) or "attachment"))


def _file(opened: Opened, one: Fields) -> _Part:
    """By the handle the file is found: the version of the key that it is sealed by, and its name at X."""
    kind = _KINDS.get(one.text("media_type"), "file")
    version, name = opened.event.text("key_version"), one.text("media_hash_key")
    if not _HASH.fullmatch(name):
        return _Part(lines("chat:media_gone", kind=kind))
    return _Part(media=Media(kind=kind, handle=f"{HANDLE}{version}:{name}"))


def _quoted(opened: Opened, content: Fields) -> tuple[Line, ...]:
    """What the message answers, in the words that are remembered here: those that stand in it may be made up."""
    preview = content.at("replying_to_preview")
    if not preview.names():
        return ()
    return _naming(lines("chat:reply"), opened.said(preview.text("replying_to_message_sequence_id")))


def _echo(opened: Opened, content: Fields) -> Echo:
    """What the brand's account sent, by whatever means."""
    attached = [_KINDS.get(one.text("media_type"), "file") for one in opened.event.each("attachments")]
    shown = lines("chat:echo", platform=ABOUT.title)
    shown += tuple(line for kind in attached for line in lines("chat:echo:media", kind=kind))
    offered = content.at("quick_reply", "request", "options").each("options")
    labels = [label for option in offered if (label := option.text("label"))]
    return Echo(
        id=opened.event.text("id"),
        conversation=opened.sealed.conversation,
        sent_ms=opened.sealed.sent_ms,
        text=content.text("text"),
        lines=shown + (lines("chat:echo:choices", choices=" | ".join(labels)) if labels else ()),
    )


def _writer(opened: Opened) -> tuple[Line, ...]:
    return lines("chat:group", name=opened.writer) if opened.writer else ()


def _link(url: str) -> str:
    return url if url.startswith(("https://", "http://")) else ""


def _name(kind: str) -> str:
    return kind[:40]


def place_of(media: Media) -> tuple[str, str]:
    """The version of the key and the name at X, of a file's handle."""
    version, _, name = media.handle.removeprefix(HANDLE).partition(":")
    return version, name
