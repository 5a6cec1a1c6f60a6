"""A deployment as the operator's commands see it: simulated vendors, and the embedded AWS with its resources."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.config import Config
from click.testing import CliRunner, Result

from chalicelib.aws import calls
from chalicelib.aws.table import Table
from chalicelib.vocabulary.records import Conversation, Thread
from ops.__main__ import cli
from ops.channels.tiktok.app import COMMENT_TYPES, EVENT_TYPE, App
from ops.errors import OpsError
from sandbox.simulators.genesys.simulator import GenesysSimulator
from sandbox.simulators.genesys.vendor import WORKFLOW
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage.aws import BUCKET, QUEUES, TABLE, Aws
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults

OPERATOR = ("operator", "operator-secret-0001")
RUNTIME = ("runtime", "runtime-secret-0001")
WEBHOOK_SECRET = "webhook-secret-0001"
META_SECRET, TIKTOK_SECRET = "meta-app-secret-0001", "tiktok-app-secret-0001"
APP = "7600000000000000001"
HOOK = "http://127.0.0.1:9/api/social/webhook"
INSTAGRAM, PAGE_ACCOUNT, PAGE = "17841400000000001", "17841400000000002", "100000000000002"
TIKTOK = "-000Ab1Cd2Ef3Gh4Ij5"
SCOPES = "message.list.read,message.list.send,message.list.manage"
COMMENT_SCOPES = "comment.list,biz.brand.insights"
# Everything that must never be printed.
SECRETS = (
    OPERATOR[1], RUNTIME[1], WEBHOOK_SECRET, META_SECRET, TIKTOK_SECRET,
    f"token-{INSTAGRAM}", f"token-{PAGE_ACCOUNT}", f"token-{TIKTOK}",
)  # fmt: skip
_KEPT: dict[str, dict[str, Any]] = {
    "dmdesk/instagram": {"secrets": [META_SECRET], "verify_tokens": ["verify-token-0001"]},
    "dmdesk/tiktok": {"secrets": [TIKTOK_SECRET], "app_id": APP},
    "dmdesk/genesys-webhook": {"secrets": [WEBHOOK_SECRET]},
    "dmdesk/genesys-oauth": {"clients": [{"id": RUNTIME[0], "secret": RUNTIME[1]}]},
}
_COMMON: dict[str, Any] = {"app_secret": META_SECRET, "webhook_url": HOOK}
ROLE = {
    "name": "bridge",
    "permissionPolicies": [
        {"domain": "conversation", "entityName": "message", "actionSet": ["receive", "view"]},
        {"domain": "analytics", "entityName": "conversationDetail", "actionSet": ["view"]},
    ],
}


class Ran:
    """What a command printed and how it ended. Making one proves that no secret was printed."""

    def __init__(self, result: Result) -> None:
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        self.code, self.out, self.err = result.exit_code, result.stdout, result.stderr
        for secret in SECRETS:
            assert secret not in self.out + self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Vendors:
    """The three simulators on one clock, and a command runner."""

    def __init__(self) -> None:
        self.clock, self.faults = Clock(), Faults()
        self.genesys = GenesysSimulator(self.clock, self.faults)
        self.instagram = InstagramSimulator(self.clock, self.faults)
        self.tiktok = TikTokSimulator(self.clock, self.faults)
        self.genesys.add_client(*OPERATOR)
        self.flow = self.genesys.admin.add_flow("Inbound")
        self.genesys.start()
        self.instagram.start()
        self.tiktok.start()

    def stop(self) -> None:
        self.genesys.stop()
        self.instagram.stop()
        self.tiktok.stop()

    def add(self, integration: str = "int-1") -> str:
        """An integration that is complete."""
        self.genesys.add_integration(integration, webhook_url=HOOK, secret=WEBHOOK_SECRET, name=f"Name {integration}")
        return integration

    def flow_of(self, integration: str) -> str | None:
        flow: dict[str, str] = self.genesys.admin.integration(integration)["flow"] or {}
        return flow.get("id")

    def run(self, *arguments: str, given: str | None = None) -> Ran:
        """`given` is piped in."""
        return Ran(CliRunner().invoke(cli, arguments, input=given))

    def link(self, *arguments: str) -> Ran:
        return self.run("link-flow", "--genesys-url", self.genesys.url, *arguments)


def comments_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """TikTok refuses to tell where comments and mentions go."""
    real = App.callback

    def callback(app: App, event_type: str = EVENT_TYPE) -> str:
        if event_type in COMMENT_TYPES:
            raise OpsError("code 40001", "")
        return real(app, event_type)

    monkeypatch.setattr(App, "callback", callback)


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendors]:
    made = Vendors()
    monkeypatch.setenv("GENESYSCLOUD_OAUTHCLIENT_ID", OPERATOR[0])
    monkeypatch.setenv("GENESYSCLOUD_OAUTHCLIENT_SECRET", OPERATOR[1])
    for name in ("GENESYSCLOUD_ACCESS_TOKEN", "GENESYSCLOUD_REGION", "DMDESK_GENESYS_API", "DMDESK_GENESYS_LOGIN"):
        monkeypatch.delenv(name, raising=False)
    yield made
    made.stop()


_made = cache(lambda service, config, environment, make=calls.client: make(service, config))


def _client(service: str, config: Config | None = None) -> Any:
    """A client as this environment makes it, made once: each command makes its own, of which a test may run many."""
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return _made(service, config, tuple(environment.items()))


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Aws, dict[str, str]]]:
    running = Aws(Path(tmp_path_factory.mktemp("ops")) / "aws.log")
    running.start()
    try:
        yield running, running.create({}, [])
    finally:
        running.stop()


class Deployment:
    """Three accounts, linked and subscribed; everything is as it should be."""

    def __init__(self, vendors: Vendors, aws: Aws, urls: dict[str, str]) -> None:
        self.vendors, self.aws, self.urls = vendors, aws, urls
        self.dynamodb = aws.client("dynamodb")
        accounts = (INSTAGRAM, PAGE_ACCOUNT, TIKTOK)
        tokens = {f"dmdesk/account/{account}": {"access_token": f"token-{account}"} for account in accounts}
        aws.empty(_KEPT | tokens, keep_accounts=False)
        vendors.genesys.add_client(*RUNTIME)
        self.role = vendors.genesys.admin.add_role(ROLE)
        vendors.genesys.admin.grant(RUNTIME[0], self.role)
        self._accounts()

    def _accounts(self) -> None:
        sim, common = self.vendors.instagram, _COMMON
        self.instagram_comments(allowed=True)
        sim.add_account(PAGE_ACCOUNT, access_token=f"token-{PAGE_ACCOUNT}", login="facebook", page_id=PAGE, **common)
        self.tiktok_scope(SCOPES)
        self.account("instagram", INSTAGRAM, login="instagram", name="our.shop")
        self.account("instagram", PAGE_ACCOUNT, login="facebook", page=PAGE)
        self.account("tiktok", TIKTOK)
        for account in (INSTAGRAM, PAGE_ACCOUNT, TIKTOK):
            self.vendors.add(f"int-{account}")

    def instagram_comments(self, *, allowed: bool) -> None:
        """An account that nothing is subscribed of yet, whose token may or may not subscribe to comments."""
        self.vendors.instagram.add_account(INSTAGRAM, access_token=f"token-{INSTAGRAM}", comments=allowed, **_COMMON)

    def instagram_fields(self, *fields: str) -> list[str]:
        """What the account delivers, once it was set to the fields (if any are given)."""
        url = f"{self.vendors.instagram.url}/v25.0/{INSTAGRAM}/subscribed_apps"
        headers = {"Authorization": f"Bearer token-{INSTAGRAM}"}
        if fields:
            form = {"subscribed_fields": ",".join(fields)}
            assert requests.post(url, headers=headers, data=form, timeout=60).status_code == 200
        found: list[str] = requests.get(url, headers=headers, timeout=60).json()["data"][0]["subscribed_fields"]
        return sorted(found)

    def tiktok_webhook(self, event_type: str, url: str = "") -> str:
        """Where events of the type go, "" for nowhere, once they were sent to the URL (if one is given)."""
        query = {"app_id": APP, "secret": TIKTOK_SECRET, "event_type": event_type}
        base = f"{self.vendors.tiktok.url}/open_api/v1.3/business/webhook"
        if url:
            assert requests.post(f"{base}/update/", json=query | {"callback_url": url}, timeout=60).json()["code"] == 0
        return str(requests.get(f"{base}/list/", params=query, timeout=60).json()["data"].get("callback_url", ""))

    def tiktok_scope(self, scope: str) -> None:
        self.vendors.tiktok.add_account(
            TIKTOK, app_id=APP, app_secret=TIKTOK_SECRET, access_token=f"token-{TIKTOK}",
            refresh_token="refresh-token-0001", webhook_url=HOOK, scope=scope,
        )  # fmt: skip

    def account(self, channel: str, identifier: str, **more: str) -> None:
        fields = {"channel": channel, "id": identifier, "integration": f"int-{identifier}", **more}
        fields["secret"] = f"dmdesk/account/{identifier}"
        item = {name: {"S": value} for name, value in fields.items()}
        key = {"pk": {"S": "ACCOUNT"}, "sk": {"S": f"{channel}#{identifier}"}}
        self.dynamodb.put_item(TableName=TABLE, Item=key | item)

    def wrote(self, channel: str, account: str, customer: str, at_ms: int) -> None:
        """A customer wrote to the account."""
        whose, thread = Conversation(channel, account, customer), Thread(customer_ms=at_ms)
        assert Table(TABLE, self.dynamodb).delivered(whose, f"IN#{at_ms}", self.vendors.clock(), thread)

    def secret(self, name: str, value: dict[str, Any]) -> None:
        client = self.aws.client("secretsmanager")
        text = json.dumps(value)
        try:
            client.put_secret_value(SecretId=name, SecretString=text)
        except client.exceptions.ResourceNotFoundException:
            client.create_secret(Name=name, SecretString=text)

    def everything_right(self) -> None:
        """Flows attached, ends told, fields subscribed, and everybody was written to a minute ago."""
        self.vendors.genesys.admin.tell_ends(WORKFLOW.read_text(encoding="utf-8"), HOOK, "key")
        now_ms = int(self.vendors.clock() * 1000)
        for channel, account in (("instagram", INSTAGRAM), ("instagram", PAGE_ACCOUNT), ("tiktok", TIKTOK)):
            assert self.vendors.link("--integration", f"int-{account}", "--flow", self.vendors.flow).code == 0
            self.wrote(channel, account, "customer", now_ms - 60_000)
        assert self.vendors.run("subscribe", "--webhook-url", HOOK).code == 0

    def clear(self) -> None:
        for page in self.dynamodb.get_paginator("scan").paginate(TableName=TABLE, ProjectionExpression="pk, sk"):
            for item in page["Items"]:
                self.dynamodb.delete_item(TableName=TABLE, Key=item)


@pytest.fixture
def deployment(
    vendors: Vendors, aws: tuple[Aws, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    running, urls = aws
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    settings = {
        "TABLE": TABLE, "BUCKET": BUCKET, "INSTAGRAM_SECRET": "dmdesk/instagram", "TIKTOK_SECRET": "dmdesk/tiktok",
        "GENESYS_WEBHOOK_SECRET": "dmdesk/genesys-webhook", "GENESYS_OAUTH_SECRET": "dmdesk/genesys-oauth",
        "MEDIA_SECRET": "dmdesk/media", "PUBLIC_URL": "https://bridge.example/v1",
        "GENESYS_API": vendors.genesys.url, "GENESYS_LOGIN": vendors.genesys.url,
        "INSTAGRAM_GRAPH": vendors.instagram.url, "FACEBOOK_GRAPH": vendors.instagram.url,
        "TIKTOK_API": vendors.tiktok.url, "X_SECRET": "dmdesk/x",
    }  # fmt: skip
    for queue in QUEUES:
        settings |= {f"{queue.upper()}_QUEUE": urls[queue]}
        settings |= {f"{queue.upper()}_DEAD_LETTERS": urls[f"{queue}_dead_letters"]}
    for name, value in settings.items():
        monkeypatch.setenv(f"DMDESK_{name}", value)
    monkeypatch.delenv("DMDESK_WEBHOOK_URL", raising=False)
    monkeypatch.delenv("DMDESK_TIKTOK_APP_ID", raising=False)
    calls.session.cache_clear()
    monkeypatch.setattr(calls, "client", _client)
    yield Deployment(vendors, running, urls)
    calls.session.cache_clear()
