"""A message in the form in which its desk takes it: its file by URL, by upload or as a link, its text in parts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import msgspec

from chalicelib.errors import AlreadyThere, Refused
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Clock
from chalicelib.pipeline.room import Room
from chalicelib.protocols.desk import Desk
from chalicelib.rules.text import split
from chalicelib.vocabulary.capabilities import DeskCapabilities
from chalicelib.vocabulary.messages import Attachment, DeskMessage
from chalicelib.vocabulary.records import Account, Seat
from chalicelib.wire import digest


class Posting:
    """Gives desks what they are to show."""

    def __init__(self, body: Callable[[str], bytes], clock: Clock, metrics: Metrics, room: Room | None = None) -> None:
        """`body` answers one of our copies of files by its key; it may raise Retryable. `room` is taken while one is
        held."""
        self._body = body
        self._room = room or Room()
        self._clock = clock
        self._metrics = metrics

    def post(self, desk: Desk, account: Account, message: DeskMessage, seat: Seat) -> Seat:
        """Shows the message and answers the seat after that; raises as `Desk.deliver`. A file that the desk does not
        take goes as a link."""
        can, file = desk.capabilities, message.attachment
        if file is None:
            return self._whole(desk, account, message, seat)
        if not takes(can, file):
            return self._whole(desk, account, self._linked(account, message, file, "not among what it takes"), seat)
        try:
            if can.media_by == "upload":
                return self._uploaded(desk, account, message, file, seat)
            return self._whole(desk, account, message, seat)
        except Refused as no:
            return self._whole(desk, account, self._linked(account, message, file, no.detail), seat)

    def _uploaded(self, desk: Desk, account: Account, message: DeskMessage, file: Attachment, seat: Seat) -> Seat:
        with self._room.taken():
            held = msgspec.structs.replace(file, body=self._body(file.key))
            return self._whole(desk, account, msgspec.structs.replace(message, attachment=held), seat)

    def _linked(self, account: Account, message: DeskMessage, file: Attachment, detail: str) -> DeskMessage:
        self._metrics.count("media", outcome="linked", channel=account.channel)
        log.warning("the desk refuses a file", account=account.id, detail=detail)
        text = "\n".join(part for part in (message.text, file.url) if part)
        return msgspec.structs.replace(message, attachment=None, text=text)

    def _whole(self, desk: Desk, account: Account, message: DeskMessage, seat: Seat) -> Seat:
        """The last part has the message's own id, so that who finds it has found all of it."""
        *firsts, last = parts(desk.capabilities, message)
        for first in firsts:
            with suppress(AlreadyThere):  # of an earlier try that did not come to the last
                seat = desk.deliver(account, first, seat, self._clock())
        return desk.deliver(account, last, seat, self._clock())


def takes(can: DeskCapabilities, file: Attachment) -> bool:
    """Whether the desk takes such a file, as far as that is known here."""
    limit = can.media.get(file.kind)
    return not can.media or (limit is not None and limit.takes(file.mime, file.size))


def parts(can: DeskCapabilities, message: DeskMessage) -> list[DeskMessage]:
    """The message in parts that are not too long for the desk, in order; what belongs to it goes with the last."""
    texts = [message.text] if can.text_limit is None else split(message.text, can.text_limit, can.text_unit)
    firsts = [
        msgspec.structs.replace(message, id=digest(message.id, str(number))[:40], text=text, attachment=None, tap=None)
        for number, text in enumerate(texts[:-1], start=1)
    ]
    return [*firsts, msgspec.structs.replace(message, text=texts[-1]) if firsts else message]
