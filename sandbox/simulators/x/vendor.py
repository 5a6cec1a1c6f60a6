"""X as the sandbox plays it: two of the brand's accounts at different desks, each with keys for encrypted messages."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

from chalicelib.channels.x.webhook import WEBHOOK
from chalicelib.vocabulary.records import Event
from sandbox.simulators.x import dms
from sandbox.simulators.x.access import ACCESS_S, ALL_SCOPES, App
from sandbox.simulators.x.control import XControl
from sandbox.simulators.x.hooks import envelope, unsubscribed
from sandbox.simulators.x.ids import Snowflakes
from sandbox.simulators.x.phone import FILE_PATH, XPhone
from sandbox.simulators.x.schema import CLOSED
from sandbox.simulators.x.simulator import XSimulator
from sandbox.simulators.x.thrift import head_of
from sandbox.stage.acts import Act
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.purposes import Purpose, Tails, by_tail
from sandbox.stage.routes import SAFE, Routes
from sandbox.stage.screen import Screen
from sandbox.stage.sources import plainly, signed
from sandbox.stage.vendors import Account, Channel, Masked
from sandbox.stage.web import Answer, Call, to_json

_SECRET = "dmdesk/x"
_SENDS = "/messages"
_TAILS: Tails = (
    ("/oauth2/token", "token"),
    ("/append", "upload"),
    ("/initialize", "upload"),
    ("/finalize", "upload"),
    ("/media/upload", "upload"),
    ("/typing", "typing"),
    ("/read", "seen"),
    ("/dm_events", "read_back"),
    ("/events", "read_back"),
    (_SENDS, "message"),
)
_APP = App(
    id="29820954",
    consumer_key="sandbox-x-consumer-key",
    consumer_secret="sandbox-x-consumer-secret",
    client_id="sandbox-x-client",
    client_secret="sandbox-x-client-secret",
    bearer_token="sandbox-x-bearer-token",
)


def _told(event: Event) -> dict[str, Any]:
    """When the event was, and which message it tells of."""
    delivery = plainly(event)
    data = delivery.get("data")
    around = data.get("payload") if isinstance(data, dict) else delivery
    payload = around if isinstance(around, dict) else {}
    found = payload.get("direct_message_events")
    first = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}
    try:
        head = head_of(str(payload["encoded_event"])) if "encoded_event" in payload else None
    except ValueError:
        head = None
    stamp = head.created_ms if head else str(first.get("created_timestamp", ""))
    identifier = head.message_id if head else str(first.get("id", ""))
    return {"timestamp": int(stamp) if stamp.isdigit() else 0, "message_id": identifier}


class X(Channel):
    """Plain messages and encrypted ones, and groups of both."""

    name = "x"
    title = "X"
    source = signed(WEBHOOK, "in", "/api/social/webhook", _told)
    secrets: ClassVar[dict[str, str]] = {"x_consumer_secret": _APP.consumer_secret}
    accounts: ClassVar[list[Account]] = [
        {
            "channel": "x", "id": "1111111111111111111", "name": "our_shop",
            "integration": "6a1f2c3e-0000-4000-8000-000000000006", "secret": "dmdesk/account/x-1",
        },
        {
            "channel": "x", "id": "1111111111111111112", "name": "our_help",
            "integration": "6a1f2c3e-0000-4000-8000-000000000007", "secret": "dmdesk/account/x-2",
            "desk": "connect",
        },
    ]  # fmt: skip
    customer = "2222222222222222001"
    script = ("Do you ship the green mug to Osaka? 🗾", "We do: it takes about a week.")
    creates = (_SENDS,)
    troubles: ClassVar[Mapping[str, tuple[Fault, ...]]] = {
        "platform_refuses": (Fault("x", "status", status=403, message=CLOSED, path=_SENDS),),
        "platform_429": (Fault("x", "status", status=429, path=_SENDS),),
    }
    simulator: XSimulator

    def __init__(self, simulator: XSimulator, clock: Callable[[], float]) -> None:
        self.simulator, self._clock = simulator, clock

    @classmethod
    def made(cls, clock: Clock, faults: Faults, flags: Collection[str] = ()) -> X:
        return cls(XSimulator(clock, faults, app=_APP), clock)

    @staticmethod
    def purpose(path: str, query: str, body: bytes | None) -> Purpose:
        if not path.startswith("/2/"):
            return ""
        if path.startswith(("/2/dm_conversations/media/", "/2/chat/media/")) and "/upload" not in path:
            return "file"
        person = path.startswith("/2/users/") and "public_keys" not in path
        return by_tail(path, _TAILS) or ("profile" if person else "")

    @staticmethod
    def message(answer: dict[str, Any]) -> str:
        data = answer.get("data")
        told = data if isinstance(data, dict) else {}
        try:
            return head_of(str(told["encoded_message_event"])).message_id
        except (KeyError, ValueError):
            return str(told.get("dm_event_id", ""))

    def settings(self) -> dict[str, str]:
        return {"x_secret": _SECRET, "x_api": self.simulator.url}

    def kept_secrets(self) -> dict[str, dict[str, Any]]:
        return {
            _SECRET: {
                "secrets": [_APP.consumer_secret],
                "consumer_key": _APP.consumer_key,
                "client_id": _APP.client_id,
                "client_secret": _APP.client_secret,
                "bearer_token": _APP.bearer_token,
            }
        }

    def holds(self, account: Account) -> dict[str, Any]:
        """How long its token is good for what, and the keys of its X app."""
        keys = self.simulator.network.keys.of(account["id"]).kept
        return {"expires_at": int(self._clock()) + ACCESS_S, "scope": " ".join(ALL_SCOPES), "x_keys": keys}

    def masked(self) -> Masked:
        texts = (_APP.client_secret, _APP.bearer_token)
        members = ("oauth_signature", "oauth_token", "conversation_token", "crc_token", "response_token", "identity")
        return Masked(texts=texts, headers=("x-twitter-webhooks-signature",), members=members)

    def routes(self) -> Routes:
        control = XControl(self.simulator, self.customer)
        return control.routes() | {FILE_PATH: {"GET": functools.partial(_file, self.simulator)}}

    def connect(self, account: Account, webhook_url: str, tokens: Mapping[str, str]) -> None:
        self.simulator.add_account(
            account["id"],
            access_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            webhook_url=webhook_url,
            username=account["name"],
        )

    def phone(self, screen: Screen) -> XPhone:
        return XPhone(screen, self.simulator.opened)

    def do(self, account: str, customer: str, act: Act) -> str:
        return self.simulator.acts.do(account, customer, act)

    def text(self, body: dict[str, Any]) -> str:
        return str(body.get("text", ""))

    def forged(self, now: float) -> tuple[bytes, dict[str, str]]:
        account = self.simulator.accounts()[0]
        forged = dms.Message(Snowflakes(lambda: now).next(), self.customer, "Forged")
        payload = {"direct_message_events": [dms.message_create(forged, account)], "users": {}}
        body = to_json(envelope(unsubscribed("dm.received", account), payload))
        signature = f"sha256={'A' * 43}="
        return body, {"Content-Type": "application/json", "x-twitter-webhooks-signature": signature}


def _file(simulator: XSimulator, call: Call) -> Answer:
    """A file as the customer's app shows it; X's own wants a token, or a key."""
    file = simulator.file(call.query.get("id", ""))
    if file is None:
        return Answer(404, {"error": "X has no such file"}, SAFE)
    mime, body = file
    return Answer(200, body, {**SAFE, "Content-Security-Policy": "default-src 'none'; sandbox"}, mime)
