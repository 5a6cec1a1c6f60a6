"""The embedded AWS: MiniStack as a child process on 127.0.0.1, with the bridge's resources in it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import boto3
import requests

REGION = "eu-west-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
TABLE = "dmdesk"
BUCKET = "dmdesk"
QUEUES = ("inbound", "outbound")
# Longer than any batch can take here; the deployed queues have six times the function's timeout.
VISIBILITY_S = 120
RECEIVES = 100


class Aws:
    """MiniStack with two FIFO queues and their dead-letter queues, the table, the bucket, the secrets."""

    def __init__(self, log: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._log_path = log
        self._log: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._session = boto3.session.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )

    def start(self) -> None:
        """Returns when it serves. Raises RuntimeError with the log's path where it does not in 30 s."""
        environment = {
            **os.environ,
            **CREDENTIALS,
            # it runs code that it is given, so it must not listen to the network
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": self.url.rpartition(":")[2],
            "MINISTACK_REGION": REGION,
            "LOG_LEVEL": "WARNING",
        }
        self._log = self._log_path.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; we end it ourselves, in order
        )
        deadline = time.monotonic() + 30
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the embedded AWS did not start; its log is {self._log_path}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends the process; returns when it is gone."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._log is not None:
            self._log.close()

    def client(self, service: str) -> Any:
        """A boto3 client of it, made once; untyped, as only the sandbox and tests use it."""
        with self._lock:
            if service not in self._clients:
                make: Any = self._session.client
                self._clients[service] = make(service, endpoint_url=self.url)
            return self._clients[service]

    def create(self, secrets: dict[str, dict[str, Any]], accounts: list[dict[str, Any]]) -> dict[str, str]:
        """Makes everything; answers the queues' URLs by name (`inbound`, `inbound_dead_letters`, …)."""
        self.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        dynamodb = self.client("dynamodb")
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )
        for account in accounts:
            texts = {
                name: {"S": value} if isinstance(value, str) else {"BOOL": value} for name, value in account.items()
            }
            key = {"pk": {"S": "ACCOUNT"}, "sk": {"S": f"{account['channel']}#{account['id']}"}}
            dynamodb.put_item(TableName=TABLE, Item=key | texts)
        for name, value in secrets.items():
            self.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))
        return self.create_queues()

    def put_secrets(self, secrets: dict[str, dict[str, Any]]) -> None:
        """New versions of secrets that there are."""
        for name, value in secrets.items():
            self.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(value))

    def create_queues(self) -> dict[str, str]:
        """The four queues, empty; answers their URLs by name."""
        sqs = self.client("sqs")
        urls: dict[str, str] = {}
        for name in QUEUES:
            dead = f"{name}_dead_letters"
            urls[dead] = sqs.create_queue(
                QueueName=f"dmdesk-{name}-dead-letters.fifo", Attributes={"FifoQueue": "true"}
            )["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=urls[dead], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            urls[name] = sqs.create_queue(
                QueueName=f"dmdesk-{name}.fifo",
                Attributes={
                    "FifoQueue": "true",
                    "VisibilityTimeout": str(VISIBILITY_S),
                    "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES}),
                },
            )["QueueUrl"]
        return urls

    def empty(self, urls: dict[str, str]) -> None:
        """Forgets messages, what the queues deduplicate by, items but accounts, and objects."""
        sqs = self.client("sqs")
        for url in urls.values():  # a purge would keep the deduplication ids
            sqs.delete_queue(QueueUrl=url)
        self.create_queues()
        dynamodb = self.client("dynamodb")
        for page in dynamodb.get_paginator("scan").paginate(TableName=TABLE, ProjectionExpression="pk, sk"):
            for item in page["Items"]:
                if item["pk"]["S"] != "ACCOUNT":
                    dynamodb.delete_item(TableName=TABLE, Key=item)
        s3 = self.client("s3")
        for key in self.objects(""):
            s3.delete_object(Bucket=BUCKET, Key=key)

    def objects(self, prefix: str) -> list[str]:
        """The bucket's keys under the prefix."""
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def waiting(self, urls: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
        """Every message in each queue, in flight or not, without touching any."""
        answer = requests.get(f"{self.url}/_ministack/sqs/messages", timeout=10)
        regions = answer.json()["messages"].values()
        queues = {url: found for region in regions for one in region.values() for url, found in one.items()}
        return {name: queues.get(url, []) for name, url in urls.items()}

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/_ministack/health", timeout=1).ok
        except requests.RequestException:
            return False


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
