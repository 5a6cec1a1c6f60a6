"""What the control API has of X and no other channel: encrypted messages, keys made elsewhere, settings."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Literal

from msgspec import UNSET, UnsetType, field, structs

from sandbox.simulators.x.acts import XAct
from sandbox.simulators.x.chats import FAILURES
from sandbox.simulators.x.dms import rfc3339
from sandbox.simulators.x.ids import between, is_group
from sandbox.simulators.x.keys import Row
from sandbox.simulators.x.limits import USUAL
from sandbox.simulators.x.simulator import XSimulator
from sandbox.simulators.x.thrift import head_of, is_key_change
from sandbox.stage.routes import Body, Routes, account_of, parsed
from sandbox.stage.vendors import Echo
from sandbox.stage.web import Call


class _Say(Body):
    text: str
    customer: str | None = None
    account: str | None = None
    encrypted: bool = False


class _Chat(Body):
    """`public_keys` by user id: the answer of GET /2/users/{id}/public_keys, or its rows. `events` is the answer of
    GET /2/chat/conversations/{id}/events, or such answers by conversation, or the bare events of one, keys' among them.
    `media` holds encrypted files in base64, by conversation and hash key."""

    public_keys: dict[str, Any] = field(default_factory=dict)
    events: dict[str, Any] | list[str] = field(default_factory=dict)
    media: dict[str, dict[str, str]] = field(default_factory=dict)


class _Settings(Body):
    echo: Echo | UnsetType = UNSET
    webhooks: Literal["delivered", "lost"] | UnsetType = UNSET
    limits: dict[str, int] = field(default_factory=dict)
    credits: bool | UnsetType = UNSET
    key_changes: bool | UnsetType = UNSET
    repeats: Literal["same", "conflict"] | UnsetType = UNSET
    fails: str | UnsetType = UNSET
    processing_s: float | UnsetType = UNSET
    film_fails: bool | UnsetType = UNSET


class XControl:
    """`customer` is who acts where nobody is named."""

    def __init__(self, simulator: XSimulator, customer: str) -> None:
        self._simulator, self._customer = simulator, customer

    def routes(self) -> dict[str, Any]:
        """Beside those that every channel has, and in place of those that know no encryption."""
        made: Routes = {
            "/x/say": {"POST": self._say},
            "/x/do": {"POST": self._do},
            "/x/chat": {"POST": self._chat},
            "/x/settings": {"GET": lambda call: self._told(), "POST": self._set},
            "/x/uploads": {"GET": lambda call: self._simulator.network.library.uploads()},
        }
        return dict(made)

    def _say(self, call: Call) -> object:
        body = parsed(call, _Say)
        if not body.text:
            raise ValueError("text must not be empty")
        account, customer = account_of(self._simulator, body.account), body.customer or self._customer
        write = self._simulator.whisper if body.encrypted else self._simulator.write
        return {"id": write(account, customer, body.text)}

    def _do(self, call: Call) -> object:
        act = parsed(call, XAct)
        account = account_of(self._simulator, act.account)
        return {"id": self._simulator.acts.do(account, act.customer or self._customer, act)}

    # --- what was made elsewhere

    def _chat(self, call: Call) -> object:
        given, network = parsed(call, _Chat), self._simulator.network
        rows = {user: _rows(user, told) for user, told in given.public_keys.items()}
        pages = _pages(given.events)
        with network.lock:
            for user, some in rows.items():
                network.keys.put(user, some)
            for conversation, page in pages.items():
                network.chats.pages[conversation] = page
                self._meet(conversation)
            for conversation, files in given.media.items():
                for key, content in files.items():
                    network.library.sealed[_colons(conversation), key] = _bytes(content)
        return {"public_keys": sorted(rows), "conversations": sorted(pages), "media": sorted(given.media)}

    def _meet(self, conversation: str) -> None:
        """The conversation is there for those accounts that are in it."""
        for account in self._simulator.accounts():
            if is_group(conversation):
                self._simulator.network.chats.between(account, conversation)
            elif account in conversation.split(":"):
                other = next(one for one in conversation.split(":") if one != account)
                self._simulator.network.chats.between(account, other)

    # --- settings

    def _set(self, call: Call) -> object:
        given, simulator = parsed(call, _Settings), self._simulator
        network = simulator.network
        for name, most in given.limits.items():
            if name not in USUAL or most < 0:
                raise ValueError(f"limits are of: {', '.join(USUAL)}")
        if given.fails not in ("", UNSET, *FAILURES):
            raise ValueError(f'fails must be "" or one of: {", ".join(FAILURES)}')
        with network.lock:
            network.limits.most |= given.limits
            for holder, names in (
                (network, {"echo": "echo", "credits": "credits", "key_changes": "attach_keys", "repeats": "repeats"}),
                (network.library, {"processing_s": "processing_s", "film_fails": "breaks"}),
                (network.chats, {"fails": "fails"}),
            ):
                for name, kept in names.items():
                    value = structs.asdict(given)[name]
                    if value is not UNSET:
                        setattr(holder, kept, value)
            if given.webhooks is not UNSET:
                simulator.deliveries.loses = given.webhooks == "lost"
        return self._told()

    def _told(self) -> object:
        network = self._simulator.network
        return {
            "echo": network.echo,
            "webhooks": "lost" if self._simulator.deliveries.loses else "delivered",
            "limits": dict(network.limits.most),
            "credits": network.credits,
            "key_changes": network.attach_keys,
            "repeats": network.repeats,
            "fails": network.chats.fails,
            "processing_s": network.library.processing_s,
            "film_fails": network.library.breaks,
        }


def _rows(user: str, told: Any) -> list[Row]:
    found = told.get("data") if isinstance(told, dict) else told
    names = ("public_key_version", "public_key", "signing_public_key", "identity_public_key_signature")
    if not isinstance(found, list) or not all(isinstance(row, dict) and set(names) <= set(row) for row in found):
        raise ValueError(f"public_keys of {user} must be rows with {', '.join(names)}")
    return [{name: str(row[name]) for name in names} for row in found]


def _pages(events: dict[str, Any] | list[str]) -> dict[str, dict[str, Any]]:
    """Answers by conversation; one answer names its conversation itself."""
    if isinstance(events, list):
        events = _answer(events) if events else {}
    if not {"data", "meta"} & set(events):
        return {_colons(name): _page(page) for name, page in events.items()}
    page = _page(events)
    encoded = [one.get("encoded_event", "") for one in page["data"]]
    encoded += page["meta"].get("conversation_key_events", ())
    if not encoded:
        raise ValueError("events name no conversation: give them by conversation, {id: {data, meta}}")
    return {_colons(head_of(encoded[0]).conversation): page}


def _answer(encoded: list[str]) -> dict[str, Any]:
    """Bare events as X would answer them: the newest first, and those of keys apart."""
    keys = [one for one in encoded if is_key_change(one)]
    heads = sorted(
        ((head_of(one), one) for one in encoded if one not in keys), key=lambda two: -int(two[0].sequence_id)
    )
    data = [
        {
            "id": head.sequence_id,
            "conversation_id": head.conversation,
            "sender_id": head.sender,
            "encoded_event": one,
            "is_trusted": True,
            "created_at": rfc3339(int(head.created_ms)),
        }
        for head, one in heads
    ]
    return {"data": data, "meta": {"result_count": len(data), "has_more": False, "conversation_key_events": keys}}


def _page(page: Any) -> dict[str, Any]:
    if isinstance(page, list):
        page = _answer(page)
    if not isinstance(page, dict):
        raise ValueError("events must be the answer of GET /2/chat/conversations/{id}/events")
    return {**page, "data": page.get("data") or [], "meta": page.get("meta") or {}}


def _colons(conversation: str) -> str:
    pair = conversation.replace("-", ":").split(":")
    return between(*pair) if len(pair) == 2 else conversation


def _bytes(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise ValueError(f"media must be base64: {error}") from error
