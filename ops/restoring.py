"""restore: what the table has lost comes back from a restored one, and the erased do not (docs/adr/0017-restore.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

import msgspec

from chalicelib.aws import calls, keys, rows
from chalicelib.aws.table import Table
from chalicelib.pipeline.erasing import Certificate
from chalicelib.vocabulary.records import Conversation, Erasure
from chalicelib.wire import digest, iso
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.letters import moment_ms

# Clocks differ, and AWS restores to a second: who was erased within so long (ms) before the moment counts as erased
# since. What that customer wrote in between is lost to the table, and nothing else.
MARGIN_MS = 300_000
EXAMPLE = "--as-of 2026-11-27T03:00, the moment that AWS restored"
Fate = Literal["brought", "there", "erased", "over", "own"]


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a restored table's rows: `brought` are in the deployment's table now, `there` were already,
    `erased` are of customers erased since, `over` have expired, `own` are Terraform's or of one moment. `customers`
    says how many the register names as erased since."""

    table: str
    as_of: str
    customers: int
    rows: dict[Fate, int]


def run(bridge: Bridge, source: str, as_of: str, *, dry_run: bool) -> Restored:
    """Brings back what is missing; with `dry_run` only counts what might come. Raises OpsError."""
    now, here = bridge.clock(), source == bridge.settings.table
    as_of_ms = _moment_ms(as_of, now)
    register: list[Certificate] = bridge.aws(lambda: list(bridge.erasing.certificates()), "the bucket's certificates")
    since = [one for one in register if _erased_since(one, as_of_ms)]
    subjects = {one.subject for one in since}
    if not dry_run:
        _tell_workers(bridge, since, now)
    counts: Counter[Fate] = Counter()
    gone: set[Conversation] = set()
    for row in _rows(bridge, source):
        fate = judged(row, subjects, now)
        if fate == "brought" and (here or not (dry_run or _brought(bridge, row))):
            fate = "there"
        if fate == "erased" and (owner := keys.owner(row)):
            gone.add(owner)
        counts[fate] += 1
    if here and not dry_run:
        _erase(bridge, gone)
    return Restored(table=source, as_of=iso(as_of_ms), customers=len(subjects), rows=dict(counts))


def judged(row: Mapping[str, Any], erased: Collection[str], now: float) -> Fate:
    """What is to become of a restored row; `erased` are the subjects of those certificates that count."""
    owner = keys.owner(row)
    if owner and digest(owner.key) in erased:
        return "erased"
    if not keys.outlives(row):
        return "own"
    return "over" if int(row["expires_at"]["N"]) <= now else "brought"


def lines(done: Restored) -> list[str]:
    """For people."""
    told = {
        "brought": "brought back",
        "there": "there already, and left as they are",
        "erased": f"of customers erased since, of whom the register names {done.customers}: kept out",
        "over": "over meanwhile",
        "own": "Terraform's, or of that moment only",
    }
    counts = {str(fate): count for fate, count in done.rows.items()}
    return [
        f"{done.table} as of {done.as_of}",
        *(f"  {counts.get(fate, 0)} rows {words}" for fate, words in told.items()),
    ]


def _erased_since(certificate: Certificate, as_of_ms: int) -> bool:
    """One that was cut off counts: nobody knows how far it came."""
    return not certificate.ended or moment_ms(certificate.ended, 0) >= as_of_ms - MARGIN_MS


def _tell_workers(bridge: Bridge, since: Iterable[Certificate], now: float) -> None:
    """What still waits of them on queues, or is delivered again, is let go, also by a table that was made anew."""
    for one in since:
        erasure = Erasure(until_ms=moment_ms(one.up_to, 0))
        bridge.read(partial(_forget, one.marks, erasure, now))


def _forget(marks: Iterable[str], erasure: Erasure, now: float, table: Table) -> None:
    for mark in marks:
        table.forget(mark, erasure, now)


def _erase(bridge: Bridge, gone: Iterable[Conversation]) -> None:
    bridge.read(lambda table: [table.erase(conversation) for conversation in gone])


def _rows(bridge: Bridge, source: str) -> Iterator[dict[str, Any]]:
    client: Any = calls.client("dynamodb")
    found = rows.everything(client, source)
    while (row := bridge.aws(lambda: next(found, None), f"table {source}")) is not None:
        yield row


def _brought(bridge: Bridge, row: Mapping[str, Any]) -> bool:
    table, client = bridge.settings.table, calls.client("dynamodb")
    brought: bool = bridge.aws(lambda: rows.bring(client, table, row), f"table {table}")
    return brought


def _moment_ms(as_of: str, now: float) -> int:
    """Raises OpsError."""
    try:
        found = moment_ms(as_of, now)
    except (ValueError, OverflowError):
        raise OpsError(f"{as_of!r} is no time", EXAMPLE) from None
    if found > now * 1000:
        raise OpsError(f"{as_of!r} has not come yet", EXAMPLE)
    return found
