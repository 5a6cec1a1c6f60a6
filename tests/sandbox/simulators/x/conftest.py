"""A simulated X with an account, a webhook that proves itself, and the account's own keys in the hands of the test."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from chat_xdk import Chat

from sandbox.simulators.x.access import App
from sandbox.simulators.x.acts import XAct
from sandbox.simulators.x.simulator import XSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.web import Answer, Call, WebServer
from tests.sandbox.conftest import WAIT_S, until

SHOP, PERSON = "1111111111111111111", "2222222222222222001"
APP = App("1", "consumer-key", "consumer-secret", "client", "client-secret", "app-token")
TOKEN = "token"
ALL_KEYS = "public_key.fields=public_key_version,public_key,signing_public_key,identity_public_key_signature"


class Hook:
    """A webhook: what it was told, and how it proves itself."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.status, self.secret, self.crc_status = 200, APP.consumer_secret, 200
        self._web = WebServer(self._handle)
        self.url = self._web.url + "/hook"
        self._web.start()

    def stop(self) -> None:
        self._web.stop()

    def _handle(self, call: Call) -> Answer:
        if call.method == "GET":
            token = call.query["crc_token"].encode()
            return Answer(self.crc_status, {"response_token": signature(self.secret, token)})
        self.calls.append(call)
        return Answer(self.status, {})

    def told(self, count: int) -> list[dict[str, Any]]:
        """The first deliveries, once that many have come."""
        until(lambda: len(self.calls) >= count)
        return [json.loads(call.body) for call in self.calls[:count]]

    def payload(self, count: int = 1) -> dict[str, Any]:
        """What delivery number `count` of the X Activity API tells."""
        told: dict[str, Any] = self.told(count)[count - 1]["data"]["payload"]
        return told


def signature(secret: str, raw: bytes) -> str:
    """As docs.x.com/x-api/webhooks/quickstart has it."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


class Network:
    """X, and calls to it in the account's name, or another's."""

    def __init__(self, sim: XSimulator, clock: Clock, faults: Faults) -> None:
        self.sim, self.clock, self.faults = sim, clock, faults

    def ask(self, method: str, path: str, body: Any = None, token: str = TOKEN, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        return requests.request(method, self.sim.url + path, json=body, headers=headers, timeout=WAIT_S, **more)

    def app(self, method: str, path: str, body: Any = None) -> requests.Response:
        """In the app's own name."""
        return self.ask(method, path, body, token=APP.bearer_token)

    def do(self, action: str, customer: str = PERSON, **more: Any) -> str:
        return self.sim.acts.do(SHOP, customer, XAct(action=action, **more))


class Brand:
    """The account's side of X Chat, with nothing but what X's API and webhooks tell."""

    def __init__(self, network: Network) -> None:
        self._network = network
        kept = network.sim.network.keys.of(SHOP).kept
        self.chat = Chat()
        self.chat.import_keys(base64.b64decode(kept["identity"]), kept["version"])
        self.chat.set_identity(SHOP, kept["version"])
        self.keys: dict[str, bytes] = {}

    def rows(self, user: str) -> list[dict[str, str]]:
        """Somebody's published keys, as chatxdk wants them."""
        answer = self._network.ask("GET", f"/2/users/{user}/public_keys?{ALL_KEYS}")
        return [
            {
                "user_id": user,
                "public_key_version": row["public_key_version"],
                "public_key": row["signing_public_key"],
                "identity_public_key": row["public_key"],
                "identity_public_key_signature": row["identity_public_key_signature"],
            }
            for row in answer.json().get("data", ())
        ]

    def learn(self, change: str, user: str = PERSON) -> None:
        """A key of the conversation, from the event that told of it, which has to be genuine."""
        found = self.chat.decrypt_events([change], self.rows(user))
        assert [one["event"]["verified"] for one in found["messages"]] == [True]
        self.keys |= found["conversation_keys"]["keys"]

    def read(self, encoded: str, user: str = PERSON) -> dict[str, Any]:
        """An event, opened and verified."""
        event: dict[str, Any] = self.chat.decrypt_event(encoded, self.keys, self.rows(user))
        return event

    def opened(self, payload: dict[str, Any]) -> dict[str, Any]:
        """What a delivery brought."""
        if "conversation_key_change_event" in payload:
            self.learn(payload["conversation_key_change_event"])
        return self.read(payload["encoded_event"])

    def encrypted(self, text: str, version: str = "") -> dict[str, str]:
        """The body of a send."""
        newest = version or max(self.keys, key=int)
        made = self.chat.encrypt_message(
            f"{SHOP}:{PERSON}", text, conversation_key=self.keys[newest], conversation_key_version=newest
        )
        return {
            "message_id": made.message_id,
            "encoded_message_create_event": made.encrypted_content,
            "encoded_message_event_signature": made.encoded_event_signature,
        }

    def send(self, body: dict[str, str]) -> requests.Response:
        return self._network.ask("POST", f"/2/chat/conversations/{PERSON}/messages", body)


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.stop()


@pytest.fixture
def network(clock: Clock, faults: Faults, hook: Hook) -> Iterator[Network]:
    sim = XSimulator(clock, faults, app=APP)
    sim.add_account(
        SHOP, access_token="token", refresh_token="refresh", webhook_url=hook.url, oauth1=("one", "one-secret")
    )
    sim.start()
    yield Network(sim, clock, faults)
    sim.stop()


@pytest.fixture
def brand(network: Network) -> Brand:
    return Brand(network)
