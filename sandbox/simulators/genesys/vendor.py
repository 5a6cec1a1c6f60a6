"""Genesys Cloud as the sandbox plays it: an organisation with an integration for each of the brand's accounts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from chalicelib.desks.genesys.webhook import WEBHOOK
from sandbox.simulators.genesys.cast import OAUTH, OPERATOR, ROLE
from sandbox.simulators.genesys.desktop import Desktop
from sandbox.simulators.genesys.routes import GenesysRoutes
from sandbox.simulators.genesys.simulator import GenesysSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.purposes import Purpose, Tails, by_tail
from sandbox.stage.routes import Routes
from sandbox.stage.sources import signed
from sandbox.stage.vendors import Account, Desk, Masked, Reply, Seen

WORKFLOW = Path(__file__).parents[3] / "terraform" / "modules" / "genesys" / "flows" / "conversation_end.yaml"
_WEBHOOK_SECRET, _OAUTH_SECRET = "dmdesk/genesys-webhook", "dmdesk/genesys-oauth"
_DEDUPLICATES = "genesys-deduplicates"
_INBOUND = "/inbound/open/"
_TAILS: Tails = (
    ("/inbound/open/message", "message"),
    ("/structured/response", "tap"),
    ("/inbound/open/receipt", "receipt"),
    ("/inbound/open/event", "typing"),
    ("/messages/bulk", "read_back"),
    ("/conversations/details/query", "search"),
    ("/oauth/token", "token"),
)
_FACTS = ("source", "profileUrl")


class Genesys(Desk):
    """One organisation, whose clients the bridge's are."""

    name = "genesys"
    title = "Genesys"
    source = signed(WEBHOOK, "out", "/api/genesys/outbound")
    secrets: ClassVar[dict[str, str]] = {"genesys_webhook_secret": "sandbox-genesys-webhook-secret"}
    creates = ("/inbound/open/message", "/inbound/open/structured/response")
    troubles: ClassVar[Mapping[str, tuple[Fault, ...]]] = {
        "genesys_429": (Fault("genesys", "status", status=429, retry_after=2, path=_INBOUND),),
        "genesys_down": (Fault("genesys", "status", status=503),),
        "genesys_silent": (Fault("genesys", "timeout_after_accept", path=_INBOUND),),
    }
    flags: ClassVar[Mapping[str, str]] = {_DEDUPLICATES: "a Genesys that answers 409 to a known id"}
    looks: ClassVar[Mapping[str, str]] = {
        "/genesys/messages": "what Genesys took",
        """/genesys/reply -d '{"conversation_id": "…", "text": "Hello!"}'""": "",
    }
    simulator: GenesysSimulator

    def __init__(self, simulator: GenesysSimulator, clock: Callable[[], float]) -> None:
        self.simulator, self._clock = simulator, clock

    @classmethod
    def made(cls, clock: Clock, faults: Faults, flags: Collection[str] = ()) -> Genesys:
        return cls(GenesysSimulator(clock, faults, deduplicates=_DEDUPLICATES in flags), clock)

    @staticmethod
    def purpose(path: str, query: str, body: bytes | None) -> Purpose:
        if "/conversations/messages/" in path and not re.search(r"/inbound/|/bulk$|/participants/", path):
            return "is_open"
        return by_tail(path, _TAILS)

    def settings(self) -> dict[str, str]:
        url = self.simulator.url
        secrets = {"genesys_webhook_secret": _WEBHOOK_SECRET, "genesys_oauth_secret": _OAUTH_SECRET}
        return secrets | {"genesys_api": url, "genesys_login": url}

    def kept_secrets(self) -> dict[str, dict[str, Any]]:
        return {_WEBHOOK_SECRET: {"secrets": [self.secrets["genesys_webhook_secret"]]}, _OAUTH_SECRET: OAUTH}

    def masked(self) -> Masked:
        clients = tuple(client["secret"] for client in (OPERATOR, *OAUTH["clients"]))
        return Masked(texts=clients, headers=("x-hub-signature-256",), links=("/api/v2/downloads/",))

    def environment(self) -> dict[str, str]:
        return {
            "GENESYSCLOUD_ACCESS_TOKEN": "",
            "GENESYSCLOUD_OAUTHCLIENT_ID": OPERATOR["id"],
            "GENESYSCLOUD_OAUTHCLIENT_SECRET": OPERATOR["secret"],
        }

    def routes(self) -> Routes:
        return GenesysRoutes(self.simulator).routes()

    def connect(self, accounts: Iterable[Account], webhook_url: str) -> None:
        for client in (OPERATOR, *OAUTH["clients"]):
            self.simulator.add_client(client["id"], client["secret"])
        admin = self.simulator.admin
        role, flow = admin.add_role(ROLE), admin.add_flow("Inbound messages")
        for client in OAUTH["clients"]:
            admin.grant(client["id"], role)
        for account in accounts:
            self.simulator.add_integration(
                account["integration"],
                webhook_url=webhook_url,
                secret=self.secrets["genesys_webhook_secret"],
                name=f"{account['channel']} {account['name']}",
            )
            admin.attach_flow(account["integration"], flow)
        # as ending.tf makes it of the webhook's secret
        key = hashlib.sha256(f"dmdesk conversation end: {self.secrets['genesys_webhook_secret']}".encode()).hexdigest()
        admin.tell_ends(WORKFLOW.read_text(encoding="utf-8"), webhook_url, key)

    def show(self, tell: Callable[[dict[str, Any]], None], channels: Mapping[str, str]) -> None:
        self.simulator.watch = Desktop(tell, self._clock, channels)

    def replies(self) -> list[Reply]:
        return [
            Reply(message.id, json.dumps(message.normalized).encode(), message.status == "delivery-failed")
            for message in self.simulator.replies()
        ]

    def calls(self) -> list[dict[str, Any]]:
        return self.simulator.messages()

    def shown(self, call: Mapping[str, Any]) -> str:
        if call["status"] != 200 or call["kind"] not in {"message", "structured"}:
            return ""
        return str(call["body"]["channel"].get("messageId", ""))

    def seen(self, integration: str) -> Iterable[Seen]:
        for call in self.simulator.messages():
            if call["kind"] == "message" and call["integration_id"] == integration and call["status"] == 200:
                attributes = call["body"]["channel"]["metadata"]["customAttributes"]
                facts = {name: value for name, value in attributes.items() if name in _FACTS}
                yield Seen(call["conversation_id"], call["body"]["text"], facts)

    def reply(self, conversation: str, text: str) -> str:
        return self.simulator.reply(conversation, text=text)

    def receipts(self, reply: str) -> Iterable[str]:
        for call in self.simulator.messages():
            if call["kind"] == "receipt" and call["body"].get("id") == reply:
                yield call["body"]["status"]
