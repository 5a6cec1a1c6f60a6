"""What the sandbox plays of the pigeons, and how it reads their traffic."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from sandbox.stage.acts import Act, about_of, known, text_of
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.purposes import Purpose, by_tail
from sandbox.stage.screen import Screen, Side
from sandbox.stage.sources import json_object, signed
from sandbox.stage.vendors import Account, Channel, Masked
from tests.extension.pigeon.simulator.loft import KEYS, LETTERS, PICTURE, PigeonSimulator, delivery
from tests.extension.pigeon.webhook import WEBHOOK

SECRET = "dmdesk/pigeon"


class PigeonPhone:
    """A letter is a bubble."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def customer(self, raw: bytes) -> None:
        told = json_object(raw)
        for event in told.get("events", []):
            kind = "reaction" if event.get("kind") == "coo" else "image" if event.get("picture") else "text"
            shown = {"kind": kind, "id": event.get("id", ""), "text": event.get("text", "")}
            shown |= {"url": event.get("picture", ""), "about": event.get("about", "")}
            self._screen.tell("customer", told.get("account", ""), event.get("who", ""), shown)

    def author(self, identifier: str, customer: str, text: str) -> None:
        """A letter bears its author's name."""

    def brand(self, account: str, customer: str, message_id: str, said: dict[str, Any]) -> None:
        side: Side = "brand"
        taps = [{"text": text, "payload": text, "url": ""} for text in said.get("choices", {})]
        kind = "choices" if taps else "image" if said.get("picture") else "text"
        shown = {"kind": kind, "id": message_id, "text": said.get("words", ""), "url": said.get("picture", "")}
        self._screen.tell(side, account, customer, shown | {"choices": taps})


class Pigeon(Channel):
    """Letters."""

    name = "pigeon"
    title = "Pigeon post"
    source = signed(WEBHOOK, "in", "/api/social/webhook")
    secrets: ClassVar[dict[str, str]] = {"pigeon_ring": "sandbox-pigeon-ring"}
    accounts: ClassVar[list[Account]] = [
        {
            "channel": "pigeon", "id": "loft-1", "name": "our loft",
            "integration": "6a1f2c3e-0000-4000-8000-00000000000a", "secret": "dmdesk/account/pigeon-1",
        },
    ]  # fmt: skip
    customer = "fancier-0001"
    script = ("Coo?", "Coo.")
    creates = (LETTERS,)
    troubles: ClassVar[Mapping[str, tuple[Fault, ...]]] = {
        "platform_refuses": (Fault("pigeon", "status", status=403, path=LETTERS),),
    }
    simulator: PigeonSimulator

    def __init__(self, simulator: PigeonSimulator) -> None:
        self.simulator = simulator

    @classmethod
    def made(cls, clock: Clock, faults: Faults, flags: Collection[str] = ()) -> Pigeon:
        return cls(PigeonSimulator(clock, faults))

    @staticmethod
    def purpose(path: str, query: str, body: bytes | None) -> Purpose:
        return by_tail(path, ((LETTERS, "message" if body else "read_back"), (KEYS, "token"), (PICTURE, "file")))

    def settings(self) -> dict[str, str]:
        return {"pigeon_secret": SECRET, "pigeon_api": self.simulator.url}

    def kept_secrets(self) -> dict[str, dict[str, Any]]:
        return {SECRET: {"secrets": [self.secrets["pigeon_ring"]]}}

    def masked(self) -> Masked:
        return Masked(headers=(WEBHOOK.signature_header, "loft-key"))

    def connect(self, account: Account, webhook_url: str, tokens: Mapping[str, str]) -> None:
        secret = self.secrets["pigeon_ring"]
        self.simulator.add_account(account["id"], webhook_url, secret, tokens["access_token"])

    def phone(self, screen: Screen) -> PigeonPhone:
        return PigeonPhone(screen)

    def do(self, account: str, customer: str, act: Act) -> str:
        action = known(act, ("text", "picture", "coo"))
        if action == "picture":
            return self.simulator.tell(account, customer, kind=action, picture=self.simulator.media()["image"])
        if action == "coo":
            return self.simulator.tell(account, customer, kind=action, text=text_of(act), about=about_of(act))
        return self.simulator.write(account, customer, text_of(act))

    def text(self, body: dict[str, Any]) -> str:
        return str(body["words"])

    def forged(self, now: float) -> tuple[bytes, dict[str, str]]:
        body = delivery(self.simulator.accounts()[0], self.customer, "0", now, text="Forged")
        return body, {"X-Pigeon-Signature": "0" * 64}
