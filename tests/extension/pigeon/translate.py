"""The pigeon's events in the bridge's words."""

from __future__ import annotations

import msgspec

from chalicelib.errors import Malformed
from chalicelib.protocols.channel import Rendering
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Ignored, Line, Media, Note
from chalicelib.vocabulary.records import Conversation, Event
from tests.extension.pigeon.renderings import RENDERINGS

UNKNOWN = RENDERINGS["unknown"]


class _Told(msgspec.Struct, kw_only=True):
    kind: str = "letter"
    who: str
    at: int = 0
    name: str = ""
    text: str = ""
    picture: str = ""
    tap: str = ""
    about: str = ""


class _Translator:
    def parse(self, event: Event) -> list[CustomerEvent]:
        """One event. Raises Malformed where it names nobody."""
        try:
            told = msgspec.json.decode(event.raw, type=_Told)
        except msgspec.MsgspecError as error:
            raise Malformed(f"pigeon event: {type(error).__name__}") from None
        conversation = Conversation("pigeon", event.account, told.who)
        return [_happened(RENDERINGS.get(told.kind, UNKNOWN), told, event, conversation)]


def _happened(shown: Rendering, told: _Told, event: Event, conversation: Conversation) -> CustomerEvent:
    if shown.shows == "ignored":
        return Ignored(shown.reason)
    if shown.shows == "note":
        line = Line(shown.line, {"emoji": told.text})
        return Note(
            id=event.id, conversation=conversation, sent_ms=told.at, kind=told.kind, lines=(line,), about=told.about
        )
    return CustomerMessage(
        id=event.id,
        conversation=conversation,
        sent_ms=told.at,
        text=told.text,
        media=Media(kind="image", url=told.picture) if shown.shows == "media" else None,
        origin=event.id,
        tap=told.tap,
        username=told.name,
    )


TRANSLATOR = _Translator()
