"""What stands in front of the desk: `python -m bench.front OUT.json MESSAGES`.

Calls and CPU time of a message with each feature on, beside one with all off; and how long messages take where who is
asked is dead, and says nothing.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from bench import stub
from bench.place import INSTAGRAM, Context, environment, messaging, record
from bench.workers import inbound

# Of an account's id the last digits tell what it has in front of its desk; of the dead there are so many accounts, with
# as many messages each as are asked for before nobody is for a while: so each message waits in vain.
BASE, ACCOUNTS, EACH = 17841400000100000, 20, 2
FRONT = "chalicelib.pipeline.front"


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Of one message, its customer's first in this container: requests at the stub, how many of them to who is asked,
    CPU time (ms), and what half, 99 of 100 and all messages took at the most (ms)."""

    name: str
    calls: float
    asked: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float
    most_ms: float


class InFront(msgspec.Struct, frozen=True, kw_only=True):
    """Without and with each feature. `loaded` is how many modules of the features were there once messages of an
    account without any had been dealt with."""

    off: Cost
    features: list[Cost]
    dead: list[Cost]
    loaded: int


def fronts(url: str) -> Iterator[tuple[str, Any]]:
    """What the accounts have, in turn; "dead" ones never answer."""
    from chalicelib.vocabulary.front import Crm, Front, Guards, Thanks, Triage

    def crm(path: str) -> Crm:
        return Crm(url=f"{url}/{path}", secret="front")

    def triage(model: str) -> Triage:
        return Triage(intents={"order": "asks where an order is"}, model=model, mode="text")

    yield "off", Front()
    yield "guards", Front(guards=Guards())
    yield "crm", Front(crm=crm("crm"))
    yield "triage", Front(triage=triage("model"))
    yield "thanks", Front(thanks=Thanks())
    yield "crm and triage", Front(crm=crm("crm"), triage=triage("model"))
    yield "a dead CRM", Front(crm=crm("dead"))
    yield "a dead model", Front(triage=triage("dead"))
    yield "both dead", Front(crm=crm("dead"), triage=triage("dead"))


def main(out: Path, messages: int) -> None:
    """Writes the figures as JSON."""
    with stub.serving() as url:
        os.environ.update(environment(url) | {"DMDESK_BEDROCK_API": url})
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is logged is formatted and written all the same
        names = [name for name, _ in fronts(url)]
        _listed(url)
        _cost(url, 0, "off", 3)  # whatever is read once
        off = _cost(url, 0, "off", messages)
        loaded = sum(name.startswith(FRONT + ".") for name in sys.modules)
        found = [_cost(url, place, name, messages) for place, name in enumerate(names) if place and "dead" not in name]
        dead = [_cost(url, place, name, ACCOUNTS * EACH) for place, name in enumerate(names) if "dead" in name]
        told = InFront(off=off, features=found, dead=dead, loaded=loaded)
        out.write_bytes(msgspec.json.encode(told))


def _listed(url: str) -> None:
    """The accounts of the table, each with something else in front of its desk."""
    from chalicelib.aws.table import Table
    from chalicelib.vocabulary.records import Account

    usual = Table.accounts

    def accounts(table: Table) -> list[Any]:
        plain = next(one for one in usual(table) if isinstance(one, Account) and one.id == INSTAGRAM)
        return [
            msgspec.structs.replace(plain, id=_account(place, number), integration=f"i-{place}-{number}", front=front)
            for place, (_, front) in enumerate(fronts(url))
            for number in range(ACCOUNTS)
        ]

    patch.object(Table, "accounts", accounts).start()  # for as long as the process lasts


def _cost(url: str, place: int, name: str, messages: int) -> Cost:
    """One message after the other, of customers who are new: so each of them is asked about."""
    import app

    context, took, cpu = Context(), [], 0.0
    each = EACH if "dead" in name else messages
    if "dead" not in name:
        _handled(app, place, context)  # what the feature loads
    calls, asked = stub.calls(url), stub.asked(url)
    for number in range(messages):
        given = _given(place, number, number // each)
        began, spent = time.perf_counter(), time.process_time()
        answer = app.to_desk(given, context)
        took.append((time.perf_counter() - began) * 1000)
        cpu += (time.process_time() - spent) * 1000
        assert not answer["batchItemFailures"], answer
    calls, asked = stub.calls(url) - calls, stub.asked(url) - asked
    marks = statistics.quantiles(took, n=100, method="inclusive")
    return Cost(
        name=name, calls=calls / messages, asked=asked / messages, cpu_ms=cpu / messages, p50_ms=marks[49],
        p99_ms=marks[98], most_ms=max(took),
    )  # fmt: skip


def _handled(app: Any, place: int, context: Context) -> None:
    assert not app.to_desk(_given(place, -1, 0), context)["batchItemFailures"]


def _account(place: int, number: int) -> str:
    return str(BASE + 100 * place + number)


def _given(place: int, number: int, account: int) -> dict[str, Any]:
    customer = f"444{place:02d}{number + 1:010d}"
    said = messaging(customer, f"f{place:02d}{number + 1:029d}", account=_account(place, account))
    return {"Records": [record(inbound(said), f"{place}-{number}")]}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
