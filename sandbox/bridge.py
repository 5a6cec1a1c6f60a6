"""The whole bridge on one machine: the real app and handlers, an embedded AWS, and simulated vendors."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TextIO, TypeVar

import msgspec
from msgspec.structs import asdict

import app as chalice_app
from chalicelib import runtime
from chalicelib.aws import calls
from chalicelib.observability import log
from chalicelib.pipeline.front.guards import PARKED_BY
from chalicelib.pipeline.parking import PARKED
from chalicelib.settings import Settings, load
from chalicelib.sharing import made_ready
from chalicelib.vocabulary.records import Event, Parked
from sandbox import registry
from sandbox.cast import accounts_of, hidden, secrets_of, tokens_of
from sandbox.control import ControlServer
from sandbox.show.fronts import Fronts, Row
from sandbox.show.live import Live
from sandbox.show.masking import Masker
from sandbox.show.naming import Names
from sandbox.show.page_routes import page_routes
from sandbox.show.pages import PREFIX, Pages
from sandbox.show.proof import event_of
from sandbox.show.purposes import Calls
from sandbox.show.road import Road
from sandbox.show.traced import TracedRuntime
from sandbox.show.trouble import Toggle, Trouble
from sandbox.simulators.front.simulator import KEY, SECRET, Front
from sandbox.stage.aws import BUCKET, QUEUES, TABLE, Aws
from sandbox.stage.clock import Clock
from sandbox.stage.counting import CountingMetrics
from sandbox.stage.faults import Faults
from sandbox.stage.gateway import Gateway
from sandbox.stage.journal import Journal
from sandbox.stage.mirror import Mirror
from sandbox.stage.poller import Handler, Poller
from sandbox.stage.running import NEVER, CannotRun, Folder, Interrupt, Interrupted, PortTaken
from sandbox.stage.schedule import Schedule
from sandbox.stage.vendors import Account, Desk, Simulator

Kind = TypeVar("Kind", bound=Simulator)

LOGS = Path(__file__).resolve().parents[1] / "build" / "sandbox"
THREADS = 4
MEDIA_SECRET = "dmdesk/media"
# what is asked of this machine alone is asked without a proxy
NO_PROXIES = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "")


class _Holdable(Protocol):
    def held(self) -> AbstractContextManager[None]:
        """Nothing of it is at work meanwhile."""


class Sandbox:
    """Everything that `make sandbox` runs; use as a context manager. One per process: the app is one."""

    def __init__(
        self,
        port: int = 0,
        flags: Collection[str] = (),
        folder: Path = LOGS,
        interrupt: Interrupt = NEVER,
    ) -> None:
        """`port` is the control API's (0: any free one), `flags` are the vendors', `folder` is for logs: where
        another sandbox has it, the next of that name. `interrupt` ends the start-up. Raises CannotRun."""
        self._interrupt = interrupt
        self._folder = Folder(folder)
        self.folder = self._folder.path
        self.clock = Clock()
        self.faults = Faults()
        self.aws = Aws(self.folder / "aws.log")
        self.vendors = registry.vendors(self.clock, self.faults, flags)
        self.front = Front(self.clock, self.faults)
        self.accounts, self.secrets = accounts_of(self.vendors.channels), secrets_of(self.vendors)
        stores = _Stores(self.aws, lambda: self._urls)
        self.fronts = Fronts(self.accounts, stores, self.front.offered(), self._fresh_runtime)
        self.schedule = Schedule(self.clock, chalice_app.upkeep)
        self.metrics = CountingMetrics()
        journal = Journal()
        channels = {account["integration"]: account["channel"] for account in self.accounts}
        names = Names([vendor.source for vendor in self.vendors.all], channels, self._whose)
        desks = {desk.name: desk.simulator.url for desk in self.vendors.desks}
        calls_out = Calls([type(vendor) for vendor in self.vendors.all], desks, self.front.addresses())
        masker = Masker([*hidden(self.vendors), self.front.masked()])
        self.road = Road(journal, masker, self.clock, names, calls_out)
        self.gateway = Gateway(chalice_app.app, watched=self.road.delivery)
        self.mirror = Mirror({channel.name: channel.simulator.write for channel in self.vendors.channels})
        self.live = Live(self, journal, self.road, self.vendors, self.clock, names, self.mirror.shown)
        self.control = self._control(journal, port)
        self._urls: dict[str, str] = {}
        self._pollers: list[Poller] = []
        self._in_front: list[Account] = []  # the accounts that were given a front
        self._environment: dict[str, str | None] = {}
        self._log_before: TextIO | None = None
        self._log = (self.folder / "bridge.log").open("w", encoding="utf-8")

    def _control(self, journal: Journal, port: int) -> ControlServer:
        toggles = {
            "model_nonsense": Toggle(self.front.talks_nonsense, self.front.talk_nonsense),
            "customer_bot": Toggle(self.mirror.is_on, self.mirror.turn),
        }
        self.trouble = Trouble(self.faults, self.vendors, self.road, self._webhook_url, [self.front], toggles)
        media = [*(simulator.url for simulator in self._simulators), self.gateway.url, self.aws.url]
        more = {
            **page_routes(journal, self.live, self.trouble),
            **self.front.routes(),
            **self.fronts.routes(),
        }
        try:
            return ControlServer(self, self.vendors, self.clock, self.faults, port, Pages(media), more)
        except OSError as error:
            for simulator in self._simulators:
                simulator.stop()
            self.gateway.stop()
            self.aws.stop()
            self._folder.release()
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(f"port {port} is taken, perhaps by another sandbox: name another with --port") from None
            raise CannotRun(f"port {port} cannot be had: {error.strerror}. Name another with --port") from None

    def __enter__(self) -> Sandbox:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        self._log_before = log.write_to(self._log)
        self._enter_aws()
        for step in (self._start_aws, self._start_vendors, self._start_workers, self.control.start):
            if self._interrupt.is_set():
                raise Interrupted
            step()

    def _start_aws(self) -> None:
        self.aws.start(self._interrupt)
        topics = {vendor.name: topic for vendor in self.vendors.all if (topic := vendor.topic())}
        self._urls = self.aws.create(self._secrets(), self.accounts, topics)
        for vendor in self.vendors.all:
            vendor.publishes(self.aws.client("sns"))
        self._fresh_runtime()

    def _start_vendors(self) -> None:
        for simulator in self._simulators:
            simulator.start()
        self.gateway.start()
        for desk in self.vendors.desks:
            theirs = [account for account in self.accounts if self.desk_of(account) is desk]
            desk.connect(theirs, self._desk_url(desk))
        self._connect_platforms()

    def _start_workers(self) -> None:
        handlers: dict[str, Handler] = {"inbound": chalice_app.to_desk, "outbound": chalice_app.to_customer}
        for vendor in self.vendors.all:
            if vendor.topic():
                handlers[f"from-{vendor.name}"] = partial(self.road.fed, vendor.source, chalice_app.fed)
        made_ready()  # functions that are processes of their own at AWS are threads here
        self._pollers = [Poller(self.aws, self._urls[name], handler, THREADS) for name, handler in handlers.items()]
        for poller in self._pollers:
            poller.start()
        self.schedule.start()
        self.mirror.start()
        self.live.start()

    def stop(self) -> None:
        """Ends every thread and process that was started, in the order of the traffic."""
        self.live.stop()
        self.control.stop()
        self.mirror.stop()
        for simulator in reversed(self._simulators):
            simulator.stop()
        self.schedule.stop()
        for poller in self._pollers:
            poller.end()
        for poller in self._pollers:
            poller.stop()
        self.gateway.stop()
        self.aws.stop()
        runtime.use(None)
        for name, value in self._environment.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
        calls.session.cache_clear()
        if self._log_before is not None:
            log.write_to(self._log_before)
        self._log.close()
        self._folder.release()

    def playing(self, kind: type[Kind]) -> Kind:
        """The simulator of that kind."""
        return next(simulator for simulator in self._simulators if isinstance(simulator, kind))

    def desk_of(self, account: Account) -> Desk:
        """Where the account's messages come to agents: where it names no desk, at the first."""
        desks = {desk.name: desk for desk in self.vendors.desks}
        return desks[account.get("desk", next(iter(desks)))]

    @property
    def _simulators(self) -> list[Simulator]:
        return [*(vendor.simulator for vendor in self.vendors.all), self.front]

    @property
    def page_url(self) -> str:
        """Where the page to play both sides is."""
        return f"{self.control.url}{PREFIX}"

    def describe(self) -> dict[str, Any]:
        """What GET / of the control API answers."""
        return {
            "page_url": self.page_url,
            "webhook_url": self._webhook_url,
            **{f"{desk.name}_webhook_url": self._desk_url(desk) for desk in self.vendors.desks if not desk.topic()},
            "health_url": f"{self.gateway.url}/api/health",
            "secrets": self.secrets,
            "accounts": [
                {
                    "channel": account["channel"],
                    "id": account["id"],
                    "name": account["name"],
                    "integration_id": account["integration"],
                    "desk": self.desk_of(account).name,
                    "human_agent": bool(account.get("human_agent")),
                }
                for account in self.accounts
            ],
            "media": {
                vendor.name: files
                for vendor in (*self.vendors.channels, *self.vendors.desks)
                if (files := vendor.simulator.media())
            },
            "operator_environment": self._operator_environment(),
            "logs": str(self.folder),
            "ready": True,
        }

    def state(self) -> dict[str, Any]:
        """What GET /state answers: depths (in flight included) of the bridge's queues and of those that others feed,
        dead letters, parked events, metrics."""
        waiting = self.aws.waiting(self._urls)
        dead = [letter for name in QUEUES for letter in waiting[f"{name}_dead_letters"]]
        return {
            "queues": {name: len(waiting[name]) for name in QUEUES},
            "fed": {name: len(waiting[name]) for name in self._fed},
            "dead_letters": [_letter(letter) for letter in dead],
            "parked": self.aws.objects("parked/"),
            "metrics": self.metrics.counts(),
        }

    def totals(self) -> dict[str, int]:
        """Metrics as `state` has them, and each queue's depth as `queue:<name>`."""
        waiting = self.aws.waiting(self._urls)
        return self.metrics.counts() | {f"queue:{name}": len(waiting[name]) for name in (*QUEUES, *self._fed)}

    def held(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
        """The messages in the queues, those among the dead letters, and the keys of what is parked."""
        waiting = self.aws.waiting(self._urls)
        queued = [message for name in QUEUES for message in waiting[name]]
        dead = [message for name in QUEUES for message in waiting[f"{name}_dead_letters"]]
        return queued, dead, self.aws.objects("parked/")

    @property
    def _fed(self) -> list[str]:
        """The queues that other services of AWS feed."""
        return [f"from-{vendor.name}" for vendor in self.vendors.all if vendor.topic()]

    def _whose(self, desk: str, conversation: str) -> tuple[str, str]:
        return next(one.whose(conversation) for one in self.vendors.desks if one.name == desk)

    def hasten(self, passed_s: float) -> None:
        """The clock was put forward so many seconds: the queues' too."""
        for poller in self._pollers:
            poller.hasten(passed_s)

    def reset(self, meanwhile: Callable[[], None]) -> None:
        """Empties queues, table, bucket and metrics; the accounts and secrets stay.

        `meanwhile` resets the simulators. What is at work ends first, in the order of the traffic: the workers, whose
        last calls the simulators would remember, what follows from those calls, and the webhooks on their way.
        """
        with ExitStack() as still:
            working: list[_Holdable] = [*self._pollers, self.schedule, self.mirror, *self._simulators]
            for part in working:
                still.enter_context(part.held())
            meanwhile()
            self.front.reset()
            still.enter_context(self.gateway.held())
            # a token that was renewed under a shifted clock would not be due again for days
            self.aws.empty(self._account_secrets())
            self.fronts.reset()
            self._connect_platforms()
            self.metrics = CountingMetrics()
            self._fresh_runtime()
            self.trouble.reset()
            self.live.reset()

    def _operator_environment(self) -> dict[str, str]:
        """With which the operator's commands find this bridge, as `terraform output operator_environment` has it."""
        values = asdict(self._settings())
        values |= values.pop("vendors")
        settings = {f"DMDESK_{name.upper()}": str(value) for name, value in values.items()}
        environment = settings | self.aws.environment | NO_PROXIES
        environment |= {"AWS_SESSION_TOKEN": "", "DMDESK_WEBHOOK_URL": self._webhook_url}
        environment |= {"DMDESK_LOGS": f"file:{self.folder / 'bridge.log'}"}
        for vendor in self.vendors.all:
            environment |= vendor.environment()
        return environment

    def _fresh_runtime(self) -> None:
        made = TracedRuntime(self._settings(), self.clock, self.metrics, self.road)
        for role in ("edge", "to_desk", "to_customer"):  # as a warm container has
            getattr(made, role)
        runtime.use(made)

    def _settings(self) -> Settings:
        given = {
            "table": TABLE,
            "bucket": BUCKET,
            "inbound_queue": self._urls["inbound"],
            "inbound_dead_letters": self._urls["inbound_dead_letters"],
            "outbound_queue": self._urls["outbound"],
            "outbound_dead_letters": self._urls["outbound_dead_letters"],
            "media_secret": MEDIA_SECRET,
            "public_url": self.gateway.url,
            "bedrock_api": self.front.url,
            # the simulators stand for the vendors' hosts; every other private address stays out of reach
            "media_hosts": ",".join(simulator.url for simulator in self._simulators),
        }
        for vendor in self.vendors.all:
            given |= vendor.settings()
        return load({f"DMDESK_{name.upper()}": value for name, value in given.items()})

    def _account_secrets(self) -> dict[str, dict[str, Any]]:
        return {
            account["secret"]: tokens_of(account) | channel.holds(account)
            for channel in self.vendors.channels
            for account in channel.accounts
        }

    def _secrets(self) -> dict[str, dict[str, Any]]:
        kept = self._account_secrets() | {MEDIA_SECRET: {"keys": ["sandbox-media-key-of-more-than-32-characters"]}}
        for vendor in self.vendors.all:
            kept |= vendor.kept_secrets()
        return kept | {SECRET: {"keys": [KEY]}}

    @property
    def _webhook_url(self) -> str:
        return f"{self.gateway.url}/api/social/webhook"

    def _desk_url(self, desk: Desk) -> str:
        return f"{self.gateway.url}{desk.source.path}"

    def _connect_platforms(self) -> None:
        """The accounts' tokens are fresh, by the sandbox's clock."""
        for channel in self.vendors.channels:
            for account in channel.accounts:
                channel.connect(account, self._webhook_url, tokens_of(account))

    def _enter_aws(self) -> None:
        """Points this process at the embedded AWS, past any proxy; stop() puts the environment back."""
        entered = self.aws.environment | NO_PROXIES
        self._environment = {name: os.environ.get(name) for name in entered}
        os.environ.update(entered)
        calls.session.cache_clear()


class _Stores:
    """Where the bridge keeps what became of conversations before a desk."""

    def __init__(self, aws: Aws, urls: Callable[[], dict[str, str]]) -> None:
        self._aws, self._urls = aws, urls

    def fronts(self) -> dict[str, dict[str, Any]]:
        return self._aws.fronts()

    def put_front(self, account: Account, front: Mapping[str, Any] | None) -> None:
        self._aws.put_front(account, front)

    def rows(self) -> list[Row]:
        return [*self._aws.rows()]

    def waiting(self) -> list[Event]:
        waiting = self._aws.waiting({"inbound": self._urls()["inbound"]})["inbound"]
        return [event for one in waiting if (event := event_of(one["Body"]))]

    def guarded(self) -> list[Event]:
        bodies = [self._aws.object(key) for key in self._aws.objects(f"{PARKED}{PARKED_BY}/")]
        parked = [msgspec.json.decode(one, type=Parked) for one in bodies if one]  # who brings it back takes it away
        return [one.event for one in parked if one.event]


def _letter(message: dict[str, Any]) -> dict[str, Any]:
    """A dead letter without what the customer wrote."""
    event = json.loads(message["Body"])
    reason = (message.get("MessageAttributes") or {}).get("reason", {})
    return {
        "source": event["source"],
        "account": event["account"],
        "id": event["id"],
        "reason": reason.get("StringValue", "received too often"),
    }
