"""An agent's message goes out to the customer, part by part, as far as it can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext

import msgspec

from chalicelib.errors import Refused
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.outbound.files import Files
from chalicelib.pipeline.outbound.parts import Parts, fingerprint
from chalicelib.pipeline.outbound.refusing import Refusing
from chalicelib.pipeline.outbound.reply import Outcome, Reply
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.pipeline.room import Room
from chalicelib.protocols.channel import Client
from chalicelib.rules.parts import begins
from chalicelib.rules.planning import MOST_PARTS, left_out, offer_key, offers, plan, worded
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.records import Account
from chalicelib.vocabulary.replies import AgentMessage, CardsPart, ChoicesPart, File, Planned, TextPart

# What one part is refused for, while others may go.
_OF_THE_PART = {"file_gone", "media_refused", "media_too_big", "media_threat", "media_unchecked", "unsupported"}
_TOO_LONG = Refused("too_long", f"more than {MOST_PARTS} messages")


class Sending:
    """Plans a message, and has its files fetched and its parts sent."""

    def __init__(
        self,
        *,
        clients: Mapping[str, Client],
        ledger: Ledger,
        files: Files,
        parts: Parts,
        refusing: Refusing,
        room: Room,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`room` is taken while files are held that are uploaded."""
        self._clients = clients
        self._ledger = ledger
        self._files = files
        self._parts = parts
        self._refusing = refusing
        self._room = room
        self._clock = clock
        self._metrics = metrics

    def send(self, reply: Reply) -> Outcome:
        """Sends what is not sent yet, part by part. Raises Retryable where a part has to wait."""
        outcome = Outcome()
        reply = msgspec.structs.replace(reply, message=worded(reply.message, reply.account.language))
        planned = self._planned(reply, outcome)
        uploads = self._clients[reply.account.channel].capabilities.media_by == "upload"
        with self._room.taken() if uploads and any(isinstance(part, File) for part in planned) else nullcontext():
            return self._sent(reply, planned, outcome)

    def _sent(self, reply: Reply, planned: Sequence[Planned], outcome: Outcome) -> Outcome:
        files = self._files.fetched(reply, planned[:MOST_PARTS])
        if any(isinstance(part, (ChoicesPart, CardsPart)) for part in planned):
            message = reply.message
            self._ledger.offer(reply.conversation, offer_key(message.id), self._clock(), offers(message))
        for number, part in enumerate(planned, start=1):
            carried = _TOO_LONG if number > MOST_PARTS else files.get(number, part)
            try:
                self._parts.send(reply, number, carried, len(planned), outcome)
            except Refused as no:
                outcome.refused = no
                if no.reason not in _OF_THE_PART or not isinstance(part, File):
                    outcome.rest = begins(part)
                    break
                outcome.left_out.append(part.name or part.kind)
            else:
                outcome.arrived += 1
        if not outcome.arrived:
            outcome.left_out.clear()  # nothing arrived, so it did not arrive without something
        return outcome

    def opening(self, account: Account, message: AgentMessage) -> str | None:
        """The fingerprint of its first part, where it is text and nothing else, which can be sent at once; None where
        something has to be fetched, written down or refused before."""
        planned = plan(self._clients[account.channel].capabilities, worded(message, account.language), account.language)
        plain = not message.unsupported and all(isinstance(part, TextPart) for part in planned)
        return fingerprint(planned[0]) if plain and planned else None

    def _planned(self, reply: Reply, outcome: Outcome) -> list[Planned]:
        """What goes out; what no channel carries is left out, unless nothing else is there."""
        message = reply.message
        planned = plan(self._clients[reply.account.channel].capabilities, message, reply.account.language)
        if planned and (names := left_out(message, planned)):
            self._metrics.count("left_out", channel=reply.account.channel)
            log.info("left out", message=message.id, account=reply.account.id, detail=", ".join(names))
        if message.unsupported:
            no = Refused("unsupported", f"cannot be carried to {reply.account.channel}: {message.unsupported}")
            outcome.refused = no
            outcome.left_out.append(message.unsupported)
        elif not planned:
            outcome.refused = Refused("unsupported", "the message has no content")
        if not planned and outcome.refused:
            self._refuse_whole(reply, outcome, outcome.refused)
        return planned

    def _refuse_whole(self, reply: Reply, outcome: Outcome, no: Refused) -> None:
        """A message without a part that could go is refused once, as if it had one."""
        item = reply.item(1)
        claim = self._ledger.claim(reply.conversation, item, self._clock(), LEASE_S)
        outcome.news |= reply.is_news(claim)
        if claim.state not in {"done", "refused"}:
            self._refusing.refuse(reply, item, no, raising=False)
