"""Agents' replies on their way to X, through the outbound worker."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.channels.x.client import open_client
from chalicelib.errors import Retryable, Uncertain
from chalicelib.vocabulary.records import Conversation, Event, Thread
from chalicelib.vocabulary.replies import AgentMessage, DeskEvent, File
from tests.channels.x.kit import ANA, APP, BRAND, KEYS, SETTINGS, TOKEN
from tests.channels.x.test_client import DONE, TEXT, event, limited, problem
from tests.channels.x.test_uploads import X
from tests.fakes import START, Call, FakeClock, FakeDesk, FakeMemory, FakeSecrets, answer, turn
from tests.kits import Bench

SAID = AgentMessage(
    id="gen-1", integration=BRAND.integration, customer=ANA, desk_conversation="desk-1", text=TEXT, author="human"
)
PHOTO = msgspec.structs.replace(SAID, text="", files=(File(url="https://desk.example/a.png", name="a.png"),))
CONVERSATION = Conversation("x", BRAND.id, ANA)
NOT_PERMITTED = problem(403, "You are not permitted to attach this media to a DM event")


class Worker:
    """The outbound worker whose X answers what `http` has."""

    def __init__(self, http: X, said: AgentMessage = SAID) -> None:
        self.http, self.desk, self.secrets = http, FakeDesk(), FakeSecrets()
        self.secrets.stored = {BRAND.secret: dict(TOKEN)}
        self.clock = FakeClock()
        client = open_client(http, self.secrets.get, SETTINGS.__getitem__, FakeMemory(self.clock), self.clock)
        self.bench = Bench({"x": client}, self.desk, self.secrets, clock=self.clock)
        self.ledger = self.bench.ledger
        self.ledger.listed = [BRAND]

        class Says:
            def parse(self, event: Event) -> DeskEvent:
                return said

        self.work = self.bench.to_customer(Says())
        thread = Thread(customer_ms=int(START * 1000), seen_ms=int(START * 1000), platform="dm")
        self.ledger.threads[CONVERSATION.key] = thread

    def handle(self) -> None:
        came = Event(
            source="genesys", account=BRAND.integration, party=ANA, id="gen-1", received_ms=int(START * 1000),
            raw=msgspec.Raw(b'{"any": "thing"}'),
        )  # fmt: skip
        self.work.handle(came, turn("life-1"))

    def until(self, most: int = 200) -> int:
        """Handles it until it has ended; how often it had to come again."""
        for again in range(most):
            try:
                self.handle()
            except Retryable as later:
                self.clock.advance(max(1.0, later.after_s or 0.0))
            else:
                return again
        raise AssertionError("it never ends")

    def bodies(self) -> list[dict[str, Any]]:
        return [call.json() for call in self.http.calls if call.url.endswith("/messages")]

    def told(self) -> list[tuple[bool, str]]:
        return [(receipt.delivered, receipt.reason) for receipt in self.desk.reported]


class Sends(X):
    """Takes texts, too."""

    def _at(self, path: str, call: Call) -> Any:
        if path.endswith("/messages") and "text" in call.json():
            return DONE
        return super()._at(path, call)


def test_a_file_that_may_not_be_attached_goes_as_a_link() -> None:
    http = Sends()
    http.troubles["/messages"] = [NOT_PERMITTED]
    worker = Worker(http, PHOTO)
    assert worker.until() == 0
    attached, instead = worker.bodies()
    assert set(attached) == {"attachments"}
    assert "/api/media/" in instead["text"]
    assert worker.told() == [(True, "")]


@pytest.mark.parametrize("states", [("failed",), ("in_progress",) * 1000])
def test_a_file_that_x_cannot_work_on_goes_as_a_link_while_nobody_waits_for_x(states: tuple[str, ...]) -> None:
    worker = Worker(Sends(*states), PHOTO)
    worker.until(most=1000)
    [body] = worker.bodies()
    assert "/api/media/" in body["text"]
    assert worker.told() == [(True, "")]
    assert worker.clock() - START < 1000


def test_a_file_on_which_x_works_is_sent_once_when_it_is_ready() -> None:
    worker = Worker(Sends("pending", "in_progress", "succeeded"), PHOTO)
    assert worker.until() == 2
    assert [set(body) for body in worker.bodies()] == [{"attachments"}]
    assert worker.told() == [(True, "")]


def test_a_reply_waits_for_a_limits_end_and_its_agent_reads_so() -> None:
    http = Sends()
    http.troubles["/messages"] = [limited(START + 1800)]
    worker = Worker(http)
    assert worker.until() > 3
    assert worker.clock() - START >= 1800
    assert len(worker.bodies()) == 2, "the one that met the limit, and the one after its end"
    assert worker.told() == [(True, "")]
    assert [line.text.partition(":")[0] for line in worker.desk.delivered] == ["[Your reply waits"]


def test_an_unknown_outcome_is_looked_for_and_never_sent_again() -> None:
    http = Sends()
    http.troubles["/messages"] = [Uncertain("no answer")]
    http.troubles["/dm_events"] = [
        limited(START + 20), answer(200, {"data": [event("42", created_at="2027-01-15T08:00:00.000Z")]}),
    ]  # fmt: skip
    worker = Worker(http)
    worker.until()
    assert len(worker.bodies()) == 1
    assert worker.told() == [(True, "")]
    assert worker.ledger.is_ours(CONVERSATION, "42")


def test_a_token_that_was_renewed_meanwhile_is_taken_at_once() -> None:
    http = Sends()
    http.troubles["/messages"] = [problem(401)]
    worker = Worker(http)
    worker.secrets.get(BRAND.secret)
    worker.secrets.stored = {BRAND.secret: TOKEN | {"access_token": "renewed"}}
    assert worker.until() == 1
    assert [call.headers["Authorization"] for call in http.calls] == ["Bearer token-x", "Bearer renewed"]
    assert worker.told() == [(True, "")]


def test_credits_that_are_used_up_are_told_to_the_agent_and_the_operator() -> None:
    http = Sends()
    http.troubles["/messages"] = [problem(402)]
    worker = Worker(http)
    worker.until()
    assert worker.told() == [(False, "account_disconnected")]
    assert worker.bench.metrics.total("account_stopped", account=BRAND.id) == 1


def test_an_account_with_keys_of_the_first_kind_only_answers_too() -> None:
    worker = Worker(Sends())
    worker.secrets.stored = {BRAND.secret: dict(KEYS), SETTINGS["x_secret"]: APP}
    worker.until()
    assert worker.told() == [(True, "")]
    assert worker.http.calls[0].headers["Authorization"].startswith("OAuth ")
