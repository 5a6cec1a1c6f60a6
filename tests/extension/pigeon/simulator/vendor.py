"""A channel that nobody else has: what its folder has to bring so that the sandbox plays it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

import msgspec

from chalicelib.errors import Malformed
from chalicelib.vocabulary.records import Event
from sandbox.stage.acts import Act, known, text_of
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Fault, Faults
from sandbox.stage.purposes import Purpose, by_tail
from sandbox.stage.screen import Screen
from sandbox.stage.sources import Source, json_object, plainly
from sandbox.stage.vendors import Account, Channel, Masked
from tests.extension.pigeon.simulator.loft import LETTERS, PigeonSimulator, letter


def _events(body: bytes) -> list[Event]:
    told = json_object(body)
    if not told.get("letter"):
        raise Malformed("no letter")
    identifier, raw = f"letter:{told['letter']}", msgspec.Raw(body)
    return [
        Event(source="pigeon", account=told["loft"], party=told["from"], id=identifier, received_ms=0, raw=raw)
    ]  # fmt: skip


class PigeonPhone:
    """A letter is a bubble."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def customer(self, raw: bytes) -> None:
        told = json_object(raw)
        self._tell("customer", told.get("loft", ""), told.get("from", ""), told.get("letter", ""), told)

    def author(self, identifier: str, customer: str, text: str) -> None:
        """A letter bears its author's name."""

    def brand(self, account: str, customer: str, message_id: str, said: dict[str, Any]) -> None:
        self._tell("brand", account, customer, message_id, said)

    def _tell(self, side: Any, account: str, customer: str, identifier: str, told: dict[str, Any]) -> None:
        self._screen.tell(side, account, customer, {"kind": "text", "id": identifier, "text": told.get("words", "")})


class Pigeon(Channel):
    """Letters."""

    name = "pigeon"
    title = "Pigeon post"
    source = Source(
        name="pigeon", direction="in", path="/api/social/webhook", header="Ring", events=_events, told=plainly
    )
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
        return by_tail(path, ((LETTERS, "message"),))

    def settings(self) -> dict[str, str]:
        """The bridge has none for pigeons."""
        return {}

    def kept_secrets(self) -> dict[str, dict[str, Any]]:
        return {"dmdesk/pigeon": {"secrets": [self.secrets["pigeon_ring"]]}}

    def masked(self) -> Masked:
        return Masked(headers=("ring",))

    def connect(self, account: Account, webhook_url: str, tokens: Mapping[str, str]) -> None:
        self.simulator.add_account(account["id"], webhook_url, self.secrets["pigeon_ring"])

    def phone(self, screen: Screen) -> PigeonPhone:
        return PigeonPhone(screen)

    def do(self, account: str, customer: str, act: Act) -> str:
        known(act, ("text",))
        return self.simulator.write(account, customer, text_of(act))

    def text(self, body: dict[str, Any]) -> str:
        return str(body["words"])

    def forged(self, now: float) -> tuple[bytes, dict[str, str]]:
        return letter(self.simulator.accounts()[0], self.customer, "0", "Forged", now), {"Ring": "none"}
