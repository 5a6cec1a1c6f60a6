"""What a provider tells an operator: doctor's checks, and what subscribe finds delivered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, ParamSpec

import msgspec

from chalicelib.vocabulary.records import Account, Unreadable
from ops.errors import OpsError

P = ParamSpec("P")
Status = Literal["ok", "warn", "fail"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One finding; `fix` is empty where nothing is to be done."""

    check: str
    subject: str
    status: Status
    detail: str
    fix: str = ""


Checks = Iterator[Check]
Part = Literal["messages", "comments"]
# "off": not there, and not asked for. "by hand": only the platform's own pages show and change it.
Delivery = Literal["ok", "changed", "missing", "off", "by hand"]


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """What is delivered for an account (or a platform's app) now; `fix` says what mends what is missing."""

    account: str
    part: Part = "messages"
    status: Delivery
    detail: str
    missing: list[str] = []
    fix: str = ""


def check(name: str, subject: str, status: Status, detail: str, fix: str = "") -> Check:
    """One finding, in the order in which it is read."""
    return Check(check=name, subject=subject, status=status, detail=detail, fix=fix)


def made(name: str, subject: str, work: Callable[P, Checks], *args: P.args, **named: P.kwargs) -> Checks:
    """The checks that `work` makes; what stops it is one more, failed."""
    try:
        yield from work(*args, **named)
    except OpsError as error:
        yield check(name, subject, "fail", error.message, error.fix)


def told(name: str, work: Iterator[Subscribed]) -> Iterator[Subscribed]:
    """What was done, and, as one more line, what stopped it: the accounts after it want theirs."""
    try:
        yield from work
    except OpsError as error:
        yield Subscribed(account=name, status="missing", detail=error.message, missing=["messages"], fix=error.fix)


def delivery(missing: bool, *, changed: bool) -> Delivery:
    """Of what is wanted: whether something of it is not delivered, and whether this run brought about what is."""
    if missing:
        return "missing"
    return "changed" if changed else "ok"


def subject(row: Account | Unreadable) -> str:
    """The account, or the row that should be one, as findings name it."""
    return row.key.replace("#", " ", 1) if isinstance(row, Unreadable) else f"{row.channel} {row.id}"
