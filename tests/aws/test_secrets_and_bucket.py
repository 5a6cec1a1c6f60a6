"""Secrets are read seldom and in time; the bucket keeps bytes."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config

from chalicelib.aws.secrets import LIFETIME_S, SOONEST_REFRESH_S, SecretStore
from chalicelib.errors import Retryable
from tests.aws.conftest import Cloud

NAME = "dmdesk/genesys-webhook"


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def change(cloud: Cloud, value: Any, name: str = NAME) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    cloud.aws.client("secretsmanager").put_secret_value(SecretId=name, SecretString=text)


def test_a_secret_is_cached_for_its_lifetime(cloud: Cloud) -> None:
    change(cloud, {"secrets": ["one"]})
    clock = Time()
    store = SecretStore(clock, cloud.aws.client("secretsmanager"))
    assert store.get(NAME) == {"secrets": ["one"]}
    change(cloud, {"secrets": ["two"]})
    clock.now += LIFETIME_S - 1
    assert store.get(NAME) == {"secrets": ["one"]}
    clock.now += 2
    assert store.get(NAME) == {"secrets": ["two"]}


def test_a_refresh_comes_early_but_not_often(cloud: Cloud) -> None:
    change(cloud, {"secrets": ["one"]})
    clock = Time()
    store = SecretStore(clock, cloud.aws.client("secretsmanager"))
    store.get(NAME)
    change(cloud, {"secrets": ["two"]})
    assert store.refresh(NAME) is False
    assert store.get(NAME) == {"secrets": ["one"]}
    clock.now += SOONEST_REFRESH_S
    assert store.refresh(NAME) is True
    assert store.get(NAME) == {"secrets": ["two"]}


@pytest.mark.parametrize("text", ["not json", "[1]", '"text"', "1"])
def test_a_secret_that_is_no_object_holds_nothing(cloud: Cloud, text: str) -> None:
    change(cloud, text)
    assert SecretStore(Time(), cloud.aws.client("secretsmanager")).get(NAME) == {}


def test_a_secret_that_does_not_exist_holds_nothing(cloud: Cloud) -> None:
    assert SecretStore(Time(), cloud.aws.client("secretsmanager")).get("dmdesk/none") == {}


def test_an_old_secret_beats_an_outage(cloud: Cloud) -> None:
    change(cloud, {"secrets": ["one"]})
    clock = Time()
    store = SecretStore(clock, cloud.aws.client("secretsmanager"))
    store.get(NAME)
    store._client = _unreachable()
    clock.now += LIFETIME_S + 1
    assert store.get(NAME) == {"secrets": ["one"]}


def test_an_outage_without_an_old_secret_is_worth_a_retry() -> None:
    with pytest.raises(Retryable):
        SecretStore(Time(), _unreachable()).get(NAME)


def _unreachable() -> Any:
    return boto3.client(
        "secretsmanager",
        endpoint_url="http://127.0.0.1:9",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1),
    )


def test_the_bucket_gives_back_the_bytes(cloud: Cloud) -> None:
    cloud.bucket.keep("aside/x/1", b"\x00\xff one")
    cloud.bucket.keep("aside/x/1", b"\x00\xff two")
    assert cloud.bucket.fetch("aside/x/1") == b"\x00\xff two"
    assert cloud.aws.objects("aside/x/") == ["aside/x/1"]
