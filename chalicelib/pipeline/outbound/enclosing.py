"""An agent's file becomes what the channel carries: the file itself, or a link to our copy of it."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.errors import Refused
from chalicelib.pipeline.media import MediaStore
from chalicelib.protocols.channel import Client
from chalicelib.protocols.desk import Desk
from chalicelib.rules.catalogue import say
from chalicelib.vocabulary.records import Account, Conversation
from chalicelib.vocabulary.replies import File, MediaPart, Part, TextPart


class Enclosing:
    """Fetches agents' files, and chooses their form."""

    def __init__(self, clients: Mapping[str, Client], desk: Desk, media: MediaStore) -> None:
        self._clients = clients
        self._desk = desk
        self._media = media

    def part(
        self, account: Account, conversation: Conversation, message: str, number: int, file: File, at_s: float
    ) -> Part:
        """The message's part of that number; `at_s` is when the bridge was given the message (epoch s).

        Raises Unfetched (it cannot be had), Refused (the channel cannot carry it), Retryable.
        """
        kept = self._media.take(conversation, message, number, self._desk.source(file), file.name)
        can = self._clients[account.channel].capabilities
        limit = can.media.get(kept.kind)
        instead = ""
        if can.links:
            link = self._media.link(kept.key, int(at_s * 1000))
            instead = say(account.language, "file_link", name=kept.name, url=link)
        if limit and kept.mime in limit.mimes and kept.size <= limit.size:
            uploaded = can.media_by == "upload"
            return MediaPart(
                kind=kept.kind,
                mime=kept.mime,
                name=kept.name,
                url="" if uploaded else self._media.direct(kept),
                body=self._media.body(kept) if uploaded else b"",
                instead=instead,
            )
        if instead:
            return TextPart(instead)
        detail = f"{kept.mime}, {kept.size} bytes"
        raise Refused("media_too_big" if limit and kept.mime in limit.mimes else "media_refused", detail)
