"""Instagram as the sandbox plays it: three of the brand's accounts, of both logins, one of them at another desk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

from chalicelib.channels.instagram.webhook import WEBHOOK
from sandbox.simulators.instagram.acts import InstagramActs
from sandbox.simulators.instagram.inbox import new_mid, webhook
from sandbox.simulators.instagram.phone import InstagramPhone
from sandbox.simulators.instagram.routing import OTHER, OURS, Mode
from sandbox.simulators.instagram.simulator import InstagramSimulator, OthersAct
from sandbox.stage.acts import Act
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.purposes import Purpose, Tails, by_tail
from sandbox.stage.routes import Body, Routes, account_of, parsed
from sandbox.stage.screen import Screen
from sandbox.stage.sources import json_object, signed
from sandbox.stage.vendors import Account, Channel, Masked
from sandbox.stage.web import Call

_SECRET = "dmdesk/instagram"
_SENDS = "/messages"
_TAILS: Tails = (
    ("/access_token", "token"),
    ("/refresh_access_token", "token"),
    (_SENDS, "message"),
)
_ACTIONS: Mapping[str, Purpose] = {"typing_on": "typing", "mark_seen": "seen"}


class _Routed(Body):
    """`account` is one that is connected by Facebook Login."""

    mode: Mode
    account: str | None = None
    may_take: bool = True
    grants: bool = False


class _Other(Body):
    act: OthersAct
    customer: str | None = None
    account: str | None = None
    text: str = ""


class Instagram(Channel):
    """Both logins, and everything that customers do in the app."""

    name = "instagram"
    title = "Instagram"
    # its changes have their time beside them, and in whole seconds only
    source = signed(WEBHOOK, "in", "/api/social/webhook")
    secrets: ClassVar[dict[str, str]] = {
        "meta_app_secret": "sandbox-meta-app-secret",
        "meta_verify_token": "sandbox-verify-token",
    }
    accounts: ClassVar[list[Account]] = [
        {
            "channel": "instagram", "id": "17841400000000001", "name": "our.shop", "login": "instagram",
            "integration": "6a1f2c3e-0000-4000-8000-000000000001", "secret": "dmdesk/account/instagram-1",
        },
        {
            "channel": "instagram", "id": "17841400000000002", "name": "our.other.shop", "login": "facebook",
            "page": "100000000000002", "integration": "6a1f2c3e-0000-4000-8000-000000000003",
            "secret": "dmdesk/account/instagram-2", "human_agent": True, "show_reads": True, "reconcile": True,
        },
        {
            "channel": "instagram", "id": "17841400000000003", "name": "our.help", "login": "instagram",
            "integration": "6a1f2c3e-0000-4000-8000-000000000004", "secret": "dmdesk/account/instagram-3",
            "desk": "connect",
        },
    ]  # fmt: skip
    customer = "1000000000000001"
    script = ("Hi! Is the green mug back in stock? 🍵", "It is! Shall I put one aside for you?")
    creates = (_SENDS,)
    troubles: ClassVar[Mapping[str, tuple[Fault, ...]]] = {
        # the person blocked the account or is gone: .../messenger-platform/error-codes
        "platform_refuses": (Fault("instagram", "status", status=400, code=551, subcode=1545041, path=_SENDS),),
        "platform_429": (Fault("instagram", "status", status=429, path=_SENDS),),
    }
    simulator: InstagramSimulator

    def __init__(self, simulator: InstagramSimulator, clock: Callable[[], float]) -> None:
        self.simulator, self._acts = simulator, InstagramActs(simulator, clock)

    @classmethod
    def made(cls, clock: Clock, faults: Faults, flags: Collection[str] = ()) -> Instagram:
        return cls(InstagramSimulator(clock, faults), clock)

    @staticmethod
    def purpose(path: str, query: str, body: bytes | None) -> Purpose:
        purpose = by_tail(path, _TAILS)
        if purpose == "message" and (action := str(json_object(body).get("sender_action", ""))):
            return _ACTIONS.get(action, "call")
        if not purpose and path.rpartition("/")[2].isdigit():
            # a node of Meta's graph: a post has a permalink, a person none
            return "post" if "permalink" in query else "profile"
        return purpose

    def settings(self) -> dict[str, str]:
        url = self.simulator.url
        return {"instagram_secret": _SECRET, "instagram_graph": url, "facebook_graph": url}

    def routes(self) -> Routes:
        """Conversation Routing: how it is set, who has which conversation, and what the other app does."""
        return {
            "/instagram/routing": {"GET": lambda call: self._routing(), "POST": self._set_routing},
            "/instagram/other-app": {"POST": self._other_app},
        }

    def _routing(self) -> object:
        simulator = self.simulator
        states = {account: simulator.routing.state(account) for account in simulator.accounts()}
        return {
            "apps": {"ours": OURS, "other": OTHER},
            "modes": {account: state.mode for account, state in states.items()},
            "threads": simulator.routing.shown(),
        }

    def _set_routing(self, call: Call) -> object:
        asked = parsed(call, _Routed)
        account = account_of(self.simulator, asked.account)
        self.simulator.routing.set(account, asked.mode, may_take=asked.may_take, grants=asked.grants)
        return self._routing()

    def _other_app(self, call: Call) -> object:
        asked = parsed(call, _Other)
        account = account_of(self.simulator, asked.account)
        return {"id": self.simulator.other_app(account, asked.customer or self.customer, asked.act, asked.text)}

    def kept_secrets(self) -> dict[str, dict[str, Any]]:
        app, verify = self.secrets["meta_app_secret"], self.secrets["meta_verify_token"]
        return {_SECRET: {"secrets": [app], "verify_tokens": [verify]}}

    def masked(self) -> Masked:
        return Masked(
            headers=("x-hub-signature", "x-hub-signature-256"), members=("fb_exchange_token", "hub.verify_token")
        )

    def connect(self, account: Account, webhook_url: str, tokens: Mapping[str, str]) -> None:
        self.simulator.add_account(
            account["id"],
            access_token=tokens["access_token"],
            app_secret=self.secrets["meta_app_secret"],
            webhook_url=webhook_url,
            login=account["login"],
            page_id=account.get("page"),
            username=account["name"],
            human_agent=bool(account.get("human_agent")),
        )

    def phone(self, screen: Screen) -> InstagramPhone:
        return InstagramPhone(screen)

    def do(self, account: str, customer: str, act: Act) -> str:
        return self._acts.do(account, customer, act)

    def text(self, body: dict[str, Any]) -> str:
        return str(body["message"]["text"])

    def forged(self, now: float) -> tuple[bytes, dict[str, str]]:
        account = self.simulator.accounts()[0]
        message = {"mid": new_mid(account, self.customer), "text": "Forged"}
        body = webhook(account, self.customer, account, message, now)
        return body, {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={'0' * 64}"}
