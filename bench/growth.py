"""What each operation of the ledger costs as its conversation and its table grow: `python -m bench.growth [quick]`.

It writes bench/growth.md. The emulator's DynamoDB runs in this process, with a million rows of others' beside a
conversation of 100,000 parts; `quick` has a hundredth of both. Calls are counted, the rows that DynamoDB looks at for
them, before filters, and the units that it would bill (docs.aws.amazon.com, "DynamoDB read and write operations").
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec

from bench.store import TABLE, Row, Store
from chalicelib.aws.closing import Closing
from chalicelib.aws.flights import ROLLING_S
from chalicelib.aws.floor import Floor
from chalicelib.aws.guarding import Guarding
from chalicelib.aws.memory import Memory
from chalicelib.aws.routes import Routes
from chalicelib.aws.runs import Runs
from chalicelib.aws.table import Table
from chalicelib.vocabulary.guarding import Held, Rule
from chalicelib.vocabulary.messages import Led, Tap
from chalicelib.vocabulary.proof import Comparison
from chalicelib.vocabulary.records import (
    BOT,
    US,
    Account,
    Acknowledged,
    Conversation,
    Erasure,
    Profile,
    Seat,
    Spent,
    Thread,
    Wait,
)

GROWTH = Path(__file__).with_name("growth.md")
NOW = 1_800_000_000.0
NOW_MS = int(NOW * 1000)
SEAT = Seat(conversation="d")
RULE = Rule(id="rule", kind="pattern", value="free", action="mark")
TOLD = Acknowledged(outage_s=int(NOW), message="m", at_ms=NOW_MS)
COMPARED = Comparison(since_ms=1, until_ms=2, floor_ms=1, began_s=1.0)
# How many parts a conversation has, and how many rows of others' there are, in the order in which they are measured.
CELLS = [(1, 0), (1_000, 0), (1, 1_000), (1_000, 1_000), (1, 1_000_000), (1_000, 1_000_000), (100_000, 1_000_000)]
QUICK = [(parts // 100 or 1, others // 100) for parts, others in CELLS]
SIZES = (1, 100, 1_000)
READS = frozenset({"GetItem", "Query", "Scan", "BatchGetItem"})
# Whose all that is measured is: nothing of it is left in the indexes after each cell.
CHANNEL, ACCOUNT = "instagram", "1784"


class Books(NamedTuple):
    """Everything that reads and writes the table."""

    table: Table
    closing: Closing
    guarding: Guarding
    routes: Routes
    floor: Floor
    memory: Memory
    runs: Runs


Operation = Callable[[Books, Conversation], object]


def books(client: Any) -> Books:
    """All of them over one client, with nothing in their memory."""
    table = Table(TABLE, client)
    rest = (Closing(TABLE, client), Guarding(TABLE, client), Routes(TABLE, client), Floor(TABLE, client))
    return Books(table, *rest, Memory(TABLE, lambda: NOW, client), Runs(TABLE, client))


def account(whose: Conversation) -> Account:
    """Whose the conversation is."""
    return Account(channel=whose.channel, id=whose.account, integration="i", secret="s")


def _step(on: Books, whose: Conversation) -> Wait:
    waits = list(on.closing.waits([whose])) or [Wait(conversation=whose, thread=Thread(), since_ms=1)]
    return msgspec.structs.replace(waits[0].at(NOW_MS), step=waits[0].step + 1)


def _spent(whose: Conversation) -> Spent:
    return Spent(conversation=whose, left=3, customer_ms=NOW_MS)


OPERATIONS: dict[str, Operation] = {
    "a message is claimed": lambda on, whose: on.table.claim(whose, "IN#new", NOW, 90),
    "a message has been shown": lambda on, whose: on.table.delivered(
        whose, "IN#new", NOW, Thread(seat=SEAT, customer_ms=NOW_MS)
    ),
    "a message is refused": lambda on, whose: on.table.refuse(whose, "IN#new", NOW, "other", ""),
    "a message is given up": lambda on, whose: on.table.buried(whose, "IN#new", NOW),
    "a message is edited": lambda on, whose: on.table.edited(whose, "IN#new", NOW, 1, "Hello"),
    "a message is taken back": lambda on, whose: on.table.forestall(whose, "IN#never", NOW),
    "a message is quoted": lambda on, whose: on.table.words(whose, "message:new", "new"),
    "a read is taken": lambda on, whose: on.table.take_passing(whose, "read", "read:new", NOW_MS),
    "another is taken, and given back": lambda on, whose: on.table.leave_passing(
        whose, "read", on.table.take_passing(whose, "read", "read:newer", NOW_MS + 1)[0]
    ),
    "a reply is begun": lambda on, whose: on.table.begin(whose, "OUT#new#1", NOW, 90, NOW_MS, "text"),
    "a reply is refused": lambda on, whose: on.table.refuse(whose, "OUT#new#1", NOW, "other", ""),
    "a part is claimed": lambda on, whose: on.table.claim(whose, "OUT#new#2", NOW, 90),
    "a part is sent": lambda on, whose: on.table.sent(whose, "OUT#new#2", NOW, "new"),
    "a part is doubted": lambda on, whose: on.table.doubt(whose, "OUT#new#2", NOW, NOW + 60),
    "a part is given back": lambda on, whose: on.table.release(whose, "OUT#new#2"),
    "a reply's parts are looked up": lambda on, whose: on.table.begun(whose, "OUT#new#"),
    "an echo of ours": lambda on, whose: on.table.is_ours(whose, "p-0"),
    "an echo of somebody else's": lambda on, whose: on.table.in_flight(whose, NOW),
    "messages are seen": lambda on, whose: on.table.seen(whose, NOW, NOW_MS),
    "a conversation is looked at": lambda on, whose: on.table.thread(whose),
    "whose a desk's conversation is": lambda on, whose: on.table.seated("connect", "c"),
    "a desk is asked later": lambda on, whose: on.table.ask(whose, NOW),
    "which desks are to be asked": lambda on, whose: list(on.table.sitting(account(whose), NOW)),
    "choices are kept": lambda on, whose: on.table.offer(
        whose, "m", NOW, [Tap(message="m", type="Button", text="Tea", payload="T")]
    ),
    "a choice is looked up": lambda on, whose: on.table.offered(whose, "m", 0),
    "a profile is kept": lambda on, whose: on.table.keep_profile(whose, NOW, Profile(name="A")),
    "a profile": lambda on, whose: on.table.profile(whose, NOW),
    "a customer is registered": lambda on, whose: on.table.introduce(whose, "connect", NOW),
    "whether a customer is registered": lambda on, whose: on.table.introduced(whose, "connect", NOW),
    "what led here is kept": lambda on, whose: on.table.keep_led(
        whose, NOW, Led(id="r", conversation=whose, sent_ms=1, attributes={}, from_ad=False)
    ),
    "what led here": lambda on, whose: on.table.led(whose, NOW),
    "what led here has been told": lambda on, whose: on.table.drop_led(whose),
    "a try": lambda on, whose: on.table.tried(whose.customer, "file", NOW),
    "a lock": lambda on, whose: on.table.lock(whose.customer, NOW, 10),
    "another, prolonged": lambda on, whose: on.table.prolong(
        f"{whose.customer}+", on.table.lock(f"{whose.customer}+", NOW, 10) or "", NOW, 10
    ),
    "a third, given back": lambda on, whose: on.table.unlock(
        f"{whose.customer}-", on.table.lock(f"{whose.customer}-", NOW, 10) or ""
    ),
    "who has a lock": lambda on, whose: on.table.holder(whose.customer, NOW),
    "accounts": lambda on, whose: on.table.accounts(),
    "an account is paused": lambda on, whose: on.table.pause("instagram", "1", "inbound", NOW),
    "pauses and outages": lambda on, whose: (on.table.held(NOW), on.table.pauses(NOW)),
    "an account goes on": lambda on, whose: on.table.resume("instagram", "1", "inbound"),
    "a desk is away": lambda on, whose: on.table.away("genesys", NOW),
    "a desk is back": lambda on, whose: on.table.back("genesys"),
    "a customer is told of an outage": lambda on, whose: on.table.acknowledge(whose, TOLD, NOW_MS),
    "whether a customer was told of it": lambda on, whose: on.table.acknowledged(whose),
    "a customer was not told of it": lambda on, whose: on.table.unacknowledge(whose, TOLD),
    "an erasure is remembered": lambda on, whose: on.table.forget("mark", Erasure(until_ms=NOW_MS), NOW),
    "who was erased": lambda on, whose: on.table.erasures(),
    "when customers last wrote": lambda on, whose: on.table.last_inbound_ms(),
    "a comparison is kept": lambda on, whose: on.table.keep_comparison(account(whose), "daily", NOW, COMPARED),
    "a comparison": lambda on, whose: on.table.comparison(account(whose), "daily"),
    "who waits": lambda on, whose: list(on.table.waiting(account(whose), NOW_MS)),
    "who waits, the shortest first": lambda on, whose: on.closing.waiting(account(whose), NOW_MS),
    "how long they wait": lambda on, whose: list(on.closing.waits([whose])),
    "a step of a window is taken": lambda on, whose: on.closing.take(_step(on, whose), NOW, 60),
    "a conversation is raised": lambda on, whose: on.closing.raised(_step(on, whose)),
    "a step of a window has been told": lambda on, whose: on.closing.told(_step(on, whose)),
    "few messages are left": lambda on, whose: on.table.spend(whose, NOW, 3, NOW_MS),
    "where few are left": lambda on, whose: on.closing.spent(),
    "it is told that few are left": lambda on, whose: on.closing.tell_spent(_spent(whose), NOW, 60),
    "it has been told that few are left": lambda on, whose: on.closing.settle(_spent(whose)),
    "guards look at a conversation": lambda on, whose: on.guarding.talk(whose),
    "guards hold a conversation": lambda on, whose: on.guarding.hold(
        Held(conversation=whose, step="hold", why="w", since_s=NOW, until_s=NOW + 60)
    ),
    "what guards hold": lambda on, whose: on.guarding.held(NOW),
    "agents know that guards hold it": lambda on, whose: on.guarding.tell(whose),
    "guards let it go": lambda on, whose: on.guarding.release(whose, NOW),
    "a rule is kept": lambda on, whose: on.guarding.keep_rule(RULE),
    "rules": lambda on, whose: on.guarding.rules(),
    "a rule is removed": lambda on, whose: on.guarding.remove_rule("rule"),
    "guards count": lambda on, whose: on.guarding.count(account(Conversation("c", "1", "")), "mark", "w", NOW),
    "guards count newcomers": lambda on, whose: on.guarding.newcomer(account(whose), NOW, 600),
    "what guards did on a day": lambda on, whose: on.guarding.tallies("2027-01-15"),
    "another app has it": lambda on, whose: on.routes.held(whose, US, NOW_MS, NOW),
    "the customer wrote to another app": lambda on, whose: on.routes.wrote(whose, NOW_MS + 1),
    "it stays ours for longer": lambda on, whose: on.routes.prolonged(whose, NOW_MS + 2),
    "a bot speaks": lambda on, whose: on.floor.speak(whose, "OUT#b#1", Seat(BOT, "t"), 1, NOW, NOW + 9),
    "a bot is silent": lambda on, whose: on.floor.silent(whose, "OUT#b#1"),
    "a bot hands over": lambda on, whose: on.floor.hand_over(whose, Seat(BOT, "t"), Seat(generation=1), NOW),
    "something is kept for a channel": lambda on, whose: on.memory.keep(whose, "name", b"value", 60),
    "something is kept once": lambda on, whose: on.memory.keep_first(whose, "name", b"value", 60),
    "what is kept": lambda on, whose: on.memory.get(whose, "name"),
    "what is kept under names": lambda on, whose: on.memory.under(whose, "name"),
    "when chores ran": lambda on, whose: on.runs.last(),
    "a chore begins": lambda on, whose: on.runs.begin("chore", 0.0, NOW, 60),
    "a chore ends": lambda on, whose: on.runs.end("chore", "token"),
    "a conversation is moved": lambda on, whose: on.table.seat(
        whose, on.table.thread(whose).seat, Seat("x", "y", generation=1), NOW
    ),
    "a conversation ends": lambda on, whose: on.table.end(whose, on.table.standing(whose), NOW),
}


class Growing(NamedTuple):
    """An operation that reads what it answers: so many of `by`, which `rows` makes."""

    by: str
    rows: Callable[[int, Conversation], Iterator[Row]]
    work: Operation


def item(pk: str, sk: str, **fields: str | int) -> Row:
    """A row of texts and numbers."""
    typed = {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in fields.items()}
    return {"pk": {"S": pk}, "sk": {"S": sk}, **typed}


def said(whose: Conversation, parts: int) -> Iterator[Row]:
    """So much was said in the conversation, both ways, and has ended."""
    done, ends, words = {"S": "done"}, {"N": str(int(NOW) + 86_400)}, {"S": "x" * 200}  # some 0.3 KB, as they are
    for number in range(parts):
        for name in (f"OUT#{number:06d}#1", f"IN#{number:06d}", f"SENT#p-{number}"):
            yield item(f"CONV#{whose.key}", name) | {"state": done, "expires_at": ends, "words": words}


def _bots(count: int, whose: Conversation) -> Iterator[Row]:
    return (item(f"CONV#{whose.key}", f"OUT#bot:{number}#1", state="done") for number in range(count))


def _refused_firsts(count: int, whose: Conversation) -> Iterator[Row]:
    return (item(f"CONV#{whose.key}", f"IN#{number}", state="refused") for number in range(count))


def _who_wait(count: int, whose: Conversation) -> Iterator[Row]:
    at = f"{whose.channel}#{whose.account}"
    return (
        item(f"CONV#{at}#{number}", "STATE", waits_at=at, waits_since=NOW_MS - 1 - number) for number in range(count)
    )


def _listed(partition: str, **fields: str | int) -> Callable[[int, Conversation], Iterator[Row]]:
    return lambda count, whose: (item(partition, f"c#{number}#x", **fields) for number in range(count))


_HELD: dict[str, str | int] = {"step": "hold", "why": "w", "since": 1, "until": int(NOW) + 60}
GROWING: dict[str, Growing] = {
    "a conversation is compared": Growing(
        "its messages of 30 days", lambda count, whose: said(whose, count), lambda on, whose: on.table.known(whose)
    ),
    "a conversation is exported, or traced": Growing(
        "its rows", lambda count, whose: said(whose, count), lambda on, whose: list(on.table.all_of(whose))
    ),
    "a conversation is erased": Growing(
        "its rows", lambda count, whose: said(whose, count), lambda on, whose: on.table.erase(whose)
    ),
    "a bot is asked once more": Growing(
        "what it has said there in 30 days", _bots, lambda on, whose: on.table.begun(whose, "OUT#bot:")
    ),
    "a reply to whom nobody knows to have written": Growing(
        "their messages, of which none has been shown",
        _refused_firsts,
        lambda on, whose: on.table.under_way(whose, NOW),
    ),
    "who waits": Growing("who waits", _who_wait, lambda on, whose: list(on.table.waiting(account(whose), NOW_MS))),
    "accounts": Growing("accounts", _listed("ACCOUNT"), lambda on, whose: on.table.accounts()),
    "when customers last wrote": Growing(
        "accounts", _listed("HEARD", heard_ms=1), lambda on, whose: on.table.last_inbound_ms()
    ),
    "who was erased": Growing(
        "erasures of 30 days", _listed("ERASED", until_ms=1, open_s=1), lambda on, whose: on.table.erasures()
    ),
    "what guards hold": Growing("what they hold", _listed("HELD", **_HELD), lambda on, whose: on.guarding.held(NOW)),
    "where few messages are left": Growing(
        "where they are", _listed("SPENT", left=3, customer_ms=1), lambda on, whose: on.closing.spent()
    ),
}


class Cost(msgspec.Struct, frozen=True, order=True):
    """Of one operation: its calls, the rows that were looked at, and units."""

    calls: tuple[str, ...]
    rows: int
    write_units: float
    read_units: float = 0.0


@contextmanager
def metered(client: Any, store: Store | None = None) -> Iterator[list[Cost]]:
    """What the client's calls cost, in the end; read units where the store is known."""
    calls, found = list[str](), list[Cost]()
    rows, written = 0, 0.0
    before = store.read_units if store else 0.0

    def asks(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return params | {"ReturnConsumedCapacity": "TOTAL"}

    def told(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        nonlocal rows, written
        calls.append(model.name)
        if model.name in READS:
            batch = parsed.get("Responses", {}).values()
            rows += parsed.get("ScannedCount", 0) + ("Item" in parsed) + sum(map(len, batch))
        elif "Error" in parsed:  # it is billed, and tells no units
            written += 1.0
        else:
            spent = parsed["ConsumedCapacity"]
            written += sum(one["CapacityUnits"] for one in (spent if isinstance(spent, list) else [spent]))

    events = client.meta.events
    events.register("provide-client-params.dynamodb.*", asks)
    events.register("after-call.dynamodb.*", told)
    try:
        yield found
    finally:
        events.unregister("provide-client-params.dynamodb.*", asks)
        events.unregister("after-call.dynamodb.*", told)
        found.append(Cost(tuple(calls), rows, written, (store.read_units - before) if store else 0.0))


def known(on: Books, fill: Callable[[Iterator[Row]], object], parts: int) -> Conversation:
    """A conversation in which so much was said, and in which an echo was looked at before."""
    whose = Conversation(CHANNEL, ACCOUNT, uuid4().hex)
    on.table.delivered(whose, "IN#first", NOW - 10, Thread(seat=SEAT, customer_ms=NOW_MS - 10_000))
    on.table.in_flight(whose, NOW - ROLLING_S)
    fill(said(whose, parts))
    return whose


def others(count: int) -> Iterator[Row]:
    """So many rows of other customers' conversations, ten each, which sit at desks and wait for answers."""
    done = {"S": "done"}
    for number in range(count):
        place = f"CONV#instagram#{number // 100_000}#{number // 10}"
        if number % 10:
            yield {"pk": {"S": place}, "sk": {"S": f"OUT#{number}#1"}, "state": done}
        else:
            at = f"instagram#{number // 100_000}"
            yield item(place, "STATE", desk="d", waits_at=at, waits_since=number, sits_at=at, asks_at=number)


def costs(store: Store, whose: Conversation) -> dict[str, Cost]:
    """What each operation costs in that conversation."""
    found: dict[str, Cost] = {}
    with store.watched():
        for name, work in OPERATIONS.items():
            with metered(store.client, store) as cost:
                work(books(store.client), whose)
            found[name] = cost[0]
    return found


def measured(cells: list[tuple[int, int]]) -> dict[tuple[int, int], dict[str, Cost]]:
    """By parts of the conversation and rows of others."""
    store, found, there = Store(), dict[tuple[int, int], dict[str, Cost]](), 0
    costs(store, known(books(store.client), store.fill, 1))  # what is one row for all is there from here on
    for parts, beside in cells:
        start = time.perf_counter()
        store.fill(row for number, row in enumerate(others(beside)) if number >= there)
        there = beside
        found[parts, beside] = costs(store, known(books(store.client), store.fill, parts))
        print(f"{parts:,} parts, {beside:,} rows of others: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return found


def grown(sizes: tuple[int, ...] = SIZES) -> dict[str, list[Cost]]:
    """What the others cost, at each size."""
    found: dict[str, list[Cost]] = {name: [] for name in GROWING}
    for size in sizes:
        for name, growing in GROWING.items():
            store = Store()
            whose = Conversation("instagram", "1", uuid4().hex)
            store.fill(growing.rows(size, whose))
            with store.watched(), metered(store.client, store) as cost:
                growing.work(books(store.client), whose)
            found[name].append(cost[0])
    return found


def report(found: dict[tuple[int, int], dict[str, Cost]], growing: dict[str, list[Cost]]) -> str:
    """Both tables, in words."""
    sizes = sorted(found)
    parts, beside = max(parts for parts, _ in sizes), max(beside for _, beside in sizes)
    head = [
        "# What the ledger costs as it grows",
        "",
        "Written by `python -m bench.growth`; [how to read it](../docs/performance.md#growth). Measured in",
        f"conversations of 1 to {parts:,} parts, three rows each, beside 0 to {beside:,} rows of others':",
        ", ".join(f"{parts:,} beside {beside:,}" for parts, beside in found) + ".",
        "",
        "| operation | calls | rows looked at | read units | write units | at every size |",
        "|---|---:|---:|---:|---:|---|",
    ]
    lines = [_line(name, [cell[name] for cell in found.values()]) for name in OPERATIONS]
    tail = [
        "",
        "What reads what it answers: calls, rows that are looked at, read units and write units.",
        "",
        f"| operation | grows with | {' | '.join(f'{size:,}' for size in SIZES)} |",
        f"|---|---|{'---:|' * len(SIZES)}",
    ]
    tail += [f"| {name} | {GROWING[name].by} | {' | '.join(map(_four, each))} |" for name, each in growing.items()]
    return "\n".join([*head, *lines, *tail]) + "\n"


def _line(name: str, each: list[Cost]) -> str:
    least, most = min(each), max(each)
    told = "the same" if least == most else f"**up to {_four(most)}**"
    return f"| {name} | {len(least.calls)} | {least.rows} | {least.read_units:g} | {least.write_units:g} | {told} |"


def _four(cost: Cost) -> str:
    return f"{len(cost.calls)} / {cost.rows:,} / {cost.read_units:g} / {cost.write_units:g}"


if __name__ == "__main__":
    GROWTH.write_text(report(measured(QUICK if sys.argv[1:] else CELLS), grown()))
    print(GROWTH.read_text())
