"""What the bridge's calls are for, as their vendors tell it, and its writes to the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from sandbox.show.naming import message_id
from sandbox.stage.purposes import Purpose
from sandbox.stage.vendors import Vendor


class Calls:
    """How the road reads what goes out. Of `vendors` the first that knows a call names it; `desks` are the desks'
    addresses by their names, `asked` those of whom the bridge asks before a desk."""

    def __init__(
        self,
        vendors: Sequence[type[Vendor]],
        desks: Mapping[str, str],
        asked: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._vendors, self._desks, self._asked = vendors, desks, asked

    def hop(self, url: str) -> str:
        """Where a call goes: the name of the desk or of who is asked, or "platform"."""
        known = {**self._desks, **self._asked}
        return next((name for name, address in known.items() if url.startswith(address)), "platform")

    def purpose(self, url: str, body: bytes | None) -> Purpose:
        """What a call over HTTP is for; "" where its place says that."""
        if url.startswith(tuple(self._asked.values())):
            return ""
        parts = urlsplit(url)
        path = parts.path.rstrip("/")
        named = (vendor.purpose(path, parts.query, body) for vendor in self._vendors)
        return next((purpose for purpose in named if purpose), "call")

    def message(self, answer: dict[str, Any]) -> str:
        """The platform's id of the message that a call has sent, "" where the answer tells none."""
        named = (vendor.message(answer) for vendor in self._vendors)
        return message_id(answer) or next((found for found in named if found), "")

    def creates(self, method: str, url: str) -> bool:
        """Whether a call leaves something behind that a second one would double."""
        tails = tuple(tail for vendor in self._vendors for tail in vendor.creates)
        return method == "POST" and urlsplit(url).path.endswith(tails)


def of_table(operation: str, asked: Mapping[str, Any]) -> Purpose:
    """Of a write to DynamoDB, by the API's name of the operation in snake case."""
    key = asked.get("Key")
    name = str(key.get("sk", {}).get("S", "")) if isinstance(key, dict) else ""
    values = asked.get("ExpressionAttributeValues", {})
    claims = ":opening" in values or ":took" in values or (":owner" in values and name.startswith(("IN#", "OUT#")))
    return "claim" if operation == "update_item" and claims else "remember"
