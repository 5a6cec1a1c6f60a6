"""What a platform and a desk hold of an account's conversations, beside what the ledger knows: what nobody has brought
is brought, by the same queues as anything else, and what is doubled or out of order is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from chalicelib.errors import AccountStopped, Malformed, Misconfigured, Refused
from chalicelib.observability import Metrics, log, new_codes
from chalicelib.pipeline.parking import lightened
from chalicelib.pipeline.ports import Clock, Outbox, Shelf
from chalicelib.protocols.archive import Archive, Chats, DeskArchive, History, Kept, Written
from chalicelib.rules import reconciling
from chalicelib.rules.reconciling import Seen, Window
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.proof import Comparison, Known, Tally, Worked
from chalicelib.vocabulary.records import Account, Conversation, Direction, Event, Seat
from chalicelib.wire import bounded

Cut = Callable[[str, bytes, float], list[Event]]
"""The events of a source's delivery that comes now (epoch s), as the edge makes them. Raises Malformed."""
# How far calls of a desk are apart at least (s): its limit is shared with all that is delivered meanwhile.
DESK_APART_S = 1.0
# How often a list is begun whose cursors the platform refuses.
BEGINS = 3
NO_HISTORY = "the channel tells no history of its conversations: there is nothing to compare"


class Books(Protocol):
    """The ledger, for who compares. All methods may raise Retryable."""

    def known(self, conversation: Conversation) -> Known: ...

    def waiting(self, account: Account, before_ms: int) -> Iterator[tuple[Conversation, int]]:
        """The account's conversations that have waited for an answer since before then, the longest first, and since
        when (epoch ms)."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A message that nobody had brought; `id` is the sender's side's, `brought` tells whether it is on its way now."""

    direction: Direction
    conversation: Conversation
    id: str
    sent_ms: int
    brought: bool


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a comparison is gone about: whether what is missing is brought, who keeps how far it has come, who is told
    what was missing, and until when it goes on (epoch s)."""

    brings: bool
    keep: Callable[[Comparison], object]
    tell: Callable[[Found], object]
    until_s: float


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a conversation; `desk` is the name of the desk that was asked."""

    conversation: Conversation
    desk: str
    known: Known
    written: Sequence[Written]
    kept: Sequence[Kept]


class Comparing:
    """Goes through an account's conversations. `archives` and `desk_archives` are by the names of channels and desks,
    which the first of the `desks` is where none is named; `wanted` tells which conversations may be looked at."""

    def __init__(
        self,
        *,
        archives: Mapping[str, Archive],
        desk_archives: Mapping[str, DeskArchive],
        desks: Sequence[str],
        books: Books,
        inbound: Outbox,
        outbound: Outbox,
        shelf: Shelf,
        cut: Cut,
        clock: Clock,
        pause: Callable[[float], object],
        metrics: Metrics,
        wanted: Callable[[Conversation], bool] = lambda conversation: True,
    ) -> None:
        self._archives = archives
        self._desk_archives = desk_archives
        self._desks = desks
        self._books = books
        self._queues: dict[Direction, Outbox] = {"inbound": inbound, "outbound": outbound}
        self._shelf = shelf
        self._cut = cut
        self._clock = clock
        self._pause = pause
        self._metrics = metrics
        self._wanted = wanted
        self._last: dict[str, float] = {}

    def begun(self, since_ms: int, floor_ms: int, settled_s: float = reconciling.SETTLED_S) -> Comparison:
        """A comparison of what was sent since then, which brings what is missing since `floor_ms`. Neither reaches
        further back than the ledger remembers. What is younger than `settled_s` is left to its webhook, which may be on
        its way: it would be brought beside it, and shown once."""
        now = self._clock()
        return Comparison(
            since_ms=reconciling.floor_ms(since_ms, now),
            until_ms=reconciling.until_ms(now, settled_s),
            floor_ms=reconciling.floor_ms(floor_ms, now),
            began_s=now,
        )

    def compares(self, account: Account) -> bool:
        """Whether the account's channel has a history to compare, which is of no other app's conversations."""
        return account.channel in self._archives and account.front.routing is None

    def go_on(self, account: Account, held: Comparison, way: Way) -> Comparison:
        """As far as there is time. May be cut off anywhere, and gone on with from what was kept last: what was brought
        already is known by its claim. Raises Retryable (RateLimited among it), or Refused where the platform tells the
        account nothing."""
        if not self.compares(account):
            raise Refused("unsupported", NO_HISTORY)
        while not held.ended_s and self._clock() < way.until_s:
            held = self._waiting(account, held, way) if held.waiting else self._page(account, held, way)
        return held

    # --- the platform's list

    def _page(self, account: Account, held: Comparison, way: Way) -> Comparison:
        try:
            page = self._chats(account, held)
        except AccountStopped:
            raise
        except Refused:
            if not held.cursor or held.begun >= BEGINS:
                raise
            held = _again(held)  # a cursor may have ended
            way.keep(held)
            return held
        for chat in page.ids:
            if self._clock() >= way.until_s:
                return held
            if chat not in held.seen:
                held = self._chat(account, chat, held, way)
                way.keep(held)
        through = page.cursor in {"", held.cursor}
        held = msgspec.structs.replace(held, cursor="" if through else page.cursor, seen=(), waiting=through)
        way.keep(held)
        return held

    def _chats(self, account: Account, held: Comparison) -> Chats:
        archive = self._paced(account)
        with new_codes(self._metrics, account.channel):
            return archive.chats(account, held.since_ms, held.cursor)

    def _chat(self, account: Account, chat: str, held: Comparison, way: Way) -> Comparison:
        """One conversation. All is read before anything is brought; what cannot be read now stops it here."""
        try:
            archive = self._paced(account)
            with new_codes(self._metrics, account.channel):
                history = archive.history(account, chat)
        except AccountStopped:
            raise
        except Refused as no:  # it is one conversation's own
            log.warning("history not read", account=account.id, detail=no.detail)
            history = History(messages=(), whole=True)
        for customer, written in _by_customer(history).items():
            conversation = Conversation(account.channel, account.id, bounded(customer))
            if self._wanted(conversation):
                held = self._conversation(account, conversation, written, held, way)
        oldest_ms = min((one.sent_ms for one in history.messages), default=held.since_ms)
        short = not history.whole and oldest_ms > held.since_ms
        return msgspec.structs.replace(
            held, seen=(*held.seen, chat), looked=held.looked + 1, short=held.short + int(short)
        )

    def _conversation(
        self, account: Account, conversation: Conversation, written: Sequence[Written], held: Comparison, way: Way
    ) -> Comparison:
        sides = self._sides(account, conversation, self._books.known(conversation), written, held)
        inbound, outbound = self._inbound(account, sides, held, way), self._outbound(sides, held, way)
        return msgspec.structs.replace(held, inbound=held.inbound + inbound, outbound=held.outbound + outbound)

    # --- who waits for an answer, and has not written since the comparison's beginning

    def _waiting(self, account: Account, held: Comparison, way: Way) -> Comparison:
        """A reply that never came here is one that somebody waits for: the platform's list, which holds who wrote
        lately, does not have them all."""
        from_ms = max(held.floor_ms, int(held.cursor or 0))
        for conversation, since_ms in self._books.waiting(account, held.until_ms) if self._desk_archives else ():
            if self._clock() >= way.until_s:
                return held
            if since_ms < from_ms or conversation.customer in held.seen:
                continue
            if self._wanted(conversation):
                held = self._unanswered(account, conversation, held, way)
            seen = held.seen if held.cursor == str(since_ms) else ()
            held = msgspec.structs.replace(held, cursor=str(since_ms), seen=(*seen, conversation.customer))
            way.keep(held)
        held = msgspec.structs.replace(held, cursor="", seen=(), ended_s=self._clock())
        way.keep(held)
        return held

    def _unanswered(self, account: Account, conversation: Conversation, held: Comparison, way: Way) -> Comparison:
        known = self._books.known(conversation)
        if known.thread.customer_ms >= held.since_ms:  # the platform's list had it
            return held
        found = self._outbound(self._sides(account, conversation, known, (), held), held, way)
        return msgspec.structs.replace(held, looked=held.looked + 1, outbound=held.outbound + found)

    def _sides(
        self,
        account: Account,
        conversation: Conversation,
        known: Known,
        written: Sequence[Written],
        held: Comparison,
    ) -> Sides:
        """With what the conversation's desk holds. Raises Retryable where it takes no call now."""
        seat = known.thread.seat
        desk = (seat.desk if seat.conversation else account.desk) or next(iter(self._desks))
        kept = self._kept(account, conversation, seat, desk, held.since_ms / 1000)
        return Sides(conversation=conversation, desk=desk, known=known, written=written, kept=kept)

    def _kept(
        self, account: Account, conversation: Conversation, seat: Seat, desk: str, since_s: float
    ) -> Sequence[Kept]:
        """Nothing where the desk does not tell: its trouble is not the customer's."""
        archive = self._desk_archives.get(desk)
        if archive is None:
            return ()
        self._rest(desk, DESK_APART_S)
        try:
            return archive.kept(account, conversation.customer, seat, since_s, self._clock())
        except (Misconfigured, Refused) as no:
            advice = no.advice if isinstance(no, Misconfigured) else ""
            log.warning("desk not read", account=account.id, detail=str(no), advice=advice)
            return ()

    # --- what is found

    def _inbound(self, account: Account, sides: Sides, held: Comparison, way: Way) -> Tally:
        """What the customer wrote, and what became of it at the desk."""
        window, work = _window(held), sides.known.work
        found: list[tuple[Seen, Written, Event]] = []
        for one in sides.written:
            for event in self._events(account.channel, one.delivery):
                seen = reconciling.customers(claims.inbound(event.id), one.also, one.sent_ms, work)
                found.append((seen, one, msgspec.structs.replace(event, late=True)))
        missing = [(one, event) for seen, one, event in found if window.brings(seen)]
        otherwise = bool(missing) and _called_otherwise(found, sides)
        gone = [(one.id, one.sent_ms, None if otherwise else event) for one, event in missing]
        self._bring("inbound", sides.conversation, gone, way)
        every = [seen for seen, _, _ in found]
        copies = reconciling.copies(
            kept.given for kept in sides.kept if held.since_ms <= kept.at_ms < held.until_ms and not kept.outbound
        )
        return reconciling.tally(every, window, copies, reconciling.overtaken(reconciling.in_time(every, window)))

    def _outbound(self, sides: Sides, held: Comparison, way: Way) -> Tally:
        """What agents wrote, and what became of it at the platform."""
        window, work = Window(held.since_ms, held.until_ms, held.since_ms), sides.known.work
        said = [kept for kept in sides.kept if kept.outbound]
        found = [(reconciling.agents(kept.id, kept.told, kept.at_ms, work), kept) for kept in said]
        missing = [kept for seen, kept in found if window.brings(seen)]
        gone = [(kept.id, kept.at_ms, self._reply(sides, said, kept)) for kept in missing]
        self._bring("outbound", sides.conversation, gone, way)
        ours = [one for one in sides.written if one.own and held.since_ms <= one.sent_ms < held.until_ms]
        return reconciling.tally(
            [seen for seen, _ in found],
            window,
            reconciling.copies(one.mark for one in ours),
            reconciling.overtaken(_arrivals(said, ours, work), reconciling.APART_MS),
        )

    def _reply(self, sides: Sides, said: Sequence[Kept], kept: Kept) -> Event | None:
        """The event of a reply that never came here; None where the customer may have it all the same: by words that
        somebody sent since, or under another id."""
        listed = [claims.parts(one.id) for one in said]
        oldest_ms = min(one.at_ms for one in said)
        ours = [(one.text, one.sent_ms) for one in sides.written if one.own]
        if reconciling.strangers(claims.OUTBOUND, listed, oldest_ms, sides.known.work):
            return None
        if reconciling.typed_again(kept.text, kept.at_ms, ours):
            return None
        return next(iter(self._events(sides.desk, kept.delivery)), None)

    def _events(self, source: str, delivery: bytes) -> list[Event]:
        """What the webhook would have brought; nothing of what is told too poorly for that."""
        try:
            return self._cut(source, delivery, self._clock()) if delivery else []
        except Malformed as no:
            log.warning("history not read", source=source, detail=str(no))
            return []

    def _bring(
        self,
        direction: Direction,
        conversation: Conversation,
        gone: Sequence[tuple[str, int, Event | None]],
        way: Way,
    ) -> None:
        """Puts what is missing onto its queue, the oldest first, and tells of it."""
        if way.brings:
            queue = self._queues[direction]
            whole = [event for _, _, event in gone if event is not None]
            carried = [light for event in whole if (light := lightened(event, queue, self._shelf)) is not None]
            if carried:
                queue.put(carried)
        for identifier, sent_ms, event in gone:
            brought = way.brings and event is not None
            way.tell(
                Found(
                    direction=direction,
                    conversation=conversation,
                    id=identifier,
                    sent_ms=sent_ms,
                    brought=brought,
                )
            )

    # --- not faster than they let us

    def _paced(self, account: Account) -> Archive:
        archive = self._archives[account.channel]
        self._rest(f"{account.channel}/{account.id}", archive.apart_s)
        return archive

    def _rest(self, whom: str, apart_s: float) -> None:
        left_s = self._last.get(whom, float("-inf")) + apart_s - self._clock()
        if left_s > 0:
            self._pause(min(left_s, apart_s))
        self._last[whom] = self._clock()


def _by_customer(history: History) -> dict[str, list[Written]]:
    found: defaultdict[str, list[Written]] = defaultdict(list)
    for written in history.messages:
        if written.customer:
            found[written.customer].append(written)
    return found


def _called_otherwise(found: Sequence[tuple[Seen, Written, Event]], sides: Sides) -> bool:
    """Whether the history's ids are not those of the webhooks: all that was delivered would come once more."""
    begins = {claims.inbound(event.id.removesuffix(one.id)) for _, one, event in found}
    listed = [claims.inbound(event.id) for _, _, event in found]
    also = [claims.inbound(start) for _, one, _ in found for start in one.also]
    oldest_ms = min(one.sent_ms for one in sides.written)
    return any(reconciling.strangers(start, [*listed, *also], oldest_ms, sides.known.work) for start in begins)


def _arrivals(said: Sequence[Kept], ours: Sequence[Written], work: Mapping[str, Worked]) -> list[tuple[int, int]]:
    """When agents' messages were written, and when each of their parts was sent by the platform's time."""
    parts = {worked.result: name for name, worked in work.items() if worked.state == "done"}
    return [
        (kept.at_ms, one.sent_ms)
        for one in ours
        for kept in said
        if parts.get(one.id, "").startswith(claims.parts(kept.id))
    ]


def _window(held: Comparison) -> Window:
    return Window(held.since_ms, held.until_ms, held.floor_ms)


def _again(held: Comparison) -> Comparison:
    """From the beginning of the list, with what was found missing, which will be found delivered."""
    inbound, outbound = Tally(missing=held.inbound.missing), Tally(missing=held.outbound.missing)
    return msgspec.structs.replace(
        held, cursor="", seen=(), begun=held.begun + 1, looked=0, short=0, inbound=inbound, outbound=outbound
    )
