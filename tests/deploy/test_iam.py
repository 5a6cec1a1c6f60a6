"""The reading of policies that the deployment is held against, by examples of AWS' documentation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.deploy import iam
from tests.deploy.deployment import POLICIES

KEYS = "dynamodb:LeadingKeys"
TABLE = "arn:aws:dynamodb:eu-west-1:1:table/dmdesk"


def policy(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    every = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}
    return [{"Version": "2012-10-17", "Statement": [every | statement for statement in statements]}]


def condition(operator: str, *values: str) -> dict[str, Any]:
    return {"Condition": {operator: {KEYS: list(values)}}}


DENIED = {"Effect": "Deny"} | condition("ForAnyValue:StringEquals", "ACCOUNT")


@pytest.mark.parametrize(
    ("statements", "keys", "allowed"),
    [
        ([], ["A"], False),
        ([{}], ["A"], True),
        ([{"Action": ["dynamodb:Get*"]}], ["A"], False),
        ([{"Action": ["dynamodb:p?titem"]}], ["A"], True),
        ([{"Resource": f"{TABLE}-2"}], ["A"], False),
        ([{"Resource": f"{TABLE}*"}], ["A"], True),
        ([{}, DENIED], ["A"], True),
        ([{}, DENIED], ["ACCOUNT"], False),
        ([DENIED, {}], ["A", "ACCOUNT"], False),
        ([{}, DENIED], ["ACCOUNTS"], True),
        ([{}, DENIED], None, True),
        ([condition("ForAllValues:StringEquals", "A")], ["A", "A"], True),
        ([condition("ForAllValues:StringEquals", "A")], ["A", "B"], False),
        ([condition("ForAllValues:StringEquals", "A")], None, True),
        ([{"Condition": {"ForAllValues:StringEquals": {KEYS: "A"}, "Null": {KEYS: "false"}}}], None, False),
        ([{"Condition": {"ForAllValues:StringEquals": {KEYS: "A"}, "Null": {KEYS: "false"}}}], ["A"], True),
        ([condition("StringLike", "CONV#*")], ["CONV#instagram#1#2"], True),
        ([condition("StringEquals", "CONV#*")], ["CONV#instagram#1#2"], False),
    ],
)
def test_a_policy_is_read_as_aws_reads_it(
    statements: list[dict[str, Any]], keys: list[str] | None, allowed: bool
) -> None:
    context = {} if keys is None else {KEYS: keys}
    assert iam.allows(policy(*statements), "dynamodb:PutItem", TABLE, context) is allowed


@pytest.mark.parametrize("unknown", [condition("NumericEquals", "1"), {"NotAction": "s3:*"}])
def test_what_is_not_known_is_not_passed_over(unknown: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not known here"):
        iam.allows(policy(unknown), "dynamodb:PutItem", TABLE, {KEYS: ["A"]})


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        ("dynamodb:PutItem", TABLE, {KEYS: ["ACCOUNT"]}, True),
        ("dynamodb:PutItem", TABLE, {KEYS: ["CONV#instagram#1#2"]}, False),
        ("dynamodb:DeleteTable", "arn:aws:dynamodb:eu-west-1:1:table/orders", {}, False),
        ("iam:PassRole", "arn:aws:iam::1:role/dmdesk-edge", {"iam:PassedToService": ["lambda.amazonaws.com"]}, True),
        ("iam:PassRole", "arn:aws:iam::1:role/dmdesk-edge", {"iam:PassedToService": ["ec2.amazonaws.com"]}, False),
        ("iam:PassRole", "arn:aws:iam::1:role/admin", {"iam:PassedToService": ["lambda.amazonaws.com"]}, False),
        ("iam:PutRolePolicy", "arn:aws:iam::1:role/admin", {}, False),
        ("iam:CreateUser", "arn:aws:iam::1:user/dmdesk", {}, False),
        ("s3:GetObject", "arn:aws:s3:::dmdesk-1-eu-west-1/media/a", {}, False),
        ("sqs:ReceiveMessage", "arn:aws:sqs:eu-west-1:1:dmdesk-inbound.fifo", {}, False),
    ],
)
def test_who_runs_terraform_reaches_nobodys_messages_and_no_other_role(
    action: str, resource: str, context: dict[str, list[str]], allowed: bool
) -> None:
    policies = [json.loads(path.read_text(encoding="utf-8")) for path in POLICIES.glob("deployer*.json")]
    assert len(policies) == 5
    assert iam.allows(policies, action, resource, context) is allowed
