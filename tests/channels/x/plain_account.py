"""What a worker does for an account of X's without keys, in a process of its own: nothing here loads the library."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from chalicelib.channels.x.client import open_client
from chalicelib.channels.x.unsealing import open_unsealing
from chalicelib.errors import AccountStopped
from chalicelib.protocols.unsealing import NoKeys
from chalicelib.vocabulary.messages import Sealed
from chalicelib.vocabulary.records import Account, Conversation
from chalicelib.vocabulary.replies import Recipient, TextPart
from tests.fakes import FakeClock, FakeMemory, FakeOutgoing

ACCOUNT = Account(channel="x", id="1", integration="int-x", secret="s/x", name="teashop")


def loaded() -> bool:
    """Whether the library is loaded after all of it."""
    road, clock = FakeOutgoing(), FakeClock()
    settings = {"x_api": "https://api.x.example", "x_secret": "dmdesk/x"}
    secrets: dict[str, Any] = {"access_token": "act"}
    memory = FakeMemory(clock)
    unsealing = open_unsealing(road, lambda name: secrets, settings.__getitem__, memory, clock)
    client = open_client(road, lambda name: secrets, settings.__getitem__, memory, clock)
    with suppress(NoKeys):
        unsealing.opened(
            ACCOUNT, Sealed(id="chat:1", conversation=Conversation("x", "1", "2"), sent_ms=1, body=b"{}", thread="1:2")
        )
    with suppress(AccountStopped):
        client.send(ACCOUNT, Recipient(customer="2", thread="1:2", mark="m"), TextPart("Hello"))
    client.act(ACCOUNT, Recipient(customer="2", thread="1:2"), "typing")
    return "chat_xdk" in sys.modules
