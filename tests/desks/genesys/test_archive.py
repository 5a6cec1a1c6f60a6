"""What Genesys Cloud's conversations hold, as its webhooks would have told it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from chalicelib.desks.genesys.archive import GenesysArchive, open_desk_archive
from chalicelib.desks.genesys.translate import TRANSLATOR
from chalicelib.desks.genesys.webhook import WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.errors import Misconfigured, RateLimited, Retryable
from chalicelib.protocols.archive import Kept
from chalicelib.vocabulary.records import NOBODYS, Seat
from chalicelib.vocabulary.replies import Receipt
from sandbox.stage.faults import Faults
from sandbox.stage.web import to_json
from tests.desks.genesys.test_against_simulator import MESSAGE, Org
from tests.fakes import INSTAGRAM

ELSEWHERE = msgspec.structs.replace(INSTAGRAM, integration="int-other")
CARD = [{"contentType": "QuickReply", "quickReply": {"text": "Yes", "payload": "Y", "action": "Message"}}]


class Read(Org):
    def __init__(self) -> None:
        super().__init__()
        secret = {"clients": [{"id": "client", "secret": "secret"}]}
        self.sim.add_integration("int-other", webhook_url="http://127.0.0.1:9/", secret="x" * 16, name="other")
        self.archive: GenesysArchive = open_desk_archive(
            self.http, lambda name: secret, lambda name: True, lambda name: self._setting(name), self.clock
        )

    def kept(self, seat: Seat = NOBODYS) -> list[Kept]:
        now = self.clock()
        return self.archive.kept(INSTAGRAM, MESSAGE.customer, seat, now - 3600, now)

    def _setting(self, name: str) -> str:
        return self.sim.url if name in {"genesys_api", "genesys_login"} else "s/oauth"


@pytest.fixture
def org() -> Iterator[Read]:
    made = Read()
    yield made
    made.sim.stop()


def again(message: str) -> Any:
    return msgspec.structs.replace(MESSAGE, id=message)


def test_both_sides_are_told_in_their_order_across_conversations(org: Read) -> None:
    first = org.deliver()
    reply = org.sim.reply(first, text="Hello")
    org.sim.disconnect(first)
    second = org.deliver(again("m2"))
    org.sim.reply(second, type="Event")  # typing is no message
    other = org.sim.reply(second, text="and?", content=CARD, originating_entity="Bot")
    kept = org.kept(Seat(conversation=second))
    assert [(one.outbound, one.given if not one.outbound else one.id) for one in kept] == [
        (False, "m1"), (True, reply), (False, "m2"), (True, other),
    ]  # fmt: skip


def test_a_reply_is_the_same_event_as_its_webhook(org: Read) -> None:
    conversation = org.deliver()
    for said in ({"text": "Hello"}, {"text": "Go on?", "content": CARD, "originating_entity": "Bot"}):
        org.sim.reply(conversation, **said)
    kept = [one for one in org.kept() if one.outbound]
    assert len(kept) == 2
    for one, sent in zip(kept, org.sim.replies(), strict=True):
        [told], [webhooks] = (events_of(WEBHOOK, body, 1.8e9) for body in (one.delivery, to_json(sent.normalized)))
        assert (told.id, told.group, told.dedup) == (webhooks.id, webhooks.group, webhooks.dedup)
        assert TRANSLATOR.parse(told) == TRANSLATOR.parse(webhooks)


@pytest.mark.parametrize(("delivered", "told"), [(True, "delivered"), (False, "failed"), (None, "")])
def test_what_genesys_was_told_of_a_reply(org: Read, delivered: bool | None, told: str) -> None:
    reply = org.sim.reply(org.deliver(), text="Hello")
    if delivered is not None:
        receipt = Receipt(message=reply, customer=MESSAGE.customer, delivered=delivered, reason="other")
        org.desk.report(INSTAGRAM, receipt, NOBODYS, org.clock())
    assert [one.told for one in org.kept() if one.outbound] == [told]


def test_a_message_that_stands_twice_is_told_twice(org: Read) -> None:
    org.deliver()
    org.deliver()
    assert [one.given for one in org.kept()] == ["m1", "m1"]


def test_another_integrations_conversations_are_not_the_accounts(org: Read) -> None:
    org.desk.deliver(ELSEWHERE, again("m9"), NOBODYS, org.clock())
    org.deliver()
    assert [one.given for one in org.kept()] == ["m1"]


def test_a_conversation_that_is_gone_holds_nothing(org: Read) -> None:
    assert org.kept(Seat(conversation="gone")) == []


@pytest.mark.parametrize(("status", "raised"), [(429, RateLimited), (403, Misconfigured), (503, Retryable)])
def test_what_genesys_refuses_is_told_by_what_must_happen_next(org: Read, status: int, raised: type[Exception]) -> None:
    org.deliver()
    faults: Faults = org.faults
    faults.add("genesys", "status", status=status, path="/analytics/")
    with pytest.raises(raised):
        org.kept()
