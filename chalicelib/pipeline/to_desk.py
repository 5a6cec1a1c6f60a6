"""A customer's event on its way to the agents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec

from chalicelib.channels.base import Client, Translator
from chalicelib.desks.base import Desk
from chalicelib.errors import Malformed, Refused, Retryable, TokenRefused, Uncertain, Unfetched
from chalicelib.messages import (
    PREVENTED,
    Account,
    Attachment,
    CustomerEvent,
    CustomerMessage,
    DeskMessage,
    Echo,
    Event,
    Ignored,
    Line,
    Note,
    Tap,
    Thread,
    Trouble,
    Unseen,
    digest,
)
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.delivering import Delivering, Delivery
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.parking import fetched, park
from chalicelib.pipeline.ports import Clock, Ledger, Secrets, Shelf
from chalicelib.pipeline.posts import Posts
from chalicelib.pipeline.presenting import desk_message, line_message, remembered, words
from chalicelib.pipeline.profiles import Profiles
from chalicelib.rules import windows
from chalicelib.rules.participant import attributes
from chalicelib.rules.planning import read_token

# An echo may overtake the answer of the send that it belongs to.
ECHO_WAIT_S = 2.0
ECHO_ATTEMPTS = 5
# After this many attempts a message arrives without its file, and a mention of an unseen message is let go.
FETCH_ATTEMPTS = 4


class ToDesk:
    """The inbound worker's use case."""

    def __init__(
        self,
        *,
        translators: Mapping[str, Translator],
        clients: Mapping[str, Client],
        desk: Desk,
        accounts: Accounts,
        ledger: Ledger,
        profiles: Profiles,
        posts: Posts,
        media: MediaStore,
        delivering: Delivering,
        secrets: Secrets,
        shelf: Shelf,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._translators = translators
        self._clients = clients
        self._desk = desk
        self._accounts = accounts
        self._ledger = ledger
        self._profiles = profiles
        self._posts = posts
        self._media = media
        self._delivering = delivering
        self._secrets = secrets
        self._shelf = shelf
        self._clock = clock
        self._metrics = metrics

    def handle(self, event: Event, attempt: int) -> None:
        """One event of the inbound queue. Raises Retryable."""
        whole = fetched(self._shelf, event)
        try:
            happened = self._translators[event.source].parse(whole)
        except Malformed as error:
            park(self._shelf, self._metrics, whole, "unreadable", str(error))
            return
        known: list[CustomerEvent] = [one for one in happened if not isinstance(one, Ignored)]
        for one in happened:
            if isinstance(one, Ignored):
                self._ignored(one.reason)
        account = self._accounts.of_channel(event.source, event.account) if known else None
        if known and account is None:
            advice = f"add the {event.source} account {event.account} to Terraform's accounts, then replay"
            park(self._shelf, self._metrics, whole, "unknown_account", advice)
        elif account is not None:
            self._all(whole, account, known, attempt)

    def _all(self, event: Event, account: Account, happened: list[CustomerEvent], attempt: int) -> None:
        """In order. What the customer took back before it came is left out with all its parts."""
        for one in happened:
            if isinstance(one, CustomerMessage):
                if self._message(event, account, one, attempt) == PREVENTED:
                    return
            elif isinstance(one, Note):
                self._note(event, account, one)
            elif isinstance(one, Echo):
                self._echo(event, account, one, attempt)
            elif isinstance(one, Unseen):
                self._unseen(event, account, one, attempt)
            elif isinstance(one, Trouble):
                self._metrics.count("account_stopped", account=account.id)
                log.error("account stopped", account=account.id, reason=one.reason, advice=one.advice)

    # --- what the customer wrote

    def _message(self, event: Event, account: Account, said: CustomerMessage, attempt: int) -> str:
        if any(line.key == "unknown" for line in said.lines):
            self._metrics.count("unknown_kind", channel=account.channel)
        return self._delivering.once(
            event,
            account,
            Delivery(
                conversation=said.conversation,
                id=said.id,
                build=partial(self._presented, account, said, attempt),
                thread=partial(remembered, said),
            ),
        )

    def _presented(self, account: Account, said: CustomerMessage, attempt: int) -> DeskMessage:
        """The message with its file, its sender's profile and its participant data. Raises Retryable."""
        attachment: Attachment | None = None
        if said.media is not None:
            try:
                attachment = self._attachment(account, said, attempt)
            except Unfetched as error:
                self._metrics.count("media", outcome=error.reason, channel=account.channel)
                log.warning("media not fetched", event=said.id, reason=error.reason, detail=error.detail)
                failed = Line(error.reason, {"kind": said.media.kind, "limit": "25"})
                said = msgspec.structs.replace(said, lines=(*said.lines, failed))
        profile = self._profiles.of(account, said)
        said = self._posts.placed(account, said)
        # the desk knows them from now on: what opens no window is closed, not unknown
        policy, thread = self._clients[account.channel].capabilities.window, remembered(said, desk="known")
        state = windows.state(policy, thread, account.human_agent, int(self._clock() * 1000))
        expires_ms = windows.expires_ms(policy, thread, account.human_agent)
        facts = attributes(account, said, profile, expires_ms, state)
        return desk_message(account, said, facts, profile, attachment, self._tapped(said))

    def _attachment(self, account: Account, said: CustomerMessage, attempt: int) -> Attachment:
        """Our copy of the customer's file. Raises Unfetched, or Retryable where another attempt may have it."""
        client = self._clients[account.channel]
        try:
            kept = self._media.keep(said, partial(client.source, account, said), again=attempt > 1)
        except (Retryable, Uncertain) as error:
            if isinstance(error, TokenRefused):
                self._secrets.refresh(account.secret)
            if attempt >= FETCH_ATTEMPTS:
                raise Unfetched("media_failed", error.reason) from error
            raise Retryable(f"media: {error.reason}", getattr(error, "after_s", None)) from error
        except Refused as no:
            raise Unfetched("media_gone", no.detail) from no
        self._metrics.count("media", outcome="kept", channel=account.channel)
        return kept

    def _tapped(self, said: CustomerMessage) -> Tap | None:
        token = read_token(said.tap)
        return self._ledger.offered(said.conversation, *token) if token else None

    def _unseen(self, event: Event, account: Account, missing: Unseen, attempt: int) -> None:
        try:
            said = self._clients[account.channel].unseen(account, missing)
        except (Retryable, Uncertain) as error:
            if isinstance(error, TokenRefused):
                self._secrets.refresh(account.secret)
            if attempt < FETCH_ATTEMPTS:
                raise Retryable(f"looking up a message: {error.reason}") from error
            said = None
        except Refused:
            said = None
        if said is None:
            self._ignored("unseen_unreadable")
        else:
            self._message(event, account, said, attempt)

    # --- what belongs to an open conversation

    def _note(self, event: Event, account: Account, note: Note) -> None:
        if note.removes:
            self._media.forget(note.conversation, note.removes)
        if note.prevents and self._ledger.forestall(note.conversation, f"IN#{note.prevents}", self._clock()):
            self._ignored("unsent_before_shown")
        elif note.kind == "read" and not account.show_reads:
            self._ignored("read")
        else:
            self._show(event, account, note, words(account, note.lines, note.text), note.kind)

    def _show(self, event: Event, account: Account, one: Note | Echo, text: str, kind: str) -> None:
        """Into the conversation if it is open; it is never opened for this."""
        conversation = one.conversation
        open_desk = self._ledger.thread(conversation).desk
        if not open_desk or not self._desk.is_open(account, conversation.customer, open_desk):
            self._ignored(f"{kind}_no_open_conversation")
            return
        build = partial(line_message, account, one.id, conversation.customer, one.sent_ms, text)
        self._delivering.once(
            event,
            account,
            Delivery(conversation=conversation, id=one.id, build=build, thread=lambda desk: Thread(desk=desk)),
        )

    def _echo(self, event: Event, account: Account, echo: Echo, attempt: int) -> None:
        """What the brand's account sent: ours is known by its id, or by the send that is under way."""
        conversation = echo.conversation
        if self._ledger.is_ours(conversation, echo.id):
            self._ignored("echo_own")
            return
        under_way = self._ledger.in_flight(conversation, self._clock())
        same = [item for item, text in under_way.items() if text == digest(echo.text)]
        if same:
            self._ledger.sent(conversation, same[0], self._clock(), echo.id)
            self._ignored("echo_own")
            self._metrics.count("confirmed_by_echo", channel=conversation.channel)
        elif under_way and attempt < ECHO_ATTEMPTS:
            raise Retryable("an echo while a send is under way", ECHO_WAIT_S)
        elif self._ledger.is_ours(conversation, echo.id):  # the send has ended between the two looks
            self._ignored("echo_own")
        else:
            self._metrics.count("echo_elsewhere", channel=conversation.channel)
            shown = msgspec.structs.replace(echo, id=f"echo:{echo.id}")
            self._show(event, account, shown, words(account, echo.lines, echo.text), "echo")

    def _ignored(self, reason: str) -> None:
        self._metrics.count("ignored", reason=reason)
