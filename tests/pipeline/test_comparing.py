"""Both sides of an account are compared: what is missing is brought once and in order, whatever comes between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import pytest

from chalicelib.errors import Misconfigured, RateLimited, Refused, Retryable
from chalicelib.pipeline.comparing import Comparing, Found, Way
from chalicelib.protocols.archive import Chats, History, Kept, Written
from chalicelib.vocabulary.front import Front, Routing
from chalicelib.vocabulary.proof import Comparison, Tally
from chalicelib.vocabulary.records import Account, Conversation, Event, Seat, Thread
from tests.fakes import INSTAGRAM, START, FakeClock, FakeLedger, FakeMetrics, FakeQueue, FakeShelf

NOW_MS = int(START * 1000)
HOUR_MS = 3_600_000
ANA, BEN = "ana", "ben"


@dataclass
class FakeArchive:
    """Pages of chats, and what each holds; `errors` come first, by what is asked for."""

    pages: list[list[str]] = field(default_factory=list)
    held: dict[str, list[Written]] = field(default_factory=dict)
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    whole: bool = True
    apart_s = 1.0

    def chats(self, account: Account, since_ms: int, cursor: str) -> Chats:
        self._ask(f"page {cursor}")
        at = int(cursor or 0)
        ids = tuple(self.pages[at]) if at < len(self.pages) else ()
        return Chats(ids=ids, cursor=str(at + 1) if at + 1 < len(self.pages) else "")

    def history(self, account: Account, chat: str) -> History:
        self._ask(chat)
        return History(messages=tuple(self.held.get(chat, ())), whole=self.whole)

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.errors.get(what):
            raise self.errors[what].pop(0)


@dataclass
class FakeDeskArchive:
    held: dict[str, list[Kept]] = field(default_factory=dict)
    error: Exception | None = None

    def kept(self, account: Account, customer: str, seat: Seat, since_s: float, now: float) -> Sequence[Kept]:
        if self.error:
            raise self.error
        return self.held.get(customer, [])


def wrote(identifier: str, customer: str, ago_ms: int, **more: object) -> Written:
    """A customer's message, whose delivery names it and them."""
    written = Written(
        id=identifier,
        customer=customer,
        own=False,
        sent_ms=NOW_MS - ago_ms,
        delivery=f"{identifier} {customer}".encode(),
    )
    return msgspec.structs.replace(written, **more)


def replied(identifier: str, ago_ms: int, **more: object) -> Kept:
    kept = Kept(id=identifier, at_ms=NOW_MS - ago_ms, outbound=True, delivery=f"{identifier} {ANA}".encode())
    return msgspec.structs.replace(kept, **more)


def cut(source: str, body: bytes, at: float) -> list[Event]:
    identifier, _, customer = body.decode().partition(" ")
    return [Event(source=source, account=INSTAGRAM.id, party=customer, id=identifier, received_ms=int(at * 1000))]


class Kit:
    """An account that is compared since a day ago."""

    def __init__(self, **more: Callable[[Conversation], bool]) -> None:
        self.archive, self.desk = FakeArchive(), FakeDeskArchive()
        self.ledger, self.clock, self.metrics = FakeLedger(), FakeClock(), FakeMetrics()
        self.inbound, self.outbound = FakeQueue(), FakeQueue()
        self.kept: list[Comparison] = []
        self.told: list[Found] = []
        self.rested: list[float] = []
        self.comparing = Comparing(
            archives={"instagram": self.archive},
            desk_archives={"desk": self.desk},
            desks=["desk"],
            books=self.ledger,
            inbound=self.inbound,
            outbound=self.outbound,
            shelf=FakeShelf(),
            cut=cut,
            clock=self.clock,
            pause=self._pause,
            metrics=self.metrics,
            **more,
        )
        self.held = self.comparing.begun(NOW_MS - 24 * HOUR_MS, NOW_MS - 24 * HOUR_MS)

    def run(self, *, brings: bool = True, for_s: float = 1e6) -> Comparison:
        """Goes on from what was kept last."""
        way = Way(brings=brings, keep=self._keep, tell=self.told.append, until_s=self.clock() + for_s)
        return self.comparing.go_on(INSTAGRAM, self.held, way)

    @property
    def brought(self) -> list[str]:
        return [event.id for event in self.inbound.events]

    def _keep(self, held: Comparison) -> None:
        self.held = held
        self.kept.append(held)

    def _pause(self, seconds: float) -> None:
        self.rested.append(seconds)
        self.clock.advance(seconds)


@pytest.fixture
def kit() -> Kit:
    made = Kit()
    made.archive.pages = [["c-ana", "c-ben"]]
    made.archive.held = {
        "c-ana": [wrote("m1", ANA, 5 * HOUR_MS), wrote("m2", ANA, 4 * HOUR_MS), wrote("m3", ANA, 3 * HOUR_MS)],
        "c-ben": [wrote("m4", BEN, 2 * HOUR_MS)],
    }
    return made


def of(customer: str) -> Conversation:
    return Conversation("instagram", INSTAGRAM.id, customer)


def deliver(kit: Kit) -> None:
    """The worker shows what lies on its queue."""
    for event in kit.inbound.events:
        kit.ledger.delivered(of(event.party), f"IN#{event.id}", kit.clock(), Thread())
    kit.inbound.events.clear()


def test_what_is_missing_is_brought_in_order_and_marked_as_late(kit: Kit) -> None:
    kit.ledger.delivered(of(ANA), "IN#m2", START, Thread())
    done = kit.run()
    assert kit.brought == ["m1", "m3", "m4"]
    assert all(event.late for event in kit.inbound.events)
    assert done.inbound == Tally(received=4, delivered=1, missing=3)
    assert (done.looked, done.ended_s > 0) == (2, True)
    assert [(found.id, found.brought) for found in kit.told] == [("m1", True), ("m3", True), ("m4", True)]


def test_a_second_time_nothing_is_missing(kit: Kit) -> None:
    kit.run()
    deliver(kit)
    kit.held = kit.comparing.begun(kit.held.since_ms, kit.held.floor_ms)
    assert kit.run().inbound == Tally(received=4, delivered=4)
    assert kit.brought == []


def test_a_dry_run_only_tells(kit: Kit) -> None:
    assert kit.run(brings=False).inbound.missing == 4
    assert kit.inbound.puts == 0
    assert [found.brought for found in kit.told] == [False] * 4


def test_what_may_still_come_by_itself_and_what_may_be_forgotten_is_left_alone(kit: Kit) -> None:
    kit.archive.held["c-ana"] = [wrote("old", ANA, 25 * HOUR_MS), wrote("new", ANA, 10 * 60_000)]
    kit.run()
    assert kit.brought == ["m4"]


def test_no_comparison_begins_before_what_the_ledger_remembers(kit: Kit) -> None:
    far = kit.comparing.begun(0, 0)
    assert far.floor_ms == far.since_ms == NOW_MS - 14 * 24 * HOUR_MS


def test_what_the_desk_has_not_shown_yet_or_was_given_up_is_not_missing(kit: Kit) -> None:
    kit.ledger.claim(of(ANA), "IN#m1", START, 90)
    kit.ledger.buried(of(ANA), "IN#m2", START)
    kit.ledger.refuse(of(ANA), "IN#m3", START, "dropped", "")
    kit.ledger.claim(of(ANA), "IN#m3", START, 90)
    kit.ledger.refuse(of(ANA), "IN#m3", START, "dropped", "")
    assert kit.run().inbound == Tally(received=4, told=2, under_way=1, missing=1)


def test_our_own_and_nobodys_are_not_brought(kit: Kit) -> None:
    kit.archive.held["c-ana"] = [
        wrote("ours", ANA, HOUR_MS, own=True, delivery=b""),
        wrote("nobodys", "", HOUR_MS),
    ]
    assert kit.run().inbound.received == 1
    assert kit.brought == ["m4"]


def test_an_account_that_shares_its_conversations_is_not_compared(kit: Kit) -> None:
    assert kit.comparing.compares(INSTAGRAM)
    shared = msgspec.structs.replace(INSTAGRAM, front=Front(routing=Routing(app="1")))
    assert not kit.comparing.compares(shared)


def test_a_conversation_that_is_not_wanted_is_not_looked_at() -> None:
    kit = Kit(wanted=lambda conversation: conversation.customer != ANA)
    kit.archive.pages, kit.archive.held = [["c-ana"]], {"c-ana": [wrote("m1", ANA, HOUR_MS)]}
    assert kit.run().inbound == Tally()
    assert kit.inbound.puts == 0


@pytest.mark.parametrize("error", [RateLimited("slow down", 60.0), Retryable("no answer")])
def test_what_stops_it_costs_no_more_than_the_conversation_that_it_was_at(kit: Kit, error: Exception) -> None:
    kit.archive.errors["c-ben"] = [error]
    with pytest.raises(type(error)):
        kit.run()
    assert kit.brought == ["m1", "m2", "m3"]
    deliver(kit)
    kit.archive.asked.clear()
    done = kit.run()
    assert kit.archive.asked == ["page ", "c-ben"]
    assert kit.brought == ["m4"]
    assert done.inbound == Tally(received=4, missing=4)


def test_a_queue_that_refuses_is_tried_again_with_the_same(kit: Kit) -> None:
    kit.inbound.refuses = True
    with pytest.raises(Retryable):
        kit.run()
    assert (kit.kept, kit.told) == ([], [])
    kit.inbound.refuses = False
    assert kit.run().inbound.missing == 4
    assert kit.brought == ["m1", "m2", "m3", "m4"]


def test_it_ends_in_time_and_goes_on_from_there(kit: Kit) -> None:
    kit.archive.pages = [["c-ana", "c-ben"], ["c-cy"]]
    kit.archive.held["c-cy"] = [wrote("m5", "cy", HOUR_MS)]
    steps = 0
    while not kit.run(for_s=1.5).ended_s:
        steps += 1
    assert steps > 1
    assert kit.brought == ["m1", "m2", "m3", "m4", "m5"]
    assert kit.held.looked == 3


def test_calls_are_as_far_apart_as_the_platform_asks(kit: Kit) -> None:
    kit.run()
    assert kit.archive.asked == ["page ", "c-ana", "c-ben"]
    assert kit.clock() - START >= 2 * kit.archive.apart_s


def test_one_conversation_that_cannot_be_read_is_no_others_trouble(kit: Kit) -> None:
    kit.archive.errors["c-ana"] = [Refused("no_conversation", "gone")]
    done = kit.run()
    assert kit.brought == ["m4"]
    assert done.looked == 2


def test_a_cursor_that_has_ended_begins_again_and_forgets_nothing_that_was_missing(kit: Kit) -> None:
    kit.archive.pages = [["c-ana"], ["c-ben"]]
    kit.archive.errors["page 1"] = [Retryable("no answer"), Refused("other", "cursor")]
    with pytest.raises(Retryable):
        kit.run()
    deliver(kit)
    done = kit.run()
    assert done.inbound == Tally(received=4, delivered=3, missing=4)
    assert kit.brought == ["m4"]


def test_a_platform_that_refuses_every_cursor_is_not_asked_for_ever(kit: Kit) -> None:
    kit.archive.pages = [["c-ana"], ["c-ben"]]
    kit.archive.errors["page 1"] = [Refused("other", "cursor")] * 9
    with pytest.raises(Refused):
        kit.run()
    assert kit.archive.asked.count("page ") == 3


def test_a_list_that_is_refused_from_its_beginning_says_so(kit: Kit) -> None:
    kit.archive.errors["page "] = [Refused("other", "no permission")]
    with pytest.raises(Refused):
        kit.run()


def test_a_channel_without_a_history_says_so(kit: Kit) -> None:
    stranger = msgspec.structs.replace(INSTAGRAM, channel="pigeon")
    with pytest.raises(Refused, match="no history"):
        kit.comparing.go_on(stranger, kit.held, Way(brings=True, keep=print, tell=print, until_s=1e12))


def test_histories_that_do_not_reach_back_are_counted(kit: Kit) -> None:
    kit.archive.whole = False
    assert kit.run().short == 2


# --- agents' side


def test_a_reply_that_never_came_is_brought_and_what_the_desk_was_told_of_is_not(kit: Kit) -> None:
    kit.desk.held[ANA] = [
        replied("g1", 3 * HOUR_MS),
        replied("g2", 2 * HOUR_MS, told="failed"),
        replied("g3", HOUR_MS),
        replied("g4", 5 * 60_000),
        replied("g5", HOUR_MS, delivery=b""),
    ]
    kit.ledger.claim(of(ANA), "OUT#g3#1", START, 90)
    done = kit.run()
    assert [(event.id, event.source, event.late) for event in kit.outbound.events] == [("g1", "desk", False)]
    assert done.outbound == Tally(received=4, told=1, under_way=1, missing=2)
    assert {found.id: found.brought for found in kit.told if found.direction == "outbound"} == {"g1": True, "g5": False}


def test_a_reply_whose_words_the_customer_has_already_is_told_and_not_sent(kit: Kit) -> None:
    kit.desk.held[ANA] = [replied("g1", 3 * HOUR_MS, text="It is here. "), replied("g2", 3 * HOUR_MS, text="Bye")]
    kit.archive.held["c-ana"] += [
        wrote("app", ANA, 2 * HOUR_MS, own=True, delivery=b"", text="It is here."),
        wrote("before", ANA, 4 * HOUR_MS, own=True, delivery=b"", text="Bye"),
    ]
    assert kit.run().outbound.missing == 2
    assert [event.id for event in kit.outbound.events] == ["g2"]
    assert [found.brought for found in kit.told if found.direction == "outbound"] == [False, True]


def test_a_desk_that_calls_messages_otherwise_than_its_webhooks_has_nothing_sent_twice(kit: Kit) -> None:
    kit.desk.held[ANA] = [replied("other-1", 3 * HOUR_MS), replied("other-2", 2 * HOUR_MS)]
    kit.ledger.claim(of(ANA), "OUT#g1#1", START - 3 * 3600, 90)
    kit.ledger.sent(of(ANA), "OUT#g1#1", START - 3 * 3600, "p1")
    assert kit.run().outbound.missing == 2
    assert kit.outbound.events == []


def test_a_history_that_calls_messages_otherwise_than_its_webhooks_has_nothing_shown_twice(kit: Kit) -> None:
    for name, ago_h in (("w1", 5), ("w2", 4), ("w3", 3)):
        kit.ledger.claim(of(ANA), f"IN#{name}", START - ago_h * 3600, 90)
        kit.ledger.delivered(of(ANA), f"IN#{name}", START, Thread())
    assert kit.run().inbound.missing == 4
    assert kit.brought == ["m4"]
    assert {found.id: found.brought for found in kit.told} == {"m1": False, "m2": False, "m3": False, "m4": True}


def test_what_was_delivered_before_the_history_begins_says_nothing_of_its_ids(kit: Kit) -> None:
    kit.ledger.claim(of(ANA), "IN#w1", START - 6 * 3600, 90)
    kit.ledger.delivered(of(ANA), "IN#w1", START, Thread())
    kit.run()
    assert kit.brought == ["m1", "m2", "m3", "m4"]


def test_a_desk_that_does_not_tell_holds_up_nobody(kit: Kit) -> None:
    kit.desk.error = Misconfigured("403", "give the role")
    done = kit.run()
    assert (done.inbound.missing, done.outbound) == (4, Tally())


def test_a_desk_that_takes_no_call_stops_it_before_anything_is_brought(kit: Kit) -> None:
    kit.desk.error = RateLimited("slow down", 5.0)
    with pytest.raises(RateLimited):
        kit.run()
    assert (kit.inbound.puts, kit.kept) == (0, [])


def test_a_reply_that_somebody_waits_for_is_found_though_the_customer_wrote_long_ago(kit: Kit) -> None:
    kit.archive.pages = []
    kit.ledger.waits = [(of(ANA), NOW_MS - 20 * HOUR_MS), (of(BEN), NOW_MS - 20 * HOUR_MS)]
    kit.ledger.threads[of(BEN).key] = Thread(customer_ms=NOW_MS - HOUR_MS)  # whom the platform's list has
    kit.desk.held = {ANA: [replied("g1", HOUR_MS)], BEN: [replied("g2", HOUR_MS)]}
    done = kit.run()
    assert [event.id for event in kit.outbound.events] == ["g1"]
    assert done.looked == 1


def test_what_stops_it_among_those_who_wait_is_gone_on_with(kit: Kit) -> None:
    kit.archive.pages = []
    at = NOW_MS - 20 * HOUR_MS
    kit.ledger.waits = [(of(ANA), at), (of(BEN), at), (of("cy"), at + 1)]
    kit.desk.held = {who: [replied(f"g-{who}", HOUR_MS)] for who in (ANA, BEN, "cy")}
    steps = 0
    while not kit.run(for_s=0.5).ended_s:
        steps += 1
    assert steps
    assert [event.id for event in kit.outbound.events] == ["g-ana", "g-ben", "g-cy"]


def test_what_stands_twice_or_overtook_another_is_counted(kit: Kit) -> None:
    kit.archive.held["c-ana"] += [
        wrote("p2", ANA, 2 * HOUR_MS, own=True, delivery=b"", mark="x"),
        wrote("p2-again", ANA, 2 * HOUR_MS, own=True, delivery=b"", mark="x"),
        wrote("p1", ANA, HOUR_MS, own=True, delivery=b""),
    ]
    kit.desk.held[ANA] = [
        Kept(id="1", at_ms=NOW_MS - 3 * HOUR_MS, outbound=False, given="d"),
        Kept(id="2", at_ms=NOW_MS - 3 * HOUR_MS, outbound=False, given="d"),
        replied("g1", 2 * HOUR_MS + 60_000),
        replied("g2", 2 * HOUR_MS),
    ]
    for name, sent in (("m1", 5), ("m2", 4), ("m3", 3)):  # the first is begun after the second
        begun_ms = NOW_MS - sent * HOUR_MS + (1000 if name != "m1" else HOUR_MS + 2000)
        kit.ledger.claim(of(ANA), f"IN#{name}", begun_ms / 1000, 90)
        kit.ledger.delivered(of(ANA), f"IN#{name}", START, Thread())
    kit.ledger.sent(of(ANA), "OUT#g1#1", START, "p1")
    kit.ledger.sent(of(ANA), "OUT#g2#1", START, "p2")
    kit.archive.held["c-ana"][0] = wrote("m1", ANA, 4 * HOUR_MS + 60_000)
    done = kit.run()
    assert (done.inbound.doubled, done.inbound.out_of_order) == (1, 1)
    assert (done.outbound.doubled, done.outbound.out_of_order) == (1, 1)
