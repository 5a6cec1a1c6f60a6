"""The deployed bridge as the operator's terminal sees it: its settings, table, secrets, queues."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws import calls
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.table import Table
from chalicelib.credentials import token_of, trimmed
from chalicelib.errors import Misconfigured, Retryable, Uncertain
from chalicelib.http import Answer, Outgoing
from chalicelib.pipeline.accounts import judged
from chalicelib.pipeline.chores.tokens import LEASE_S, lock_of
from chalicelib.pipeline.erasing import Erasing
from chalicelib.protocols.channel import Client
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.runtime import Runtime
from chalicelib.settings import PREFIX, Settings, load
from chalicelib.vocabulary.records import Account, Unreadable
from ops import causes
from ops.errors import OpsError

Found = TypeVar("Found")
NAME_ONE = "dmdesk accounts lists their ids: name one of them"
# The URLs of the dead letters of the queues that other services feed, `…-from-<name>-dead-letters`, comma separated.
FED_DEAD_LETTERS = "DMDESK_FED_DEAD_LETTERS"


class Bridge:
    """Reads, but for `store` and `erasing`; what puts something back does so through `runtime`. Every method raises
    OpsError where something cannot be reached."""

    def __init__(self, environment: Mapping[str, str], clock: Callable[[], float], hide: Callable[[Any], None]) -> None:
        self.settings = _settings(environment)
        self.fed_dead_letters = [url for url in environment.get(FED_DEAD_LETTERS, "").split(",") if url]
        self.clock, self.hide = clock, hide
        self._runtime = self.runtime = Runtime(self.settings, clock)
        self._secrets: dict[str, dict[str, Any]] = {}

    @cached_property
    def http(self) -> Outgoing:
        """For the vendors."""
        return Outgoing(read_s=20.0)

    @property
    def erasing(self) -> Erasing:
        """What finds and erases what is held of a customer; to be asked through `aws`."""
        return self._runtime.erasing

    @property
    def bucket(self) -> Bucket:
        """The deployment's bucket; to be asked through `aws`."""
        return self._runtime.bucket

    @cached_property
    def accounts(self) -> list[Account]:
        """Every account of the table that can be read, by channel and id."""
        read = [row for row in self._rows if isinstance(row, Account)]
        return sorted(read, key=lambda account: (account.channel, account.id))

    def account(self, named: str, channel: str | None = None, several: str = NAME_ONE) -> Account:
        """The account of that id, name or integration; of the channel, where one is named. `several` tells what to do
        where more than one is called so."""
        found = [
            account
            for account in self.accounts
            if named in {account.id, account.name, account.integration} and channel in {None, account.channel}
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise OpsError(f"several accounts are called {named!r}", several)
        raise OpsError(f"no account is called {named!r}", NAME_ONE)

    @cached_property
    def unreadable(self) -> list[Unreadable]:
        """What stands in the table as an account and is none; the bridge goes on without it."""
        return [row for row in self._rows if isinstance(row, Unreadable)]

    @cached_property
    def _rows(self) -> list[Account | Unreadable]:
        """One of a channel that this release does not know stays as it is: its channel's part says so."""
        channels, desks = abouts(CHANNELS), abouts(DESKS)
        return [
            row if isinstance(row, Account) and row.channel not in channels else judged(row, channels, desks)
            for row in self.read(Table.accounts)
        ]

    def read(self, work: Callable[[Table], Found]) -> Found:
        """What `work` reads of the deployment's table."""
        answer: Found = self.aws(lambda: work(self._runtime.table), f"table {self.settings.table}")
        return answer

    @cached_property
    def clients(self) -> dict[str, Client]:
        """Each channel's part of the workers, for what it knows without asking anybody."""
        return self._runtime.clients

    def secret(self, name: str) -> dict[str, Any]:
        """A secret's object, {} where there is none; from here on it is hidden in what is printed."""
        if name not in self._secrets:
            value: dict[str, Any] = self.aws(lambda: self._runtime.secrets.get(name), f"secret {name}")
            self.hide(value)
            self._secrets[name] = value
        return self._secrets[name]

    def store(self, account: Account, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Makes of the account's secret, as it is now, what `change` says, while nobody renews what it holds."""
        turn, name = lock_of(account), account.secret
        token = self.read(lambda ledger: ledger.lock(turn, self.clock(), LEASE_S))
        if token is None:
            raise OpsError(f"the token in the secret {name} is being renewed just now", "run it again in two minutes")
        try:
            held: dict[str, Any] = self.aws(lambda: self._runtime.secrets.read(name), f"secret {name}")
            self.hide(held)
            self.aws(lambda: self._runtime.secrets.put(name, change(held)), f"secret {name}")
        finally:
            with suppress(OpsError):  # the lease ends by itself, too
                self.read(lambda ledger: ledger.unlock(turn, token))
        self._secrets.pop(name, None)

    def listed(self, name: str, key: str) -> list[Any]:
        """What the secret lists under the key, [] where that is no list."""
        held = self.secret(name).get(key)
        return held if isinstance(held, list) else []

    def token(self, account: Account) -> str:
        """The account's access token as the bridge reads it, "" where there is none. OpsError for what can be none."""
        held = self.secret(account.secret)
        if not trimmed(held.get("access_token")):
            return ""
        try:
            token = token_of(held, account.secret)
        except Misconfigured as no:
            raise OpsError(no.reason, no.advice) from None
        self.hide(token)  # without what was pasted along it is another text than the secret's
        return token

    def secret_age_s(self, name: str) -> float | None:
        """Seconds since the secret's value was written, None where that is not known."""
        client: Any = calls.client("secretsmanager")
        found = self.aws(lambda: client.describe_secret(SecretId=name), f"secret {name}")
        moment = found.get("LastChangedDate") or found.get("CreatedDate")
        return self.clock() - moment.timestamp() if moment else None

    def waiting(self, queue_url: str) -> int:
        """How many messages a queue holds, in flight or not."""
        client: Any = calls.client("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.aws(
            lambda: client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names), f"queue {queue_url}"
        )
        return sum(int(found.get("Attributes", {}).get(name, "0")) for name in names)

    def oldest_s(self, queue_url: str) -> float | None:
        """Age of the queue's oldest message as CloudWatch last measured it, None where it has not."""
        client: Any = calls.client("cloudwatch")
        name, now = queue_url.rpartition("/")[2], self.clock()
        found = self.aws(
            lambda: client.get_metric_statistics(
                Namespace="AWS/SQS",
                MetricName="ApproximateAgeOfOldestMessage",
                Dimensions=[{"Name": "QueueName", "Value": name}],
                StartTime=now - 900,
                EndTime=now,
                Period=60,
                Statistics=["Maximum"],
            ),
            f"CloudWatch metrics of {name}",
        )
        points = sorted(found.get("Datapoints", []), key=lambda point: point["Timestamp"])
        return float(points[-1]["Maximum"]) if points else None

    def ahead_s(self) -> float:
        """How far this machine's clock is ahead of AWS' (s, below 0 where it is behind), to the second."""
        client: Any = calls.client("sqs")
        url = self.settings.inbound_queue
        found = self.aws(lambda: client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]), f"queue {url}")
        said = found["ResponseMetadata"]["HTTPHeaders"].get("date", "")
        return self.clock() - parsedate_to_datetime(said).timestamp() if said else 0.0

    def log_role(self) -> str:
        """The ARN of the role by which every REST API of this AWS account and region writes logs, "" where none is set
        (docs.aws.amazon.com/apigateway/latest/api/API_GetAccount.html)."""
        client: Any = calls.client("apigateway")
        return str(
            self.aws(client.get_account, "API Gateway's settings of the AWS account").get("cloudwatchRoleArn", "")
        )

    def role_exists(self, arn: str) -> bool:
        """Whether the IAM role of that ARN is there."""
        client: Any = calls.client("iam")
        name = arn.rpartition("/")[2]

        def found() -> bool:
            try:
                return bool(client.get_role(RoleName=name))
            except client.exceptions.NoSuchEntityException:
                return False

        return bool(self.aws(found, f"role {name}"))

    def aws(self, work: Callable[[], Any], what: str) -> Any:
        """What `work` gets of AWS; `what` stands for it in errors."""
        try:
            return work()
        except (BotoCoreError, ClientError, Retryable) as error:
            raise causes.aws(error, what) from None

    def get(self, url: str, headers: dict[str, str], what: str) -> Answer:
        """GETs from a vendor; `what` stands for the URL in errors, as that may hold a secret."""
        return self._vendor(lambda: self.http.get(url, headers=headers), what)

    def post(self, url: str, headers: dict[str, str], body: bytes, what: str) -> Answer:
        """POSTs to a vendor, as `get`."""
        return self._vendor(lambda: self.http.post(url, headers=headers, body=body), what)

    def put(self, url: str, headers: dict[str, str], body: bytes, what: str) -> Answer:
        """PUTs to a vendor, as `get`."""
        return self._vendor(lambda: self.http.put(url, headers=headers, body=body), what)

    def delete(self, url: str, headers: dict[str, str], what: str) -> Answer:
        """DELETEs at a vendor, as `get`."""
        return self._vendor(lambda: self.http.delete(url, headers=headers), what)

    def _vendor(self, work: Callable[[], Answer], what: str) -> Answer:
        try:
            return work()
        except (Retryable, Uncertain) as error:
            raise causes.vendor(error, what) from None


def _settings(environment: Mapping[str, str]) -> Settings:
    try:
        return load(environment)
    except SystemExit as error:
        known = any(name.startswith(PREFIX) for name in environment)
        problem = (
            str(error).removeprefix("dmdesk: ") if known else f"this terminal knows no deployment: no {PREFIX}* is set"
        )
        raise OpsError(problem, causes.ENVIRONMENT) from None
    except msgspec.ValidationError as error:
        field = re.search(r"\$\.(\w+)", str(error))
        name = PREFIX + field[1].upper() if field else PREFIX
        wants = str(error).partition(" - at ")[0]
        raise OpsError(f"{name} is {environment.get(name, '')!r}: {wants}", causes.ENVIRONMENT) from None
