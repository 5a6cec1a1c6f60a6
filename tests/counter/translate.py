"""What the counter tells: of its sessions, never of a customer."""

from __future__ import annotations

import msgspec

from chalicelib.errors import Malformed
from chalicelib.vocabulary.records import Event
from chalicelib.vocabulary.replies import AgentMessage, DeskEnded, DeskEvent


class _Said(msgspec.Struct):
    session: str
    id: str = ""
    text: str = ""
    ended: bool = False


class _Translator:
    def parse(self, event: Event) -> DeskEvent:
        try:
            said = msgspec.json.decode(event.raw, type=_Said)
        except msgspec.MsgspecError as error:
            raise Malformed(f"counter event: {type(error).__name__}") from None
        if said.ended:
            return DeskEnded(desk_conversation=said.session)
        return AgentMessage(id=said.id, text=said.text, author="human", desk_conversation=said.session)


TRANSLATOR = _Translator()
