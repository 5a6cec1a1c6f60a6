"""subscribe, of Instagram: per account (subscribed_apps)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.channels.instagram import graph
from ops.errors import OpsError
from ops.findings import Part, Subscribed, delivery, subject, told
from ops.provider import Asked


def run(bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
    """Every account's messages and comments."""
    for account in accounts:
        yield from told(subject(account), _account(bridge, account, asked))


def _account(bridge: Bridge, account: Account, asked: Asked) -> Iterator[Subscribed]:
    fields, more = set(graph.fields(account)), set(graph.comment_fields(account))
    before = held = graph.subscribed(bridge, account)
    # each call replaces what was subscribed, so comments that were asked for earlier go along
    extra = more if asked.comments else more & before
    refusal = None
    if asked.change and not fields | extra <= before:
        refusal = _subscribe(bridge, account, fields, extra)
        held = graph.subscribed(bridge, account)
    name = subject(account)
    yield _fields(name, "messages", fields, before, held, None)
    if not more:
        yield Subscribed(account=name, part="comments", status="by hand", detail=graph.DASHBOARD)
    elif not extra:
        yield Subscribed(account=name, part="comments", status="off", detail=_delivers(more, held))
    else:
        yield _fields(name, "comments", extra, before, held, refusal)


def _fields(
    name: str, part: Part, wanted: set[str], before: set[str], held: set[str], refusal: OpsError | None
) -> Subscribed:
    missing = wanted - held
    detail = _delivers(wanted, held)
    if missing and refusal:
        detail += f": {refusal.message}"
    option = " --comments" if part == "comments" else ""
    again = f"dmdesk subscribe{option}, and tick them for the instagram object in the App Dashboard"
    return Subscribed(
        account=name,
        part=part,
        status=delivery(bool(missing), changed=not wanted <= before),
        detail=detail,
        missing=sorted(missing),
        fix=(refusal.fix if refusal else again) if missing else "",
    )


def _subscribe(bridge: Bridge, account: Account, fields: set[str], extra: set[str]) -> OpsError | None:
    """Subscribes to the fields and the extra, or else to the fields alone: then why the extra was refused."""
    try:
        graph.subscribe(bridge, account, fields | extra)
    except OpsError as error:
        if not extra:
            raise
        # a refusal should change nothing; where the messages are not there, they were not before, or were lost
        if not fields <= graph.subscribed(bridge, account):
            graph.subscribe(bridge, account, fields)
        return error
    return None


def _delivers(wanted: set[str], held: set[str]) -> str:
    missing = wanted - held
    count = f"delivers {len(wanted) - len(missing)} of {len(wanted)} fields"
    return f"{count}; not {', '.join(sorted(missing))}" if missing else count
