"""dead-letters, parked and replay: what could not be delivered, and its way back."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from getpass import getuser
from socket import gethostname

import click
import msgspec

from chalicelib.deliveries import cut
from chalicelib.errors import Malformed, Retryable
from chalicelib.pipeline.alone import REPLAY, Busy, alone
from chalicelib.pipeline.returning import Shelved
from chalicelib.wire import iso
from ops import causes
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.output import Out, ago, table
from ops.shelf import Box, Looked, Shelf, is_letter, kind

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter, or something parked, without what anybody wrote. `place` is its queue, or its key in the bucket;
    `order` the queue's count of what came before what, "" where none was given; `events` how many it holds (0: a whole
    delivery that is not cut); times are ISO 8601."""

    id: str
    conversation: str
    reason: str
    direction: str
    age_s: int
    received: str
    shelved: str
    place: str
    order: str
    events: int
    advice: str


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which of it comes back: all that fits everything that is given."""

    ids: Sequence[str] = ()
    reason: str = ""
    accounts: frozenset[str] = frozenset()
    since_ms: int = 0

    def fits(self, shelved: Shelved) -> bool:
        """Whether it is meant. A whole delivery is, where one of its events is."""
        return (
            (not self.ids or _id(shelved) in self.ids or shelved.key in self.ids)
            and self.reason in {"", shelved.parked.reason, kind(shelved.parked.reason)}
            and shelved.came_ms >= self.since_ms
            and (not self.accounts or bool(self.accounts & _accounts(shelved)))
        )


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, or would, by reason; and what cannot, by its id, and why."""

    dry_run: bool
    replayed: int
    reasons: dict[str, int]
    left: dict[str, str]


def dead_letters(bridge: Bridge, ids: Sequence[str], note: Callable[[str], None]) -> list[Told]:
    """Every dead letter that can be seen, or those of the ids, oldest first."""
    shelf = Shelf(bridge)
    told: list[Told] = []
    for box in shelf.boxes:
        looked = shelf.look(box)
        told += [_told(one.shelved, bridge.clock(), f"{box.name} dead letters") for one in looked.letters]
        _more(looked, box, note)
    on_the_way = [one for one in _parked(shelf, note) if is_letter(one)]
    if on_the_way:
        note(f"{len(on_the_way)} of them are on their way back, from a replay that was cut off: run it again")
    told += [_told(one, bridge.clock(), one.key) for one in on_the_way]
    return _asked(told, ids)


def parked(bridge: Bridge, ids: Sequence[str], note: Callable[[str], None]) -> list[Told]:
    """Everything that is parked, or that of the ids, oldest first."""
    found = [one for one in _parked(Shelf(bridge), note) if not is_letter(one)]
    return _asked([_told(one, bridge.clock(), one.key) for one in found], ids)


SHELVES: dict[str, Callable[[Bridge, Sequence[str], Callable[[str], None]], list[Told]]] = {
    "dead-letters": dead_letters,
    "parked": parked,
}
"""What lists each of them, by the command's name."""


def replay(bridge: Bridge, choice: Choice, out: Out, *, dry_run: bool) -> Replayed:
    """Brings back what is chosen. May be cut off anywhere and run again; beside another replay it ends at once."""
    shelf = Shelf(bridge)
    if dry_run:
        return _would(bridge, shelf, choice, out.note)
    with _alone(bridge) as still:
        for box in shelf.boxes:
            looked = shelf.look(box)
            if looked.more or any(choice.fits(one.shelved) for one in looked.letters):
                with _progress(f"taking {box.name} dead letters", sum(shelf.held(box)), still) as done:
                    shelf.take(box, out.note, done)
        return _brought_back(bridge, shelf, choice, out.note, still)


@contextmanager
def _alone(bridge: Bridge) -> Iterator[Callable[[], None]]:
    """Nobody else brings anything back meanwhile: two at once could keep no order. Raises OpsError."""
    turn = bridge.read(lambda ledger: alone(ledger, REPLAY, _operator(), bridge.clock))
    try:
        with turn as still:
            yield lambda: bridge.aws(still, "this replay's turn")
    except Busy as busy:
        ends = f", {iso(int(busy.holder.until_s * 1000))} at the latest" if busy.holder else ""
        fix = f"run it again when that has ended; one that was cut off ends by itself{ends}"
        raise OpsError(f"a replay is under way: {busy}", fix) from None
    except Retryable as error:
        raise causes.aws(error, "this replay's turn") from None


def _operator() -> str:
    """Who runs this, as others are told."""
    try:
        name = getuser()
    except (KeyError, OSError):  # a container may have no such user
        name = "somebody"
    told = f"{name}@{gethostname()}"
    return "".join(sign for sign in told if sign.isprintable())[:80]


def _brought_back(
    bridge: Bridge, shelf: Shelf, choice: Choice, note: Callable[[str], None], still: Callable[[], None]
) -> Replayed:
    lying = _parked(shelf, note)
    chosen = _chosen(lying, choice, note)
    keys = {one.key for one in chosen}
    still()
    with _progress("replaying", len(chosen), still) as done:
        left = bridge.aws(lambda: bridge.runtime.returning.back(chosen, done), "the queues and the bucket")
    stays = {one.key: why for one, why in left}
    away = [one for one in lying if is_letter(one) and (one.key not in keys or one.key in stays)]
    with _progress("putting the others away", len(away), still) as done:
        shelf.put_away(away, done)
    return _replayed([one for one in chosen if one.key not in stays], left, dry_run=False)


def _would(bridge: Bridge, shelf: Shelf, choice: Choice, note: Callable[[str], None]) -> Replayed:
    seen: list[Shelved] = []
    for box in shelf.boxes:
        looked = shelf.look(box)
        _more(looked, box, note)
        seen += [one.shelved for one in looked.letters]
    chosen = _chosen({one.key: one for one in seen + _parked(shelf, note)}.values(), choice, note)
    _, left = bridge.runtime.returning.ready(chosen)
    stays = {one.key for one, _ in left}
    return _replayed([one for one in chosen if one.key not in stays], left, dry_run=True)


def _replayed(back: Sequence[Shelved], left: Sequence[tuple[Shelved, str]], *, dry_run: bool) -> Replayed:
    return Replayed(
        dry_run=dry_run,
        replayed=len(back),
        reasons=dict(Counter(kind(one.parked.reason) for one in back)),
        left={_id(one): why for one, why in left},
    )


def _chosen(lying: Iterable[Shelved], choice: Choice, note: Callable[[str], None]) -> list[Shelved]:
    chosen = [one for one in lying if choice.fits(one)]
    missing = set(choice.ids) - {_id(one) for one in chosen} - {one.key for one in chosen}
    for name in sorted(missing):
        note(f"neither a dead letter nor parked: {name}")
    return chosen


def accounts_of(bridge: Bridge, named: str) -> frozenset[str]:
    """What events call the account: its id on the platform's side, its integration on the desk's."""
    meant = [account for account in bridge.accounts if named in {account.id, account.name}]
    integrations = {one for account in meant for one in (account.integration, *account.former_integrations)}
    ids = {account.id for account in meant if named == account.name}
    return frozenset({named} | integrations | ids) - {""}


def moment_ms(text: str, now: float) -> int:
    """A moment as an operator types it: `2h`, `3d` (so long ago), or ISO 8601. Raises ValueError."""
    span = re.fullmatch(r"(\d+) ?(s|min|m|h|d)", text.strip())
    if span:
        return int((now - int(span[1]) * _UNITS[span[2]]) * 1000)
    found = datetime.fromisoformat(text.strip())
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def listed(told: Sequence[Told], ids: Sequence[str], none: str) -> list[str]:
    """For people: a line each and the counts by reason, or all that is known where ids were asked for."""
    if ids:
        return [line for one in told for line in (*_whole(one), "")][:-1] or ["none of these"]
    if not told:
        return [none]
    head = ("AGE", "REASON", "DIRECTION", "CONVERSATION", "ID")
    rows = [
        (ago(one.age_s).removesuffix(" ago"), one.reason[:60], one.direction, one.conversation, one.id) for one in told
    ]
    counts = Counter(kind(one.reason) for one in told)
    return [*table([head, *rows]), "", *(f"{count:>6}  {reason}" for reason, count in counts.most_common())]


def result(done: Replayed) -> list[str]:
    """For people: what came back, and what did not."""
    verb = "would come back" if done.dry_run else "came back"
    return [
        f"{done.replayed} {verb}",
        *(f"{count:>6}  {reason}" for reason, count in sorted(done.reasons.items())),
        *(f"stays: {name}: {why}" for name, why in done.left.items()),
    ]


def _whole(one: Told) -> list[str]:
    facts = msgspec.to_builtins(one) | {"age_s": ago(one.age_s)}
    return [f"{name.removesuffix('_s') + ':':<14}{value}" for name, value in facts.items() if value != ""]


def _asked(told: list[Told], ids: Sequence[str]) -> list[Told]:
    return sorted(
        (one for one in told if not ids or one.id in ids or one.place in ids),
        key=lambda one: (one.received, one.order.zfill(25)),
    )


def _more(looked: Looked, box: Box, note: Callable[[str], None]) -> None:
    if looked.more:
        note(
            f"{looked.more} more {box.name} dead letters are not shown: a queue shows ten of a conversation, and none "
            "that another reader holds. A replay takes them all"
        )


def _parked(shelf: Shelf, note: Callable[[str], None]) -> list[Shelved]:
    found, unread = shelf.parked()
    for key in unread:
        note(f"cannot be read, and stays: {key}")
    return found


def _told(shelved: Shelved, now: float, where: str) -> Told:
    what = shelved.parked
    return Told(
        id=_id(shelved),
        conversation=_conversation(shelved),
        reason=what.reason,
        direction=what.queue,
        age_s=max(0, int(now - shelved.came_ms / 1000)),
        received=iso(shelved.came_ms),
        shelved=iso(what.parked_ms),
        place=where,
        order=what.order,
        events=(len(what.event.bundle) or 1) if what.event else 0,
        advice=what.advice,
    )


def _id(shelved: Shelved) -> str:
    """The event's, or what a whole delivery is called."""
    return shelved.parked.event.id if shelved.parked.event else shelved.key.rpartition("/")[2]


def _conversation(shelved: Shelved) -> str:
    event = shelved.parked.event
    return " ".join(filter(None, (event.source, event.account, event.party))) if event else shelved.source


def _accounts(shelved: Shelved) -> set[str]:
    if shelved.parked.event is not None:
        return {shelved.parked.event.account}
    try:
        events = cut(shelved.source, shelved.parked.body, 0)
    except Malformed:
        return set()
    return {event.account for event in events}


@contextmanager
def _progress(label: str, length: int, still: Callable[[], object]) -> Iterator[Callable[[int], object]]:
    """A bar on stderr, where that is a terminal and there is something to wait for. `still` is asked after each step
    whether the work may go on."""
    if not length or not sys.stderr.isatty():
        yield lambda count: still()
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:

        def done(count: int) -> None:
            bar.update(count)
            still()

        yield done


def chosen_by(bridge: Bridge, ids: Sequence[str], reason: str | None, account: str | None, since: str | None) -> Choice:
    """What the operator has typed. Raises OpsError."""
    try:
        since_ms = moment_ms(since, bridge.clock()) if since else 0
    except ValueError:
        raise OpsError(f"{since!r} is no time", "--since 2h, --since 3d or --since 2026-11-27T03:00") from None
    accounts = accounts_of(bridge, account) if account else frozenset()
    return Choice(ids=ids, reason=reason or "", accounts=accounts, since_ms=since_ms)
