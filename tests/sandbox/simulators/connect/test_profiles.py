"""A domain of Customer Profiles, called by AWS' own client."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
import requests

from sandbox.simulators.connect.profiles import DOMAIN, KIND
from tests.sandbox.simulators.connect.conftest import REGION, Caller, refusal

PUT = {"DomainName": DOMAIN, "ObjectTypeName": KIND}
KEYS = {"_id": [{"StandardIdentifiers": ["PROFILE", "UNIQUE"], "FieldNames": ["id"]}]}


def put(caller: Caller, told: Any, **changes: Any) -> str:
    text = told if isinstance(told, str) else json.dumps(told)
    answer: dict[str, str] = caller.profiles.put_profile_object(**PUT | {"Object": text} | changes)
    return answer["ProfileObjectUniqueKey"]


def test_the_same_key_takes_the_place_of_what_was_there(caller: Caller) -> None:
    assert put(caller, {"key": "a", "name": "Ada"}) == put(caller, {"key": "a", "name": "Ada L."}) == "a"
    put(caller, {"key": "b"})
    assert caller.simulator.profiles() == [
        {"kind": KIND, "key": "a", "profile": True, "object": {"key": "a", "name": "Ada L."}},
        {"kind": KIND, "key": "b", "profile": True, "object": {"key": "b"}},
    ]
    caller.simulator.reset()
    assert caller.simulator.profiles() == []


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"DomainName": "another"}, (404, "ResourceNotFoundException")),
        ({"DomainName": "tea house"}, (400, "BadRequestException")),
        ({"DomainName": "d" * 65}, (400, "BadRequestException")),
        ({"ObjectTypeName": "another"}, (404, "ResourceNotFoundException")),
        ({"ObjectTypeName": "7s"}, (400, "BadRequestException")),
        ({"Object": "no JSON"}, (400, "BadRequestException")),
        ({"Object": "[]"}, (400, "BadRequestException")),
        ({"Object": '{"name": "Ada"}'}, (400, "BadRequestException")),
        ({"Object": json.dumps({"key": "k", "name": "x" * 256_000})}, (400, "BadRequestException")),
    ],
)
def test_what_a_domain_does_not_take_is_refused(
    caller: Caller, changes: dict[str, str], refused: tuple[int, str]
) -> None:
    assert refusal(lambda: put(caller, {"key": "k"}, **changes)) == refused
    assert caller.simulator.profiles() == []


def test_a_kind_of_object_is_told_as_it_was_put(caller: Caller) -> None:
    fields = {"id": {"Source": "_source.id"}}
    caller.profiles.put_profile_object_type(
        DomainName=DOMAIN, ObjectTypeName="own", Description="ours", Fields=fields, Keys=KEYS
    )
    told = caller.profiles.get_profile_object_type(DomainName=DOMAIN, ObjectTypeName="own")
    assert (told["Fields"], told["Keys"], "AllowProfileCreation" in told) == (fields, KEYS, False)
    put(caller, {"id": "7"}, ObjectTypeName="own")
    assert [(one["key"], one["profile"]) for one in caller.simulator.profiles()] == [("7", False)]


def test_a_kind_of_object_has_one_unique_key_of_fields_that_there_are(caller: Caller) -> None:
    def make(**wrong: Any) -> Any:
        return caller.profiles.put_profile_object_type(
            DomainName=DOMAIN, ObjectTypeName="own", Description="ours", **wrong
        )

    two = {"_a": KEYS["_id"], "_b": KEYS["_id"]}
    wrong: list[tuple[Any, Any]] = [(KEYS, {}), (two, {"id": {}}), ({}, {"id": {}})]
    for keys, fields in wrong:
        assert refusal(partial(make, Keys=keys, Fields=fields)) == (400, "BadRequestException")


def test_it_is_called_by_who_signs_for_it(caller: Caller) -> None:
    assert caller.profiles.get_domain(DomainName=DOMAIN)["DomainName"] == DOMAIN

    scope = f"AWS4-HMAC-SHA256 Credential=A/20260101/{REGION}/connect/aws4_request"
    answer = requests.get(f"{caller.simulator.url}/domains/{DOMAIN}", headers={"Authorization": scope}, timeout=60)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (403, "AccessDeniedException")
