"""TikTok as the sandbox plays it: two of the brand's accounts at different desks, and the app that they authorised."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

from chalicelib.channels.tiktok.webhook import WEBHOOK
from chalicelib.vocabulary.records import Event
from sandbox.simulators.tiktok.acts import TikTokActs
from sandbox.simulators.tiktok.inbox import between, message, new_message_id, webhook
from sandbox.simulators.tiktok.phone import FILE_PATH, TikTokPhone
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage.acts import Act
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.purposes import Purpose, Tails, by_tail
from sandbox.stage.routes import SAFE, Routes
from sandbox.stage.screen import Screen
from sandbox.stage.sources import json_object, plainly, signed
from sandbox.stage.vendors import Account, Channel, Masked
from sandbox.stage.web import Answer, Call

_SECRET = "dmdesk/tiktok"
_APP = "7600000000000000001"
_SENDS = "/message/send/"
_TAILS: Tails = (
    ("/refresh_token", "token"),
    ("/media/upload", "upload"),
    ("/media/download", "file"),
    ("/capabilities/get", "abilities"),
    ("/content/list", "profile"),
    ("/message/send", "message"),
)
_ACTIONS: Mapping[str, Purpose] = {"TYPING": "typing", "MARK_READ": "seen"}


def _told(event: Event) -> dict[str, Any]:
    """The content, which is JSON in a string."""
    return json_object(plainly(event).get("content"))


class TikTok(Channel):
    """Messages, comments and mentions."""

    name = "tiktok"
    title = "TikTok"
    source = signed(WEBHOOK, "in", "/api/social/webhook", _told)
    secrets: ClassVar[dict[str, str]] = {"tiktok_app_secret": "sandbox-tiktok-app-secret"}
    accounts: ClassVar[list[Account]] = [
        {
            "channel": "tiktok", "id": "-000Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0", "name": "our_shop",
            "integration": "6a1f2c3e-0000-4000-8000-000000000002", "secret": "dmdesk/account/tiktok-1",
        },
        {
            "channel": "tiktok", "id": "-000Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9Co2", "name": "our_help",
            "integration": "6a1f2c3e-0000-4000-8000-000000000005", "secret": "dmdesk/account/tiktok-2",
            "desk": "connect",
        },
    ]  # fmt: skip
    customer = "+SandboxCustomer000000000000000000000000000001"
    script = ("¿Tienen envío a Lima? 🚚", "Sí, tarda 2 o 3 días.")
    creates = (_SENDS,)
    troubles: ClassVar[Mapping[str, tuple[Fault, ...]]] = {
        # one code for all that is blocked: portal doc 1832184403754242
        "platform_refuses": (Fault("tiktok", "status", status=200, code=40064, path=_SENDS),),
        "platform_429": (Fault("tiktok", "status", status=429, path=_SENDS),),
    }
    simulator: TikTokSimulator

    def __init__(self, simulator: TikTokSimulator, clock: Callable[[], float]) -> None:
        self.simulator, self._acts = simulator, TikTokActs(simulator, clock)

    @classmethod
    def made(cls, clock: Clock, faults: Faults, flags: Collection[str] = ()) -> TikTok:
        return cls(TikTokSimulator(clock, faults), clock)

    @staticmethod
    def purpose(path: str, query: str, body: bytes | None) -> Purpose:
        purpose = by_tail(path, _TAILS)
        if purpose == "message" and (action := str(json_object(body).get("sender_action", ""))):
            return _ACTIONS.get(action.upper(), "call")
        return purpose

    def settings(self) -> dict[str, str]:
        return {"tiktok_secret": _SECRET, "tiktok_api": self.simulator.url}

    def kept_secrets(self) -> dict[str, dict[str, Any]]:
        return {_SECRET: {"app_id": _APP, "secrets": [self.secrets["tiktok_app_secret"]]}}

    def masked(self) -> Masked:
        return Masked(headers=("access-token", "x-user", "tiktok-signature"), members=("auth_code", "x-signature"))

    def routes(self) -> Routes:
        return {FILE_PATH: {"GET": functools.partial(_file, self.simulator)}}

    def connect(self, account: Account, webhook_url: str, tokens: Mapping[str, str]) -> None:
        self.simulator.add_account(
            account["id"],
            app_id=_APP,
            app_secret=self.secrets["tiktok_app_secret"],
            access_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            webhook_url=webhook_url,
            username=account["name"],
            event_types=("DIRECT_MESSAGE", "COMMENT", "BRAND_MENTION"),
        )

    def phone(self, screen: Screen) -> TikTokPhone:
        return TikTokPhone(screen)

    def do(self, account: str, customer: str, act: Act) -> str:
        return self._acts.do(account, customer, act)

    def text(self, body: dict[str, Any]) -> str:
        return str(body["text"]["body"])

    def forged(self, now: float) -> tuple[bytes, dict[str, str]]:
        account = self.simulator.accounts()[0]
        thread = between(account, self.customer)
        forged = {"type": "text", "text": {"body": "Forged"}}
        content = message(thread, self.accounts[0]["name"], new_message_id(), forged, now, echo=False)
        body = webhook(_APP, account, "im_receive_msg", content, now)
        return body, {"Content-Type": "application/json", "Tiktok-Signature": f"t={int(now)},s={'0' * 64}"}


def _file(simulator: TikTokSimulator, call: Call) -> Answer:
    """A picture or video as the customer's app shows it; the platform's own links want a token."""
    file = simulator.file(call.query.get("id", ""))
    if file is None:
        return Answer(404, {"error": "TikTok has no such file"}, SAFE)
    mime, body = file
    return Answer(200, body, {**SAFE, "Content-Security-Policy": "default-src 'none'; sandbox"}, mime)
