"""What somebody is thanked for automatically, when, and in which words: a story that mentions the brand, a comment.

Each is thanked for once, by a bot's message: within the platform's window and never under a tag for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Literal

import msgspec

from chalicelib.rules.catalogue import say
from chalicelib.rules.harmless import one_line
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.front import Thanks
from chalicelib.vocabulary.messages import UNNAMED, CustomerEvent, CustomerMessage, Led
from chalicelib.vocabulary.records import Conversation, Thread
from chalicelib.wire import digest

Kind = Literal["story", "comment"]
Reason = Literal["late", "quiet", "held", "answered", "again"]
"""It comes too late, or in the quiet hours; a person has the conversation; it was answered already; the person was
thanked for it before."""

# Whatever a platform's window is, nobody is thanked for what is older than this (s).
FRESH_S = 86_400.0
LONGEST_NAME = 60
_PLACE = "{name}"
_EMPTY_PLACE = re.compile(r"[\s,]*\{name\}")
# a name that leads somewhere, or means to
_LEADS = re.compile(r"[/\\{}]|www\.|\S\.\S", re.IGNORECASE)

_WORDS = {"story": "thanks_story", "comment": "thanks_comment"}


class Due(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For what a customer may be thanked: `about` is the story (UNNAMED where nobody names it) or the comment, `event`
    the id of what told it at `sent_ms` (epoch ms). `username` and `platform_thread` are what it told besides."""

    kind: Kind
    conversation: Conversation
    about: str
    event: str
    sent_ms: int
    username: str = ""
    platform_thread: str = ""

    @property
    def story(self) -> str:
        """What the story is called among those that this person was thanked for; UNNAMED of one that is not named."""
        return UNNAMED if self.about == UNNAMED else digest(self.about)[:32]

    @property
    def message(self) -> str:
        """The id of the message that thanks: the same for whoever tells of the same story or comment."""
        named = self.event if self.about == UNNAMED else self.about
        return claims.thanks(digest(self.kind, named)[:32])


def due(thanks: Thanks, happened: Sequence[CustomerEvent]) -> Due | None:
    """For what of an event the account thanks; None for nothing. A mention in a post, or in a comment elsewhere, is
    neither a story nor a comment on the brand's own."""
    for one in happened:
        if isinstance(one, (CustomerMessage, Led)) and one.story and thanks.stories:
            return _due("story", one.story, one)
        if isinstance(one, CustomerMessage) and thanks.comments and one.comment and one.public and not one.mention:
            return _due("comment", one.comment, one)
    return None


def _due(kind: Kind, about: str, told: CustomerMessage | Led) -> Due:
    message = told if isinstance(told, CustomerMessage) else None
    return Due(
        kind=kind,
        conversation=told.conversation,
        about=about,
        event=told.id,
        sent_ms=told.sent_ms,
        username=message.username if message else "",
        platform_thread=message.platform_thread if message else "",
    )


def only_mentions(happened: Sequence[CustomerEvent]) -> bool:
    """Whether an event holds nothing but a mention: no word, no file of the customer's."""
    return all(isinstance(one, CustomerMessage) and one.story and not (one.text or one.media) for one in happened)


def refusal(
    thanks: Thanks, due: Due, thread: Thread, before: Mapping[str, str], now_ms: int, local: datetime
) -> Reason | None:
    """Why nobody is thanked for this now; None where they are. `thread` is what is remembered, `before` the stories
    for which the person was thanked within a day, each with the event that told it, `local` the account's time."""
    if now_ms - due.sent_ms > FRESH_S * 1000:
        return "late"
    if is_quiet(thanks.quiet, local.time()):
        return "quiet"
    if due.kind == "comment" and (thread.answered == due.about or thread.customer_ms >= due.sent_ms):
        return "answered"
    if due.sent_ms <= thread.said_ms:
        return "answered"
    if due.kind == "story" and not thanks.opens and thread.seat.conversation:
        return "held"
    return "again" if due.kind == "story" and _thanked(due, before) else None


def _thanked(due: Due, before: Mapping[str, str]) -> bool:
    """Whether it may be one of these, which another event told: of two that nobody names, or of which nobody names
    one, that is not known."""
    others = {story for story, event in before.items() if event != due.event}
    return bool(others & {due.story, UNNAMED}) or (due.story == UNNAMED and bool(others))


def is_quiet(hours: str, now: time) -> bool:
    """Whether it is one of those hours ("22:00-08:00"; "": none), by minutes: the first is one, the last is not."""
    if not hours:
        return False
    begin, end = (time.fromisoformat(edge) for edge in hours.split("-"))
    return begin <= now < end if begin <= end else now >= begin or now < end


def addressed(due: Due, thread: Thread) -> Thread:
    """What is known of the conversation, as far as the thanks is concerned: it answers the mention, or the comment,
    and no other one that waits for its answer."""
    if due.kind == "comment":
        return msgspec.structs.replace(thread, comment=due.about, comment_ms=due.sent_ms)
    return msgspec.structs.replace(
        thread,
        platform=thread.platform or due.platform_thread,
        customer_ms=max(thread.customer_ms, due.sent_ms),
        comment="",
    )


def wants_name(thanks: Thanks, due: Due, language: str) -> bool:
    """Whether the words have a place for the customer's name."""
    own = _own(thanks, due, language)
    return not own or _PLACE in own


def words(thanks: Thanks, due: Due, language: str, name: str) -> str:
    """What is said: in the account's own words of the language, else in the bridge's; without a name that is none."""
    called = one_line(name).strip()
    called = "" if len(called) > LONGEST_NAME or _LEADS.search(called) else called
    own = _own(thanks, due, language)
    if not own:
        return say(language, _WORDS[due.kind], name=called)
    if called:
        return own.replace(_PLACE, called)
    return _EMPTY_PLACE.sub("", own).lstrip(" ,;:!.")


def _own(thanks: Thanks, due: Due, language: str) -> str:
    return (thanks.story_texts if due.kind == "story" else thanks.comment_texts).get(language, "").strip()
