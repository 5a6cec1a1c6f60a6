"""trace: every hop of a message, or of a customer's, from the logs and the ledger; what was written is never among
it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from chalicelib.aws.claimed import REMEMBERED_S
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.records import Conversation, Row
from chalicelib.wire import iso
from ops.bridge import Bridge
from ops.logs import Line, Logs, moment
from ops.output import table

# Facts of a line that name a piece of work, and those that are shown of a hop.
NAMES = ("event", "message_id", "key")
SHOWN = ("part", "conversation", "desk_conversation", "account", "channel", "source", "code", "status", "detail",
         "error", "advice", "delay_s", "kind")  # fmt: skip
SENT = "SENT#"
# How many rounds of names that lead to names: an id at a platform, the message, its other lines.
ROUNDS = 3


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a message at one place. `at` is ISO 8601, `source` "log" or "ledger", `id` the event or the
    message as the bridge names it, `attempt` how often its queue had handed it out (0 where that is not told)."""

    at: str
    source: str
    id: str
    decision: str
    reason: str = ""
    attempt: int = 0
    facts: dict[str, str | int | float] = {}


def run(bridge: Bridge, logs: Logs, identifier: str, hours: float) -> list[Hop]:
    """Every hop that the id takes part in, in order of time: a message's of any side, an event's, a customer's.
    Raises OpsError."""
    since_s = bridge.clock() - hours * 3600
    lines, names = _found(logs, identifier, since_s)
    whose = _customers(bridge, identifier)
    rows = [(conversation, row) for conversation in whose for row in _rows(bridge, conversation)]
    if not whose:
        for conversation in _conversations(lines):
            rows += [(conversation, row) for row in _rows(bridge, conversation) if _about(row, names)]
    else:  # what a customer's lines do not name, the ledger does
        lines = _merged(lines, logs.holding(sorted(_works(rows)), since_s) if rows else [])
    hops = [*map(_line_hop, lines), *(hop for conversation, row in rows for hop in _row_hops(conversation, row))]
    return sorted(hops, key=lambda hop: hop.at)


def lines(hops: Sequence[Hop]) -> list[str]:
    """A table for people."""
    if not hops:
        return ["nothing is known of it: is it older than --hours, or another deployment's?"]
    head = ("AT", "FROM", "ID", "ATTEMPT", "DECISION", "REASON")
    return table(
        [head, *((hop.at, hop.source, hop.id, str(hop.attempt or ""), hop.decision, hop.reason) for hop in hops)]
    )


def _found(logs: Logs, identifier: str, since_s: float) -> tuple[list[Line], set[str]]:
    """The lines that hold the id, or a name that such a line has for the same piece of work; and all of these names."""
    names, asked, found = {identifier}, set[str](), list[Line]()
    for _ in range(ROUNDS):
        new = names - asked
        if not new:
            break
        more = logs.holding(sorted(new), since_s)
        asked |= new
        found = _merged(found, more)
        names |= {str(line[name]) for line in more for name in NAMES if line.get(name)}
    return found, names


def _merged(lines: Iterable[Line], more: Iterable[Line]) -> list[Line]:
    unlike = {msgspec.json.encode(line, order="sorted"): line for line in (*lines, *more)}
    return sorted(unlike.values(), key=moment)


def _customers(bridge: Bridge, identifier: str) -> list[Conversation]:
    """The conversations of a customer of that id, whichever account they write to."""
    asked = [Conversation(account.channel, account.id, identifier) for account in bridge.accounts]
    return [conversation for conversation in asked if next(iter(_rows(bridge, conversation)), None) is not None]


def _conversations(lines: Iterable[Line]) -> list[Conversation]:
    keys = dict.fromkeys(str(line["conversation"]) for line in lines if line.get("conversation"))
    return [Conversation(*key.split("#", 2)) for key in keys if key.count("#") >= 2]


def _rows(bridge: Bridge, conversation: Conversation) -> list[Row]:
    """The claims of the conversation, and what it sent."""
    wanted = (claims.INBOUND, claims.OUTBOUND, SENT)
    found: list[Row] = bridge.read(lambda ledger: list(ledger.all_of(conversation)))
    return [row for row in found if row.name.startswith(wanted)]


def _about(row: Row, names: set[str]) -> bool:
    return _work(row) in names or str(row.fields.get("result", "")) in names - {""}


def _works(rows: Iterable[tuple[Conversation, Row]]) -> set[str]:
    return {_work(row) for _, row in rows}


def _work(row: Row) -> str:
    """The event's or the message's id in the row's name."""
    _, _, name = row.name.partition("#")
    return name.rpartition("#")[0] if row.name.startswith(claims.OUTBOUND) else name


def _line_hop(line: Line) -> Hop:
    return Hop(
        at=iso(int(moment(line) * 1000)),
        source="log",
        id=str(line.get("event") or line.get("message_id") or line.get("key") or ""),
        decision=str(line.get("message", "")),
        reason=str(line.get("reason", "")),
        attempt=int(line.get("attempt") or 0),
        facts={name: line[name] for name in (*SHOWN, "key") if line.get(name)},
    )


def _row_hops(conversation: Conversation, row: Row) -> Iterator[Hop]:
    """When the work was first claimed, and how it ended or stands. When it ended follows from when its row expires."""
    told, part = row.fields, {"conversation": conversation.key, "part": row.name}
    begun, state = float(told.get("since", 0)), str(told.get("state", ""))
    if begun:
        yield Hop(at=_iso(begun), source="ledger", id=_work(row), decision="claimed", facts=dict(part))
    if told.get("tried"):
        yield Hop(at=_iso(float(told["tried"])), source="ledger", id=_work(row), decision="tried", facts=dict(part))
    ended = float(told.get("expires_at", 0)) - REMEMBERED_S
    if row.name.startswith(SENT):
        yield Hop(at=_iso(ended), source="ledger", id=_work(row), decision="at the platform", facts=dict(part))
    elif state:
        facts = part | {"result": str(told["result"])} if told.get("result") else part
        reason = str(told.get("reason", ""))
        yield Hop(at=_iso(ended), source="ledger", id=_work(row), decision=state, reason=reason, facts=dict(facts))


def _iso(seconds: float) -> str:
    return iso(int(seconds * 1000))
