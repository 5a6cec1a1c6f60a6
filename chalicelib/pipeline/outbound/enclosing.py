"""An agent's file becomes what the channel carries: the file itself, or a link to our copy of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from chalicelib.errors import Refused
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.scanning import Scanning
from chalicelib.protocols.channel import Client
from chalicelib.rules.catalogue import say
from chalicelib.vocabulary.replies import File, MediaPart, Part, TextPart


class Enclosing:
    """Fetches agents' files, and chooses their form."""

    def __init__(self, clients: Mapping[str, Client], desks: Desks, media: MediaStore, scanning: Scanning) -> None:
        self._clients = clients
        self._desks = desks
        self._media = media
        self._scanning = scanning

    def part(self, reply: Reply, number: int, file: File) -> Part:
        """The message's part of that number. Raises Unfetched (it cannot be had), Refused (the channel cannot carry
        it), Retryable."""
        account = reply.account
        source = self._desks.at(reply.seat).source(file, reply.seat)
        clear = partial(self._scanning.clear, reply.turn)
        kept = self._media.take(reply.conversation, reply.message.id, number, source, file.name, clear)
        can = self._clients[account.channel].capabilities
        limit = can.media.get(kept.kind)
        instead = ""
        if can.links:
            link = self._media.link(kept.key, int(reply.received_s * 1000))
            instead = say(account.language, "file_link", name=kept.name, url=link)
        if limit and limit.takes(kept.mime, kept.size):
            uploaded = can.media_by == "upload"
            return MediaPart(
                kind=kept.kind,
                mime=kept.mime,
                name=kept.name,
                url="" if uploaded else self._media.direct(kept),
                body=self._media.body(kept.key) if uploaded else b"",
                instead=instead,
            )
        if instead:
            return TextPart(instead)
        detail = f"{kept.mime}, {kept.size} bytes"
        raise Refused("media_too_big" if limit and kept.mime in limit.mimes else "media_refused", detail)
