"""What stands in front of the accounts' desks, and what became of conversations there: as an operator finds it in the
bridge's own table, queue and bucket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from chalicelib.aws import keys, states
from chalicelib.errors import Malformed
from chalicelib.pipeline.front import bot
from chalicelib.registry import CHANNELS, DESKS, part
from chalicelib.rules.talking import Exchange
from chalicelib.vocabulary import claims
from chalicelib.vocabulary import front as vocabulary
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage
from chalicelib.vocabulary.records import Conversation, Event
from sandbox.stage.routes import Body, Routes, parsed
from sandbox.stage.vendors import Account
from sandbox.stage.web import Call

Row = Mapping[str, Any]
# What the bridge notes of whom the platform has given a conversation to is an app's id, unless it is one of these.
_NO_APP = {"", "us", "nobody", "?"}
_TALK = keys.memo("bot:talk:")


class Stores(Protocol):
    """The bridge's table, and what lies on its inbound queue and in its bucket."""

    def fronts(self) -> dict[str, dict[str, Any]]:
        """What stands before which account's desk, by `channel#id`."""

    def put_front(self, account: Account, front: Mapping[str, Any] | None) -> None:
        """What stands there from now on."""

    def rows(self) -> list[Row]:
        """The whole table."""

    def waiting(self) -> list[Event]:
        """The customers' events on the inbound queue."""

    def guarded(self) -> list[Event]:
        """Those that a guard has put aside."""


class _Fronted(Body):
    channel: str
    front: dict[str, dict[str, Any]]
    account: str | None = None


class _Switch(Body):
    channel: str
    feature: str
    on: bool
    account: str | None = None


class Fronts:
    """`offered` is what a feature has that is not told; `renewed` is called when an account has changed, as a function
    finds that after minutes."""

    def __init__(
        self,
        accounts: Sequence[Account],
        stores: Stores,
        offered: Mapping[str, Mapping[str, Any]],
        renewed: Callable[[], None],
    ) -> None:
        self._accounts, self._stores, self._offered, self._renewed = accounts, stores, offered, renewed
        self._lock = threading.Lock()
        self._given: set[str] = set()

    def routes(self) -> Routes:
        """Of the control API."""
        return {
            "/front": {"GET": lambda call: self.told(), "POST": self._give},
            "/front/switch": {"POST": self._switch},
        }

    def reset(self) -> None:
        """Nothing stands anywhere."""
        fronts = self._stores.fronts()
        for account in self._accounts:
            if _key(account) in fronts:
                self._stores.put_front(account, None)
        self._given.clear()

    def told(self) -> dict[str, Any]:
        """What GET /front answers: `accounts` with their `front`; and of those that have or had one, the `talks`."""
        fronts = self._stores.fronts()
        self._given |= fronts.keys()
        accounts = [
            {
                "channel": account["channel"],
                "id": account["id"],
                "name": account["name"],
                "front": fronts.get(_key(account), {}),
            }
            for account in self._accounts
        ]
        talks = self._talks() if self._given else []
        return {"accounts": accounts, "features": list(vocabulary.Front.__struct_fields__), "talks": talks}

    def _give(self, call: Call) -> object:
        """Gives an account this front, as the operator's Terraform writes it."""
        asked = parsed(call, _Fronted)
        account = self._account(asked.channel, asked.account)
        with self._lock:
            return self._put(account, asked.front)

    def _switch(self, call: Call) -> object:
        """Turns one feature of an account's front on or off, beside the others."""
        asked = parsed(call, _Switch)
        account = self._account(asked.channel, asked.account)
        with self._lock:
            front = self._stores.fronts().get(_key(account), {})
            others = {name: given for name, given in front.items() if name != asked.feature}
            return self._put(account, others | ({asked.feature: front.get(asked.feature, {})} if asked.on else {}))

    def _put(self, account: Account, asked: Mapping[str, Mapping[str, Any]]) -> object:
        front = {name: {**self._offered.get(name, {}), **given} for name, given in asked.items()}
        msgspec.convert(front, vocabulary.Front)
        self._stores.put_front(account, front)
        self._given.add(_key(account))
        self._renewed()
        return front

    def _account(self, channel: str, named: str | None) -> Account:
        of = [one for one in self._accounts if one["channel"] == channel]
        if not of:
            raise ValueError(f"channel must be one of: {', '.join(sorted({one['channel'] for one in self._accounts}))}")
        found = next((one for one in of if named in {None, one["id"]}), None)
        if found is None:
            raise ValueError(f"account must be one of: {', '.join(one['id'] for one in of)}")
        return found

    # --- what became of conversations

    def _talks(self) -> list[dict[str, Any]]:
        """Every conversation of those accounts, in the order of their keys."""
        desks = {_key(account): account.get("desk", next(iter(DESKS))) for account in self._accounts}
        found: dict[Conversation, dict[str, Row]] = {}
        for row in self._stores.rows():
            of = keys.owner(row)
            if of and of.customer and f"{of.channel}#{of.account}" in self._given:
                found.setdefault(of, {})[keys.name_of(row)] = row
        waiting = _messages(self._stores.waiting())  # before what it becomes, so that nothing is missed
        parked = _messages(self._stores.guarded())
        for one in parked:
            if f"{one.conversation.channel}#{one.conversation.account}" in self._given:
                found.setdefault(one.conversation, {})
        known = {one.id for one in parked}
        held = [one for one in waiting if one.id not in known]
        return [
            {
                "channel": of.channel,
                "account": of.account,
                "customer": of.customer,
                "holder": _holder(rows.get(keys.STATE, {}), desks[f"{of.channel}#{of.account}"]),
                "guard": (guard := _guard(rows.get(keys.TALK, {}))),
                # without a guard's word, what lies on the queue is only on its way
                "waiting": [*(_waiting(of, held, "hold") if guard else []), *_waiting(of, parked, "park")],
                "bot": _exchanges(rows),
            }
            for of, rows in sorted(found.items(), key=lambda one: one[0].key)
        ]


def _key(account: Account) -> str:
    return keys.account(account["channel"], account["id"])


def _messages(events: Iterable[Event]) -> list[CustomerMessage]:
    """What customers wrote in them."""
    every = [one for event in events for one in (event.bundle or (event,)) if not one.aside]
    return [said for event in every for said in _read(event) if isinstance(said, CustomerMessage)]


def _read(event: Event) -> list[CustomerEvent]:
    try:
        read: list[CustomerEvent] = part(CHANNELS[event.source], "translate", "TRANSLATOR").parse(event)
    except Malformed:
        return []
    return read


def _waiting(of: Conversation, messages: Iterable[CustomerMessage], step: str) -> list[dict[str, Any]]:
    """Those of the conversation, which have not gone on."""
    return [
        {"id": one.id, "text": one.text, "at_ms": one.sent_ms, "step": step}
        for one in messages
        if one.conversation == of
    ]


def _holder(state: Row, first: str) -> str:
    """Who has the conversation: "app" for another one to which the platform has given it, "bot", a desk's name, "" for
    nobody."""
    if state.get("holder", {}).get("S", "") not in _NO_APP:
        return "app"
    seat = states.thread(dict(state)).seat
    return (seat.desk or first) if seat.conversation else ""


def _guard(talk: Row) -> dict[str, Any] | None:
    """Until when a guard holds it, or puts it aside, and why."""
    if "step" not in talk:
        return None
    return {"step": talk["step"]["S"], "why": talk["why"]["S"], "until_ms": int(float(talk["until"]["N"]) * 1000)}


def _exchanges(rows: Mapping[str, Row]) -> list[dict[str, Any]]:
    """What the customer and the bot said to each other, and where people took over, why. An answer that nobody has
    begun to send is none."""
    memos = [row["memo"]["B"] for name, row in rows.items() if name.startswith(_TALK)]
    made = [msgspec.json.decode(one, type=Exchange) for one in memos]
    return [
        {
            "id": one.id,
            "text": one.text,
            "at_ms": one.at_ms,
            "answer": one.answer if claims.outbound(bot._name_of(one), 1) in rows else "",
            "why": one.why or "",
        }
        for one in sorted(made, key=lambda one: (one.at_ms, one.number))
    ]
