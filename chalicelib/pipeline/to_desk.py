"""A customer's event on its way to the agents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from chalicelib.channels.base import Client, Translator
from chalicelib.desks.base import Desk
from chalicelib.errors import AlreadyThere, Malformed, Refused, Retryable, TokenRefused, Uncertain, Unfetched
from chalicelib.messages import (
    PREVENTED,
    Account,
    Attachment,
    Claim,
    Conversation,
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
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.parking import fetched, park
from chalicelib.pipeline.ports import Clock, Ledger, Redelivery, Secrets, Shelf
from chalicelib.pipeline.posts import Posts
from chalicelib.pipeline.presenting import desk_id, desk_message, line_message, remembered, words
from chalicelib.pipeline.profiles import Profiles
from chalicelib.rules import windows
from chalicelib.rules.participant import attributes
from chalicelib.rules.planning import read_token

# No worker is at a message longer than this: the deployed function's timeout is below it.
LEASE_S = 90.0
# Genesys needs a moment to show what it took.
DOUBT_S = 5.0
# An echo may overtake the answer of the send that it belongs to.
ECHO_WAIT_S = 2.0
ECHO_ATTEMPTS = 5
# After this many attempts a message arrives without its file, and a mention of an unseen message is let go.
FETCH_ATTEMPTS = 4


class _Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be shown once: its claim, how it is put into the desk's words, what is remembered of it."""

    conversation: Conversation
    id: str
    build: Callable[[], DeskMessage]
    thread: Callable[[str], Thread]

    @property
    def item(self) -> str:
        return f"IN#{self.id}"


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
        secrets: Secrets,
        queue: Redelivery,
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
        self._secrets = secrets
        self._queue = queue
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
        return self._once(
            event,
            account,
            _Delivery(
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
        self._once(
            event,
            account,
            _Delivery(conversation=conversation, id=one.id, build=build, thread=lambda desk: Thread(desk=desk)),
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

    # --- once, or told

    def _once(self, event: Event, account: Account, work: _Delivery) -> str:
        """Delivers what nobody has delivered; answers the claim's result where somebody has. Raises Retryable."""
        claim = self._ledger.claim(work.conversation, work.item, self._clock(), LEASE_S)
        if claim.state in {"done", "refused"}:
            self._metrics.count("duplicate", channel=account.channel)
            return claim.result
        if claim.state == "busy":
            raise Retryable("another worker is at this message", max(1.0, claim.until_s - self._clock()))
        if claim.state == "lapsed":  # from here on a retry finds out first, and need not wait for the lease
            self._ledger.doubt(work.conversation, work.item)
        try:
            found = self._read_back(account, work, claim) if claim.state != "fresh" else None
            desk = found or self._deliver(account, work, claim)
        except Refused as no:
            self._queue.bury(event, str(no))
            self._ledger.release(work.conversation, work.item)  # so that a replay is not taken for a duplicate
            self._metrics.count("dead_letter", source=event.source)
            log.error("the desk refuses a message", event=event.id, detail=no.detail, account=account.id)
            return ""
        self._ledger.delivered(work.conversation, work.item, self._clock(), work.thread(desk))
        self._metrics.count("delivered", channel=account.channel)
        log.info("delivered", event=work.id, account=account.id, desk_conversation=desk)
        return ""

    def _deliver(self, account: Account, work: _Delivery, claim: Claim) -> str:
        """Posts the message; answers the desk's conversation id."""
        try:
            return self._posted(account, work.build())
        except Retryable:
            if claim.state == "fresh":
                self._ledger.release(work.conversation, work.item)
            raise
        except Uncertain as error:
            self._ledger.doubt(work.conversation, work.item)
            self._metrics.count("uncertain", channel=account.channel)
            raise Retryable(f"did the desk take it? {error.reason}", DOUBT_S) from error
        except AlreadyThere as error:
            return self._already_there(account, work, claim, error)

    def _posted(self, account: Account, message: DeskMessage) -> str:
        """A file that the desk does not take (its content profile decides) goes as a link."""
        try:
            return self._desk.deliver(account, message, self._clock())
        except Refused as no:
            if message.attachment is None:
                raise
            self._metrics.count("media", outcome="linked", channel=account.channel)
            log.warning("the desk refuses a file", account=account.id, detail=no.detail)
            text = "\n".join(part for part in (message.text, message.attachment.url) if part)
            return self._desk.deliver(
                account, msgspec.structs.replace(message, attachment=None, text=text), self._clock()
            )

    def _already_there(self, account: Account, work: _Delivery, claim: Claim, error: AlreadyThere) -> str:
        """A 409: delivered if the desk holds it, or if we have tried before; else it is tried once more."""
        found = self._find(account, work, claim)
        if found is not None:
            return found
        if claim.state == "fresh":
            self._ledger.doubt(work.conversation, work.item)
            raise Retryable(f"the desk conflicts, and does not hold the message: {error.detail}", DOUBT_S)
        self._metrics.count("conflict_taken_as_delivered", channel=account.channel)
        log.warning("conflict taken as delivered", event=work.id, account=account.id, detail=error.detail)
        return ""

    def _read_back(self, account: Account, work: _Delivery, claim: Claim) -> str | None:
        """Somebody tried before and the outcome is unknown: what does the desk hold?"""
        found = self._find(account, work, claim)
        self._metrics.count("found_at_desk" if found is not None else "sent_again", channel=account.channel)
        return found

    def _find(self, account: Account, work: _Delivery, claim: Claim) -> str | None:
        known = self._ledger.thread(work.conversation).desk
        wanted = desk_id(account, work.id)
        return self._desk.find(account, wanted, work.conversation.customer, known, claim.since_s, self._clock())

    def _ignored(self, reason: str) -> None:
        self._metrics.count("ignored", reason=reason)
