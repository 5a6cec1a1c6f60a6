"""A customer's message becomes what the desk takes: with its file, who wrote it, what it quotes, where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec

from chalicelib.errors import SECRET_MENDS, Refused, Retryable, Uncertain, Unfetched
from chalicelib.fetching import LARGEST
from chalicelib.observability import Metrics, log, new_codes
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.inbound.posts import Posts
from chalicelib.pipeline.inbound.profiles import Profiles
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.ports import Arrival, Clock, Ledger, SecretCache
from chalicelib.pipeline.presenting import desk_message, remembered
from chalicelib.protocols.channel import Client
from chalicelib.rules import windows
from chalicelib.rules.participant import attributes
from chalicelib.rules.planning import read_token
from chalicelib.rules.quoting import worded
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.messages import Attachment, CustomerMessage, DeskMessage, Line, Tap
from chalicelib.vocabulary.records import Claim, Conversation


class Composing:
    """Everything that is looked up for a message; only its file is worth waiting for."""

    def __init__(
        self,
        *,
        channels: Mapping[str, About],
        clients: Mapping[str, Client],
        ledger: Ledger,
        profiles: Profiles,
        posts: Posts,
        media: MediaStore,
        budgets: Budgets,
        secrets: SecretCache,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._channels = channels
        self._clients = clients
        self._ledger = ledger
        self._profiles = profiles
        self._posts = posts
        self._media = media
        self._budgets = budgets
        self._secrets = secrets
        self._clock = clock
        self._metrics = metrics

    def message(self, arrival: Arrival, said: CustomerMessage, claim: Claim) -> DeskMessage:
        """The message as the desk takes it. Raises Retryable."""
        account = arrival.account
        said = self._as_it_stands(said, claim)
        attachment: Attachment | None = None
        if said.media is not None:
            try:
                attachment = self._attachment(arrival, said)
            except Unfetched as error:
                self._metrics.count("media", outcome=error.reason, channel=account.channel)
                self._metrics.count("media_failed", channel=account.channel)
                log.warning("media not fetched", event=said.id, reason=error.reason, detail=error.detail)
                failed = Line(error.reason, {"kind": said.media.kind, "bytes": str(LARGEST)})
                said = msgspec.structs.replace(said, lines=(*said.lines, failed))
        profile = self._profiles.of(account, said)
        said = self._posts.placed(account, said)
        # the desk knows them from now on: what opens no window is closed, not unknown
        policy, thread = self._clients[account.channel].window(account), remembered(said, desk="known")
        state = windows.state(policy, thread, int(self._clock() * 1000))
        expires_ms = windows.expires_ms(policy, thread)
        facts = attributes(self._channels[account.channel], account, said, profile, expires_ms, state)
        return desk_message(account, said, facts, profile, attachment, self._tapped(said))

    def words(self, conversation: Conversation, about: str) -> str:
        """How the message that the platform knows by this id begins; "" where that is not remembered. Never raises."""
        if not about:
            return ""
        event = self._clients[conversation.channel].capabilities.message_event.format(about)
        try:
            return self._ledger.words(conversation, event, about)
        except Retryable as error:
            log.info("not to be had", kind="words", account=conversation.account, detail=error.reason)
            return ""

    def _as_it_stands(self, said: CustomerMessage, claim: Claim) -> CustomerMessage:
        """With the newest of its edits, if one overtook it; with what it quotes; and told to be late if it is."""
        lines = worded(said.lines, self.words(said.conversation, said.quotes))
        if claim.buried:
            lines = (Line("late"), *lines)
        return msgspec.structs.replace(said, text=claim.edited or said.text, lines=lines)

    def _attachment(self, arrival: Arrival, said: CustomerMessage) -> Attachment:
        """Our copy of the customer's file. Raises Unfetched, or Retryable where another attempt may have it."""
        account = arrival.account
        client = self._clients[account.channel]
        try:
            with new_codes(self._metrics, account.channel):
                kept = self._media.keep(said, partial(client.source, account, said), again=arrival.turn.again)
        except (Retryable, Uncertain) as error:
            if isinstance(error, SECRET_MENDS):
                self._secrets.refresh(account.secret)
            if self._budgets.spent(arrival.turn, "file"):
                raise Unfetched("media_failed", error.reason) from error
            raise Retryable(f"media: {error.reason}", getattr(error, "after_s", None)) from error
        except Refused as no:
            raise Unfetched("media_gone", no.detail) from no
        self._metrics.count("media", outcome="kept", channel=account.channel)
        return kept

    def _tapped(self, said: CustomerMessage) -> Tap | None:
        token = read_token(said.tap)
        return self._ledger.offered(said.conversation, *token) if token else None
