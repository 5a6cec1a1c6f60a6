"""The client over real HTTP against the simulated Genesys Cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import msgspec
import pytest

from chalicelib.desks.genesys.client import Genesys
from chalicelib.desks.genesys.oauth import Tokens
from chalicelib.errors import Misconfigured, Refused, Retryable
from chalicelib.http import Outgoing
from chalicelib.vocabulary.messages import Attachment, DeskMessage, Tap
from chalicelib.vocabulary.records import NOBODYS, Seat
from chalicelib.vocabulary.replies import File, Receipt
from sandbox.simulators.genesys.simulator import GenesysSimulator
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from tests.fakes import INSTAGRAM

CHOICE = {"contentType": "QuickReply", "quickReply": {"text": "Yes", "payload": "SEND", "action": "Message"}}
MESSAGE = DeskMessage(id="m1", customer="55501", sent_ms=1_700_000_000_000, text="Hola", nickname="Ana", attributes={})


class Org:
    def __init__(self) -> None:
        self.clock, self.faults = Clock(), Faults()
        self.sim = GenesysSimulator(self.clock, self.faults, webhook_retry_delays_s=())
        self.sim.add_client("client", "secret")
        self.sim.add_integration("int-ig", webhook_url="http://127.0.0.1:9/", secret="x" * 16, name="tea.shop")
        self.sim.start()
        self.http = Outgoing()
        secret = {"clients": [{"id": "client", "secret": "secret"}]}
        tokens = Tokens(self.http, lambda name: secret, "s/oauth", self.sim.url, self.clock)
        self.desk = Genesys(self.http, tokens, self.sim.url)

    def deliver(self, message: DeskMessage = MESSAGE) -> str:
        return self.desk.deliver(INSTAGRAM, message, NOBODYS, self.clock()).conversation

    def offered(self, conversation: str, message_id: str) -> DeskMessage:
        """The customer's tap on what a bot offers in the conversation."""
        offer = self.sim.reply(conversation, text="Go on?", content=[CHOICE], originating_entity="Bot")
        tap = Tap(message=offer, type="QuickReply", text="Yes", payload="SEND")
        return msgspec.structs.replace(MESSAGE, id=message_id, text="Yes", tap=tap)

    def kinds(self) -> list[tuple[str, int]]:
        return [(call["kind"], call["status"]) for call in self.sim.messages()]


@pytest.fixture
def org() -> Iterator[Org]:
    made = Org()
    yield made
    made.sim.stop()


def test_a_tap_is_a_structured_response_and_is_found_again(org: Org) -> None:
    conversation = org.deliver()
    tapped = org.offered(conversation, "m2")
    assert org.deliver(tapped) == ""
    assert org.kinds() == [("message", 200), ("structured", 200)]
    now = org.clock()
    seat = Seat(conversation=conversation)
    assert org.desk.find(INSTAGRAM, "m2", "55501", seat, now, now) == seat


def test_a_tap_after_the_end_opens_another_conversation_with_its_words(org: Org) -> None:
    conversation = org.deliver()
    tapped = org.offered(conversation, "m2")
    org.sim.disconnect(conversation)
    assert org.deliver(tapped) not in ("", conversation)
    assert org.kinds()[1:] == [("structured", 404), ("message", 200)]
    assert org.sim.messages()[-1]["body"]["text"] == "Yes"


def test_a_conversation_is_open_until_the_agent_ends_it(org: Org) -> None:
    conversation = org.deliver()
    assert org.desk.is_open(INSTAGRAM, "55501", Seat(conversation=conversation))
    org.sim.disconnect(conversation)
    assert not org.desk.is_open(INSTAGRAM, "55501", Seat(conversation=conversation))


def test_a_conversation_that_genesys_does_not_know_is_not_asked_about_again(org: Org) -> None:
    with pytest.raises(Refused):
        org.desk.is_open(INSTAGRAM, "55501", Seat(conversation="unknown"))


@pytest.mark.parametrize("status", [408, 425, 429])
def test_what_genesys_did_not_work_on_goes_again_and_once(org: Org, status: int) -> None:
    org.faults.add("genesys", "status", status=status, retry_after=1, count=1, path="/inbound/")
    with pytest.raises(Retryable):
        org.deliver()
    org.clock.offset_s += 1.1
    assert org.deliver()
    assert org.kinds() == [("message", status), ("message", 200)]


def test_a_role_that_lacks_something_says_what(org: Org) -> None:
    conversation = org.deliver()
    org.faults.add("genesys", "status", status=403)
    receipt = Receipt(message="gen-1", customer="55501", delivered=True)
    asked: dict[str, Callable[[], object]] = {
        "message:receive": org.deliver,
        "conversation:message:receive": lambda: org.desk.report(INSTAGRAM, receipt, NOBODYS, org.clock()),
        "conversation:message:view": lambda: org.desk.is_open(INSTAGRAM, "55501", Seat(conversation=conversation)),
        "conversationDetail:view": lambda: org.desk.find(INSTAGRAM, "m1", "55501", NOBODYS, org.clock(), org.clock()),
    }
    for permission, ask in asked.items():
        with pytest.raises(Misconfigured) as caught:
            ask()
        assert permission in caught.value.advice


def test_an_integration_that_is_gone_is_named(org: Org) -> None:
    elsewhere = msgspec.structs.replace(INSTAGRAM, integration="int-gone")
    with pytest.raises(Misconfigured) as caught:
        org.desk.deliver(elsewhere, MESSAGE, NOBODYS, org.clock())
    assert "int-gone" in caught.value.advice


def test_a_receipt_for_a_message_that_is_forgotten_is_told_apart(org: Org) -> None:
    with pytest.raises(Refused, match="does not know the message"):
        org.desk.report(INSTAGRAM, Receipt(message="gone", customer="55501", delivered=True), NOBODYS, org.clock())


def test_a_file_of_the_customers_is_taken_without_a_text(org: Org) -> None:
    file = Attachment(kind="image", url="https://bridge.example/api/media/t", mime="image/png", name="image.png")
    assert org.deliver(msgspec.structs.replace(MESSAGE, text="", attachment=file))
    assert org.kinds() == [("message", 200)]


def test_a_file_of_the_agents_is_fetched_from_where_the_client_says(org: Org) -> None:
    source = org.desk.source(File(url=org.sim.media()["pdf"]), NOBODYS)
    assert urlsplit(source.url).hostname in source.hosts
    assert org.http.get(source.url, headers=source.headers).body.startswith(b"%PDF-")


def test_a_failed_receipt_is_taken(org: Org) -> None:
    sent = org.sim.reply(org.deliver(), text="Hi")
    told = Receipt(message=sent, customer="55501", delivered=False, reason="window_closed", detail="24 h")
    org.desk.report(INSTAGRAM, told, NOBODYS, org.clock())
    [conversation] = org.sim.conversations()
    assert conversation["receipts"][sent][0]["reasons"][0]["code"] == "MessageNotAllowed"


def test_a_hostile_attribute_is_never_why_a_message_is_refused(org: Org) -> None:
    attributes = {"a": "\n" * 800, "b": '"' * 890, "c": "é" * 890, "d": "kept"}
    assert org.deliver(msgspec.structs.replace(MESSAGE, attributes=attributes))
