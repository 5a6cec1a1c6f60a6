"""What the counter tells: of its sessions, never of a customer."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.errors import Malformed
from chalicelib.vocabulary.records import Event
from chalicelib.vocabulary.replies import AgentMessage, AgentTyping, Choice, DeskEnded, DeskEvent, File


class _File(msgspec.Struct):
    path: str
    mime: str
    name: str


class _Told(msgspec.Struct):
    session: str
    id: str = ""
    kind: Literal["message", "typing", "ended"] = "message"
    text: str = ""
    files: list[_File] = []
    choices: list[str] = []


class _Translator:
    def parse(self, event: Event) -> DeskEvent:
        """One event of a session. Raises Malformed."""
        try:
            told = msgspec.json.decode(event.raw, type=_Told)
        except msgspec.MsgspecError as error:
            raise Malformed(f"counter event: {type(error).__name__}") from None
        if told.kind == "ended":
            return DeskEnded(desk_conversation=told.session)
        if told.kind == "typing":
            return AgentTyping(desk_conversation=told.session)
        return AgentMessage(
            id=told.id,
            text=told.text,
            author="human",
            desk_conversation=told.session,
            files=tuple(File(url=one.path, kind="image", mime=one.mime, name=one.name) for one in told.files),
            choices=tuple(Choice(text=one, payload=one) for one in told.choices),
        )


TRANSLATOR = _Translator()
