"""Secrets are read seldom and in time; the bucket keeps bytes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError, IncompleteReadError

from chalicelib.aws.bucket import S3_CONFIG, Bucket
from chalicelib.aws.secrets import LIFETIME_S, SOONEST_REFRESH_S, SecretStore
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.vocabulary.records import Stored
from sandbox.stage.aws import BUCKET
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


def test_a_key_under_which_nothing_lies(cloud: Cloud) -> None:
    with pytest.raises(LookupError):
        cloud.bucket.fetch("aside/none")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, LookupError), ("AccessDenied", 403, LookupError), ("RequestTimeTooSkewed", 403, Retryable),
        ("ExpiredToken", 400, Retryable), ("InvalidAccessKeyId", 403, Misconfigured), ("SlowDown", 503, Retryable),
        ("KMS.DisabledException", 400, Misconfigured),
    ],
)  # fmt: skip
def test_only_what_is_not_there_is_not_there(code: str, status: int, kind: type[Exception]) -> None:
    class Client:
        def get_object(self, **_: object) -> None:
            told: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise ClientError(told, "GetObject")

    client: Any = Client()
    with pytest.raises(kind) as caught:
        Bucket(BUCKET, client).fetch("aside/x/1")
    assert type(caught.value) is kind


def test_a_bucket_that_is_not_there_is_a_fault_of_configuration(cloud: Cloud) -> None:
    with pytest.raises(Misconfigured, match="NoSuchBucket at GetObject") as caught:
        Bucket("no-such-bucket-of-ours", cloud.aws.client("s3")).fetch("aside/x")
    assert "DMDESK_BUCKET" in caught.value.advice


def test_a_body_that_breaks_off_is_worth_a_retry(cloud: Cloud) -> None:
    class Breaking:
        def read(self) -> bytes:
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)

    class Client:
        def get_object(self, **_: object) -> dict[str, Any]:
            return {"Body": Breaking()}

    client: Any = Client()
    with pytest.raises(Retryable):
        Bucket(BUCKET, client).fetch("aside/x/1")


@pytest.fixture
def signing(cloud: Cloud) -> Bucket:
    """The bucket as the functions open it, so that its links can be read."""
    client = boto3.client(
        "s3",
        endpoint_url=cloud.aws.url,
        region_name="eu-west-1",
        aws_access_key_id=cloud.aws.credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=cloud.aws.credentials["AWS_SECRET_ACCESS_KEY"],
        config=S3_CONFIG,
    )
    return Bucket(BUCKET, client)


def test_a_file_keeps_its_type_and_name(signing: Bucket) -> None:
    signing.keep_media("media/a/b/0", b"12345", "application/pdf", "Factura nº 1 📷.pdf")
    assert signing.stored("media/a/b/0") == Stored(mime="application/pdf", name="Factura nº 1 📷.pdf", size=5)
    assert signing.fetch("media/a/b/0") == b"12345"


def test_where_nothing_lies_nothing_is_stored(signing: Bucket) -> None:
    assert signing.stored("media/none") is None


@pytest.mark.parametrize("status", [403, 404])
def test_an_absent_file_is_absent_whether_we_may_list_or_not(
    signing: Bucket, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(signing._client, "head_object", _answering(status))
    assert signing.stored("media/a/b/0") is None


@pytest.mark.parametrize("status", [400, 500, 503])
def test_a_bucket_that_cannot_tell_is_worth_a_retry(
    signing: Bucket, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(signing._client, "head_object", _answering(status))
    with pytest.raises(Retryable):
        signing.stored("media/a/b/0")


def _answering(status: int) -> Any:
    def fail(**_: object) -> None:
        told: Any = {"Error": {"Code": str(status), "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(told, "HeadObject")

    return fail


def test_a_link_is_read_by_anybody_under_the_files_type_and_name(signing: Bucket) -> None:
    signing.keep_media("media/a/b/1", b"12345", "image/png", "café.png")
    file = Stored(mime="image/png", name='cafe\u0301 "1".png', size=5)
    answer = requests.get(signing.link("media/a/b/1", file, 60), timeout=60)
    assert (answer.status_code, answer.content) == (200, b"12345")
    assert answer.headers["Content-Type"] == "image/png"
    expected = "inline; filename=\"cafe_ _1_.png\"; filename*=UTF-8''cafe%CC%81%20%221%22.png"
    assert answer.headers["Content-Disposition"] == expected


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_a_link_is_of_the_regions_own_host_and_signed_by_version_4(region: str) -> None:
    client = boto3.client(
        "s3", region_name=region, aws_access_key_id="test", aws_secret_access_key="test", config=S3_CONFIG
    )
    url = urlsplit(Bucket("dmdesk-1", client).link("media/a/b/0", Stored(mime="image/png", name="a.png", size=1), 60))
    assert (url.scheme, url.netloc, url.path) == ("https", f"dmdesk-1.s3.{region}.amazonaws.com", "/media/a/b/0")
    query = parse_qs(url.query)
    assert (query["X-Amz-Algorithm"], query["X-Amz-Expires"]) == (["AWS4-HMAC-SHA256"], ["60"])


def test_what_is_removed_is_gone_and_removing_it_twice_is_fine(signing: Bucket) -> None:
    signing.keep_media("media/a/c/0", b"1", "image/png", "a.png")
    signing.keep_media("media/a/c/1", b"1", "image/png", "a.png")
    for _ in range(2):
        signing.remove(["media/a/c/0", "media/a/c/2"])
        assert signing.stored("media/a/c/0") is None
    assert signing.stored("media/a/c/1") is not None


def test_a_file_that_stays_is_told(signing: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"Errors": [{"Key": "media/a/c/0", "Code": "AccessDenied"}]}
    monkeypatch.setattr(signing._client, "delete_objects", lambda **_: answer)
    with pytest.raises(Retryable, match="AccessDenied"):
        signing.remove(["media/a/c/0"])


def test_a_verdict_is_the_scanners_tag(cloud: Cloud) -> None:
    key, client = "media/a/b/7", cloud.aws.client("s3")
    assert cloud.bucket.verdict(key) is None
    cloud.bucket.keep_media(key, b"%PDF-1.4", "application/pdf", "a.pdf")
    assert cloud.bucket.verdict(key) == ""
    for verdict in ("NO_THREATS_FOUND", "THREATS_FOUND", "UNSUPPORTED"):
        told = {"other": "x", "GuardDutyMalwareScanStatus": verdict}
        tags: Any = [{"Key": name, "Value": value} for name, value in told.items()]
        client.put_object_tagging(Bucket=BUCKET, Key=key, Tagging={"TagSet": tags})
        assert cloud.bucket.verdict(key) == verdict


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_a_verdict_of_what_is_not_there_or_that_may_not_be_read_is_none(code: str) -> None:
    class Client:
        def get_object_tagging(self, **_: object) -> None:
            told: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(told, "GetObjectTagging")

    client: Any = Client()
    assert Bucket(BUCKET, client).verdict("media/a/b/7") is None
