"""The whole bridge on one machine: the real app and handlers, an embedded AWS, and simulated vendors."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Protocol, TextIO

from msgspec.structs import asdict

import app as chalice_app
from chalicelib import runtime
from chalicelib.aws import calls
from chalicelib.observability import log
from chalicelib.settings import Settings, load
from sandbox.acts import InstagramActs, TikTokActs
from sandbox.aws import BUCKET, QUEUES, TABLE, Aws
from sandbox.cast import ACCOUNTS, CHANNELS, OAUTH, OPERATOR, ROLE, SECRETS, TIKTOK_APP, hidden
from sandbox.clock import Clock
from sandbox.control import ControlServer
from sandbox.counting import CountingMetrics
from sandbox.faults import Faults
from sandbox.gateway import Gateway
from sandbox.genesys import GenesysSimulator
from sandbox.instagram import InstagramSimulator
from sandbox.journal import Journal
from sandbox.live import Live
from sandbox.masking import Masker
from sandbox.page_routes import page_routes
from sandbox.pages import PREFIX, Pages
from sandbox.poller import Poller
from sandbox.road import Road
from sandbox.running import NEVER, CannotRun, Folder, Interrupt, Interrupted, PortTaken
from sandbox.schedule import Schedule
from sandbox.tiktok import TikTokSimulator
from sandbox.traced import TracedRuntime
from sandbox.trouble import Trouble

__all__ = ["ACCOUNTS", "SECRETS", "Sandbox"]

LOGS = Path(__file__).resolve().parents[1] / "build" / "sandbox"
THREADS = 4
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
        deduplicates: bool = False,
        folder: Path = LOGS,
        interrupt: Interrupt = NEVER,
    ) -> None:
        """`port` is the control API's (0: any free one), `deduplicates` the kind of Genesys, `folder` for logs: where
        another sandbox has it, the next of that name. `interrupt` ends the start-up. Raises CannotRun."""
        self._interrupt = interrupt
        self._folder = Folder(folder)
        self.folder = self._folder.path
        self.clock = Clock()
        self.faults = Faults()
        self.aws = Aws(self.folder / "aws.log")
        self.genesys = GenesysSimulator(self.clock, self.faults, deduplicates=deduplicates)
        self.instagram = InstagramSimulator(self.clock, self.faults)
        self.tiktok = TikTokSimulator(self.clock, self.faults)
        self.schedule = Schedule(self.clock, chalice_app.upkeep)
        self.metrics = CountingMetrics()
        journal = Journal()
        self.road = Road(journal, Masker(hidden()), self.clock, CHANNELS, self.genesys.url)
        self.gateway = Gateway(chalice_app.app, watched=self.road.delivery)
        self.live = Live(self, journal, self.road, self.genesys, self.instagram, self.tiktok, self.clock, CHANNELS)
        self.control = self._control(journal, port)
        self._urls: dict[str, str] = {}
        self._pollers: list[Poller] = []
        self._environment: dict[str, str | None] = {}
        self._log_before: TextIO | None = None
        self._log = (self.folder / "bridge.log").open("w", encoding="utf-8")

    def _control(self, journal: Journal, port: int) -> ControlServer:
        instagram, tiktok = self.instagram, self.tiktok
        webhook_url = f"{self.gateway.url}/api/social/webhook"
        webhooks = [instagram.deliveries, tiktok.deliveries]
        self.trouble = Trouble(self.faults, webhooks, self.road, webhook_url, ACCOUNTS[0]["id"])
        acts = InstagramActs(instagram, self.clock), TikTokActs(tiktok, self.clock)
        media = [server.url for server in (instagram, tiktok, self.genesys, self.gateway, self.aws)]
        more = page_routes(journal, self.live, self.trouble, *acts, tiktok)
        rest = self.genesys, instagram, tiktok, self.clock, self.faults
        try:
            return ControlServer(self, *rest, port, Pages(media), more)
        except OSError as error:
            for part in (self.genesys, instagram, tiktok, self.gateway, self.aws):
                part.stop()
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
        self._urls = self.aws.create(self._secrets(), ACCOUNTS)
        self._fresh_runtime()

    def _start_vendors(self) -> None:
        for server in (self.genesys, self.instagram, self.tiktok, self.gateway):
            server.start()
        self._connect_genesys()
        self._connect_platforms()

    def _start_workers(self) -> None:
        handlers = {"inbound": chalice_app.to_desk, "outbound": chalice_app.to_customer}
        self._pollers = [Poller(self.aws, self._urls[name], handlers[name], THREADS) for name in QUEUES]
        for poller in self._pollers:
            poller.start()
        self.schedule.start()
        self.live.start()

    def stop(self) -> None:
        """Ends every thread and process that was started, in the order of the traffic."""
        for server in (self.live, self.control, self.instagram, self.tiktok, self.genesys):
            server.stop()
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

    @property
    def page_url(self) -> str:
        """Where the page to play both sides is."""
        return f"{self.control.url}{PREFIX}"

    def describe(self) -> dict[str, Any]:
        """What GET / of the control API answers."""
        return {
            "page_url": self.page_url,
            "webhook_url": f"{self.gateway.url}/api/social/webhook",
            "genesys_webhook_url": f"{self.gateway.url}/api/genesys/outbound",
            "health_url": f"{self.gateway.url}/api/health",
            "secrets": SECRETS,
            "accounts": [
                {
                    "channel": one["channel"],
                    "id": one["id"],
                    "name": one["name"],
                    "integration_id": one["integration"],
                    "human_agent": bool(one.get("human_agent")),
                }
                for one in ACCOUNTS
            ],
            "media": {
                "instagram": self.instagram.media(),
                "tiktok": self.tiktok.media(),
                "genesys": self.genesys.media(),
            },
            "operator_environment": self._operator_environment(),
            "logs": str(self.folder),
            "ready": True,
        }

    def state(self) -> dict[str, Any]:
        """What GET /state answers: queue depths (in flight included), dead letters, parked events, metrics."""
        waiting = self.aws.waiting(self._urls)
        dead = [letter for name in QUEUES for letter in waiting[f"{name}_dead_letters"]]
        return {
            "queues": {name: len(waiting[name]) for name in QUEUES},
            "dead_letters": [_letter(letter) for letter in dead],
            "parked": self.aws.objects("parked/"),
            "metrics": self.metrics.counts(),
        }

    def totals(self) -> dict[str, int]:
        """Metrics as `state` has them, and each queue's depth as `queue:<name>`."""
        waiting = self.aws.waiting(self._urls)
        return self.metrics.counts() | {f"queue:{name}": len(waiting[name]) for name in QUEUES}

    def held(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
        """The messages in the queues, those among the dead letters, and the keys of what is parked."""
        waiting = self.aws.waiting(self._urls)
        queued = [message for name in QUEUES for message in waiting[name]]
        dead = [message for name in QUEUES for message in waiting[f"{name}_dead_letters"]]
        return queued, dead, self.aws.objects("parked/")

    def reset(self, meanwhile: Callable[[], None]) -> None:
        """Empties queues, table, bucket and metrics; the accounts and secrets stay.

        `meanwhile` resets the simulators. What is at work ends first, in the order of the traffic: the workers, whose
        last calls the simulators would remember, what follows from those calls, and the webhooks on their way.
        """
        with ExitStack() as still:
            working: list[_Holdable] = [*self._pollers, self.schedule, self.genesys, self.instagram, self.tiktok]
            for part in working:
                still.enter_context(part.held())
            meanwhile()
            still.enter_context(self.gateway.held())
            self.aws.empty(self._urls)
            # a token that was renewed under a shifted clock would not be due again for days
            self.aws.put_secrets(self._account_secrets())
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
        return settings | self.aws.environment | NO_PROXIES | {
            "AWS_SESSION_TOKEN": "",
            "DMDESK_WEBHOOK_URL": f"{self.gateway.url}/api/social/webhook",
            "GENESYSCLOUD_ACCESS_TOKEN": "",
            "GENESYSCLOUD_OAUTHCLIENT_ID": OPERATOR["id"],
            "GENESYSCLOUD_OAUTHCLIENT_SECRET": OPERATOR["secret"],
        }  # fmt: skip

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
            "instagram_secret": "dmdesk/instagram",
            "tiktok_secret": "dmdesk/tiktok",
            "genesys_webhook_secret": "dmdesk/genesys-webhook",
            "genesys_oauth_secret": "dmdesk/genesys-oauth",
            "media_secret": "dmdesk/media",
            "public_url": self.gateway.url,
            # the simulators stand for the vendors' hosts; every other private address stays out of reach
            "media_hosts": ",".join(vendor.url for vendor in (self.genesys, self.instagram, self.tiktok)),
            "genesys_api": self.genesys.url,
            "genesys_login": self.genesys.url,
            "instagram_graph": self.instagram.url,
            "facebook_graph": self.instagram.url,
            "tiktok_api": self.tiktok.url,
        }
        return load({f"DMDESK_{name.upper()}": value for name, value in given.items()})

    def _account_secrets(self) -> dict[str, dict[str, Any]]:
        return {
            one["secret"]: {"access_token": f"token-{one['id']}", "refresh_token": f"refresh-{one['id']}"}
            for one in ACCOUNTS
        }

    def _secrets(self) -> dict[str, dict[str, Any]]:
        return self._account_secrets() | {
            "dmdesk/instagram": {
                "secrets": [SECRETS["meta_app_secret"]],
                "verify_tokens": [SECRETS["meta_verify_token"]],
            },
            "dmdesk/tiktok": {"app_id": TIKTOK_APP, "secrets": [SECRETS["tiktok_app_secret"]]},
            "dmdesk/genesys-webhook": {"secrets": [SECRETS["genesys_webhook_secret"]]},
            "dmdesk/genesys-oauth": OAUTH,
            "dmdesk/media": {"keys": ["sandbox-media-key-of-more-than-32-characters"]},
        }

    def _connect_genesys(self) -> None:
        for client in (OPERATOR, *OAUTH["clients"]):
            self.genesys.add_client(client["id"], client["secret"])
        admin = self.genesys.admin
        role, flow = admin.add_role(ROLE), admin.add_flow("Inbound messages")
        for client in OAUTH["clients"]:
            admin.grant(client["id"], role)
        for one in ACCOUNTS:
            self.genesys.add_integration(
                one["integration"],
                webhook_url=self.describe()["genesys_webhook_url"],
                secret=SECRETS["genesys_webhook_secret"],
                name=f"{one['channel']} {one['name']}",
            )
            admin.attach_flow(one["integration"], flow)

    def _connect_platforms(self) -> None:
        """The accounts' tokens are fresh, by the sandbox's clock."""
        urls = self.describe()
        for one in ACCOUNTS:
            common = {"access_token": f"token-{one['id']}", "webhook_url": urls["webhook_url"], "username": one["name"]}
            if one["channel"] == "tiktok":
                self.tiktok.add_account(
                    one["id"],
                    app_id=TIKTOK_APP,
                    app_secret=SECRETS["tiktok_app_secret"],
                    refresh_token=f"refresh-{one['id']}",
                    event_types=("DIRECT_MESSAGE", "COMMENT", "BRAND_MENTION"),
                    **common,
                )
            else:
                self.instagram.add_account(
                    one["id"],
                    app_secret=SECRETS["meta_app_secret"],
                    login=one["login"],
                    page_id=one.get("page"),
                    human_agent=bool(one.get("human_agent")),
                    **common,
                )

    def _enter_aws(self) -> None:
        """Points this process at the embedded AWS, past any proxy; stop() puts the environment back."""
        entered = self.aws.environment | NO_PROXIES
        self._environment = {name: os.environ.get(name) for name in entered}
        os.environ.update(entered)
        calls.session.cache_clear()


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
