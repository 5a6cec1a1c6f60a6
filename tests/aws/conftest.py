"""One embedded AWS per test process, with the bridge's table, queues and bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.queues import Queue
from chalicelib.aws.table import Table
from chalicelib.vocabulary.records import Conversation
from sandbox.stage.aws import BUCKET, TABLE, Aws

ACCOUNT = {"channel": "instagram", "id": "1784", "integration": "i-1", "secret": "dmdesk/account/1", "name": "shop"}


class Cloud(NamedTuple):
    aws: Aws
    urls: dict[str, str]
    table: Table
    queue: Queue
    bucket: Bucket


class Counted:
    """DynamoDB, and which of its calls were made."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._client, name)


class Lossy:
    """DynamoDB, of which the answer to each write is lost: botocore asks the same again."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        made = getattr(self._client, name)
        if name not in {"update_item", "transact_write_items"}:
            return made

        def twice(**asked: Any) -> Any:
            made(**asked)
            return made(**asked)

        return twice


def row(cloud: Cloud, conversation: Conversation, name: str) -> dict[str, Any]:
    """The row of that name as it lies there, empty where there is none."""
    key = {"pk": {"S": f"CONV#{conversation.key}"}, "sk": {"S": name}}
    return dict(cloud.aws.client("dynamodb").get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item", {}))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder: Path = tmp_path_factory.mktemp("aws")
    aws = Aws(folder / "aws.log")
    aws.start()
    try:
        urls = aws.create({"dmdesk/genesys-webhook": {"secrets": ["one"]}}, [ACCOUNT])
        queue = Queue(urls["inbound"], urls["inbound_dead_letters"], aws.client("sqs"))
        yield Cloud(aws, urls, Table(TABLE, aws.client("dynamodb")), queue, Bucket(BUCKET, aws.client("s3")))
    finally:
        aws.stop()
