"""The embedded AWS: MiniStack as a child process on 127.0.0.1, with the bridge's resources in it."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
import requests
from botocore.config import Config
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from chalicelib.aws.keys import SCHEMA
from sandbox.stage import emulator
from sandbox.stage.running import NEVER, CannotRun, Interrupt, Interrupted
from sandbox.stage.vendors import Topic

REGION = "eu-west-1"
ACCOUNT = "000000000000"  # whose everything is, unless MiniStack is told otherwise
ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
# what MiniStack and Python may take from the environment: nothing that would change what it is
KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
TABLE = "dmdesk"
BUCKET = "dmdesk"
QUEUES = ("inbound", "outbound")
# Longer than any batch can take here; the deployed queues have six times the function's timeout.
VISIBILITY_S = 120
RECEIVES = 100


class Aws:
    """MiniStack with two FIFO queues and their dead-letter queues, the table, the bucket, the secrets; and a topic and
    a standard queue for each vendor that tells by SNS."""

    def __init__(self, log: Path) -> None:
        self._log = log
        # bound here and listened to there, so that nobody can take the port between
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self._port}"
        self.credentials = {
            "AWS_ACCESS_KEY_ID": f"SANDBOX{secrets.token_hex(16).upper()}",
            "AWS_SECRET_ACCESS_KEY": secrets.token_hex(20),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._fed: list[str] = []
        self._beside = requests.Session()
        self._beside.trust_env = False
        # a connection that it has closed meanwhile is no failure
        self._beside.mount("http://", HTTPAdapter(max_retries=Retry(2, allowed_methods=None)))
        self._session = boto3.session.Session(
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )

    @property
    def environment(self) -> dict[str, str]:
        """By which AWS' own clients find it."""
        region = {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return {**self.credentials, **region, "AWS_ENDPOINT_URL": self.url}

    def start(self, interrupt: Interrupt = NEVER) -> None:
        """Returns when it serves. Raises CannotRun where it does not in time, Interrupted where somebody ends it."""
        told = emulator.environment(self._port, REGION) | {"SERVICES": ",".join(emulator.SERVICES)}
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sandbox.stage.emulator", str(self._socket.fileno())],
                cwd=ROOT,
                env=kept | self.credentials | told,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[self._socket.fileno()],
                start_new_session=True,  # Ctrl-C is for us; we end it ourselves, in order
            )
        self._socket.close()
        self._wait(interrupt)

    def _wait(self, interrupt: Interrupt) -> None:
        deadline = time.monotonic() + START_S
        while not self._answers():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                how = "ended" if ended else f"did not answer within {START_S:g} s"
                raise CannotRun(f"the embedded AWS {how}: {_last_line(self._log)}. All that it said: {self._log}")
            if interrupt.wait(0.05):
                raise Interrupted

    def stop(self) -> None:
        """Ends the process; returns when it is gone."""
        self._socket.close()
        self._beside.close()
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.kill()  # it keeps nothing
        self._process.wait()

    def client(self, service: str) -> Any:
        """A boto3 client of it, made once; untyped, as only the sandbox and tests use it."""
        with self._lock:
            if service not in self._clients:
                make: Any = self._session.client
                # a proxy of the environment does not find what runs on this machine, and a user agent of ours is not
                # built anew for each call (as chalicelib.aws.calls says)
                config = Config(proxies={}, user_agent="dmdesk-sandbox")
                self._clients[service] = make(service, endpoint_url=self.url, config=config)
            return self._clients[service]

    def create(
        self,
        secrets: dict[str, dict[str, Any]],
        accounts: list[dict[str, Any]],
        topics: Mapping[str, Topic] = MappingProxyType({}),
    ) -> dict[str, str]:
        """Makes everything; answers the queues' URLs by name (`inbound`, `inbound_dead_letters`, `from-<vendor>`, …).
        `topics` are those of the vendors that tell by them."""
        self.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        dynamodb = self.client("dynamodb")
        dynamodb.create_table(TableName=TABLE, BillingMode="PAY_PER_REQUEST", **SCHEMA)
        for account in accounts:
            texts = {
                name: {"S": value} if isinstance(value, str) else {"BOOL": value} for name, value in account.items()
            }
            key = {"pk": {"S": "ACCOUNT"}, "sk": {"S": f"{account['channel']}#{account['id']}"}}
            dynamodb.put_item(TableName=TABLE, Item=key | texts)
        for name, value in secrets.items():
            self.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))
        self.let_apis_log()
        self._fed = list(topics)
        urls = self.create_queues()
        for name, topic in topics.items():
            self._subscribe(name, topic)
        return urls

    def put_front(self, account: Mapping[str, Any], front: Mapping[str, Any] | None) -> None:
        """What stands before the account's desk from now on."""
        key = {"pk": {"S": "ACCOUNT"}, "sk": {"S": f"{account['channel']}#{account['id']}"}}
        given = {"Value": {"S": json.dumps(front)}, "Action": "PUT"} if front else {"Action": "DELETE"}
        self.client("dynamodb").update_item(TableName=TABLE, Key=key, AttributeUpdates={"front": given})

    def fronts(self) -> dict[str, dict[str, Any]]:
        """What stands before which account's desk, by `channel#id`."""
        found = self.client("dynamodb").query(
            TableName=TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "ACCOUNT"}}
        )
        return {row["sk"]["S"]: json.loads(row["front"]["S"]) for row in found["Items"] if "front" in row}

    def rows(self) -> list[dict[str, Any]]:
        """The whole table."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
        return [row for page in pages for row in page["Items"]]

    def object(self, key: str) -> bytes | None:
        """What lies in the bucket under the key, None where nothing does any more."""
        s3 = self.client("s3")
        try:
            body: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        return body

    def _subscribe(self, name: str, topic: Topic) -> None:
        """The topic, which its service may publish to, and its notifications to the vendor's queue."""
        sns = self.client("sns")
        conditions = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnEquals": {"aws:SourceArn": topic.source}}
        statement = {
            "Effect": "Allow", "Principal": {"Service": topic.service}, "Action": "sns:Publish", "Resource": topic.arn,
            "Condition": conditions,
        }  # fmt: skip
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sns.create_topic(Name=topic.arn.rpartition(":")[2], Attributes={"Policy": policy})
        sns.subscribe(
            TopicArn=topic.arn,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{_fed_queue(name)}",
            Attributes={"FilterPolicy": json.dumps(topic.filter)},
        )

    def let_apis_log(self) -> None:
        """The role by which the account's APIs write logs, as terraform/examples/account makes it."""
        role = self.client("iam").create_role(RoleName="api-gateway-logs", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
        self.client("apigateway").update_account(patchOperations=[patch])

    def put_secrets(self, secrets: dict[str, dict[str, Any]]) -> None:
        """New versions of secrets that there are."""
        for name, value in secrets.items():
            self.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(value))

    def create_queues(self) -> dict[str, str]:
        """All queues, empty; answers their URLs by name."""
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
        for name in self._fed:
            urls[f"from-{name}"] = sqs.create_queue(
                QueueName=_fed_queue(name), Attributes={"VisibilityTimeout": str(VISIBILITY_S)}
            )["QueueUrl"]
        return urls

    def empty(
        self, secrets: Mapping[str, Mapping[str, Any]] = MappingProxyType({}), *, keep_accounts: bool = True
    ) -> None:
        """Forgets messages, what the queues deduplicate by, items (but accounts, where they are to be kept), and
        objects; gives these secrets their values."""
        values = {name: json.dumps(value) for name, value in secrets.items()}
        kept = "ACCOUNT" if keep_accounts else ""
        self._forget({"table": TABLE, "kept": kept, "bucket": BUCKET, "secrets": values})

    def empty_queues(self) -> None:
        """Forgets messages and what the queues deduplicate by; who waits for a message goes on."""
        self._forget({})

    def _forget(self, told: Mapping[str, Any]) -> None:
        self._ask("POST", emulator.FORGET, timeout_s=10, told=told).raise_for_status()

    def objects(self, prefix: str) -> list[str]:
        """The bucket's keys under the prefix."""
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def waiting(self, urls: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
        """Every message in each queue, in flight or not, without touching any."""
        regions = self._ask("GET", "/_ministack/sqs/messages", timeout_s=10).json()["messages"].values()
        queues = {url: found for region in regions for one in region.values() for url, found in one.items()}
        return {name: queues.get(url, []) for name, url in urls.items()}

    def _answers(self) -> bool:
        try:
            return self._ask("GET", "/_ministack/health", timeout_s=1).ok
        except requests.RequestException:
            return False

    def _ask(
        self, method: str, path: str, timeout_s: float, told: Mapping[str, Any] | None = None
    ) -> requests.Response:
        """What is no call of AWS', and so takes no signature; but our guard wants the key."""
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={self.credentials['AWS_ACCESS_KEY_ID']}/"}
        return self._beside.request(method, self.url + path, headers=headers, json=told, timeout=timeout_s)


def _fed_queue(name: str) -> str:
    return f"dmdesk-from-{name}"


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
