"""Customer Profiles: one domain, in which a customer is an object of a kind that somebody has put there before.

docs.aws.amazon.com/customerprofiles/latest/APIReference/
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.simulators.connect.wire import ApiError

DOMAIN, KIND = "dmdesk-customers", "dmdesk"
CREATED = 1_700_000_000.0
Asked = dict[str, Any]


def _kind() -> Asked:
    """One that makes a profile of each key."""
    return {
        "Description": "customers who write direct messages",
        "AllowProfileCreation": True,
        "Fields": {"key": {"Source": "_source.key"}},
        "Keys": {"_dmdesk": [{"StandardIdentifiers": ["PROFILE", "UNIQUE"], "FieldNames": ["key"]}]},
    }


@dataclass
class Domain:
    """The domain: its kinds of objects by name, and the objects by kind and unique key."""

    name: str = DOMAIN
    kinds: dict[str, Asked] = field(default_factory=lambda: {KIND: _kind()})
    objects: dict[tuple[str, str], Asked] = field(default_factory=dict)

    def told(self) -> list[dict[str, Any]]:
        """Each object; `profile` tells whether a customer's profile came of it."""
        return [
            {"kind": kind, "key": key, "profile": bool(self.kinds[kind].get("AllowProfileCreation")), "object": one}
            for (kind, key), one in self.objects.items()
        ]


class Registering:
    """The operations by their names."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self.operations = {
            "GetDomain": self._told,
            "GetProfileObjectType": self._kind_told,
            "PutProfileObjectType": self._put_kind,
            "PutProfileObject": self._put,
        }

    def _told(self, asked: Asked) -> Asked:
        self._here(asked)
        return {
            "DomainName": self._domain.name,
            "DefaultExpirationDays": 366,
            "CreatedAt": CREATED,
            "LastUpdatedAt": CREATED,
        }

    def _kind_told(self, asked: Asked) -> Asked:
        name = asked["ObjectTypeName"]
        return self._kind(asked) | {"ObjectTypeName": name, "CreatedAt": CREATED, "LastUpdatedAt": CREATED}

    def _put_kind(self, asked: Asked) -> Asked:
        """A key names fields that there are; exactly one is unique."""
        self._here(asked)
        given = {name: value for name, value in asked.items() if name != "DomainName"}
        keys = [one for key in given.get("Keys", {}).values() for one in key]
        if {name for one in keys for name in one.get("FieldNames", [])} - set(given.get("Fields", {})):
            raise ApiError("BadRequestException", "a key names a field that there is not")
        if sum("UNIQUE" in one.get("StandardIdentifiers", []) for one in keys) != 1:
            raise ApiError("BadRequestException", "exactly one key is unique")
        self._domain.kinds[asked["ObjectTypeName"]] = given
        return given | {"CreatedAt": CREATED, "LastUpdatedAt": CREATED}

    def _put(self, asked: Asked) -> Asked:
        """In the place of the one with the same unique key."""
        kind, name = self._kind(asked), asked["ObjectTypeName"]
        try:
            given = json.loads(asked["Object"])
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise ApiError("BadRequestException", "Object is no JSON object")
        key = "#".join(str(given.get(_source(kind, one), "")) for one in _unique(kind))
        if not key.strip("#"):
            raise ApiError("BadRequestException", "the object has no unique key")
        self._domain.objects[name, key] = given
        return {"ProfileObjectUniqueKey": key}

    def _kind(self, asked: Asked) -> Asked:
        self._here(asked)
        known = self._domain.kinds.get(asked["ObjectTypeName"])
        if known is None:
            raise ApiError("ResourceNotFoundException", "there is no such kind of object")
        return known

    def _here(self, asked: Asked) -> None:
        if asked["DomainName"] != self._domain.name:
            raise ApiError("ResourceNotFoundException", "there is no such domain")


def _unique(kind: Asked) -> list[str]:
    """The fields of the unique key."""
    keys = [one for key in kind["Keys"].values() for one in key]
    return next(list(one["FieldNames"]) for one in keys if "UNIQUE" in one["StandardIdentifiers"])


def _source(kind: Asked, field_name: str) -> str:
    """What the field is called in an object."""
    return str(kind["Fields"][field_name].get("Source", field_name)).removeprefix("_source.")
