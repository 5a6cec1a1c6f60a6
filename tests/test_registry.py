"""A channel and a desk that live elsewhere are known everywhere once the registry has them."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.pipeline.accounts import judged
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.rules import participant
from chalicelib.settings import load, variables
from chalicelib.vocabulary.messages import CustomerMessage
from chalicelib.vocabulary.records import Account, Conversation, Unreadable
from tests.test_settings import ENVIRONMENT

ROW = Account(channel="pigeon", id="1", integration="i", secret="s")


@pytest.fixture(autouse=True)
def _entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "pigeon", "tests.extension.pigeon")
    monkeypatch.setitem(DESKS, "counter", "tests.extension.counter")


def test_what_it_needs_of_the_environment_is_asked_for() -> None:
    with pytest.raises(SystemExit) as caught:
        load(ENVIRONMENT | {"DMDESK_COUNTER_API": "https://counter.example"})
    assert str(caught.value) == (
        "dmdesk: set DMDESK_PIGEON_SECRET, DMDESK_COUNTER_SECRET (Terraform sets them on each function)"
    )
    given = {"DMDESK_PIGEON_SECRET": "p", "DMDESK_COUNTER_SECRET": "c", "DMDESK_COUNTER_API": "https://counter.example"}
    settings = load(ENVIRONMENT | given)
    assert settings.url("pigeon_api") == "https://api.pigeon.example"
    assert settings.vendors["pigeon_secret"] == "p"
    assert list(variables()).index("counter_secret") < list(variables()).index("media_secret")


def test_its_accounts_have_its_options_and_no_others() -> None:
    row = msgspec.structs.replace(ROW, options={"ring": 7, "hall": "north", "login": "facebook"})
    parts = abouts(CHANNELS), abouts(DESKS)
    assert judged(row, *parts) == msgspec.structs.replace(ROW, options={"ring": 7})
    seated = msgspec.structs.replace(row, desk="counter")
    assert judged(seated, *parts) == msgspec.structs.replace(seated, options={"ring": 7, "hall": "north"})
    odd = msgspec.structs.replace(ROW, options={"ring": "seven"})
    assert judged(odd, *parts) == Unreadable("pigeon#1", "Expected `int`, got `str` - at `$.ring`")


def test_its_customers_are_told_by_its_name_and_page() -> None:
    said = CustomerMessage(id="m", conversation=Conversation("pigeon", "1", "c"), sent_ms=0, username="coo coo")
    told = participant.attributes(abouts(CHANNELS)["pigeon"], ROW, said, None, 0, "open")
    assert (told["source"], told["profileUrl"]) == ("Pigeon_DM", "https://pigeon.example/coo%20coo")
