"""The embedded AWS, emptied: what belongs to the set-up stays, and all else is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sandbox.stage.aws import BUCKET, TABLE, Aws

ACCOUNT = {"channel": "loft", "id": "1", "integration": "int-1", "secret": "kept"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Aws, dict[str, str]]]:
    aws = Aws(tmp_path_factory.mktemp("aws") / "aws.log")
    aws.start()
    yield aws, aws.create({"kept": {"token": "first"}}, [ACCOUNT])
    aws.stop()


def keys(aws: Aws) -> list[str]:
    return [row["pk"]["S"] for row in aws.rows()]


def value(aws: Aws, name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
    return found


def test_accounts_stay_and_secrets_are_put_back(made: tuple[Aws, dict[str, str]]) -> None:
    aws, urls = made
    for number in range(3):
        aws.client("dynamodb").put_item(TableName=TABLE, Item={"pk": {"S": f"CONV#{number}"}, "sk": {"S": "STATE"}})
        aws.client("s3").put_object(Bucket=BUCKET, Key=f"media/{number}", Body=b"picture")
        aws.client("sqs").send_message(
            QueueUrl=urls["inbound"], MessageBody="{}", MessageGroupId="a", MessageDeduplicationId=f"{number}"
        )
    aws.put_secrets({"kept": {"token": "renewed"}})
    aws.empty({"kept": {"token": "first"}, "new": {"token": "another"}})
    assert keys(aws) == ["ACCOUNT"]
    assert aws.client("dynamodb").describe_table(TableName=TABLE)["Table"]["ItemCount"] == 1
    assert aws.objects("") == []
    assert aws.object("media/1") is None
    assert not any(aws.waiting(urls).values())
    assert (value(aws, "kept"), value(aws, "new")) == ({"token": "first"}, {"token": "another"})
    # what was deleted is written again as if it had never been there
    row = {"pk": {"S": "CONV#1"}, "sk": {"S": "STATE"}}
    aws.client("dynamodb").put_item(TableName=TABLE, Item=row, ConditionExpression="attribute_not_exists(pk)")
    aws.client("s3").put_object(Bucket=BUCKET, Key="media/1", Body=b"picture", IfNoneMatch="*")
    aws.client("sqs").send_message(
        QueueUrl=urls["inbound"], MessageBody="{}", MessageGroupId="a", MessageDeduplicationId="1"
    )
    assert len(aws.waiting(urls)["inbound"]) == 1
    aws.empty(keep_accounts=False)
    assert keys(aws) == []
