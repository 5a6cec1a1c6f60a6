"""Accounts, as Terraform writes them."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.aws import keys
from chalicelib.vocabulary.records import Account, Unreadable

_CORE = set(Account.__struct_fields__) - {"options"}


def account(item: dict[str, Any]) -> Account | Unreadable:
    """What is no field of every account is an option of its channel's or its desk's."""
    plain = {name: _plain(value) for name, value in keys.fields(item).items()}
    core = {name: plain.pop(name) for name in _CORE & plain.keys()}
    try:
        if isinstance(core.get("front"), str):  # JSON, since it is a structure
            core["front"] = msgspec.json.decode(core["front"])
        return msgspec.convert(core | {"options": plain}, Account)
    except msgspec.DecodeError as error:
        return Unreadable(key=keys.name_of(item), problem=str(error))


def _plain(value: dict[str, Any]) -> Any:
    """What Terraform writes, without its type; None where it writes no such thing."""
    return msgspec.json.decode(value["N"]) if "N" in value else value.get("S", value.get("BOOL", value.get("SS")))
