"""reconcile: what a platform and the desk hold of an account, beside what the bridge has delivered."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.table import Table
from chalicelib.errors import AccountStopped, RateLimited, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.observability import log
from chalicelib.pipeline.chores.reconciling import lock_of
from chalicelib.pipeline.comparing import Comparing, Found, Way
from chalicelib.rules.reconciling import DAY_S, FURTHEST_S
from chalicelib.runtime import Runtime
from chalicelib.vocabulary.proof import Comparison, Tally
from chalicelib.vocabulary.records import Account, Direction
from chalicelib.wire import iso
from ops import causes
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.letters import moment_ms
from ops.output import Out, table

# An operator's comparison has its own notes, so that neither it nor the daily one takes the other's place.
NAME = "by hand"
# So long (s) one step goes on, and so long it has the account for itself.
STEP_S = 30.0
LEASE_S = 120.0
GOES_ON = ": it goes on from there"
EXAMPLE = "--since 6h, --since 2d or --since 2026-11-27T03:00"


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """A message that nobody had brought, by the id of its sender's side; `sent` is ISO 8601. `brought` tells whether it
    is on its way now."""

    direction: Direction
    customer: str
    id: str
    sent: str
    brought: bool


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared, from when until when (ISO 8601), and what was found. `short` counts the conversations whose
    history does not reach back so far."""

    channel: str
    account: str
    dry_run: bool
    since: str
    until: str
    conversations: int
    short: int
    inbound: Tally
    outbound: Tally
    missing: list[Missing]


class _Quiet:
    """What the functions count is theirs."""

    def count(self, name: str, value: int = 1, **labels: str) -> None: ...

    def measure(self, name: str, milliseconds: float, **labels: str) -> None: ...


def run(bridge: Bridge, account: Account, since: str, out: Out, *, dry_run: bool) -> Reconciled:
    """Compares all of it, and brings what is missing; in a dry run nothing is brought. May be cut off anywhere: who
    runs it again goes on from there. Raises OpsError."""
    since_ms = _since_ms(bridge, since, out.note)
    _ready(bridge, account)
    comparing = Runtime(bridge.settings, bridge.clock, _Quiet()).comparing
    if not comparing.compares(account):
        if account.front.routing is not None:
            raise OpsError(f"{account.id} shares its conversations: no history tells for which app a message was", "")
        raise OpsError(f"the channel {account.channel} tells no history that could be compared", "")
    held = comparing.begun(since_ms, since_ms, settled_s=0)
    held = held if dry_run else _unfinished(bridge, account, held, out.note) or held
    missing: list[Missing] = []

    def keep(now_held: Comparison) -> None:
        nonlocal held
        held = now_held
        if not dry_run:
            bridge.read(lambda ledger: Table.keep_comparison(ledger, account, NAME, bridge.clock(), now_held))

    with _lines_aside():
        while not held.ended_s:
            way = Way(
                brings=not dry_run,
                keep=keep,
                tell=lambda found: missing.append(_missing(found)),
                until_s=bridge.clock() + STEP_S,
            )
            held = _step(bridge, comparing, account, held, way)
            if sys.stderr.isatty() and not held.ended_s:
                out.note(f"{held.looked} conversations so far")
    return _reconciled(account, held, missing, dry_run)


def lines(done: Reconciled) -> Iterator[str]:
    """For people."""
    yield f"{done.conversations} conversations of {done.channel} {done.account}, {done.since} to {done.until}"
    head = ("", *(name.replace("_", " ").upper() for name in Tally.__struct_fields__))
    tallies = {"from customers": done.inbound, "from agents": done.outbound}
    rows = [(label, *map(str, msgspec.structs.astuple(tally))) for label, tally in tallies.items()]
    yield from table([head, *rows])
    for one in done.missing:
        becomes = "is brought" if one.brought else "would be brought" if done.dry_run else "stays missing"
        yield f"missing: {one.direction} {one.id} of {one.customer}, sent {one.sent}: {becomes}"
    if done.short:
        yield f"{done.short} conversations hold more than the platform shows: what is older there cannot be compared"


def _step(bridge: Bridge, comparing: Comparing, account: Account, held: Comparison, way: Way) -> Comparison:
    """While nobody else compares the account."""
    turn = lock_of(account)
    token = bridge.read(lambda ledger: Table.lock(ledger, turn, bridge.clock(), LEASE_S))
    if token is None:
        raise OpsError("the account is being compared just now", "run it again in two minutes")
    try:
        return comparing.go_on(account, held, way)
    except (Retryable, Refused, Uncertain) as error:
        raise _cause(account, error, "" if way.brings else ", from the beginning") from None
    finally:
        bridge.read(lambda ledger: Table.unlock(ledger, turn, token))


def _cause(account: Account, error: Retryable | Refused | Uncertain, again: str) -> OpsError:
    """What stands in the way; `again` tells from where on the next one begins."""
    what = f"{account.channel} {account.id}"
    if isinstance(error, RateLimited):
        wait = f"in {int(error.after_s / 60) + 1} minutes" if error.after_s else "in some minutes"
        return OpsError(f"{what}: no more calls are taken for now", f"run it again {wait}{again or GOES_ON}")
    if isinstance(error, Refused):
        return OpsError(f"{what}: {error.detail}", error.advice if isinstance(error, AccountStopped) else "")
    if isinstance(error, TokenRefused):
        return OpsError(f"{what}: the platform takes its access token no more", error.advice or "dmdesk token status")
    if isinstance(error, Retryable) and isinstance(error.__cause__, (BotoCoreError, ClientError)):
        return causes.aws(error, what)
    return causes.vendor(error, what)


def _since_ms(bridge: Bridge, since: str, note: Callable[[str], None]) -> int:
    """The moment, or how far back it may be. Raises OpsError."""
    now = bridge.clock()
    try:
        since_ms = moment_ms(since, now)
    except ValueError:
        raise OpsError(f"{since!r} is no time", EXAMPLE) from None
    if since_ms >= now * 1000:
        raise OpsError(f"{since!r} is not over yet", EXAMPLE)
    furthest_ms = int((now - FURTHEST_S) * 1000)
    if since_ms < furthest_ms:
        note(
            f"compared since {iso(furthest_ms)} only: what is older the ledger may have forgotten, and it would be "
            "delivered twice"
        )
    return max(since_ms, furthest_ms)


def _ready(bridge: Bridge, account: Account) -> None:
    """Raises OpsError while the account is paused: what waits on its queues is not missing."""
    pauses = bridge.read(lambda ledger: Table.pauses(ledger, bridge.clock()))
    if any((pause.channel, pause.account) == (account.channel, account.id) for pause in pauses):
        raise OpsError(
            f"{account.channel} {account.id} is paused, and what waits is not missing",
            f"dmdesk resume --account {account.id}",
        )


def _unfinished(bridge: Bridge, account: Account, asked: Comparison, note: Callable[[str], None]) -> Comparison | None:
    """One that was cut off within the last day and reaches as far back; None where there is none."""
    held = bridge.read(lambda ledger: Table.comparison(ledger, account, NAME))
    if held is None or held.ended_s or held.since_ms > asked.since_ms or asked.began_s - held.began_s > DAY_S:
        return None
    note(f"goes on with what was compared until {iso(held.until_ms)} and cut off")
    return held


def _missing(found: Found) -> Missing:
    return Missing(
        direction=found.direction,
        customer=found.conversation.customer,
        id=found.id,
        sent=iso(found.sent_ms),
        brought=found.brought,
    )


def _reconciled(account: Account, held: Comparison, missing: list[Missing], dry_run: bool) -> Reconciled:
    return Reconciled(
        channel=account.channel,
        account=account.id,
        dry_run=dry_run,
        since=iso(held.since_ms),
        until=iso(held.until_ms),
        conversations=held.looked,
        short=held.short,
        inbound=held.inbound,
        outbound=held.outbound,
        missing=missing,
    )


@contextmanager
def _lines_aside() -> Iterator[None]:
    """The log's lines go where notes go: the result stands alone."""
    before = log.write_to(sys.stderr)
    try:
        yield
    finally:
        log.write_to(before)
