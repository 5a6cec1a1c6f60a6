"""In-memory stand-ins for what the use cases need from the outside: they keep state and have no opinions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

import msgspec

from chalicelib.errors import Refused, Retryable
from chalicelib.http import Answer, Outgoing
from chalicelib.pipeline.ports import Turn
from chalicelib.vocabulary.capabilities import DAY_S, Capabilities, DeskCapabilities, WindowPolicy
from chalicelib.vocabulary.guarding import Held, Rule, Said, Talk
from chalicelib.vocabulary.messages import (
    CustomerMessage,
    DeskMessage,
    Fetched,
    Led,
    Mention,
    Mentioned,
    Source,
    Tap,
    Unseen,
)
from chalicelib.vocabulary.proof import Comparison, Known, Worked
from chalicelib.vocabulary.records import (
    BOT,
    NOBODYS,
    PREVENTED,
    Account,
    Acknowledged,
    Away,
    Claim,
    Conversation,
    Edited,
    Erasure,
    Event,
    Flight,
    Holder,
    Pause,
    Profile,
    Seat,
    Spent,
    Standing,
    Stored,
    Thread,
    Tried,
    Urged,
    Wait,
)
from chalicelib.vocabulary.replies import ChoicesPart, File, Part, Receipt, Recipient, TextPart
from chalicelib.wire import bounded

INSTAGRAM = Account(channel="instagram", id="17841400000000777", integration="int-ig", secret="s/ig", name="tea.shop")
TIKTOK = Account(channel="tiktok", id="-000TeaShop", integration="int-tt", secret="s/tt", name="tea_shop")
X = Account(channel="x", id="1111111111111111111", integration="int-x", secret="s/x", name="TeaShop")
PAGE = Account(
    channel="instagram",
    id="17841400000000888",
    integration="int-page",
    secret="s/page",
    options={"login": "facebook", "page": "100000000000888"},
)
START = 1_800_000_000.0
WINDOW = WindowPolicy(open_s=DAY_S)


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeMetrics:
    """Sums of each name, and of each name with its labels."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, int, dict[str, str]]] = []
        self.measured: list[tuple[str, float, dict[str, str]]] = []

    def count(self, name: str, value: int = 1, **labels: str) -> None:
        self.lines.append((name, value, labels))

    def measure(self, name: str, milliseconds: float, **labels: str) -> None:
        self.measured.append((name, milliseconds, labels))

    def total(self, name: str, **labels: str) -> int:
        """The sum over lines of this name that carry at least these labels."""
        return sum(value for one, value, given in self.lines if one == name and labels.items() <= given.items())

    def totals(self) -> dict[str, int]:
        """The sums by name."""
        sums: Counter[str] = Counter()
        for name, value, _ in self.lines:
            sums[name] += value
        return dict(sums)


class FakeBook:
    """What guards remember, beside a ledger. `down` makes every method raise Retryable."""

    def __init__(self, ledger: FakeLedger) -> None:
        self._ledger = ledger
        self.down = False
        self.calls = 0
        self.talks: dict[str, Talk] = {}
        self.listed: list[Rule] = []
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.newcomers: Counter[tuple[str, int]] = Counter()

    def _asked(self) -> None:
        self.calls += 1
        if self.down:
            raise Retryable("table down")

    def talk(self, conversation: Conversation) -> Talk:
        self._asked()
        said = self._ledger.turns.get(conversation.key, ())
        return msgspec.structs.replace(self.talks.get(conversation.key, Talk()), said=said)

    def hold(self, held: Held) -> None:
        self._asked()
        before = self.talks.get(held.conversation.key, Talk())
        self.talks[held.conversation.key] = msgspec.structs.replace(
            before, step=held.step, until_s=held.until_s, why=held.why, told=False
        )

    def tell(self, conversation: Conversation) -> None:
        self._asked()
        self.talks[conversation.key] = msgspec.structs.replace(self.talks[conversation.key], told=True)

    def release(self, conversation: Conversation, now: float) -> None:
        self._ledger.turns.pop(conversation.key, None)
        self.talks[conversation.key] = Talk(released_ms=int(now * 1000))

    def rules(self) -> list[Rule]:
        self._asked()
        return self.listed

    def count(self, account: Account, what: str, why: str, now: float) -> None:
        self._asked()
        self.counts[account.id, what, why] += 1

    def newcomer(self, account: Account, now: float, within_s: int) -> int:
        self._asked()
        self.newcomers[account.id, int(now) // within_s] += 1
        return self.newcomers[account.id, int(now) // within_s]


class FakeQueue:
    """Both faces of a FIFO queue. `refuses` makes put and bury fail; `carried` tells what it takes as it is."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.puts = 0
        self.postponed: list[tuple[list[str], int]] = []
        self.buried: list[tuple[Event, str]] = []
        self.lives: set[tuple[str, str]] = set()
        self.refuses = False
        self.carried: Callable[[Event], bool] = lambda event: True

    def carries(self, event: Event) -> bool:
        return self.carried(event)

    def put(self, events: Sequence[Event]) -> None:
        if self.refuses:
            raise Retryable("queue refused")
        self.puts += 1
        self.events.extend(events)

    def postpone(self, handles: Sequence[str], delay_s: int) -> None:
        self.postponed.append((list(handles), delay_s))

    def bury(self, event: Event, reason: str, life: str, order: str) -> None:
        if self.refuses or not self.carried(event):
            raise Retryable("queue refused")
        if (event.dedup, life) not in self.lives:
            self.lives.add((event.dedup, life))
            self.buried.append((event, reason))


def turn(life: str = "life-1", order: str = "1", *, remaining_s: float = 600.0, received: int = 1) -> Turn:
    """An event's turn with a worker that still has so long to run."""
    return Turn(life=life, order=order, remaining_s=lambda: remaining_s, received=received)


class FakeShelf:
    """The bucket: bytes, and what files are. A link names its key and its seconds."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.files: dict[str, Stored] = {}
        self.verdicts: dict[str, str] = {}

    def verdict(self, key: str) -> str | None:
        return self.verdicts.get(key, "") if key in self.files else None

    def keep(self, key: str, body: bytes) -> None:
        self.kept[key] = body

    def fetch(self, key: str) -> bytes:
        return self.kept[key]

    def keys(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in self.kept if key.startswith(prefix))

    def keep_media(self, key: str, body: bytes, mime: str, name: str) -> None:
        self.kept[key] = body
        self.files[key] = Stored(mime=mime, name=name, size=len(body))
        self.verdicts.pop(key, None)  # another file, of which nothing is said yet

    def stored(self, key: str) -> Stored | None:
        return self.files.get(key)

    def link(self, key: str, file: Stored, seconds: int) -> str:
        return f"https://bucket.example/{key}?for={seconds}"

    def remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.kept.pop(key, None)
            self.files.pop(key, None)


class FakeFetch:
    """Answers from `answers`, then a small picture; keeps what was asked for."""

    PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)

    def __init__(self) -> None:
        self.answers: list[Fetched | Exception] = []
        self.asked: list[tuple[str, tuple[str, ...], dict[str, str]]] = []

    def __call__(self, url: str, hosts: Sequence[str], headers: Mapping[str, str]) -> Fetched:
        self.asked.append((url, tuple(hosts), dict(headers)))
        found = self.answers.pop(0) if self.answers else Fetched(body=self.PICTURE, mime="image/png")
        if isinstance(found, Exception):
            raise found
        return found


class FakeSecrets:
    """`stored` is what the store holds, `cached` what this container has read. `refreshable` allows a reload."""

    def __init__(self, **stored: dict[str, Any]) -> None:
        self.stored: dict[str, dict[str, Any]] = dict(stored)
        self.cached: dict[str, dict[str, Any]] = {}
        self.refreshed: list[str] = []
        self.refreshable = True

    def get(self, name: str) -> dict[str, Any]:
        return self.cached.setdefault(name, self.stored.get(name, {}))

    def refresh(self, name: str, since_s: float | None = None) -> bool:
        if self.refreshable:
            self.refreshed.append(name)
            self.cached[name] = self.stored.get(name, {})
        return self.refreshable

    def read(self, name: str) -> dict[str, Any]:
        return self.stored.get(name, {})

    def put(self, name: str, value: dict[str, Any]) -> None:
        self.stored[name] = self.cached[name] = value


@dataclass
class _Work:
    """One claim as it is stored."""

    state: str
    until: float
    since: float
    text: str = ""
    result: str = ""
    reason: str = ""
    detail: str = ""
    tried: float = 0.0
    seat: Seat = NOBODYS
    folded: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        return self.state in {"leased", "doubt"}


class FakeMemory:
    """What channels' adapters remember, by the table's rules. `down` makes every method raise Retryable."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.held: dict[tuple[str, str], tuple[bytes, float]] = {}
        self.down = False

    def get(self, of: Conversation, name: str) -> bytes | None:
        if self.down:
            raise Retryable("table busy")
        value, until_s = self.held.get((of.key, name), (b"", 0.0))
        return value if until_s > self.clock() else None

    def under(self, of: Conversation, prefix: str) -> dict[str, bytes]:
        names = [name for key, name in self.held if key == of.key and name.startswith(prefix)]
        return {name: value for name in names if (value := self.get(of, name)) is not None}

    def keep(self, of: Conversation, name: str, value: bytes, for_s: float) -> None:
        self.get(of, name)
        self.held[of.key, name] = (value, self.clock() + for_s)

    def keep_first(self, of: Conversation, name: str, value: bytes, for_s: float) -> bytes:
        held = self.get(of, name)
        if held is None:
            self.keep(of, name, value, for_s)
        return value if held is None else held


class FakeFloor:
    """Who may speak, by the table's rules, over the same conversations."""

    def __init__(self, ledger: FakeLedger) -> None:
        self.ledger = ledger
        self.speaking: dict[str, tuple[str, float]] = {}
        self.turns: dict[str, int] = {}

    def speak(
        self, conversation: Conversation, item: str, seat: Seat, turn: int, now: float, until: float
    ) -> Literal["held", "early", "over"]:
        held = self.ledger.thread(conversation).seat
        if held.generation < seat.generation:
            return "early"
        same = (held.desk, held.conversation, held.generation) == (BOT, seat.conversation, seat.generation)
        if not same or self.turns.get(conversation.key, 0) > turn:
            return "over"
        self.speaking[conversation.key], self.turns[conversation.key] = (item, until), turn
        return "held"

    def silent(self, conversation: Conversation, item: str) -> None:
        if self.speaking.get(conversation.key, ("", 0.0))[0] == item:
            del self.speaking[conversation.key]

    def hand_over(self, conversation: Conversation, before: Seat, after: Seat, now: float) -> bool:
        if self.ledger.thread(conversation).seat == after:
            return True
        if self.speaking.get(conversation.key, ("", 0.0))[1] >= now:
            return False
        return self.ledger.seat(conversation, before, after, now)


class FakeRoutes:
    """Which app has a conversation, by the table's rules, over the same conversations."""

    def __init__(self, ledger: FakeLedger) -> None:
        self.ledger = ledger
        self.calls: Counter[str] = Counter()

    def held(self, conversation: Conversation, by: str, at_ms: int, now: float) -> Thread:
        self.calls["held"] += 1
        old = self.ledger.thread(conversation)
        written = by != "us" and old.holder in {"", "us"} and old.customer_ms >= at_ms
        if (at_ms, by) >= (old.holder_ms, old.holder) and not written:
            old = msgspec.structs.replace(old, holder=by, holder_ms=at_ms, held_until_ms=0)
            self.ledger.threads[conversation.key] = old
        return old

    def wrote(self, conversation: Conversation, at_ms: int) -> None:
        self.calls["wrote"] += 1
        old = self.ledger.thread(conversation)
        if old.customer_ms < at_ms:
            self.ledger.threads[conversation.key] = msgspec.structs.replace(old, customer_ms=at_ms, replies=0)

    def prolonged(self, conversation: Conversation, until_ms: int) -> None:
        self.calls["prolonged"] += 1
        old = self.ledger.thread(conversation)
        self.ledger.threads[conversation.key] = msgspec.structs.replace(old, held_until_ms=until_ms)


class FakeThreads:
    """A platform that gives conversations to apps: `owner` has each, "us" among them. `no` are the calls that it
    refuses; `fails` may raise before a call, `lost` after its effect."""

    def __init__(self) -> None:
        self.owner: dict[str, str] = {}
        self.no: set[str] = set()
        self.calls: list[tuple[str, str]] = []
        self.gives = ""
        self.fails: Callable[[str], None] = lambda call: None
        self.lost: Callable[[str], None] = lambda call: None
        self.extended: dict[str, int] = {}

    def _asked(self, call: str, customer: str) -> None:
        self.calls.append((call, customer))
        self.fails(call)
        if call in self.no:
            raise Refused("other_app", f"{call}: no")

    def owns(self, account: Account, customer: str) -> bool | None:
        self._asked("owns", customer)
        return self.owner.get(customer, "us") == "us"

    def take(self, account: Account, customer: str) -> None:
        self._moves("take", customer, "us")

    def request(self, account: Account, customer: str) -> None:
        self._moves("request", customer, self.gives or self.owner.get(customer, "us"))

    def give(self, account: Account, customer: str, app: str) -> None:
        self._moves("pass", customer, app or "default")

    def release(self, account: Account, customer: str) -> None:
        self._moves("release", customer, "")

    def extend(self, account: Account, customer: str, seconds: int) -> None:
        self._asked("extend", customer)
        self.extended[customer] = seconds
        self.lost("extend")

    def _moves(self, call: str, customer: str, to: str) -> None:
        self._asked(call, customer)
        self.owner[customer] = to
        self.lost(call)


class FakeRuns:
    """The chores' runs, by the table's rules."""

    def __init__(self) -> None:
        self.ended: dict[str, float] = {}
        self.begun: dict[str, tuple[str, float]] = {}
        self.count = 0

    def last(self) -> dict[str, float]:
        return dict(self.ended)

    def begin(self, name: str, last: float, now: float, lease_s: float) -> str | None:
        if self.ended.get(name, 0.0) != last or self.begun.get(name, ("", 0.0))[1] >= now:
            return None
        self.count += 1
        self.begun[name] = (f"token {self.count}", now + lease_s)
        return self.begun[name][0]

    def end(self, name: str, token: str, began: float = 0.0) -> None:
        if self.begun.get(name, ("", 0.0))[0] == token:
            del self.begun[name]
            if began:
                self.ended[name] = began


@dataclass
class FakeLedger:
    """Claims and conversations with the table's rules. `down` makes every method raise Retryable."""

    listed: list[Account] = field(default_factory=lambda: [INSTAGRAM, TIKTOK, PAGE])
    down: bool = False
    reads: int = 0
    claims: dict[tuple[str, str], _Work] = field(default_factory=dict)
    threads: dict[str, Thread] = field(default_factory=dict)
    strangers: Thread = field(default_factory=Thread)
    """What is remembered of everybody else."""
    ours: set[tuple[str, str]] = field(default_factory=set)
    offers: dict[tuple[str, str], tuple[Tap, ...]] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    introductions: dict[tuple[str, str], float] = field(default_factory=dict)
    tries: dict[tuple[str, str], Tried] = field(default_factory=dict)
    begins: dict[tuple[str, str], str] = field(default_factory=dict)
    edits: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    leds: dict[str, Led] = field(default_factory=dict)
    whose: dict[tuple[str, str], Conversation] = field(default_factory=dict)
    paused: list[Pause] = field(default_factory=list)
    aways: dict[str, Away] = field(default_factory=dict)
    acknowledgements: dict[str, Acknowledged] = field(default_factory=dict)
    led_reads: int = 0
    spends: list[tuple[str, int, int]] = field(default_factory=list)
    locks: dict[str, tuple[str, float]] = field(default_factory=dict)
    asks: dict[Conversation, float] = field(default_factory=dict)
    made: dict[tuple[str, str], float] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    ended: dict[str, tuple[str, int]] = field(default_factory=dict)
    comparisons: dict[tuple[str, str], Comparison] = field(default_factory=dict)
    waits: list[tuple[Conversation, int]] = field(default_factory=list)
    lockers: dict[str, Holder] = field(default_factory=dict)
    erased: dict[str, Erasure] = field(default_factory=dict)
    begun_ms: dict[str, int] = field(default_factory=dict)
    all_begun_ms: int = 0
    """When the newest message was written that was begun, of the others."""
    passing: dict[tuple[str, str], tuple[int, str, str]] = field(default_factory=dict)
    """Of each conversation and kind: when the newest was, its event, and who has it."""
    turns: dict[str, tuple[Said, ...]] = field(default_factory=dict)
    """What guards remember of each conversation."""

    def _up(self) -> None:
        if self.down:
            raise Retryable("table busy")

    def state(self, conversation: Conversation, item: str) -> str:
        """The stored state of a claim, "" where there is none."""
        work = self.claims.get((conversation.key, item))
        return work.state if work else ""

    def claim(
        self,
        conversation: Conversation,
        item: str,
        now: float,
        lease_s: float,
        text: str = "",
        folded: Sequence[str] = (),
    ) -> Claim:
        self._up()
        key = (conversation.key, item)
        old = self.claims.get(key)
        if old is None or old.state == "buried" or (old.state == "leased" and old.until < now):
            noted = (old.folded if old and old.state != "buried" else ()) or tuple(folded)
            self.claims[key] = _Work("leased", now + lease_s, old.since if old else now, text, folded=noted)
            if old is None or old.state == "buried":
                edited = self.edits.get(key, (0, ""))[1]
                since, known = old.since if old else now, old is not None
                return Claim(state="fresh", since_s=since, buried=known, edited=edited, folded=noted)
            tried = old.tried or old.since
            return Claim(state="lapsed", since_s=old.since, tried_s=tried, until_s=old.until, folded=noted)
        return msgspec.convert(
            {
                "state": "busy" if old.state == "leased" else old.state,
                "until_s": old.until,
                "since_s": old.since,
                "tried_s": old.tried or old.since,
                "result": old.result,
                "reason": old.reason,
                "detail": old.detail,
                "seat": old.seat,
                "folded": old.folded,
                "edited": self.edits.get(key, (0, ""))[1],
            },
            Claim,
        )

    def begin(
        self, conversation: Conversation, item: str, now: float, lease_s: float, written_ms: int, text: str, *,
        again: bool = False,
    ) -> tuple[Claim | None, Thread]:  # fmt: skip
        thread, begun_ms = self.thread(conversation), self.begun_ms.get(conversation.key, self.all_begun_ms)
        certain = thread.customer_ms and max(begun_ms, thread.said_ms) < written_ms
        if not certain or self.state(conversation, item):
            return None, thread
        self.begun_ms[conversation.key] = written_ms
        return None if again else self.claim(conversation, item, now, lease_s, text), thread

    def take_passing(self, conversation: Conversation, kind: str, event: str, at_ms: int) -> tuple[str, Thread]:
        self._up()
        thread, key = self.thread(conversation), (conversation.key, kind)
        newest_ms, last, by = self.passing.get(key, (-1, "", ""))
        newer = newest_ms < at_ms or (newest_ms == at_ms and not by)
        if not thread.seat.conversation or last == event or not newer:
            return "", thread
        self.passing[key] = at_ms, event, uuid4().hex
        return self.passing[key][2], thread

    def leave_passing(self, conversation: Conversation, kind: str, owner: str) -> None:
        self._up()
        at_ms, _, by = self.passing.get((conversation.key, kind), (-1, "", ""))
        if by == owner:
            self.passing[conversation.key, kind] = at_ms, "", ""

    def _open(self, conversation: Conversation, item: str) -> _Work | None:
        self._up()
        work = self.claims.get((conversation.key, item))
        return work if work and work.open else None

    def release(self, conversation: Conversation, item: str) -> None:
        if self._open(conversation, item):
            del self.claims[(conversation.key, item)]

    def doubt(self, conversation: Conversation, item: str, now: float, until: float, seat: Seat = NOBODYS) -> None:
        work = self._open(conversation, item)
        if work:
            work.state, work.tried, work.until, work.seat = "doubt", now, until, Seat(seat.desk, seat.conversation)

    def buried(self, conversation: Conversation, item: str, now: float) -> bool:
        self._up()
        work = self.claims.setdefault((conversation.key, item), _Work("buried", now, now))
        if work.state in {"done", "refused"}:
            return False
        work.state = "buried"
        return True

    def begun(self, conversation: Conversation, prefix: str) -> set[str]:
        self._up()
        return {item for key, item in self.claims if key == conversation.key and item.startswith(prefix)}

    def under_way(self, conversation: Conversation, now: float) -> bool:
        self._up()
        return any(
            key == conversation.key and item.startswith("IN#") and work.open
            for (key, item), work in self.claims.items()
        )

    def tried(self, life: str, what: str, now: float) -> Tried:
        self._up()
        before = self.tries.get((life, what), Tried(count=0, first_s=now))
        self.tries[(life, what)] = msgspec.structs.replace(before, count=before.count + 1)
        return self.tries[(life, what)]

    def refuse(self, conversation: Conversation, item: str, now: float, reason: str, detail: str) -> bool:
        work = self._open(conversation, item)
        if work is None:
            return self.state(conversation, item) == "refused"
        work.state, work.reason, work.detail = "refused", reason, detail
        return True

    def _done(self, conversation: Conversation, item: str, now: float, result: str) -> None:
        self._up()
        work = self.claims.setdefault((conversation.key, item), _Work("done", now, now))
        work.state, work.result = "done", result

    def delivered(
        self,
        conversation: Conversation,
        item: str,
        now: float,
        thread: Thread,
        words: str = "",
        before: Seat | None = None,
        listed: bool = False,
        also: Mapping[str, str] | None = None,
        said: Said | None = None,
    ) -> bool:
        self._up()
        self._remember(conversation, said)
        old = self.thread(conversation)
        unmoved = old.seat.desk == "" if before is None else old.seat.generation == before.generation
        if thread.seat.conversation and not unmoved:
            return False
        for one, begins in {item: words, **(also or {})}.items():
            self._done(conversation, one, now, thread.seat.conversation)
            self.begins[(conversation.key, one)] = begins
        new = {name: getattr(thread, name) for name in Thread.__struct_fields__ if name != "seat"}
        if thread.customer_ms < old.customer_ms:  # a replay of an older event
            new = {"platform": thread.platform}
        elif thread.customer_ms:
            old = msgspec.structs.replace(old, replies=0)
        told = {name: value for name, value in new.items() if value}
        seat = thread.seat if thread.seat.conversation else old.seat
        if before is None:
            seat = msgspec.structs.replace(seat, generation=old.seat.generation)
        self.shown[conversation.key] = self.shown.get(conversation.key, 0) + 1
        self.threads[conversation.key] = msgspec.structs.replace(old, **told, seat=seat)
        if seat.conversation:
            self.asks.setdefault(conversation, now + 6 * 3600)
        if listed:
            self.whose[seat.place] = conversation
        return True

    def _remember(self, conversation: Conversation, said: Said | None) -> None:
        if said is not None and said.by == "person":
            self.turns[conversation.key] = ()
        elif said is not None:
            before = self.turns.get(conversation.key, ()) if said.kept is None else said.kept
            self.turns[conversation.key] = (*before, msgspec.structs.replace(said, kept=None))

    def seat(self, conversation: Conversation, before: Seat, after: Seat, now: float, listed: bool = False) -> bool:
        self._up()
        old = self.thread(conversation)
        if (old.seat.generation, old.seat.conversation) != (before.generation, before.conversation):
            return old.seat == after
        self.threads[conversation.key] = msgspec.structs.replace(old, seat=after)
        if listed:
            self.whose[after.place] = conversation
        return True

    def standing(self, conversation: Conversation) -> Standing:
        ended, ended_ms = self.ended.get(conversation.key, ("", 0))
        shown = self.shown.get(conversation.key, 0)
        return Standing(thread=self.thread(conversation), shown=shown, ended=ended, ended_ms=ended_ms)

    def end(self, conversation: Conversation, known: Standing, now: float, listed: bool = False) -> bool:
        self._up()
        old, shown = self.thread(conversation), self.shown.get(conversation.key, 0)
        if (old.seat, shown) != (known.thread.seat, known.shown):
            return False
        self.threads[conversation.key] = msgspec.structs.replace(old, seat=old.seat.moved())
        self.ended[conversation.key] = old.seat.conversation, int(now * 1000)
        self.asks.pop(conversation, None)
        return True

    def ask(self, conversation: Conversation, at_s: float) -> None:
        self._up()
        if self.thread(conversation).seat.conversation:
            self.asks[conversation] = at_s

    def sitting(self, account: Account, now: float) -> list[Conversation]:
        self._up()
        mine = [
            (at_s, one)
            for one, at_s in self.asks.items()
            if (one.channel, one.account) == (account.channel, account.id)
        ]
        return [one for at_s, one in sorted(mine, key=lambda due: due[0]) if at_s <= now]

    def seated(self, desk: str, conversation: str) -> Conversation | None:
        self._up()
        return self.whose.get((desk, conversation))

    def sent(
        self,
        conversation: Conversation,
        item: str,
        now: float,
        platform_id: str,
        answered: str = "",
        words: str = "",
        said_ms: int = 0,
        said: str = "",
        turned: Said | None = None,
        seen_ms: int = 0,
    ) -> None:
        if self.state(conversation, item) == "done":
            return
        self._done(conversation, item, now, platform_id)
        self._remember(conversation, turned)
        old = self.thread(conversation)
        self.threads[conversation.key] = msgspec.structs.replace(
            old,
            replies=old.replies + 1,
            answered=answered or old.answered,
            said_ms=said_ms or old.said_ms,
            said=said or old.said,
            seen_ms=seen_ms or old.seen_ms,
        )
        if platform_id:
            self.ours.add((conversation.key, bounded(platform_id)))
            self.begins[(conversation.key, f"SENT#{bounded(platform_id)}")] = words

    def words(self, conversation: Conversation, event: str, platform_id: str) -> str:
        self._up()
        items = (f"IN#{bounded(event)}", f"SENT#{bounded(platform_id)}")
        return next(
            (self.begins[(conversation.key, item)] for item in items if (conversation.key, item) in self.begins), ""
        )

    def edited(self, conversation: Conversation, item: str, now: float, edit: int, text: str) -> Edited:
        self._up()
        work = self.claims.get((conversation.key, item))
        if self.edits.get((conversation.key, item), (0, ""))[0] > edit or (work and work.result == PREVENTED):
            return "older"
        self.edits[(conversation.key, item)] = edit, text
        return "held" if self.state(conversation, item) in {"", "buried"} else "newest"

    def keep_led(self, conversation: Conversation, now: float, led: Led) -> None:
        self._up()
        self.leds[conversation.key] = led

    def led(self, conversation: Conversation, now: float) -> Led | None:
        self._up()
        self.led_reads += 1
        return self.leds.get(conversation.key)

    def drop_led(self, conversation: Conversation) -> None:
        self._up()
        self.leds.pop(conversation.key, None)

    def forestall(self, conversation: Conversation, item: str, now: float) -> bool:
        self._up()
        key = (conversation.key, item)
        held = self.claims.get(key)
        if held is not None and held.state != "buried" and held.result != PREVENTED:
            return False
        self.claims[key] = _Work("done", now, now, result=PREVENTED)
        return key not in self.edits

    def seen(self, conversation: Conversation, now: float, until_ms: int) -> None:
        self.threads[conversation.key] = msgspec.structs.replace(self.thread(conversation), seen_ms=until_ms)

    def offer(self, conversation: Conversation, key: str, now: float, taps: Sequence[Tap]) -> None:
        self._up()
        self.offers[(conversation.key, key)] = tuple(taps)
        self.made[(conversation.key, key)] = now

    def offered(self, conversation: Conversation, key: str, number: int) -> Tap | None:
        taps = self.offers.get((conversation.key, key), ())
        if self.made.get((conversation.key, key), 0.0) * 1000 < self.standing(conversation).ended_ms:
            return None
        return taps[number] if number < len(taps) else None

    def keep_profile(self, conversation: Conversation, now: float, profile: Profile) -> None:
        self.profiles[conversation.key] = profile

    def profile(self, conversation: Conversation, now: float) -> Profile | None:
        self._up()
        return self.profiles.get(conversation.key)

    def introduce(self, conversation: Conversation, desk: str, now: float) -> None:
        self._up()
        self.introductions[(conversation.key, desk)] = now

    def introduced(self, conversation: Conversation, desk: str, now: float) -> bool:
        self._up()
        return now - self.introductions.get((conversation.key, desk), float("-inf")) < 7 * 86_400

    def thread(self, conversation: Conversation) -> Thread:
        self._up()
        return self.threads.get(conversation.key, self.strangers)

    def is_ours(self, conversation: Conversation, platform_id: str) -> bool:
        self._up()
        return (conversation.key, bounded(platform_id)) in self.ours

    def in_flight(self, conversation: Conversation, now: float) -> dict[str, Flight]:
        self._up()
        return {
            item: Flight(text=work.text, given_up=not work.open)
            for (key, item), work in self.claims.items()
            if key == conversation.key and item.startswith("OUT#")
            and (work.open or (work.state, work.reason) == ("refused", "unconfirmed"))
        }  # fmt: skip

    def erasures(self) -> dict[str, Erasure]:
        self._up()
        return dict(self.erased)

    def lock(self, name: str, now: float, lease_s: float, who: str = "") -> str | None:
        self._up()
        if self.locks.get(name, ("", 0.0))[1] >= now:
            return None
        token = f"{name} at {now}"
        self.locks[name] = token, now + lease_s
        self.lockers[name] = Holder(who=who, since_s=now, until_s=now + lease_s)
        return token

    def prolong(self, name: str, token: str, now: float, lease_s: float) -> bool:
        self._up()
        if self.locks.get(name, ("", 0.0))[0] != token:
            return False
        self.locks[name] = token, now + lease_s
        self.lockers[name] = msgspec.structs.replace(self.lockers[name], until_s=now + lease_s)
        return True

    def holder(self, name: str, now: float) -> Holder | None:
        self._up()
        held = self.lockers.get(name) if name in self.locks else None
        return held if held and held.until_s >= now else None

    def unlock(self, name: str, token: str) -> None:
        self._up()
        if self.locks.get(name, ("", 0.0))[0] == token:
            del self.locks[name]

    def spend(self, conversation: Conversation, now: float, left: int, customer_ms: int) -> None:
        self._up()
        self.spends.append((conversation.key, left, customer_ms))

    def known(self, conversation: Conversation) -> Known:
        self._up()
        work = {
            item: Worked(state=held.state, result=held.result, reason=held.reason, since_s=held.since)
            for (key, item), held in self.claims.items()
            if key == conversation.key
        }
        return Known(work=work, thread=self.thread(conversation))

    def waiting(self, account: Account, before_ms: int) -> Iterator[tuple[Conversation, int]]:
        self._up()
        return iter([(whose, since) for whose, since in self.waits if since < before_ms])

    def comparison(self, account: Account, name: str) -> Comparison | None:
        self._up()
        return self.comparisons.get((account.id, name))

    def keep_comparison(self, account: Account, name: str, now: float, held: Comparison) -> None:
        self._up()
        self.comparisons[account.id, name] = held

    def pauses(self, now: float) -> list[Pause]:
        self._up()
        return [pause for pause in self.paused if pause.until_s > now]

    def held(self, now: float) -> tuple[list[Pause], list[Away]]:
        return self.pauses(now), list(self.aways.values())

    def away(self, desk: str, now: float) -> Away:
        self._up()
        before = self.aways.get(desk)
        since_s = before.since_s if before and before.last_s >= now - 7200 else now
        self.aways[desk] = Away(desk=desk, since_s=since_s, last_s=now)
        return self.aways[desk]

    def back(self, desk: str) -> None:
        self._up()
        self.aways.pop(desk, None)

    def acknowledge(self, conversation: Conversation, told: Acknowledged, sent_ms: int) -> bool:
        self._up()
        before = self.acknowledgements.get(conversation.key)
        if before and not (before.outage_s < told.outage_s and before.at_ms < sent_ms):
            return False
        self.acknowledgements[conversation.key] = told
        return True

    def unacknowledge(self, conversation: Conversation, told: Acknowledged) -> None:
        self._up()
        if self.acknowledgements.get(conversation.key) == told:
            del self.acknowledgements[conversation.key]

    def acknowledged(self, conversation: Conversation) -> Acknowledged | None:
        self._up()
        return self.acknowledgements.get(conversation.key)

    def accounts(self) -> list[Account]:
        self._up()
        self.reads += 1
        return list(self.listed)


class FakeDesk:
    """Answers from `answers` (then `conversation`), finds what `holds` maps a message id to."""

    lag_s = 0.0
    reopens = False
    registers = False
    conversation = "desk-conversation"

    def __init__(self) -> None:
        self.answers: list[str | BaseException] = []
        self.report_answers: list[BaseException | None] = []
        self.holds: dict[str, str] = {}
        self.find_error: Exception | None = None
        self.delivered: list[DeskMessage] = []
        self.looked_for: list[tuple[str, str, float]] = []
        self.reported: list[Receipt] = []
        self.open = True
        self.open_error: Exception | None = None
        self.introduce_answers: list[BaseException | None] = []
        self.introduced: list[tuple[str, Profile]] = []
        self.urge_answers: list[Urged | BaseException] = []
        self.urged: list[tuple[str, int, dict[str, str]]] = []
        self.looks = 0
        """How often it was asked whether a conversation goes on."""
        self.beside: Callable[[], None] = lambda: None
        """Happens when it has just been asked that."""

    @property
    def capabilities(self) -> DeskCapabilities:
        return DeskCapabilities(priorities=True, lag_s=self.lag_s, reopens=self.reopens, registers=self.registers)

    def deliver(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        self.delivered.append(message)
        return msgspec.structs.replace(seat, conversation=_next(self.answers, self.conversation))

    def find(self, account: Account, message: str, customer: str, seat: Seat, since: float, now: float) -> Seat | None:
        self.looked_for.append((message, seat.conversation, since))
        if self.find_error:
            raise self.find_error
        held = self.holds.get(message)
        return None if held is None else msgspec.structs.replace(seat, conversation=held)

    def is_open(self, account: Account, customer: str, seat: Seat) -> bool:
        self.looks += 1
        if self.open_error:
            raise self.open_error
        is_open = self.open and bool(seat.conversation)
        self.beside()
        return is_open

    def urge(self, account: Account, customer: str, seat: Seat, priority: int, marks: Mapping[str, str]) -> Urged:
        self.urged.append((seat.conversation, priority, dict(marks)))
        answer = self.urge_answers.pop(0) if self.urge_answers else "raised"
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def introduce(self, account: Account, customer: str, profile: Profile) -> None:
        answer = self.introduce_answers.pop(0) if self.introduce_answers else None
        if answer is not None:
            raise answer
        self.introduced.append((customer, profile))

    def source(self, file: File, seat: Seat) -> Source:
        return Source(url=file.url, hosts=("desk.example",))

    def report(self, account: Account, receipt: Receipt, seat: Seat, now: float) -> None:
        answer = self.report_answers.pop(0) if self.report_answers else None
        if answer is not None:
            raise answer
        self.reported.append(receipt)


class FakeClient:
    """A channel's client. Answers from `answers`, then "platform-1", "platform-2", …"""

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        self._capabilities = capabilities or Capabilities(text_limit=1000, text_unit="bytes", window=WINDOW)
        self.answers: list[str | Exception] = []
        self.parts: list[tuple[Recipient, Part]] = []
        self.acts: list[str] = []
        self.act_error: Exception | None = None
        self.profiles: list[Profile | Exception | None] = []
        self.asked_profiles = 0
        self.found: CustomerMessage | Exception | None = None
        self.source_error: Exception | None = None
        self.posts: list[str | Exception] = []
        self.mentions: list[Mentioned | Exception | None] = []
        self.asked_mentions: list[Mention] = []
        self.history: str | Exception | None = None
        self.asked_history: list[tuple[Recipient, Part, float]] = []
        self.on_send: Callable[[str], None] = lambda text: None

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def window(self, account: Account) -> WindowPolicy:
        policy = self._capabilities.window
        return policy if account.options.get("human_agent") else msgspec.structs.replace(policy, human_agent_s=0.0)

    def own(self, account: Account, customer: str, username: str) -> bool:
        return account.wrote(customer, username) or customer == account.options.get("page")

    @property
    def sent(self) -> list[tuple[str, str, str]]:
        """Customer, thread and text ("" of media and cards) of every try, in order."""
        return [(to.customer, to.thread, _text(part)) for to, part in self.parts]

    @property
    def texts(self) -> list[str]:
        """The text of every try, in order."""
        return [_text(part) for _, part in self.parts]

    def send(self, account: Account, to: Recipient, part: Part) -> str:
        self.parts.append((to, part))
        self.on_send(_text(part))
        return _next(self.answers, f"platform-{len(self.parts)}")

    def arrived(
        self, account: Account, to: Recipient, part: Part, since_s: float, taken: Callable[[str], bool]
    ) -> str | None:
        self.asked_history.append((to, part, since_s))
        if isinstance(self.history, Exception):
            raise self.history
        return None if self.history is None or taken(self.history) else self.history

    def act(self, account: Account, to: Recipient, action: str) -> None:
        self.acts.append(action)
        if self.act_error:
            raise self.act_error

    def profile(self, account: Account, to: Recipient) -> Profile | None:
        self.asked_profiles += 1
        found = self.profiles.pop(0) if self.profiles else None
        if isinstance(found, Exception):
            raise found
        return found

    def post_url(self, account: Account, post: str) -> str:
        return _next(self.posts, "")

    def mentioned(self, account: Account, mention: Mention) -> Mentioned | None:
        self.asked_mentions.append(mention)
        found = self.mentions.pop(0) if self.mentions else None
        if isinstance(found, Exception):
            raise found
        return found

    def source(self, account: Account, said: CustomerMessage) -> Source:
        if self.source_error:
            raise self.source_error
        assert said.media
        return Source(url=said.media.url, hosts=("platform.example",))

    def unseen(self, account: Account, missing: Unseen) -> CustomerMessage | None:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def _text(part: Part) -> str:
    return part.text if isinstance(part, (TextPart, ChoicesPart)) else ""


@dataclass(frozen=True)
class Call:
    """A call that went out; `body` is None for a GET."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None

    def json(self) -> Any:
        return msgspec.json.decode(self.body or b"null")


class FakeOutgoing(Outgoing):
    """A session without a network: answers from `answers` in turn, which must suffice."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.calls: list[Call] = []

    def post(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        return self._answered(Call("POST", url, headers, body))

    def get(self, url: str, *, headers: dict[str, str], read_s: float | None = None) -> Answer:
        return self._answered(Call("GET", url, headers, None))

    def patch(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        return self._answered(Call("PATCH", url, headers, body))

    def _answered(self, call: Call) -> Answer:
        self.calls.append(call)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status: int = 200, body: object = None, **headers: str) -> Answer:
    """An answer with a JSON body; `retry_after` in `headers` is Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=named, body=msgspec.json.encode({} if body is None else body))


def _next(answers: list[Any], otherwise: str) -> str:
    found: str | BaseException = answers.pop(0) if answers else otherwise
    if isinstance(found, BaseException):
        raise found
    return found


class FakeWindows:
    """What has been done about those that wait, by the table's rules. `since` tells who waits."""

    def __init__(self, ledger: FakeLedger) -> None:
        self.ledger = ledger
        self.since: dict[str, tuple[Conversation, int, int]] = {}
        self.done: dict[str, Wait] = {}
        self.refusals: dict[str, int] = {}
        """When a reply was last refused (epoch ms), by conversations."""
        self.spends: dict[str, Spent] = {}
        self.telling: dict[str, float] = {}
        self.reads = self.writes = 0

    def wrote(self, conversation: Conversation, thread: Thread, now: float) -> None:
        """The customer wrote, and the desk has it."""
        self.ledger.threads[conversation.key] = thread
        at_ms = thread.customer_ms or thread.comment_ms
        self.since.setdefault(conversation.key, (conversation, at_ms, int(now * 1000)))

    def answered(self, conversation: Conversation) -> None:
        self.since.pop(conversation.key, None)

    def waiting(self, account: Account, before_ms: int) -> list[tuple[Conversation, int]]:
        mine = [
            (conversation, since_ms)
            for conversation, since_ms, _ in self.since.values()
            if (conversation.channel, conversation.account) == (account.channel, account.id) and since_ms < before_ms
        ]
        return sorted(mine, key=lambda one: -one[1])

    def waits(self, conversations: Sequence[Conversation]) -> Iterator[Wait]:
        for one in conversations:
            if one.key not in self.since:
                continue
            self.reads += 1
            conversation, since_ms, shown_ms = self.since[one.key]
            thread = self.ledger.threads[one.key]
            held = self.done.get(one.key, Wait(conversation=conversation, thread=thread, since_ms=0))
            told = {"since_ms": since_ms, "shown_ms": shown_ms, "refused_ms": self.refusals.get(one.key, 0)}
            yield msgspec.structs.replace(held, thread=thread, **told)

    def take(self, wait: Wait, now: float, lease_s: float) -> bool:
        key = wait.conversation.key
        if key not in self.since or self.since[key][1] != wait.since_ms:
            return False
        if self.ledger.threads[key].customer_ms != wait.thread.customer_ms:
            return False
        held = self.done.get(key)
        if held and held.closes_ms == wait.closes_ms and held.step >= wait.step and not 0 < held.telling_s < now:
            return False
        self.writes += 1
        self.done[key] = msgspec.structs.replace(wait, telling_s=now + lease_s if lease_s else 0.0)
        return True

    def raised(self, wait: Wait) -> None:
        held = self.done.get(wait.conversation.key)
        if held and held.closes_ms == wait.closes_ms and wait.conversation.key in self.since:
            self.done[wait.conversation.key] = msgspec.structs.replace(held, raised=wait.raised, urged=wait.urged)

    def told(self, wait: Wait) -> None:
        held = self.done[wait.conversation.key]
        if (held.closes_ms, held.step) == (wait.closes_ms, wait.step):
            self.done[wait.conversation.key] = msgspec.structs.replace(held, telling_s=0.0)

    def spent(self) -> list[Spent]:
        return list(self.spends.values())

    def tell_spent(self, spent: Spent, now: float, lease_s: float) -> bool:
        key = spent.conversation.key
        if self.spends.get(key) != spent or self.telling.get(key, 0.0) >= now:
            return False
        self.telling[key] = now + lease_s
        return True

    def settle(self, spent: Spent) -> None:
        if self.spends.get(spent.conversation.key) == spent:
            del self.spends[spent.conversation.key]


class FakeTopic:
    """Keeps what was published; fails with what it is given."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, dict[str, str]]] = []
        self.errors: list[Exception] = []

    def publish(self, subject: str, text: str, labels: Mapping[str, str]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.told.append((subject, text, dict(labels)))
