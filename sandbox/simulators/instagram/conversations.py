"""A simulated Instagram's Conversations API: what a business may read of what was written.

.../instagram-platform/instagram-api-with-instagram-login/conversations-api; of a Page:
developers.facebook.com/docs/messenger-platform/conversations
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.simulators.instagram.graph import Account
from sandbox.simulators.instagram.inbox import Inbox
from sandbox.simulators.instagram.schema import GraphError
from sandbox.stage.web import Call

NEWEST = 20  # of older messages only the ids are told
_PAGE = 25
_MOST = 100
_FIELDS = (
    "id", "created_time", "from", "to", "message", "reply_to", "metadata", "attachments", "shares", "story",
    "is_unsupported",
)  # fmt: skip
_FIELD = re.compile(r"(\w+)(?:\.limit\((\d+)\))?(?:\{([\w,]*)\})?(?:,|$)")
_ALWAYS = ("id", "created_time")
Owns = Callable[[str], bool]


def conversation_id(account: Account, customer: str) -> str:
    """The id of the conversation of a business and a person."""
    return "aWdfZAG06" + hashlib.sha256(f"{account.ig_id}:{customer}".encode()).hexdigest()[:40]


def listed(inbox: Inbox, account: Account, call: Call, *, marks: bool, owns: Owns) -> dict[str, Any]:
    """GET .../conversations, of everybody or of one `user_id`, a page from the cursor `after` on, the newest first;
    `marks`: messages tell their metadata; `owns`: whether the caller's app has a customer's conversation."""
    if call.query.get("platform", account.login) != "instagram":
        raise GraphError(100, "(#100) platform must be instagram: of a Page, the default is messenger")
    wanted = call.query.get("user_id")
    found = [customer for customer in _customers(inbox, account) if wanted in (None, customer)]
    ids, limit = [conversation_id(account, customer) for customer in found], _limit(call.query.get("limit", ""))
    after = call.query.get("after")
    if after is not None and after not in ids:
        raise GraphError(100, "(#100) Invalid cursors values")
    start = ids.index(after) + 1 if after is not None else 0
    page = found[start : start + limit]
    told: dict[str, Any] = {"data": [_shown(inbox, account, customer, call, marks, owns) for customer in page]}
    if page:
        paging: dict[str, Any] = {"cursors": {"before": ids[start], "after": ids[start + len(page) - 1]}}
        more = start + limit < len(found)
        told["paging"] = paging | ({"next": "https://graph.instagram.com/next"} if more else {})
    return told


def _limit(value: str) -> int:
    if not value:
        return _PAGE
    if not (value.isdigit() and 0 < int(value) <= _MOST):
        raise GraphError(100, f"(#100) Param limit must be a positive number up to {_MOST}")
    return int(value)


def conversation(
    inbox: Inbox, account: Account, node: str, call: Call, *, marks: bool, owns: Owns
) -> dict[str, Any] | None:
    """GET of a conversation by its id; None where the account has none such."""
    known = {conversation_id(account, customer): customer for customer in _customers(inbox, account)}
    return _shown(inbox, account, known[node], call, marks, owns) if node in known else None


def message(inbox: Inbox, account: Account, mid: str, call: Call, *, marks: bool) -> dict[str, Any] | None:
    """GET of a message by its mid; None where none of the account's is called so."""
    held = inbox.messages.get(mid)
    if held is None or _customer(held, account) is None:
        return None
    return _told(mid, held, [name for name, _, _ in _asked(call) or [("created_time", "", "")]], marks)


def _customers(inbox: Inbox, account: Account) -> list[str]:
    """Whose messages there are, the newest first."""
    found = (_customer(held, account) for held in reversed(inbox.messages.values()))
    return list(dict.fromkeys(customer for customer in found if customer))


def _customer(held: dict[str, Any], account: Account) -> str | None:
    """Who is on the other side of the account's message; None where it is not the account's."""
    sides = [str(held["from"]["id"]), str(held["to"]["data"][0]["id"])]
    if account.ig_id not in sides:
        return None
    sides.remove(account.ig_id)
    return sides[0]


def _shown(inbox: Inbox, account: Account, customer: str, call: Call, marks: bool, owns: Owns) -> dict[str, Any]:
    held = [(mid, one) for mid, one in inbox.messages.items() if _customer(one, account) == customer]
    held.reverse()
    shown: dict[str, Any] = {"id": conversation_id(account, customer)}
    for name, limit, inner in _asked(call) or [("updated_time", "", "")]:
        if name == "messages":
            names = inner.split(",") if inner else list(_ALWAYS)
            page = held[: int(limit or _PAGE)]
            told = [_told(mid, one, names if at < NEWEST else _ALWAYS, marks) for at, (mid, one) in enumerate(page)]
            shown[name] = {"data": told}
        elif name == "is_owner":
            shown[name] = owns(customer)
        elif name == "updated_time":
            shown[name] = held[0][1]["created_time"]
        elif name != "id":
            raise GraphError(100, f"(#100) Tried accessing nonexisting field ({name}) on node type (Conversation)")
    return shown


def _told(mid: str, held: dict[str, Any], names: Sequence[str], marks: bool) -> dict[str, Any]:
    for name in names:
        if name not in _FIELDS or (name == "metadata" and not marks):
            raise GraphError(100, f"(#100) Tried accessing nonexisting field ({name}) on node type (Message)")
    return {name: held[name] for name in names if name in held} | {"id": mid}


def _asked(call: Call) -> list[tuple[str, str, str]]:
    """The names in `fields`, each with the limit and the fields of what is under it."""
    fields = call.query.get("fields", "")
    if _FIELD.sub("", fields):
        raise GraphError(2500, f"Syntax error in field expansion: {fields}")
    return _FIELD.findall(fields)
