"""A client of X over answers that are given, with what it remembers."""

from __future__ import annotations

from typing import Any

from chalicelib.channels.x.client import XClient, open_client
from chalicelib.http import Answer
from chalicelib.vocabulary.records import Account
from tests.fakes import FakeClock, FakeMemory, FakeOutgoing

BRAND = Account(channel="x", id="1111111111111111111", integration="int-x", secret="s/x", name="brand")
ANA = "2222222222222222222"
SETTINGS = {"x_api": "https://api.x.example", "x_secret": "s/app"}
API = SETTINGS["x_api"]
APP = {"consumer_key": "consumer-key", "secrets": ["consumer-secret", "the-former"], "client_id": "c"}
TOKEN = {"access_token": "token-x", "refresh_token": "r", "expires_at": 1.0}
KEYS = {"oauth1": {"token": "1-token", "token_secret": "token-secret"}}


class Kit:
    """The client, its session, its clock and its memory; several may share a memory, as workers do."""

    def __init__(
        self,
        *answers: Answer | Exception,
        held: dict[str, Any] | None = None,
        beside: Kit | None = None,
        http: FakeOutgoing | None = None,
    ) -> None:
        self.http = http or FakeOutgoing(*answers)
        self.clock: FakeClock = beside.clock if beside else FakeClock()
        self.memory: FakeMemory = beside.memory if beside else FakeMemory(self.clock)
        self.secrets: dict[str, dict[str, Any]] = {"s/x": TOKEN if held is None else held, "s/app": APP}
        self.client: XClient = open_client(
            self.http, self.secrets.__getitem__, SETTINGS.__getitem__, self.memory, self.clock
        )

    def paths(self) -> list[str]:
        """The method and path of each call."""
        return [f"{call.method} {call.url.removeprefix(API).partition('?')[0]}" for call in self.http.calls]
