"""Everything that runs: the functions' processes, the API and the pollers that hand them events, AWS, the vendors."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import threading
from functools import partial
from multiprocessing import forkserver
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import app as chalice_app
from sandbox import registry
from sandbox.bridge import MEDIA_SECRET, NO_PROXIES
from sandbox.cast import tokens_of
from sandbox.simulators.connect.vendor import Connect
from sandbox.simulators.x.simulator import XSimulator
from sandbox.stage.aws import BUCKET, QUEUES, TABLE, Aws
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.gateway import Gateway
from sandbox.stage.poller import FUNCTION_TIMEOUT_MS, Poller, WorkerKilled
from sandbox.stage.vendors import Account, Vendors
from tests.chaos.processes.breaking import Orders
from tests.chaos.processes.crew import Crew, Hand
from tests.chaos.processes.postmen import Postman
from tests.chaos.processes.weather import Weather
from tests.chaos.processes.worker import Errand

EDGE_TIMEOUT_MS = 29_000
IMMORTAL = 10**9
ROLES = {"inbound": "to_desk", "outbound": "to_customer"}
# Accounts that are there from the beginning; of the others one is added soon, one at the end.
FIRST = 2
# X promises to repeat nothing: what an edge lost that died, `dmdesk x-webhook replay` brings. Here it comes soon (s).
REPLAYED_S = (1, 5, 25)
_LATE: Account = {
    "channel": "instagram", "id": "17841400000000003", "name": "late.shop", "login": "instagram",
    "integration": "6a1f2c3e-0000-4000-8000-000000000004", "secret": "dmdesk/account/instagram-3",
}  # fmt: skip


class Site:
    """Use as a context manager. `folder` is for logs, `weather` for how much goes wrong."""

    def __init__(self, folder: Path, weather: Weather) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for old in (*folder.glob("*.lines"), *folder.glob("deaths.log")):
            old.unlink()
        self.folder = folder
        self.weather = weather
        self.raging = False
        self.random = Random(weather.seed)
        self.clock, self.faults = Clock(), Faults()
        self.aws = Aws(folder / "aws.log")
        self.vendors = registry.vendors(self.clock, self.faults)
        for channel in self.vendors.channels:
            if isinstance(channel.simulator, XSimulator):
                channel.simulator.network.retry_delays_s = REPLAYED_S
        self.desk = next(desk for desk in self.vendors.desks if desk.name == weather.desk)
        """At which everybody is answered."""
        self.accounts = [account | {"desk": self.desk.name} for account in _accounts(self.vendors)]
        self.late = self.accounts[-1]
        """The one that is added at the end."""
        self.deaths = folder / "deaths.log"
        self.deaths.touch()
        self.crews: dict[str, Crew] = {}
        self.urls: dict[str, str] = {}
        self.failed: list[str] = []
        """What the functions raised, beside their deaths."""
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._pollers: list[Poller] = []

    def __enter__(self) -> Site:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        self.aws.start()
        topics = {desk.name: topic for desk in self.vendors.desks if (topic := desk.topic())}
        self.urls = self.aws.create(self._secrets(), self.accounts[:FIRST], topics)
        for desk in self.vendors.desks:
            desk.publishes(self.aws.client("sns"))
        self._gateway = Gateway(chalice_app.app, run=self._edge)
        self.environment = self._environment()
        self._start_functions()
        self._start_vendors()
        for queue in self.queues:
            role = ROLES.get(queue, "fed")
            poller = Poller(self.aws, self.urls[queue], self.crews[role], self.weather.sizes[role], self._died)
            self._pollers.append(poller)
        for poller in self._pollers:
            poller.start()

    def _start_functions(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.chaos.processes.warm"])
        with patch.dict(os.environ, self.environment):
            forkserver.ensure_running()
        for role, size in self.weather.sizes.items():
            make = partial(self._hand, context, role)
            self.crews[role] = Crew(size, make, partial(self._errand, role))
        self._gateway.start()

    def _start_vendors(self) -> None:
        for vendor in self.vendors.all:
            vendor.simulator.deliveries = Postman(
                self._chance(),
                self.weather.doubled,
                self.weather.late,
                lambda: self.raging,
                stubborn=vendor not in self.vendors.desks,
            )
            vendor.simulator.start()
        self.connect()

    def stop(self) -> None:
        """In the order of the traffic."""
        for vendor in self.vendors.all:
            vendor.simulator.stop()
        for poller in self._pollers:
            poller.end()
        for crew in self.crews.values():
            crew.stop()
        for poller in self._pollers:
            poller.stop()
        if hasattr(self, "_gateway"):
            self._gateway.stop()
        self.aws.stop()

    # --- the vendors

    def connect(self) -> None:
        """Every account is connected at its platform and at the desk, with the vendors' secrets as they are now."""
        for channel in self.vendors.channels:
            for account in self.accounts:
                if account["channel"] == channel.name:
                    channel.connect(account, f"{self._gateway.url}/api/social/webhook", tokens_of(account))
        for desk in self.vendors.desks:
            desk.connect(self.accounts, f"{self._gateway.url}{desk.source.path}")

    def postman(self, name: str) -> Postman:
        """Who delivers the vendor's webhooks."""
        found = next(vendor for vendor in self.vendors.all if vendor.name == name).simulator.deliveries
        assert isinstance(found, Postman)
        return found

    def add(self, account: Account) -> None:
        """The operator adds the account to the table."""
        kept = {key: {"S": value} if isinstance(value, str) else {"BOOL": value} for key, value in account.items()}
        key = {"pk": {"S": "ACCOUNT"}, "sk": {"S": f"{account['channel']}#{account['id']}"}}
        self.aws.client("dynamodb").put_item(TableName=TABLE, Item=key | kept)

    # --- the functions

    def lines(self) -> list[Path]:
        """The logs of all processes there were."""
        return sorted(self.folder.glob("*.lines"))

    @property
    def queues(self) -> list[str]:
        """The bridge's own, and that which the desk's topic feeds."""
        return [*QUEUES, *([f"from-{self.desk.name}"] if self.desk.topic() else [])]

    def idle(self) -> bool:
        """Whether all queues are empty, in flight or not, and nobody has a webhook to repeat."""
        waiting = self.aws.waiting(self.urls)
        owing = any(self.postman(vendor.name).owing for vendor in self.vendors.all)
        return not owing and not any(waiting[queue] for queue in self.queues)

    def disorder(self, on: bool) -> None:
        """What the desk's topic carries comes twice, and every other notification late."""
        if isinstance(self.desk, Connect):
            stream = self.desk.simulator.stream
            stream.duplicates = stream.reorders = on

    def kill_one(self, random: Random) -> None:
        """A process of any function's."""
        self.crews[random.choice(list(self.crews))].kill_one(random)

    @property
    def died(self) -> int:
        return sum(crew.died for crew in self.crews.values())

    def _chance(self) -> Random:
        return Random(self.random.random())

    def _hand(self, context: Any, role: str) -> Hand:
        with self._lock:
            number = next(self._numbers)
            chance = self._chance()
        orders = Orders(
            seed=chance.randrange(10**9),
            aws=self.weather.aws,
            died=frozenset(self.deaths.read_text(encoding="utf-8").splitlines()),
            patience=chance.randint(*self.weather.patience) if role in self.weather.mortal else IMMORTAL,
            deaths=self.deaths,
        )
        return Hand(context, role, self.environment, orders, self.folder / f"{role}-{number:04d}.lines")

    def _errand(self, role: str, event: dict[str, Any]) -> Errand:
        timeout_ms = EDGE_TIMEOUT_MS if role == "edge" else FUNCTION_TIMEOUT_MS
        skew_s = self.random.uniform(-self.weather.skew_s, self.weather.skew_s) if self.raging else 0.0
        return Errand(event=event, timeout_ms=timeout_ms, skew_s=skew_s, raging=self.raging)

    def _edge(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """What API Gateway answers where its function dies is its own 502."""
        try:
            return self.crews["edge"](event)
        except WorkerKilled:
            return {"statusCode": 502, "headers": {}, "body": '{"message": "Internal server error"}'}

    def _died(self, error: BaseException) -> None:
        if not isinstance(error, WorkerKilled):
            self.failed.append(str(error))

    # --- what it is set up with

    def _environment(self) -> dict[str, str]:
        given = {f"{queue}_queue": self.urls[queue] for queue in QUEUES}
        given |= {name: url for name, url in self.urls.items() if name not in QUEUES}
        given |= {"table": TABLE, "bucket": BUCKET, "media_secret": MEDIA_SECRET, "public_url": self._gateway.url}
        given["media_hosts"] = ",".join(vendor.simulator.url for vendor in self.vendors.all)
        for vendor in self.vendors.all:
            given |= vendor.settings()
        told = {f"DMDESK_{name.upper()}": value for name, value in given.items()}
        return told | self.aws.environment | NO_PROXIES | {"AWS_SESSION_TOKEN": ""}

    def _secrets(self) -> dict[str, dict[str, Any]]:
        kept: dict[str, dict[str, Any]] = {account["secret"]: tokens_of(account) for account in self.accounts}
        kept[MEDIA_SECRET] = {"keys": ["chaos-media-key-of-more-than-32-characters"]}
        for vendor in self.vendors.all:
            kept |= vendor.kept_secrets()
        return kept


def _accounts(vendors: Vendors) -> list[Account]:
    """One of each channel, then the others; those that name a desk of their own are not here."""
    firsts = [channel.accounts[0] for channel in vendors.channels]
    others = [one for channel in vendors.channels for one in channel.accounts[1:] if "desk" not in one]
    return [*firsts, *others, _LATE]
